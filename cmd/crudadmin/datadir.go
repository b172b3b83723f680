package main

// This file holds DATA_DIR: the folder, and the secrets kept in it for their owner only.

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretFile is the most a kept secret may have, in bytes.
const maxSecretFile = 4096

// makeDataDir makes the folder (0700) unless it is there, and warns of one that others can read.
func makeDataDir(path string, log *slog.Logger) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		log.Warn("other users of this machine can enter DATA_DIR; its databases hold accounts and sessions", "path", path, "mode", info.Mode().Perm().String(), "fix", "chmod 700 "+path)
	}
	return nil
}

// keptSecret reads the secret at path, and makes it with fresh (0600) when there is none. Of
// several processes that start together all get the same.
func keptSecret(path string, fresh func() string) (string, error) {
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := writeSecret(path, fresh()); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("keep a secret in DATA_DIR: %w", err)
	}
	return readSecret(path)
}

func readSecret(path string) (string, error) {
	file, err := os.Open(path) // #nosec G304 -- a fixed name in DATA_DIR
	if err != nil {
		return "", fmt.Errorf("read a kept secret: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read a kept secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by other users of this machine (mode %s): run chmod 600 on it, or delete it to have a new one made", path, info.Mode().Perm())
	}
	content, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", fmt.Errorf("read a kept secret: %w", err)
	}
	secret := strings.TrimSpace(string(content))
	if secret == "" || len(content) > maxSecretFile {
		return "", fmt.Errorf("%s is empty or over %d bytes: delete it to have a new one made", path, maxSecretFile)
	}
	return secret, nil
}

// writeSecret writes the file whole or not at all, and never over another (fs.ErrExist).
func writeSecret(path, secret string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(file.Name()); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	_, err = file.WriteString(secret + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(file.Name(), path) // a file system without hard links
	}
	return err
}

// newDemoPassword is 128 random bits in letters and digits.
func newDemoPassword() string { return rand.Text() }
