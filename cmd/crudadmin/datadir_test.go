package main

// This file holds the tests of the secrets kept in DATA_DIR.

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeptSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	got := make([]string, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			secret, err := keptSecret(path, newSecretKey)
			if err != nil {
				t.Error(err)
			}
			got[i] = secret
		})
	}
	all.Wait()
	for _, secret := range got {
		if secret != got[0] || len(secret) != 43 {
			t.Errorf("parallel first runs: %q and %q, want one key of 43 characters", got[0], secret)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v; want mode 0600", info, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestKeptSecretRefused(t *testing.T) {
	for what, c := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"readable by others": {goodKey, 0o644},
		"empty":              {"", 0o600},
		"too big":            {strings.Repeat("x", maxSecretFile+1), 0o600},
	} {
		path := filepath.Join(t.TempDir(), "secret.key")
		if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := keptSecret(path, newSecretKey); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), goodKey) {
			t.Errorf("%s: %v, want an error that names the file and not its content", what, err)
		}
		if content, err := os.ReadFile(path); err != nil || string(content) != c.content {
			t.Errorf("%s: the file was changed", what)
		}
	}
}
