package main

// This file holds the tests of the variables: defaults, ranges, and one error for all that is wrong.

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
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

const goodKey = "0123456789abcdef0123456789abcdef"

func TestSettingsDefaults(t *testing.T) {
	s, err := readSettings(from(), "dir")
	if err != nil {
		t.Fatal(err)
	}
	if s.Environment != "development" || s.AdminDatabase != "dir/admin.db" || s.AdminUsername != "admin" || s.MountPath != "/admin" || s.SecureCookies ||
		s.SessionBackend != "memory" || s.IdleTimeout != 30*time.Minute || s.Lifetime != 12*time.Hour || s.MaxPerUser != 5 || s.RefuseOver ||
		s.SweepInterval != 15*time.Minute || len(s.TrustedProxies) != 0 || len(s.Warnings) != 0 {
		t.Errorf("defaults: %+v", s)
	}
}

func TestSettingsRead(t *testing.T) {
	s, err := readSettings(from("ENVIRONMENT", "production", "ADMIN_SECRET_KEY", goodKey, "ADMIN_DATABASE_URL", "sqlite:/srv/a.db", "ADMIN_USERNAME", "ann",
		"ADMIN_PASSWORD", "correct horse battery", "MOUNT_PATH", "/panel/a/", "TRUSTED_PROXIES", "10.1.2.3, 192.168.7.1/16,::1", "SESSION_BACKEND", "database",
		"SESSION_TIMEOUT_MINUTES", "60", "SESSION_MAX_LIFETIME_MINUTES", "120", "MAX_SESSIONS_PER_USER", "unlimited", "SESSION_LIMIT_POLICY", "reject",
		"CLEANUP_INTERVAL_MINUTES", "1"), "dir")
	if err != nil {
		t.Fatal(err)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("::1/128")}
	if !s.SecureCookies || s.SecretKey.text != goodKey || s.AdminDatabase != "/srv/a.db" || s.AdminUsername != "ann" || s.AdminPassword.text != "correct horse battery" ||
		s.MountPath != "/panel/a" || !slices.Equal(s.TrustedProxies, proxies) || s.SessionBackend != "database" || s.IdleTimeout != time.Hour ||
		s.Lifetime != 2*time.Hour || s.MaxPerUser != session.Unlimited || !s.RefuseOver || s.SweepInterval != time.Minute {
		t.Errorf("read: %+v", s)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, s); strings.Contains(text, goodKey) || strings.Contains(text, "battery") {
			t.Errorf("%s shows a secret: %s", format, text)
		}
	}
}

func TestSettingsRefused(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"ENVIRONMENT", "Production"},
		{"ADMIN_SECRET_KEY", goodKey[1:]},
		{"ADMIN_PASSWORD", "short"},
		{"ADMIN_DATABASE_URL", "sqlite:"},
		{"MOUNT_PATH", "admin"}, {"MOUNT_PATH", "//a"}, {"MOUNT_PATH", "/a//b"}, {"MOUNT_PATH", "/a/../b"}, {"MOUNT_PATH", "/a?b"}, {"MOUNT_PATH", "/ä"}, {"MOUNT_PATH", "/" + strings.Repeat("a", 200)},
		{"TRUSTED_PROXIES", "10.0.0.0/33"}, {"TRUSTED_PROXIES", "10.0.0.1,"}, {"TRUSTED_PROXIES", "fe80::1%eth0"},
		{"SECURE_COOKIES", "maybe"},
		{"SESSION_BACKEND", "memcached"}, {"SESSION_BACKEND", "file"},
		{"SESSION_TIMEOUT_MINUTES", "-1"}, {"SESSION_TIMEOUT_MINUTES", "576001"}, {"SESSION_TIMEOUT_MINUTES", "1.5"},
		{"SESSION_MAX_LIFETIME_MINUTES", "29"},
		{"MAX_SESSIONS_PER_USER", "0"}, {"MAX_SESSIONS_PER_USER", "1001"}, {"MAX_SESSIONS_PER_USER", "99999999999999999999"},
		{"SESSION_LIMIT_POLICY", "evict,reject"},
		{"CLEANUP_INTERVAL_MINUTES", "1441"},
		{"LOG_LEVEL", "chatty"}, {"LOG_LEVEL", "info,=debug"}, {"LOG_LEVEL", "info,debug"}, {"LOG_LEVEL", strings.Repeat("a=info,", 40)},
		{"TRUSTED_PROXIES", strings.Repeat("x", 5000)},
	} {
		if _, err := readSettings(from(c.name, c.value), "dir"); err == nil || !strings.Contains(err.Error(), c.name+": ") {
			t.Errorf("%s=%q: %v, want an error that names it", c.name, clip(c.value), err)
		}
	}
	for _, name := range laterVariables {
		if _, err := readSettings(from(name, "canary"), "dir"); err == nil || !strings.Contains(err.Error(), name+": ") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want an error that names it and not its value", name, err)
		}
	}
	if _, err := readSettings(from(), ""); err == nil || !strings.Contains(err.Error(), "DATA_DIR: ") {
		t.Errorf("no DATA_DIR: %v", err)
	}
}

func TestStagingWarnsWhereProductionRefuses(t *testing.T) {
	s, err := readSettings(from("ENVIRONMENT", "staging", "SECURE_COOKIES", "false"), "dir")
	if err != nil {
		t.Fatal(err)
	}
	_, refused := readSettings(from("ENVIRONMENT", "production", "SECURE_COOKIES", "false"), "dir")
	if refused == nil || len(s.Warnings) != 2 {
		t.Fatalf("staging warns %q, production says %v; want two of each", s.Warnings, refused)
	}
	for _, warning := range s.Warnings {
		if !strings.Contains(refused.Error(), warning) {
			t.Errorf("staging warns %q, production does not refuse it: %v", warning, refused)
		}
	}
}
