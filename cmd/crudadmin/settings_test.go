package main

// This file holds the tests of the variables: each is read, documented with its default, and
// refused when wrong.

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/internal/environ"
)

// from is a getenv that knows these variables: name, value, name, value, …
func from(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

const goodKey = "kV3mQ9xT7bLw2RzY8cNf5HsJ4gPd6AuE"

// variables are all of them, with the default as docs/operations.md states it and a value that is
// refused; none where every text of a sane length is right.
var variables = []struct{ name, byDefault, wrong string }{
	{"ENVIRONMENT", "`development`", "prod"},
	{"ADMIN_SECRET_KEY", "required outside development", "canary"},
	{"ADMIN_DATABASE_URL", "`admin.db` in `DATA_DIR`", "mysql://ann:canary@db"},
	{"ADMIN_USERNAME", "`admin`", ""},
	{"ADMIN_PASSWORD", "generated", "canary"},
	{"DATA_DIR", "`crudadmin_data`", "a\x00b"},
	{"EXPORT_SPOOL_MB", "4096", "0"},
	{"MOUNT_PATH", "`/admin`", "admin"},
	{"SECURE_COOKIES", "on, off in development without TLS", "perhaps"},
	{"TRUSTED_PROXIES", "none", "proxy"},
	{"LOG_LEVEL", "`info`", "loud"},
	{"SESSION_BACKEND", "`memory`", "file"},
	{"SESSION_TIMEOUT_MINUTES", "30", "0"},
	{"SESSION_MAX_LIFETIME_MINUTES", "720", "1"},
	{"MAX_SESSIONS_PER_USER", "5", "0"},
	{"SESSION_LIMIT_POLICY", "`evict`", "random"},
	{"CLEANUP_INTERVAL_MINUTES", "15", "soon"},
	{"STORE_TIMEOUT_MS", "2000", "0"},
	{"SESSION_PREFIX", "derived from the key", "{}"},
	{"SESSION_LOCAL_CACHE_SECONDS", "0, off", "61"},
	{"TRACK_SESSIONS_IN_DB", "`false`", "true"},
	{"REDIS_URL", "none", "http://ann:canary@redis"},
	{"REDIS_HOST", "`localhost`", "a b"},
	{"REDIS_PORT", "6379", "70000"},
	{"REDIS_DB", "0", "-1"},
	{"REDIS_USERNAME", "none", "canary"},
	{"REDIS_PASSWORD", "none", ""},
	{"REDIS_POOL_SIZE", "10", "0"},
	{"REDIS_CONNECT_TIMEOUT", "10", "-5"},
	{"REDIS_SENTINELS", "none", "a"},
	{"REDIS_SENTINEL_MASTER", "none", "main"},
	{"REDIS_CLUSTER", "none", "a"},
	{"REDIS_TLS", "`false`", "perhaps"},
	{"REDIS_CA_FILE", "the system's", "/nowhere"},
	{"MEMCACHED_SERVERS", "none", "a"},
	{"MEMCACHED_HOST", "`localhost`", "a b"},
	{"MEMCACHED_PORT", "11211", "0"},
	{"MEMCACHED_POOL_SIZE", "10", "many"},
	{"MEMCACHED_USERNAME", "none", "canary"},
	{"MEMCACHED_PASSWORD", "none", "canary"},
	{"MEMCACHED_TLS", "`false`", "perhaps"},
	{"TLS_CERT_FILE", "none", "cert.pem"},
	{"TLS_KEY_FILE", "none", "key.pem"},
	{"ENFORCE_HTTPS", "`false`", "true"},
	{"HTTPS_PORT", "443", "0"},
	{"ALLOWED_IPS", "all", "10.0.0.256"},
	{"ALLOWED_NETWORKS", "all", "10.0.0.0/33"},
	{"ALLOWED_HOSTS", "all", "https://admin.example.com"},
	{"PUBLIC_URL", "none", "admin.example.com"},
	{"SHOW_TABLES", "all", "a,,b"},
	{"HIDE_TABLES", "none", `"a`},
	{"MASK_COLUMNS", "none", "a,"},
	{"UNMASK_COLUMNS", "none", ","},
	{"RIGHTS_FILE", "none", "/nowhere/rights.yaml"},
	{"TRACK_EVENTS", "not built yet", "true"},
}

func TestEveryVariableIsReadAndRefusedWhenWrong(t *testing.T) {
	t.Parallel()
	for _, v := range variables {
		asked := false
		_, err := readSettings(func(name string) string {
			if name != v.name {
				return ""
			}
			asked = true
			return v.wrong
		}, "dir")
		if v.name == "DATA_DIR" { // its flag is read first
			_, err = readSettings(from(), v.wrong)
			asked = true
		}
		if !asked {
			t.Errorf("%s is not read", v.name)
		}
		if v.wrong == "" {
			v.wrong = strings.Repeat("canary", 10_000)
			_, err = readSettings(from(v.name, v.wrong), "dir")
		}
		if v.name == "REDIS_USERNAME" || strings.HasPrefix(v.name, "MEMCACHED_USER") || v.name == "REDIS_SENTINEL_MASTER" {
			continue // right alone; the other half of the pair is named, see package backend
		}
		if err == nil || !strings.Contains(err.Error(), v.name) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s=%.40q: %v, want an error that names it and shows no secret", v.name, v.wrong, err)
		}
	}
}

// TestWhatIsNotBuiltRefusesToStart: a variable of a feature to come is read, refused by
// name, and in docs/operations.md.
func TestWhatIsNotBuiltRefusesToStart(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(environ.UnbuiltOfPanel, environ.UnbuiltOfSessions) {
		if _, err := readSettings(from(name, "canary"), "dir"); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want an error that names it", name, err)
		}
		if !strings.Contains(string(text), "`"+strings.TrimSuffix(name, environ.FileSuffix)+"`") && !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not in docs/operations.md", name)
		}
	}
}

func TestEveryVariableIsDocumentedWithItsDefault(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (.*) \\|$").FindAllStringSubmatch(string(text), -1) {
		if rows[row[1]] != "" {
			t.Errorf("%s has two rows", row[1])
		}
		rows[row[1]] = row[2]
	}
	for _, v := range variables {
		if byDefault, _, _ := strings.Cut(rows[v.name], " | "); byDefault != v.byDefault {
			t.Errorf("%s: the default is %q there, want %q", v.name, byDefault, v.byDefault)
		}
		delete(rows, v.name)
	}
	for _, flag := range []string{"ADDR", "DATABASE_URL", "READ_ONLY", "JSON_OUTPUT"} {
		if rows[flag] == "" {
			t.Errorf("%s, which is a flag's variable, has no row", flag)
		}
		delete(rows, flag)
	}
	if len(rows) > 0 {
		t.Errorf("rows of variables that nobody reads: %v", rows)
	}
}

func TestSettingsAreOfThePanelAndItsStore(t *testing.T) {
	t.Parallel()
	s, err := readSettings(from("ENVIRONMENT", "staging", "DATA_DIR", "elsewhere", "SESSION_BACKEND", "redis", "REDIS_PASSWORD", "canary", "MOUNT_PATH", "/panel"), "dir")
	if err != nil {
		t.Fatal(err)
	}
	if s.DataDir != "dir" || s.MountPath != "/panel" || s.Store.Kind != backend.Redis || s.Store.Redis.Password != "canary" {
		t.Errorf("read: %+v, %v", s, s.Store)
	}
	if len(s.Warnings) != 2 || len(s.Store.Warnings) != 0 { // the missing key once, and the missing REDIS_HOST
		t.Errorf("warnings: %q and %q", s.Warnings, s.Store.Warnings)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, s) + fmt.Sprintf(format, panelOptions{Settings: s}); strings.Contains(text, "canary") {
			t.Errorf("%s shows a secret: %s", format, text)
		}
	}
}

func TestWrongSettingsAreOneError(t *testing.T) {
	t.Parallel()
	_, err := readSettings(from("ENVIRONMENT", "prod", "MOUNT_PATH", "admin", "REDIS_PORT", "70000"), "dir")
	want := `environment variables:
  ENVIRONMENT: "prod", want development, staging or production
  MOUNT_PATH: "admin", want a path such as /admin: letters, digits, - . _ ~ between single slashes, at most 256
  REDIS_PORT: "70000", want a whole number from 1 to 65535`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}
