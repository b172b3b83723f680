// Package chromium finds the browser for tests, and starts it quiet, headless and new.
package chromium

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Path returns the path of the browser: Chromium's headless shell if it is there, which takes half
// of the processor time of the whole browser and has the same engine. The test is skipped, or
// fails, when there is none, as for servers.
func Path(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser with -short")
	}
	return testserver.Executable(t, "chromium", "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
}

// Flags returns the command line flags, without their dashes, with
// which the browser is quiet, headless and new: it asks nobody for updates, and
// its profile is empty and ends with the test. A value is a string or true, as
// chromedp.Flag takes them.
func Flags(t testing.TB) map[string]any {
	t.Helper()
	profile, err := os.MkdirTemp("", "crudadmin-chromium-") //nolint:usetesting // t.TempDir fails the test when a dying browser still writes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(profile) })
	flags := map[string]any{
		"headless":                      "new",
		"user-data-dir":                 profile,
		"disable-gpu":                   true,
		"disable-quic":                  true,
		"disable-dev-shm-usage":         true, // /dev/shm is small in containers
		"disable-background-networking": true,
		"disable-component-update":      true,
		"disable-sync":                  true,
		"no-first-run":                  true,
	}
	if os.Geteuid() == 0 {
		flags["no-sandbox"] = true // the sandbox refuses root
	}
	return flags
}

// removeAll deletes a directory into which a dying browser may still write.
func removeAll(path string) {
	for range 5 {
		if err := os.RemoveAll(path); err == nil || !errors.Is(err, syscall.ENOTEMPTY) {
			return
		}
	}
}
