// What is kept of an empty database: made once, copied whole, made again when it cannot be copied.

package testserver

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTemplateIsMadeOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	program := filepath.Join(t.TempDir(), "initdb")
	write := func(path, content string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(program, "first", 0o700)
	made := 0
	m := template{"some", []string{program}, []string{"--utf8"}, func(data string) error {
		made++
		if err := os.MkdirAll(filepath.Join(data, "base"), 0o700); err != nil {
			return err
		}
		write(filepath.Join(data, "base", "1"), "rows", 0o600)
		return nil
	}}
	fill := func(what string, want int) {
		t.Helper()
		data := filepath.Join(t.TempDir(), "data")
		if err := m.fill(data, nil); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		info, err := os.Stat(filepath.Join(data, "base", "1"))
		if err != nil || info.Size() != 4 || info.Mode() != 0o600 {
			t.Errorf("%s: the file is %v, %v", what, info, err)
		}
		write(filepath.Join(data, "base", "1"), "spoiled", 0o600) // the server's own from now on
		if made != want {
			t.Errorf("%s: made %d times, want %d", what, made, want)
		}
	}
	fill("the first", 1)
	fill("a copy", 1)
	fill("a copy after one was spoiled", 1)
	m.args = []string{"--latin1"}
	fill("made in another way", 2)
	write(program, "another", 0o700)
	fill("by another program", 3)
	kept, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "crudadmin-testserver", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept are %v, %v, want the last alone", kept, err)
	}
	if err := os.RemoveAll(filepath.Join(kept[0], "base")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(kept[0], "base")); err != nil {
		t.Fatal(err)
	}
	fill("the copy cannot be read", 4)
	fill("it was made again", 4)
}
