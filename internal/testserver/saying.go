// This file holds databases that answer nothing but what they are.

package testserver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"sync/atomic"
)

// Saying is a database that answers SELECT version() and SELECT @@version_comment (an error where
// it is empty), as an engine of that name does, and no other statement.
type Saying struct {
	Version, Comment string

	asked atomic.Int64
}

// Open is a pool of its connections.
func (s *Saying) Open() *sql.DB { return sql.OpenDB(s) }

// Asked is how many other statements it was sent.
func (s *Saying) Asked() int { return int(s.asked.Load()) }

// Connect implements driver.Connector.
func (s *Saying) Connect(context.Context) (driver.Conn, error) { return sayingConn{s}, nil }

// Driver implements driver.Connector.
func (s *Saying) Driver() driver.Driver { return nil }

type sayingConn struct{ *Saying }

var errSaysNothing = errors.New("Error 1193 (HY000): it is not known what this means")

// QueryContext implements driver.QueryerContext.
func (c sayingConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	switch {
	case query == "SELECT version()":
		return &sayingRows{c.Version}, nil
	case query == "SELECT @@version_comment" && c.Comment != "":
		return &sayingRows{c.Comment}, nil
	case strings.HasPrefix(query, "SELECT @@version_comment"):
		return nil, errSaysNothing
	}
	c.asked.Add(1)
	return nil, errSaysNothing
}

// ExecContext implements driver.ExecerContext.
func (c sayingConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	c.asked.Add(1)
	return nil, errSaysNothing
}

// Prepare implements driver.Conn.
func (c sayingConn) Prepare(string) (driver.Stmt, error) {
	c.asked.Add(1)
	return nil, errSaysNothing
}

// Begin implements driver.Conn.
func (c sayingConn) Begin() (driver.Tx, error) {
	c.asked.Add(1)
	return nil, errSaysNothing
}

// Close implements driver.Conn.
func (sayingConn) Close() error { return nil }

// sayingRows is one row of one text.
type sayingRows struct{ text string }

// Columns implements driver.Rows.
func (*sayingRows) Columns() []string { return []string{"said"} }

// Close implements driver.Rows.
func (*sayingRows) Close() error { return nil }

// Next implements driver.Rows.
func (r *sayingRows) Next(into []driver.Value) error {
	if r.text == "" {
		return io.EOF
	}
	into[0], r.text = r.text, ""
	return nil
}
