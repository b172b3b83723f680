// This file finds Chromium for tests in a headless browser.

package testserver

import (
	"os"
	"testing"
)

// Chromium returns the path of the browser. The test is skipped, or fails, when
// there is none, as for servers.
func Chromium(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser with -short")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := lookPath(name); err == nil {
			return path
		}
	}
	check(t, missing("Chromium", "chromium"))
	return ""
}

// ChromiumFlags returns the command line flags, without their dashes, with
// which the browser is quiet, headless and new: it asks nobody for updates, and
// its profile is empty and ends with the test. A value is a string or true, as
// chromedp.Flag takes them.
func ChromiumFlags(t testing.TB) map[string]any {
	t.Helper()
	profile, err := os.MkdirTemp("", "crudadmin-chromium-") //nolint:usetesting // t.TempDir fails the test when a dying browser still writes
	check(t, err)
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
