// A driver that passes everything on to another and hears every statement.

package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
)

// spy hears the statements that reach the driver, and may do something before
// each, or answer it with an error.
type spy struct {
	mu     sync.Mutex
	heard  []string
	before func(statement string) error
	lose   string // the answer to the next statement that begins so
}

// connect opens e through the spy.
func (s *spy) connect(t testing.TB, e engine) *sql.DB {
	t.Helper()
	plain := e.connect(t)
	return opened(t, sql.OpenDB(spyConnector{s, plain.Driver(), e.dsn}), nil)
}

// forget empties what was heard.
func (s *spy) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = nil
}

// verbs returns the first words of what was heard.
func (s *spy) verbs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var verbs []string
	for _, statement := range s.heard {
		verbs = append(verbs, strings.Fields(statement)[0])
	}
	return strings.Join(verbs, " ")
}

// on calls do before the statements that begin with verb.
func (s *spy) on(verb string, do func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = func(statement string) error {
		if strings.HasPrefix(statement, verb) {
			return do()
		}
		return nil
	}
}

func (s *spy) hear(statement string) error {
	s.mu.Lock()
	s.heard = append(s.heard, statement)
	before := s.before
	s.mu.Unlock()
	if before != nil {
		return before(statement)
	}
	return nil
}

// loses reports, once, whether the answer to the statement is to be lost.
func (s *spy) loses(statement string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lose == "" || !strings.HasPrefix(statement, s.lose) {
		return false
	}
	s.lose = ""
	return true
}

type spyConnector struct {
	spy    *spy
	driver driver.Driver
	dsn    string
}

func (c spyConnector) Driver() driver.Driver { return c.driver }

func (c spyConnector) Connect(ctx context.Context) (driver.Conn, error) {
	var conn driver.Conn
	var err error
	if d, ok := c.driver.(driver.DriverContext); ok {
		var connector driver.Connector
		if connector, err = d.OpenConnector(c.dsn); err == nil {
			conn, err = connector.Connect(ctx)
		}
	} else {
		conn, err = c.driver.Open(c.dsn)
	}
	if err != nil {
		return nil, err
	}
	return &spyConn{conn, c.spy}, nil
}

type spyConn struct {
	driver.Conn
	spy *spy
}

func (c *spyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.spy.hear(query); err != nil {
		return nil, err
	}
	result, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	if err == driver.ErrSkip { //nolint:errorlint // the answer of the interface
		c.unheard()
	}
	if c.spy.loses(query) {
		return nil, io.ErrUnexpectedEOF
	}
	return result, err
}

func (c *spyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.spy.hear(query); err != nil {
		return nil, err
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	if err == driver.ErrSkip { //nolint:errorlint // the answer of the interface
		c.unheard()
	}
	return rows, err
}

// unheard forgets the last statement: it comes again, prepared.
func (c *spyConn) unheard() {
	c.spy.mu.Lock()
	defer c.spy.mu.Unlock()
	c.spy.heard = slices.Delete(c.spy.heard, len(c.spy.heard)-1, len(c.spy.heard))
}

func (c *spyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &spyStmt{stmt, query, c.spy}, nil
}

func (c *spyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c *spyConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *spyConn) IsValid() bool {
	if v, ok := c.Conn.(driver.Validator); ok {
		return v.IsValid()
	}
	return true
}

func (c *spyConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type spyStmt struct {
	driver.Stmt
	query string
	spy   *spy
}

func (s *spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.spy.hear(s.query); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.spy.hear(s.query); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}
