// This file holds the empty databases that a server's own program takes seconds to make: each
// is made once on a machine, kept in the user's cache directory, and copied from there.

package testserver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// template is an empty data directory of a server.
type template struct {
	name     string   // of the server: a word that can be in a file's name
	programs []string // what makes and reads it
	args     []string // with which it is made
	make     func(data string) error
}

// fill makes what is at data, which does not exist yet: a copy if one was kept, else with the
// server's program, and keeps a copy then. What cannot be kept is made each time.
func (m template) fill(data string, owner *credential) error {
	kept, err := m.kept()
	if err != nil {
		return m.make(data)
	}
	err = copyTree(kept, data, owner)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		removeAll(kept)
	}
	if err := os.RemoveAll(data); err != nil { // half a copy, or none
		return err
	}
	if err := m.make(data); err != nil {
		return err
	}
	_ = m.keep(data, kept) // the next one is made again
	return nil
}

// kept is where the copy is or would be: a path of its own for every build of the programs.
func (m template) kept() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.GOARCH, strings.Join(m.args, "\n"))
	for _, program := range m.programs {
		info, err := os.Stat(program)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, program, info.Size(), info.ModTime().UnixNano())
	}
	return filepath.Join(cache, "crudadmin-testserver", fmt.Sprintf("%s-%x", m.name, sum.Sum(nil)[:8])), nil
}

// keep copies data to kept in one step, for other processes may look at the same time, and
// deletes what is kept of other builds.
func (m template) keep(data, kept string) error {
	dir := filepath.Dir(kept)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	stale, err := filepath.Glob(filepath.Join(dir, m.name+"-*"))
	if err != nil {
		return err
	}
	half, err := os.MkdirTemp(dir, "half-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(half)
	if err := copyTree(data, filepath.Join(half, "data"), nil); err != nil {
		return err
	}
	for _, path := range stale {
		if path != kept {
			removeAll(path)
		}
	}
	return os.Rename(filepath.Join(half, "data"), kept)
}

// copyTree copies directories and files with their modes to a path that does not exist yet.
func copyTree(from, to string, owner *credential) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case info.IsDir():
			err = os.Mkdir(target, info.Mode().Perm()|0o700)
		case info.Mode().IsRegular():
			err = copyFile(path, target, info.Mode().Perm())
		default:
			return fmt.Errorf("%s is neither a file nor a directory: %w", path, errors.ErrUnsupported)
		}
		if err != nil || owner == nil {
			return err
		}
		return give(target, owner)
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
