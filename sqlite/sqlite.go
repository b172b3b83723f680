// Package sqlite opens SQLite files with modernc.org/sqlite, the one driver a library package of
// this module links: [Open] the panel's own admin database, [OpenData] a file that belongs to
// somebody else. Programs that bring their own driver (another SQLite fork may not be linked beside
// this one) pass their own *sql.DB instead.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// busyTimeout is how long a statement waits for another writer; a context that ends sooner ends
	// the wait.
	busyTimeout = 10 * time.Second

	// minPage is the size in bytes of the smallest page (sqlite.org/fileformat.html, 1.3.2), so of
	// the smallest database that is not empty.
	minPage = 512

	// maxChecked is the size in bytes up to which Open checks every page of the file (some 100 ms);
	// a larger one is checked by its header and its schema.
	maxChecked = 64 << 20
)

// Open opens the admin database at path and makes it when there is none: the file 0600, missing
// folders 0700. Transactions begin with the write lock; writers wait for each other up to 10 s or
// their context.
//
// A folder, a file that is not SQLite or encrypted, a damaged one and a read-only one are refused
// with an error that names the file. Nothing is ever made anew in its place.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	size, err := create(path)
	if err != nil {
		return nil, err
	}
	if err := check(ctx, path, size <= maxChecked); err != nil {
		return nil, err
	}
	return pool(uri(path, url.Values{
		"mode":          {"rw"}, // it is there: never make it here
		"_txlock":       {"immediate"},
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_foreign_keys": {"on"},
		// With NORMAL, WAL commits reach the disk at the next checkpoint: after a power cut a
		// session that was revoked before it would be valid again.
		"_synchronous": {"FULL"},
	}))
}

// OpenData opens the existing SQLite file at path, which belongs to another program: nothing that
// outlives a connection is set, its journal mode least of all. Foreign keys are enforced. A missing
// file, one that is not SQLite, and one that cannot be written although readOnly is false are
// refused.
//
// Reading a file in WAL mode needs its -shm file, or the right to make it: SQLite refuses one in a
// folder it cannot write to.
func OpenData(ctx context.Context, path string, readOnly bool) (*sql.DB, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("sqlite: there is no file %q", path)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	if size := info.Size(); size > 0 && size < minPage { // SQLite would take it for an empty database, and overwrite it
		return nil, fmt.Errorf("sqlite: %q is not an SQLite database: it has %d bytes", path, size)
	}
	params := url.Values{
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_foreign_keys": {"on"},
	}
	if readOnly {
		params.Set("mode", "ro")
		params.Set("_query_only", "on")
	} else {
		params.Set("mode", "rw")
		params.Set("_txlock", "immediate")
		if err := writable(path, info); err != nil {
			return nil, fmt.Errorf("%w, or open it for reading only", err)
		}
	}
	db, err := pool(uri(path, params))
	if err != nil {
		return nil, err
	}
	if err := probe(ctx, db, path, !readOnly); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// pool is a *sql.DB for many readers. Writers queue inside SQLite, and past the limit in the order
// they came.
func pool(dsn string) (*sql.DB, error) {
	c, err := newConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db := sql.OpenDB(c)
	n := max(8, 4*runtime.GOMAXPROCS(0)) // most are for short reads: see internal/data/share.go
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// uri is the file: URI of an absolute path (sqlite.org/uri.html), whatever characters the path
// holds.
func uri(path string, params url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: params.Encode()}
	return u.String()
}

func absolute(path string) (string, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("sqlite: %q is not a file name", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	return abs, nil
}

// creating is held while a new file's descriptor is open: closing it would release the POSIX locks
// that a connection of this process holds on the same file.
var creating sync.Mutex

// create makes the file unless it is there, and returns its size.
func create(path string) (int64, error) {
	creating.Lock()
	defer creating.Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, fmt.Errorf("sqlite: the admin database's folder: %w", err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) { // another process was first
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("sqlite: the admin database cannot be made: %w", err)
		}
		return 0, f.Close()
	case err != nil:
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	if err := regular(path, info); err != nil {
		return 0, err
	}
	if err := writable(path, info); err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func regular(path string, info fs.FileInfo) error {
	if info.IsDir() {
		return fmt.Errorf("sqlite: %q is a folder, not a database file", path)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("sqlite: %q is not a regular file", path)
	}
	return nil
}

// writable refuses a file nobody may write, which the superuser's processes could all the same.
func writable(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o222 == 0 {
		return fmt.Errorf("sqlite: %q is marked read-only: make it writable", path)
	}
	return nil
}
