// Counting round trips: at a proxy before a server, at the driver for SQLite.

package bench

import (
	"context"
	"database/sql/driver"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counter counts round trips. A nil counter counts nothing and changes nothing.
type counter struct {
	trips atomic.Int64

	mu    sync.Mutex
	query string // the last of the driver's, with its arguments
	args  []driver.NamedValue
}

// per returns the round trips of one of n operations, what they do in the
// background included.
func (c *counter) per(n int, do func(i int)) float64 {
	c.settle()
	before := c.trips.Load()
	for i := range n {
		do(i)
	}
	c.settle()
	return float64(c.trips.Load()-before) / float64(n)
}

// settle waits until nothing has been counted for a moment.
func (c *counter) settle() {
	for last := int64(-1); c.trips.Load() != last; {
		last = c.trips.Load()
		<-time.After(20 * time.Millisecond)
	}
}

// address returns where a client is to connect to instead of addr.
func (c *counter) address(t testing.TB, addr string) string {
	t.Helper()
	if c == nil {
		return addr
	}
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.pass(ctx, client, addr) })
		}
	})
	t.Cleanup(func() {
		stop()
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// pass connects the client to the server. What the client sends after the server
// spoke is a round trip.
func (c *counter) pass(ctx context.Context, client net.Conn, addr string) {
	server, err := net.Dial("tcp", addr)
	if err != nil {
		_ = client.Close()
		return
	}
	hangUp := func() { _, _ = client.Close(), server.Close() }
	defer context.AfterFunc(ctx, hangUp)()
	var asked atomic.Bool
	var both sync.WaitGroup
	copied := func(to, from net.Conn, heard func()) {
		defer hangUp()
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				heard()
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	both.Go(func() {
		copied(server, client, func() {
			if asked.CompareAndSwap(false, true) {
				c.trips.Add(1)
			}
		})
	})
	both.Go(func() { copied(client, server, func() { asked.Store(false) }) })
	both.Wait()
}

// connector opens connections of another driver and counts their statements, the
// begin and the end of transactions too.
type connector struct {
	driver driver.Driver
	dsn    string
	*counter
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	var conn driver.Conn
	var err error
	if d, ok := c.driver.(driver.DriverContext); ok {
		var inner driver.Connector
		if inner, err = d.OpenConnector(c.dsn); err == nil {
			conn, err = inner.Connect(ctx)
		}
	} else {
		conn, err = c.driver.Open(c.dsn)
	}
	if err != nil {
		return nil, err
	}
	return &countedConn{conn, c.counter}, nil
}

// hear counts a statement.
func (c *counter) hear(query string, args []driver.NamedValue) {
	c.trips.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.query, c.args = query, append([]driver.NamedValue(nil), args...)
}

type countedConn struct {
	driver.Conn
	*counter
}

func (c *countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	e, can := c.Conn.(driver.ExecerContext)
	if !can {
		return nil, driver.ErrSkip
	}
	result, err := e.ExecContext(ctx, query, args)
	if err != driver.ErrSkip { //nolint:errorlint // the answer of the interface
		c.hear(query, args)
	}
	return result, err
}

func (c *countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	q, can := c.Conn.(driver.QueryerContext)
	if !can {
		return nil, driver.ErrSkip
	}
	rows, err := q.QueryContext(ctx, query, args)
	if err != driver.ErrSkip { //nolint:errorlint // the answer of the interface
		c.hear(query, args)
	}
	return rows, err
}

func (c *countedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &countedStmt{stmt, query, c.counter}, nil
}

func (c *countedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.hear("BEGIN", nil)
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	return countedTx{tx, c.counter}, err
}

func (c *countedConn) ResetSession(ctx context.Context) error {
	if r, can := c.Conn.(driver.SessionResetter); can {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *countedConn) IsValid() bool {
	v, can := c.Conn.(driver.Validator)
	return !can || v.IsValid()
}

func (c *countedConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, can := c.Conn.(driver.NamedValueChecker); can {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type countedTx struct {
	driver.Tx
	*counter
}

func (t countedTx) Commit() error {
	t.hear("COMMIT", nil)
	return t.Tx.Commit()
}

func (t countedTx) Rollback() error {
	t.hear("ROLLBACK", nil)
	return t.Tx.Rollback()
}

type countedStmt struct {
	driver.Stmt
	query string
	*counter
}

func (s *countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.hear(s.query, args)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.hear(s.query, args)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// heardSelect returns the last statement that was counted if it is a SELECT.
func (c *counter) heardSelect(t testing.TB) (string, []driver.NamedValue) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasPrefix(strings.TrimSpace(c.query), "SELECT") {
		t.Fatalf("not a SELECT: %s", c.query)
	}
	return c.query, c.args
}
