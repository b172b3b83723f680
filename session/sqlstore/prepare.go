// Preparing: statements are prepared at their first use, prepared anew after the tables changed,
// and not prepared at all where the driver sends each with its arguments.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// prepared returns the statement of that text.
func (s *Store) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := s.statements.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	query := s.db.Engine.Bind(text)
	if n := s.forgotten.Load(); n > 0 {
		// Drivers know a statement by its text: another text is another plan.
		query += fmt.Sprintf(" /* %d */", n)
	}
	stmt, err := s.db.Pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	first, loaded := s.statements.LoadOrStore(text, stmt)
	if loaded { // closing waits for the connection, which another call may use by now
		go func() { _ = stmt.Close() }()
	}
	return first.(*sql.Stmt), nil
}

// forget drops a statement whose plan is out of date. It is closed in the background: other calls
// may be using it.
func (s *Store) forget(text string, stmt *sql.Stmt) {
	if stmt == nil {
		return
	}
	s.forgotten.Add(1)
	if s.statements.CompareAndDelete(text, stmt) {
		go func() { _ = stmt.Close() }()
	}
}

// runFresh runs a statement, prepared unless the store prepares nothing, and again for as long as
// its plan is out of date. sent says that the database got it.
func runFresh[T any](ctx context.Context, s *Store, text string, plain func(query string) (T, error), with func(*sql.Stmt) (T, error)) (got T, sent bool, err error) {
	for try := 0; ; try++ {
		var stmt *sql.Stmt
		if s.unprepared {
			got, err = plain(s.db.Engine.Bind(text))
			sent = true
		} else {
			if stmt, err = s.prepared(ctx, text); err == nil { //nolint:sqlclosecheck // Store.Close closes it
				got, err = with(stmt)
				sent = true
			}
		}
		if !s.outdated(err) || try >= heals || ctx.Err() != nil {
			return got, sent, err
		}
		s.forget(text, stmt)
	}
}

// query returns rows; its callers ask for their error and close them.
func (s *Store) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	rows, _, err := runFresh(ctx, s, text,
		func(query string) (*sql.Rows, error) { return s.db.Pool.QueryContext(ctx, query, args...) },
		func(stmt *sql.Stmt) (*sql.Rows, error) { return stmt.QueryContext(ctx, args...) })
	return rows, err
}

// change changes rows and returns how many. sent says that the database got the statement.
func (s *Store) change(ctx context.Context, text string, args []any) (n int64, sent bool, err error) {
	result, sent, err := runFresh(ctx, s, text,
		func(query string) (sql.Result, error) { return s.db.Pool.ExecContext(ctx, query, args...) },
		func(stmt *sql.Stmt) (sql.Result, error) { return stmt.ExecContext(ctx, args...) })
	if err != nil {
		return 0, sent, err
	}
	n, err = result.RowsAffected()
	return n, true, err
}
