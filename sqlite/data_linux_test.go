// Tests of OpenData without the right to write, which root has unless a thread gives it up.

package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/go-crudadmin/crudadmin/sqlite"
)

// asNobody runs f with the file rights of an ordinary user.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Skip("this thread's file rights cannot be given up: ", err)
	}
	defer func() { _ = syscall.Setfsuid(0) }()
	f()
}

func TestWALInAFolderThatCannotBeWrittenIsRefusedInWords(t *testing.T) {
	path := foreign(t, "wal")
	readable(t, path)
	asNobody(t, func() {
		db, err := sqlite.OpenData(t.Context(), path, true)
		if err == nil {
			_ = db.Close()
			t.Fatal("opened: the test's thread could write after all")
		}
		if !strings.Contains(err.Error(), "WAL mode") || !strings.Contains(err.Error(), "folder") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestFilesOfAnotherUserAreReadable(t *testing.T) {
	path := foreign(t, "delete")
	readable(t, path)
	asNobody(t, func() {
		db, err := sqlite.OpenData(t.Context(), path, true)
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		if _, err := sqlite.OpenData(t.Context(), path, false); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("for writing: err = %v", err)
		}
		if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("as the admin database: err = %v", err)
		}
	})
}

// readable lets everyone read the file and nobody but root write it or its folder.
func readable(t *testing.T, path string) {
	t.Helper()
	for name, mode := range map[string]os.FileMode{
		path: 0o644, filepath.Dir(path): 0o755, filepath.Dir(filepath.Dir(path)): 0o755,
	} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		return
	}
	for _, name := range []string{path, filepath.Dir(path)} {
		if err := os.Chmod(name, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(name, 0o755) })
	}
}
