package data

// This file holds what statements run on: the pool, or one connection with a transaction.

import (
	"context"
	"database/sql"
)

// queryer runs statements: a *sql.DB, or a *sql.Conn inside a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}
