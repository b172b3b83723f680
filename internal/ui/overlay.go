// This file holds the file system of overrides laid over the embedded files.

package ui

import (
	"errors"
	"fmt"
	"io/fs"
)

// layered opens a file from the overrides and, when it is not there, from the
// embedded files. Directories are always those of the embedded files.
type layered struct {
	base, over fs.FS
}

// overlay lays over, which may be nil, over base. A file of over under
// templates/ or static/ that replaces nothing is an error.
func overlay(base, over fs.FS) (fs.FS, error) {
	if over == nil {
		return base, nil
	}
	for _, root := range []string{"templates", "static"} {
		err := fs.WalkDir(over, root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && name == root:
				return fs.SkipDir
			case err != nil:
				return fmt.Errorf("ui: Options.Overrides: %w", err)
			case d.IsDir():
				return nil
			}
			if _, err := fs.Stat(base, name); err != nil {
				return fmt.Errorf("ui: Options.Overrides: %s replaces no file of the panel; check its name", name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return layered{base: base, over: over}, nil
}

func (l layered) Open(name string) (fs.File, error) {
	info, err := fs.Stat(l.base, name)
	if err != nil || info.IsDir() {
		return l.base.Open(name)
	}
	f, err := l.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l.base.Open(name)
	}
	return f, err
}
