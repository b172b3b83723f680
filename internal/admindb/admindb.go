// Tables: what an administrators' database has, what becomes of each table in a copy, and the lock
// of the accounts.

// Package admindb knows the administrators' database as a whole: every table that the packages of
// this module keep in it, and how it is copied to another engine. The tables themselves belong to
// the packages whose migrations make them (account, session/sqlstore).
package admindb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// Prefix begins the name of every table of an administrators' database.
const Prefix = "crudadmin_"

// AccountLock is a query of one row that waits for every other transaction with this lock: whoever
// makes an account, or changes what one may do, has it. SQLite needs none, and its query is empty:
// only one transaction can write.
func AccountLock(engine sqldb.Engine) string {
	switch engine {
	case sqldb.PostgreSQL:
		return "SELECT pg_advisory_xact_lock(7165919031090963316)" // "crudacct" in ASCII
	case sqldb.MySQL:
		return "SELECT id FROM crudadmin_account_lock WHERE id = 1 FOR UPDATE"
	}
	return ""
}

// LockAccounts takes the lock of [AccountLock], which t has until its end.
func LockAccounts(ctx context.Context, engine sqldb.Engine, t *sqldb.Tx) error {
	lock := AccountLock(engine)
	if lock == "" {
		return nil
	}
	var held any
	if err := t.Row(ctx, lock).Scan(&held); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// table is one that this program knows.
type table struct {
	name string
	what string // its rows are, for people; empty: they are not copied
	in   string // the table of versions of the package that makes it

	version int64 // of a table of versions: the newest that this program makes
}

const (
	usersTable      = "crudadmin_users"
	sessionsTable   = "crudadmin_sessions"
	accountVersions = "crudadmin_account_version"
	sessionVersions = "crudadmin_session_version"
)

// tables are all of them. What has no rows to copy is made by the migrations of the target, or
// begins anew there: the log of changes numbers those of its own database, and caches in front of
// it recognise another one by its marks.
var tables = []table{
	{name: accountVersions, in: accountVersions, version: 2},
	{name: usersTable, in: accountVersions, what: "administrators"},
	{name: "crudadmin_account_lock", in: accountVersions},

	{name: sessionVersions, in: sessionVersions, version: 2},
	{name: sessionsTable, in: sessionVersions, what: "sessions, as history"},
	{name: "crudadmin_session_events", in: sessionVersions, what: "counted sign-ins"},
	{name: "crudadmin_session_locks", in: sessionVersions},
	{name: "crudadmin_session_log", in: sessionVersions},
	{name: "crudadmin_session_changes", in: sessionVersions},
}

// reader is a database, or a transaction in one.
type reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	Row(ctx context.Context, query string, args ...any) *sql.Row
}

// namesOf are the queries of the tables whose names begin with [Prefix].
var namesOf = map[sqldb.Engine]string{
	sqldb.SQLite:     "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 10) = 'crudadmin_' ORDER BY name",
	sqldb.PostgreSQL: "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p', 'f') AND pg_table_is_visible(oid) AND substr(relname, 1, 10) = 'crudadmin_' ORDER BY relname",
	sqldb.MySQL:      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND substr(table_name, 1, 10) = 'crudadmin_' ORDER BY table_name",
}

// contents are what a database holds: the rows of each table that is there and has rows to copy.
type contents struct {
	names []string         // of all tables that are there
	rows  map[string]int64 // by name
}

// has reports whether a table is there.
func (c contents) has(name string) bool { return slices.Contains(c.names, name) }

// look reads what a database holds. A table or a version that this program does not know is an
// error; older says that the database may be of an older version.
func look(ctx context.Context, engine sqldb.Engine, db reader, older bool) (contents, error) {
	found := contents{rows: map[string]int64{}}
	names, err := readNames(db.Query(ctx, namesOf[engine]))
	if err != nil {
		return contents{}, err
	}
	found.names = names
	for _, name := range names {
		i := slices.IndexFunc(tables, func(t table) bool { return t.name == name })
		if i < 0 {
			return contents{}, fmt.Errorf("it has the table %s, which this version of the program does not know and would leave behind: use the version that made it", name)
		}
		known := tables[i]
		switch {
		case !found.has(known.in):
			return contents{}, fmt.Errorf("it has the table %s without %s, which says of what version it is: use a database as the program has made it", name, known.in)
		case known.version > 0:
			err = checkVersion(ctx, db, known, older)
		case known.what != "":
			found.rows[name], err = count(ctx, db, name)
		}
		if err != nil {
			return contents{}, err
		}
	}
	return found, nil
}

func readNames(rows *sql.Rows, err error) (names []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// checkVersion refuses tables of a version that this program does not know.
func checkVersion(ctx context.Context, db reader, known table, older bool) error {
	var version int64
	if err := db.Row(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+known.name+" WHERE is_applied").Scan(&version); err != nil {
		return err
	}
	switch {
	case version > known.version:
		return fmt.Errorf("%s says version %d, and this program knows those up to %d: use the newer program that made it", known.name, version, known.version)
	case version < known.version && !older:
		return fmt.Errorf("%s says version %d, and this program has %d: start the panel of this program on it once, which brings it up to date", known.name, version, known.version)
	}
	return nil
}

func count(ctx context.Context, db reader, name string) (n int64, err error) {
	err = db.Row(ctx, "SELECT count(*) FROM "+name).Scan(&n)
	return n, err
}

// Source looks at a database that is to be copied, and changes nothing. sessions says that it has
// tables of sessions. Errors say what is wrong, as the end of a sentence about the database.
func Source(ctx context.Context, db *sqldb.DB) (sessions bool, err error) {
	found, err := look(ctx, db.Engine, db, false)
	if err != nil {
		return false, err
	}
	return found.has(sessionVersions), found.worthCopying()
}

func (c contents) worthCopying() error {
	if c.rows[usersTable] == 0 {
		return errors.New("it has no administrators: there is nothing to copy")
	}
	return nil
}

// Target looks at a database that is to be filled, and changes nothing. It must hold nothing that a
// copy brings. Errors are as those of [Source].
func Target(ctx context.Context, db *sqldb.DB) error {
	found, err := look(ctx, db.Engine, db, true)
	if err != nil {
		return err
	}
	return found.empty()
}

// empty says what a target holds already.
func (c contents) empty() error {
	var held []string
	for _, t := range tables {
		if n := c.rows[t.name]; n > 0 {
			held = append(held, fmt.Sprintf("%s: %d", t.name, n))
		}
	}
	if held == nil {
		return nil
	}
	return fmt.Errorf("it is not empty (%s): name an empty database, or drop its tables %s… if nobody needs what they hold", strings.Join(held, ", "), Prefix)
}
