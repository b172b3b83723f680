// Package shop makes the demo's database: a small outdoor and home store in SQLite, with every
// column type and relation that a panel meets, about 90,000 rows, and the same rows on every
// machine.
//
// Nothing in it depends on the clock, the locale or the machine: random numbers come from a fixed
// seed (one stream a table, so that a change to one table leaves the others as they were), and
// every date is counted back from Anchor. A few rows are awkward on purpose: apostrophes, emoji,
// right-to-left names, markup in a review, a very long description, empty text beside NULL.
package shop

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Version is the version of the made rows and their schema, kept in SQLite's user_version. Raise it
// with every change to what is made.
const Version = 1

// applicationID marks a file as a made shop (SQLite's application_id): the letters "CRUD".
const applicationID = 0x43525544

// ErrNotShop is returned by Ensure for a file that exists and is not a made shop.
var ErrNotShop = errors.New("not a made shop")

//go:embed schema.sql
var schema string

// anchor is the "today" of the shop: no row is dated later, save coupons that are still valid.
var anchor = time.Date(2026, time.June, 30, 18, 0, 0, 0, time.UTC)

// Progress is told each table that is done and how many rows it got. It may be nil.
type Progress func(table string, rows int)

// Found says what Ensure found at the path.
type Found struct {
	Made    bool // the shop was not there and has been made
	Version int  // the version of the shop that is there now; other than Version, it was kept as it is
}

// Ensure makes the shop at path unless one is there. A shop that is there is kept whatever its
// version: somebody may have edited it. A file that is not a shop is left alone and reported as
// ErrNotShop.
func Ensure(ctx context.Context, path string, progress Progress) (Found, error) {
	version, err := versionOf(ctx, path)
	switch {
	case err == nil:
		return Found{Version: version}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return Found{}, err
	}
	err = Make(ctx, path, progress)
	if errors.Is(err, fs.ErrExist) { // another process was quicker
		version, err = versionOf(ctx, path)
		return Found{Version: version}, err
	}
	if err != nil {
		return Found{}, err
	}
	return Found{Made: true, Version: Version}, nil
}

// Make makes the shop at path, which must not exist (else an error that is fs.ErrExist). The rows
// are written under another name in the same folder, synced, and given their name last, so that a
// killed run leaves no half a shop.
func Make(ctx context.Context, path string, progress Progress) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("make shop %s: %w", path, fs.ErrExist)
	}
	if err := removeAbandoned(path); err != nil {
		return fmt.Errorf("make shop: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".making-*")
	if err != nil {
		return fmt.Errorf("make shop: %w", err)
	}
	making := file.Name()
	defer func() { err = errors.Join(err, removeIfThere(making)) }()
	defer file.Close()

	if err := write(ctx, making, progress); err != nil {
		return fmt.Errorf("make shop: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("make shop: %w", err)
	}
	return publish(making, path)
}

// publish gives the finished file its name. A hard link never replaces what is there; where the
// file system has no hard links, a rename does.
func publish(making, path string) error {
	err := os.Link(making, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(making, path)
	}
	if err != nil {
		return fmt.Errorf("make shop %s: %w", path, err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("make shop: %w", err)
	}
	defer folder.Close()
	_ = folder.Sync() // not every system syncs a folder; the file itself is synced
	return nil
}

// removeAbandoned removes what killed runs left beside path: unfinished files of more than an hour
// ago.
func removeAbandoned(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), filepath.Base(path)+".making-") {
			continue
		}
		if info, err := entry.Info(); err != nil || time.Since(info.ModTime()) < time.Hour {
			continue // gone by now, or of a run that is under way
		}
		if err := removeIfThere(filepath.Join(filepath.Dir(path), entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// open opens the SQLite file at path in the given mode (ro, rw, rwc) with one connection.
func open(path, mode string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: "mode=" + mode}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// versionOf is the version of the shop at path: fs.ErrNotExist without a file, ErrNotShop for
// another.
func versionOf(ctx context.Context, path string) (int, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a regular file: %w", path, ErrNotShop)
	}
	db, err := open(path, "ro")
	if err != nil {
		return 0, fmt.Errorf("open shop %s: %w", path, err)
	}
	defer db.Close()
	var id, version int
	err = db.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version").Scan(&id, &version)
	if ctx.Err() != nil {
		return 0, fmt.Errorf("open shop %s: %w", path, ctx.Err())
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %w", path, ErrNotShop, err)
	}
	if id != applicationID {
		return 0, fmt.Errorf("%s: %w: move it away, or choose another folder", path, ErrNotShop)
	}
	return version, nil
}

// write fills the empty file at path: no journal and no syncing, since nobody sees the file before
// it is whole.
func write(ctx context.Context, path string, progress Progress) (err error) {
	db, err := open(path, "rw")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	setup := fmt.Sprintf("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA foreign_keys = ON; PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, Version)
	if _, err := db.ExecContext(ctx, setup); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing; before, the file is thrown away
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if err := (&maker{ctx: ctx, tx: tx, progress: progress}).fill(); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "ANALYZE"); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL") // as it is served; the last to close leaves one file
	return err
}
