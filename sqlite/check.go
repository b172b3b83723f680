// Checks: files that cannot be used are refused when they are opened, and the error says why.

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// check refuses an admin database that is not a sound, writable SQLite file, and puts it into WAL
// mode.
func check(ctx context.Context, path string, everyPage bool) error {
	db, err := pool(uri(path, url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_synchronous":  {"FULL"},
	}))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := probe(ctx, db, path, true); err != nil {
		return err
	}
	if everyPage {
		var verdict string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
			return refuse(path, err)
		}
		if verdict != "ok" {
			return fmt.Errorf("sqlite: %q is damaged (%s): restore it from a backup", path, verdict)
		}
	}
	return setWAL(ctx, db, path)
}

// setWAL switches the journal mode. Processes that do it at the same moment are refused without a
// wait, so it is tried again within the busy timeout.
func setWAL(ctx context.Context, db *sql.DB, path string) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		var mode string
		err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		if err == nil && mode != "wal" {
			return fmt.Errorf("sqlite: %q cannot use a write-ahead log (its journal mode stays %s): is it on a network file system?", path, mode)
		}
		if code(err)&0xff != codes.SQLITE_BUSY {
			return refuse(path, err)
		}
		select {
		case <-ctx.Done():
			return refuse(path, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// probe reads the header and the schema, and where write is true asks whether SQLite could open the
// file for writing: when it cannot, it opens it for reading without a word, and BEGIN IMMEDIATE
// succeeds all the same.
func probe(ctx context.Context, db *sql.DB, path string, write bool) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return refuse(path, err)
	}
	defer func() { _ = conn.Close() }()
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n); err != nil {
		return refuse(path, err)
	}
	if !write {
		return nil
	}
	return conn.Raw(func(c any) error {
		readOnly, err := c.(interface{ IsReadOnly(string) (bool, error) }).IsReadOnly("main")
		if err != nil {
			return refuse(path, err)
		}
		if readOnly {
			return fmt.Errorf("sqlite: %q is read-only for this user", path)
		}
		return nil
	})
}

// code is SQLite's extended result code of err, 0 when there is none.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// refuse says in words what SQLite answered; nil stays nil.
func refuse(path string, err error) error {
	if err == nil {
		return nil
	}
	why := "cannot be opened"
	switch c := code(err); c & 0xff {
	case codes.SQLITE_NOTADB:
		why = "is not an SQLite database, or is encrypted"
	case codes.SQLITE_CORRUPT:
		why = "is damaged: restore it from a backup"
	case codes.SQLITE_READONLY:
		switch c {
		case codes.SQLITE_READONLY_RECOVERY, codes.SQLITE_READONLY_ROLLBACK, codes.SQLITE_READONLY_CANTINIT:
			why = "was not closed cleanly, and a read-only connection cannot recover it: open it once for writing"
		case codes.SQLITE_READONLY_DIRECTORY:
			why = "lies in a folder that cannot be written to, which SQLite needs for changes, and to read a file in WAL mode without its -shm file"
		default:
			why = "is read-only: make the file and its folder writable"
		}
	case codes.SQLITE_CANTOPEN:
		why = "cannot be opened: check that this user may read it; a file in WAL mode also needs its -shm file or a folder that may be written to"
	case codes.SQLITE_BUSY:
		why = "is locked by another process"
	case codes.SQLITE_PERM, codes.SQLITE_AUTH:
		why = "may not be opened by this user"
	}
	return fmt.Errorf("sqlite: %q %s: %w", path, why, err)
}
