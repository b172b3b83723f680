// Tests of ConfigFromEnv: every variable, right and wrong, and secrets that stay hidden.

package crudadmin

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const envKey = "canary-0123456789abcdef0123456789"

// env is a getenv that knows these variables: name, value, name, value, …
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestConfigFromEnvDefaults(t *testing.T) {
	t.Parallel()
	c, err := ConfigFromEnv(env())
	if err != nil {
		t.Fatal(err)
	}
	if c.Environment != "" || c.DataDir != "crudadmin_data" || c.AdminDatabase != filepath.Join("crudadmin_data", "admin.db") || len(c.SecretKey) != 0 ||
		c.FirstUsername != "admin" || c.FirstPassword != "" || c.MountPath != "/admin" || c.Secure || len(c.TrustedProxies) != 0 || len(c.Warnings) != 0 {
		t.Errorf("defaults: %+v", c)
	}
	if r := c.SessionRules; r.IdleTimeout != 30*time.Minute || r.Lifetime != 12*time.Hour || r.MaxPerUser != 5 || r.RefuseOverLimit ||
		r.SweepInterval != 15*time.Minute || r.StoreTimeout != 2*time.Second {
		t.Errorf("session rules: %+v", r)
	}
}

func TestConfigFromEnvReadsEveryVariable(t *testing.T) {
	t.Parallel()
	c, err := ConfigFromEnv(env("ENVIRONMENT", "production", "ADMIN_SECRET_KEY", envKey, "ADMIN_DATABASE_URL", "sqlite:/srv/a.db", "ADMIN_USERNAME", "ann",
		"ADMIN_PASSWORD", "correct horse battery", "MOUNT_PATH", "/panel/a/", "TRUSTED_PROXIES", "10.1.2.3, 192.168.7.1/16,::1", "DATA_DIR", "/srv/data",
		"SESSION_TIMEOUT_MINUTES", "60", "SESSION_MAX_LIFETIME_MINUTES", "120", "MAX_SESSIONS_PER_USER", "unlimited", "SESSION_LIMIT_POLICY", "reject",
		"CLEANUP_INTERVAL_MINUTES", "1", "STORE_TIMEOUT_MS", "250", "LOG_LEVEL", "warn,session=debug"))
	if err != nil {
		t.Fatal(err)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("::1/128")}
	if !c.Secure || c.Environment != "production" || string(c.SecretKey) != envKey || c.AdminDatabase != "/srv/a.db" || c.FirstUsername != "ann" ||
		c.FirstPassword != "correct horse battery" || c.MountPath != "/panel/a" || !slices.Equal(c.TrustedProxies, proxies) || c.DataDir != "/srv/data" {
		t.Errorf("read: %+v", c)
	}
	if r := c.SessionRules; r.IdleTimeout != time.Hour || r.Lifetime != 2*time.Hour || r.MaxPerUser != session.Unlimited || !r.RefuseOverLimit ||
		r.SweepInterval != time.Minute || r.StoreTimeout != 250*time.Millisecond {
		t.Errorf("session rules: %+v", r)
	}
	log := slog.New(c.LogHandler(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if !log.With("component", "session.redis").Enabled(t.Context(), slog.LevelDebug) || log.With("component", "panel").Enabled(t.Context(), slog.LevelDebug) {
		t.Error("LOG_LEVEL of session.redis is not that of session, or another component has it too")
	}
	if c, err := ConfigFromEnv(env("SESSION_TIMEOUT_MINUTES", "1000", "MOUNT_PATH", "/", "MAX_SESSIONS_PER_USER", "10")); err != nil ||
		c.SessionRules.Lifetime != 1000*time.Minute || c.MountPath != "/" || c.SessionRules.MaxPerUser != 10 {
		t.Errorf("a timeout over the lifetime's default, the root: %+v, %v", c, err)
	}
}

func TestConfigFromEnvNamesAWrongVariable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value string }{
		{"ENVIRONMENT", "Production"},
		{"ADMIN_SECRET_KEY", "canary"},
		{"ADMIN_USERNAME", strings.Repeat("x", 40_000)},
		{"ADMIN_PASSWORD", "canary"},
		{"ADMIN_DATABASE_URL", "sqlite:"}, {"ADMIN_DATABASE_URL", "oracle://root:canary@db/admin"}, {"ADMIN_DATABASE_URL", "mysql:root:canary@db/admin"},
		{"DATA_DIR", "a\x00b"}, {"DATA_DIR", strings.Repeat("x", 5000)},
		{"EXPORT_SPOOL_MB", "0"}, {"EXPORT_SPOOL_MB", "1048577"}, {"EXPORT_SPOOL_MB", "4 GB"},
		{"MOUNT_PATH", "admin"}, {"MOUNT_PATH", "//a"}, {"MOUNT_PATH", "/a//b"}, {"MOUNT_PATH", "/a/../b"}, {"MOUNT_PATH", "/a?b"}, {"MOUNT_PATH", "/ä"}, {"MOUNT_PATH", "/" + strings.Repeat("a", 300)},
		{"TRUSTED_PROXIES", "10.0.0.0/33"}, {"TRUSTED_PROXIES", "10.0.0.1,"}, {"TRUSTED_PROXIES", "fe80::1%eth0"}, {"TRUSTED_PROXIES", strings.Repeat("x", 5000)},
		{"TRUSTED_PROXIES", strings.TrimSuffix(strings.Repeat("10.0.0.1,", 300), ",")},
		{"SECURE_COOKIES", "maybe"},
		{"SESSION_TIMEOUT_MINUTES", "-1"}, {"SESSION_TIMEOUT_MINUTES", "576001"}, {"SESSION_TIMEOUT_MINUTES", "1.5"},
		{"SESSION_MAX_LIFETIME_MINUTES", "29"},
		{"MAX_SESSIONS_PER_USER", "0"}, {"MAX_SESSIONS_PER_USER", "1001"}, {"MAX_SESSIONS_PER_USER", "99999999999999999999"}, {"MAX_SESSIONS_PER_USER", "Unlimited"},
		{"SESSION_LIMIT_POLICY", "evict,reject"},
		{"CLEANUP_INTERVAL_MINUTES", "1441"},
		{"STORE_TIMEOUT_MS", "0"}, {"STORE_TIMEOUT_MS", "60001"},
		{"LOG_LEVEL", "chatty"}, {"LOG_LEVEL", "info,=debug"}, {"LOG_LEVEL", "info,debug"}, {"LOG_LEVEL", strings.Repeat("a=info,", 40)},
		{"TRACK_EVENTS", "canary"},
		{"TRUSTED_PROXIES", "unix,unix"}, {"TRUSTED_PROXIES", "UNIX"},
		{"ENFORCE_HTTPS", "maybe"}, {"ENFORCE_HTTPS", "true"}, {"HTTPS_PORT", "0"}, {"HTTPS_PORT", "65536"}, {"HTTPS_PORT", "https"},
		{"ALLOWED_IPS", "office"}, {"ALLOWED_IPS", "10.0.0.1 10.0.0.2"}, {"ALLOWED_IPS", "fe80::1%eth0"}, {"ALLOWED_IPS", "10.0.0.1,,10.0.0.2"}, {"ALLOWED_IPS", ","},
		{"ALLOWED_NETWORKS", "10.0.0.0/33"}, {"ALLOWED_NETWORKS", "10.0.0.0/8,"}, {"ALLOWED_NETWORKS", "10.0.0/8"}, {"ALLOWED_NETWORKS", "::/129"}, {"ALLOWED_NETWORKS", "*"},
		{"ALLOWED_IPS", strings.TrimSuffix(strings.Repeat("10.0.0.1,", 600), ",")},
		{"ALLOWED_HOSTS", "https://a.example"}, {"ALLOWED_HOSTS", "a.example:8000"}, {"ALLOWED_HOSTS", "*.example"}, {"ALLOWED_HOSTS", "a.example/admin"},
		{"ALLOWED_HOSTS", "a.example,"}, {"ALLOWED_HOSTS", "a..example"}, {"ALLOWED_HOSTS", strings.Repeat("a.", 200) + "example"}, {"ALLOWED_HOSTS", "a b"},
		{"PUBLIC_URL", "a.example"}, {"PUBLIC_URL", "//a.example"}, {"PUBLIC_URL", "ftp://a.example"}, {"PUBLIC_URL", "https://"}, {"PUBLIC_URL", "https://a.example/admin"},
		{"PUBLIC_URL", "https://ann:canary@a.example"}, {"PUBLIC_URL", "https://a.example?x"}, {"PUBLIC_URL", "https://a.example#"}, {"PUBLIC_URL", "https://a.example:0"}, {"PUBLIC_URL", "https://a.example:99999"},
	} {
		got, err := ConfigFromEnv(env(c.name, c.value))
		if err == nil || !strings.Contains(err.Error(), "\n  "+c.name+": ") || strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("%s=%.60q: got %v, want an error that names it alone", c.name, c.value, err)
			continue
		}
		if strings.Contains(err.Error(), "canary") || got.DataDir != "" {
			t.Errorf("%s: %v; beside it %+v", c.name, err, got)
		}
	}
}

func TestTLSNeedsBothFiles(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]string{"TLS_CERT_FILE": "TLS_KEY_FILE", "TLS_KEY_FILE": "TLS_CERT_FILE"} {
		if _, err := ConfigFromEnv(env(name, "a.pem")); err == nil || !strings.Contains(err.Error(), "\n  "+other+": "+name+" is set") {
			t.Errorf("%s alone: %v", name, err)
		}
	}
	c, err := ConfigFromEnv(env("TLS_CERT_FILE", "c.pem", "TLS_KEY_FILE", "k.pem", "ENFORCE_HTTPS", "true"))
	if err != nil || c.TLSCertFile != "c.pem" || c.TLSKeyFile != "k.pem" || !c.EnforceHTTPS || !c.Secure {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestGatesFromEnv(t *testing.T) {
	t.Parallel()
	c, err := ConfigFromEnv(env("TRUSTED_PROXIES", "unix, 10.0.0.1", "ENFORCE_HTTPS", "true", "ALLOWED_IPS", "192.0.2.7,::ffff:192.0.2.8",
		"ALLOWED_NETWORKS", "2001:db8::/32, ::ffff:10.0.0.0/104", "ALLOWED_HOSTS", "Admin.Example.com, [::1]", "PUBLIC_URL", "https://admin.example.com:8443"))
	if err != nil {
		t.Fatal(err)
	}
	networks := []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("192.0.2.8/32"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("10.0.0.0/8")}
	if !c.TrustUnix || len(c.TrustedProxies) != 1 || !c.EnforceHTTPS || !slices.Equal(c.AllowedNetworks, networks) || len(c.AllowedHosts) != 2 || c.HTTPSPort != 8443 {
		t.Errorf("%+v", c)
	}
	if _, err := ConfigFromEnv(env("TRUSTED_PROXIES", "unix", "ENFORCE_HTTPS", "true", "PUBLIC_URL", "http://admin.example.com")); err == nil || !strings.Contains(err.Error(), "\n  PUBLIC_URL: ") {
		t.Errorf("HTTPS is enforced for an origin of plain HTTP: %v", err)
	}
}

func TestStagingWarnsWhereProductionRefuses(t *testing.T) {
	t.Parallel()
	warned, err := ConfigFromEnv(env("ENVIRONMENT", "staging", "SECURE_COOKIES", "false"))
	if err != nil {
		t.Fatal(err)
	}
	_, refused := ConfigFromEnv(env("ENVIRONMENT", "production", "SECURE_COOKIES", "false"))
	if refused == nil || len(warned.Warnings) != 2 {
		t.Fatalf("staging warns %q, production says %v; want two of each", warned.Warnings, refused)
	}
	for _, warning := range warned.Warnings {
		if !strings.Contains(refused.Error(), warning) {
			t.Errorf("staging warns %q, production does not refuse it: %v", warning, refused)
		}
	}
}

func TestConfigShowsNoSecret(t *testing.T) {
	t.Parallel()
	c, err := ConfigFromEnv(env("ADMIN_SECRET_KEY", envKey, "ADMIN_PASSWORD", "canary correct horse battery", "MOUNT_PATH", "/panel"))
	if err != nil {
		t.Fatal(err)
	}
	c.SessionRules.SecretKey = c.SecretKey
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "config", c.Config, "env", c)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("json", "config", c.Config, "env", c)
	shown := []string{logged.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		shown = append(shown, fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, c.Config))
	}
	for _, text := range shown {
		if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprint([]byte(envKey[:8]))[1:20]) {
			t.Errorf("a secret is shown: %s", text)
		}
		if !strings.Contains(text, "/panel") {
			t.Errorf("nothing is shown: %s", text)
		}
	}
}
