// SQL: deadlocks, no connection left, read-only, a full disk.

package faults

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	deadlockRow    = "deadlock, lock timeout"
	connectionsRow = "too many connections"
	readOnlyRow    = "read-only server"
	diskRow        = "disk full"
)

// engine is what the faults of a database need to know of it.
type engine struct {
	column  string
	subject func() Subject
	driver  string
	dsn     func(addr string) string

	deadlocks string // the question how many there were
	others    string // the question which connections are the store's
	kill      string // ends one
	lockWait  func(short bool) []string
	readOnly  func(on bool) []string
}

func postgres(column string, subject func() Subject) engine {
	return engine{
		column: column, subject: subject, driver: "pgx", dsn: postgresDSN,
		deadlocks: "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
		others:    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'rival'",
		kill:      "SELECT pg_terminate_backend(%d)",
		lockWait: func(short bool) []string {
			wait, notice := "0", "1s"
			if short {
				wait, notice = "60ms", "20ms"
			}
			return []string{"ALTER SYSTEM SET lock_timeout = '" + wait + "'", "ALTER SYSTEM SET deadlock_timeout = '" + notice + "'", "SELECT pg_reload_conf()"}
		},
		readOnly: func(on bool) []string {
			return []string{
				"SET default_transaction_read_only = off",
				fmt.Sprintf("ALTER SYSTEM SET default_transaction_read_only = %t", on), "SELECT pg_reload_conf()",
			}
		},
	}
}

var engines = []engine{
	postgres("postgresql", postgresql),
	postgres("hybrid: database (postgresql)", hybridDatabase),
	{
		column: "mariadb", subject: plainMariaDB, driver: "mysql", dsn: mariaDSN,
		deadlocks: "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'INNODB_DEADLOCKS'",
		// Rivals are of another user, so all of this one's are the store's.
		others: "SELECT id FROM information_schema.processlist WHERE user = 'plain' AND id <> connection_id()",
		kill:   "KILL %d",
		lockWait: func(short bool) []string {
			if short {
				return []string{"SET GLOBAL innodb_lock_wait_timeout = 1"}
			}
			return []string{"SET GLOBAL innodb_lock_wait_timeout = 50"}
		},
		readOnly: func(on bool) []string {
			if on {
				return []string{"SET GLOBAL read_only = 1"}
			}
			return []string{"SET GLOBAL read_only = 0"}
		},
	},
}

// plainMariaDB is MariaDB with a store that is none of its administrators, whom no
// read-only mode and no limit of connections binds.
func plainMariaDB() Subject {
	s := mariadb()
	start := s.Start
	s.Start = func(t testing.TB) Server {
		server := start(t)
		db := must[*sql.DB](t)(sql.Open("mysql", mariaDSN(server.Addr)))
		defer db.Close()
		all(t, db, []string{"CREATE USER plain@'%' IDENTIFIED BY 'secret'", "GRANT ALL ON test.* TO plain@'%'"})
		return server
	}
	s.Open = func(t testing.TB, addr string, now func() time.Time) session.Store {
		return openSQL(t, "mysql", strings.Replace(mariaDSN(addr), "app:", "plain:", 1), now)
	}
	return s
}

func TestSQL(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.column, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(e.column, "hybrid") && !whole() {
				t.Skip("in the long form")
			}
			s := e.subject()
			server := s.Start(t)
			for row, run := range map[string]func(*cell, engine){deadlockRow: deadlocks, connectionsRow: noConnections, readOnlyRow: readOnly} {
				t.Run(row, func(t *testing.T) {
					try(t, row, e.column, s, server, func(c *cell) { run(c, e) })
				})
			}
		})
	}
}

// rival is another program on the database.
func (e engine) rival(c *cell) *sql.DB {
	dsn := e.dsn(c.server.Addr)
	if e.driver == "pgx" {
		dsn += "&application_name=rival"
	}
	db := must[*sql.DB](c)(sql.Open(e.driver, dsn))
	c.Cleanup(func() { _ = db.Close() })
	return db
}

// all runs statements on one connection.
func all(t testing.TB, db *sql.DB, statements []string) {
	t.Helper()
	conn := must[*sql.Conn](t)(db.Conn(context.Background()))
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// deadlocks: a rival locks the rows of a user in another order, and then for ever.
func deadlocks(c *cell, e engine) {
	c.open(false)
	var db *sql.DB
	c.harm(func() { db = e.rival(c); all(c, db, e.lockWait(true)) })
	site := c.newSite()
	before := c.count()
	count := func() (n int) {
		if err := db.QueryRow(e.deadlocks).Scan(&n); err != nil {
			c.Fatal(err)
		}
		return n
	}
	at := count()
	began := time.Now()
	for round := 0; round < c.times(200, 20) || count() < at+2; round++ {
		if time.Since(began) > 3*patience {
			c.Fatalf("%d deadlocks in %d rounds", count()-at, round)
		}
		u := c.user()
		var rows []session.Session
		for range 6 {
			rows = append(rows, c.create(u))
		}
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		var both sync.WaitGroup
		both.Go(func() { _ = e.lockRows(db, rows, nil) })
		entry := c.ledger.begin(op{Kind: "deleteUser", User: u.ID})
		_, err := within(patience, func(ctx context.Context) (int, error) {
			return c.store.DeleteUser(ctx, u, session.Ending{Reason: session.ReasonRevoked})
		})
		c.ledger.end(entry, outcomeOf(err), err, nil)
		both.Wait()
	}
	c.Logf("%d deadlocks", count()-at)
	// A lock that is not given back: nothing is done, by the deadline.
	u := c.user()
	one := c.create(u)
	held, release := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() { ended <- e.lockRows(db, []session.Session{one}, func() { close(held); <-release }) }()
	<-held
	for _, given := range []time.Duration{deadline, 4 * time.Second} {
		entry := c.ledger.begin(op{Kind: "delete", User: u.ID, ID: one.ID})
		_, err := within(given, func(ctx context.Context) (session.Session, error) {
			return c.store.Delete(ctx, one.ID, session.Ending{Reason: session.ReasonRevoked})
		})
		c.ledger.end(entry, outcomeOf(err), err, nil)
		if !errors.Is(err, session.ErrUnavailable) {
			c.Errorf("Delete of a locked row: %v, want ErrUnavailable", err)
		}
	}
	close(release)
	if err := <-ended; err != nil {
		c.Errorf("the rival: %v", err)
	}
	c.recovered(site, false)
	c.harm(func() { all(c, db, e.lockWait(false)) })
	c.settle()
	c.grown(before, "afterwards")
	_ = db.Close()
	c.clean()
}

// lockRows changes rows one after the other in one transaction, then waits.
func (e engine) lockRows(db *sql.DB, rows []session.Session, wait func()) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	mark := "?"
	if e.driver == "pgx" {
		mark = "$1"
	}
	for _, s := range rows {
		if _, err := tx.Exec("UPDATE crudadmin_sessions SET user_agent = 'rival' WHERE id = "+mark, s.ID[:]); err != nil {
			return err
		}
	}
	if wait != nil {
		wait()
	}
	return tx.Commit()
}

// noConnections: others hold all connections that the server has.
func noConnections(c *cell, e engine) {
	c.open(false)
	site, v := c.newSite(), c.newVictims()
	var db *sql.DB
	var held []*sql.Conn
	hold := func() {
		for {
			conn, err := within(patience, db.Conn)
			if err != nil {
				return
			}
			held = append(held, conn)
		}
	}
	c.harm(func() {
		db = e.rival(c)
		hold()
		if len(held) < 50 {
			c.Fatalf("only %d connections could be held", len(held))
		}
	})
	c.harm(func() {
		for range 3 { // the store's connections end, and the rival takes their places
			for _, id := range e.othersOf(c, held[0]) {
				_, _ = held[0].ExecContext(context.Background(), fmt.Sprintf(e.kill, id)) // it may have ended meanwhile
			}
			hold()
		}
	})
	c.probe(v, e.column == "hybrid: database (postgresql)")
	c.visit(site, false)
	c.harm(func() {
		for _, conn := range held {
			_ = conn.Close()
		}
		_ = db.Close()
	})
	c.recovered(site, false)
	c.settle()
	c.clean()
}

// othersOf returns the connections of the store.
func (e engine) othersOf(t testing.TB, by *sql.Conn) (ids []int) {
	t.Helper()
	rows := must[*sql.Rows](t)(by.QueryContext(context.Background(), e.others))
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// readOnly: the server refuses writes, and still reads.
func readOnly(c *cell, e engine) {
	var db *sql.DB
	c.harm(func() { db = e.rival(c) })
	c.open(false)
	site, v := c.newSite(), c.newVictims()
	c.follow(v.touched.ID)
	before := c.count()
	c.harm(func() { all(c, db, e.readOnly(true)) })
	c.refusesWrites(v, patience)
	c.visit(site, false)
	c.harm(func() { all(c, db, e.readOnly(false)); _ = db.Close() })
	c.recovered(site, false)
	c.settle()
	c.grown(before, "afterwards")
	c.clean()
}

// refusesWrites waits until a write is refused, then asks by every method: what
// reads answers, what writes says unavailable and has done nothing.
func (c *cell) refusesWrites(v *victims, within time.Duration) {
	c.Helper()
	u := c.user()
	large := session.StoredMetadata(`{"x":"` + strings.Repeat("x", session.MaxMetadata/2) + `"}`)
	if !c.eventually(within, func() bool {
		n := c.record(u)
		n.Metadata = large
		return c.try(op{Kind: "create", User: u.ID, ID: n.ID}, func(ctx context.Context) error {
			_, err := c.store.Create(ctx, n, session.Admission{})
			return err
		}) == unavailable
	}) {
		c.Fatal("the fault cannot be made: writes go on")
	}
	for _, id := range []session.ID{v.touched.ID, v.updated.ID} {
		if _, err := c.get(unhurried, id); err != nil {
			c.Errorf("Get while writes are refused: %v", err)
		}
	}
	for _, k := range c.calls(v) {
		if k.op.Kind == "" {
			continue
		}
		if how := c.try(k.op, func(ctx context.Context) error { _, err := k.do(ctx); return err }); how != unavailable && how != done {
			c.Errorf("%s while writes are refused: %s", k.name, how)
		}
	}
	c.ledger.report(c, "while writes are refused")
}

// try makes one write with time enough.
func (c *cell) try(o op, f func(context.Context) error) outcome {
	e := c.ledger.begin(o)
	_, err := within(unhurried, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	c.ledger.end(e, outcomeOf(err), err, nil)
	return outcomeOf(err)
}

// TestSQLiteReadOnly: a connection that may not write.
func TestSQLiteReadOnly(t *testing.T) {
	t.Parallel()
	s := sqliteFile()
	server := s.Start(t)
	var reading atomic.Bool // connections made from now on
	s.Open = func(t testing.TB, addr string, now func() time.Time) session.Store {
		db := sql.OpenDB(connector{addr, &reading})
		t.Cleanup(func() { _ = db.Close() })
		return sqlStore(t, db, now, false)
	}
	try(t, readOnlyRow, "sqlite", s, server, func(c *cell) {
		c.open(false)
		site, v := c.newSite(), c.newVictims()
		reading.Store(true)
		c.refusesWrites(v, patience)
		c.visit(site, false)
		reading.Store(false)
		c.recovered(site, false)
		c.settle()
		c.clean()
	})
}

// connector makes a new connection for each use, which may not write while reading.
type connector struct {
	path    string
	reading *atomic.Bool
}

func (k connector) Connect(ctx context.Context) (driver.Conn, error) {
	dsn := "file:" + k.path + "?_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)"
	if k.reading.Load() {
		dsn += "&_pragma=query_only(on)"
	}
	conn, err := k.Driver().Open(dsn)
	if err != nil {
		return nil, err
	}
	return mortal{conn, k.reading, k.reading.Load()}, nil
}

func (k connector) Driver() driver.Driver {
	db, err := sql.Open("sqlite", "")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	return db.Driver()
}

// mortal is a connection that ends when the fault begins or ends.
type mortal struct {
	driver.Conn
	reading *atomic.Bool
	made    bool
}

func (m mortal) ResetSession(context.Context) error {
	if m.reading.Load() != m.made {
		return driver.ErrBadConn
	}
	return nil
}

func (m mortal) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	return m.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
}

func (m mortal) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return m.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
}

func (m mortal) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return m.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

func (m mortal) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return m.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}
