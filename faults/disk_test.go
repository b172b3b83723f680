// Disk: databases whose files are on a disk that is full.

package faults

import (
	"database/sql"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const noMount = "the disk could not be made: this process may not mount one"

// smallDisk mounts a file system of that many bytes at path, for the user; false if
// this process may not.
func smallDisk(t testing.TB, path, owner string, size int) bool {
	t.Helper()
	options := "size=" + strconv.Itoa(size) + ",mode=0700"
	if u, err := user.Lookup(owner); err == nil {
		options += ",uid=" + u.Uid + ",gid=" + u.Gid
	}
	err := syscall.Mount("tmpfs", path, "tmpfs", 0, options)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return false
	}
	if err != nil {
		t.Fatalf("mount %s: %v", path, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", path, err)
		}
	})
	return true
}

// fillDisk writes until there is no room, and returns what makes room again.
func fillDisk(t testing.TB, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	_ = f.Close() // the error is the one that was wanted
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// TestDiskFull: writes are unavailable and whole, reads go on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	note(Result{Row: diskRow, Subject: "mariadb", Reason: "MariaDB 10.11 ended itself when the disk of its tables was full: see server killed"})
	for column, make := range map[string]func(*testing.T) (s Subject, server Server, dir string){
		"sqlite":     sqliteOnDisk,
		"postgresql": func(t *testing.T) (Subject, Server, string) { return postgresOnDisk(t, postgresql()) },
		"hybrid: database (postgresql)": func(t *testing.T) (Subject, Server, string) {
			return postgresOnDisk(t, hybridDatabase())
		},
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(column, "hybrid") && !whole() {
				t.Skip("in the long form")
			}
			s, server, dir := make(t)
			if dir == "" {
				note(Result{Row: diskRow, Subject: column, Reason: noMount})
				t.Skip(noMount)
			}
			try(t, diskRow, column, s, server, func(c *cell) {
				c.open(false)
				site, v := c.newSite(), c.newVictims()
				c.follow(v.touched.ID)
				before := c.count()
				var free func()
				c.harm(func() { free = fillDisk(c, dir) })
				c.refusesWrites(v, 2*patience)
				c.visit(site, false)
				c.harm(free)
				c.recovered(site, false)
				c.settle()
				c.grown(before, "afterwards")
				c.clean()
			})
		})
	}
}

func sqliteOnDisk(t *testing.T) (Subject, Server, string) {
	dir := t.TempDir()
	if !smallDisk(t, dir, "", 1<<20) {
		return Subject{}, Server{}, ""
	}
	s := sqliteFile()
	return s, Server{Addr: filepath.Join(dir, "admin.db")}, dir
}

// postgresOnDisk puts a database into a tablespace of its own.
func postgresOnDisk(t *testing.T, s Subject) (Subject, Server, string) {
	server := s.Start(t)
	dir := filepath.Join(must[string](t)(os.MkdirTemp("", "faults-disk-")), "disk")
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(dir)) })
	for _, path := range []string{filepath.Dir(dir), dir} {
		_ = os.Mkdir(path, 0o755)
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if !smallDisk(t, dir, "postgres", 12<<20) {
		return s, server, ""
	}
	db := must[*sql.DB](t)(sql.Open("pgx", postgresDSN(server.Addr)))
	defer db.Close()
	all(t, db, []string{
		"CREATE TABLESPACE small LOCATION '" + dir + "'", "CREATE DATABASE small TABLESPACE small",
	})
	open := s.Open
	s.Open = func(t testing.TB, addr string, now func() time.Time) session.Store {
		return open(t, addr+"/small", now)
	}
	return s, server, dir
}
