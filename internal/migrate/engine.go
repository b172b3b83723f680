// Engines: how to tell them apart.

package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Engine is what runs a database. Its value names its folder of migrations.
type Engine string

// The engines there are migrations for.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
	MySQL      Engine = "mysql" // MariaDB too
)

// ErrEngine means that the database answers, and is none of the engines.
var ErrEngine = errors.New("want SQLite, PostgreSQL, MySQL or MariaDB")

// Detect asks the database what it is. Errors: [ErrEngine]; any other means that
// it did not answer.
func Detect(ctx context.Context, db *sql.DB) (Engine, error) {
	if err := db.PingContext(ctx); err != nil {
		return "", err
	}
	var version string
	err := db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	switch {
	case err == nil && strings.HasPrefix(version, "PostgreSQL"):
		return PostgreSQL, nil
	case err == nil && strings.IndexFunc(version, unicode.IsDigit) == 0: // 8.4.0, 10.11.6-MariaDB
		return MySQL, nil
	case err == nil:
		return "", fmt.Errorf("the database is %.100q: %w", version, ErrEngine)
	}
	notSQLite := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
	if notSQLite == nil {
		return SQLite, nil
	}
	if down := db.PingContext(ctx); down != nil {
		return "", errors.Join(err, notSQLite, down)
	}
	return "", fmt.Errorf("the database does not tell its version: %w: %w", ErrEngine, errors.Join(err, notSQLite))
}

// Bind writes the question marks of a query as the engine writes arguments: $1,
// $2, … on PostgreSQL. The query has none in a text.
func (e Engine) Bind(query string) string {
	if e != PostgreSQL {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}
