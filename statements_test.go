// Statements: a driver that counts what a panel asks of its database.

package crudadmin

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
)

// statements are those that a database was asked.
type statements struct {
	driver driver.Driver
	mu     sync.Mutex
	asked  []string
}

// counted opens a SQLite file whose statements are counted.
func counted(t testing.TB, path string) (*sql.DB, *statements) {
	t.Helper()
	plain, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &statements{driver: plain.Driver()}
	_ = plain.Close()
	db := sql.OpenDB(countingConnector{s, path})
	t.Cleanup(func() { _ = db.Close() })
	return db, s
}

// take returns the statements since the last time.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *statements) add(query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, query)
}

type countingConnector struct {
	s    *statements
	path string
}

func (c countingConnector) Driver() driver.Driver { return c.s.driver }

func (c countingConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.s.driver.Open(c.path)
	return countingConn{conn, c.s}, err
}

type countingConn struct {
	driver.Conn
	s *statements
}

func (c countingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.s.add(query)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c countingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.s.add(query)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c countingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.s.add(query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c countingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}
