// Config: defaults, bounds, one error for all wrong fields, and no secret in it.

package session_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

func TestDefaults(t *testing.T) {
	m, err := session.New(memstore.New(memstore.Config{}), session.Config{SecretKey: canary})
	if err != nil {
		t.Fatal(err)
	}
	got := m.Rules()
	for name, ok := range map[string]bool{
		"IdleTimeout":   got.IdleTimeout == 30*time.Minute,
		"Lifetime":      got.Lifetime == 12*time.Hour,
		"MaxPerUser":    got.MaxPerUser == 5,
		"TouchInterval": got.TouchInterval == time.Minute,
		"RenewEvery":    got.RenewEvery == 0,
		"RenewGrace":    got.RenewGrace == 30*time.Second,
		"SweepInterval": got.SweepInterval == 15*time.Minute,
		"StoreTimeout":  got.StoreTimeout == 2*time.Second,
		"Throttle":      got.Throttle == session.Throttle{Failures: 5, FailuresPerAddress: 50, FailuresPerAccount: 100, FailuresOfDevices: 20, Window: 15 * time.Minute},
		"SecretKey":     got.SecretKey == "",
	} {
		if !ok {
			t.Errorf("the default of %s is not as documented: %+v", name, got)
		}
	}
}

// The touch interval follows the idle timeout: a thirtieth, at least a second,
// never over half. The lifetime is never under the idle timeout.
func TestDefaultsFollowIdleTimeout(t *testing.T) {
	for _, c := range []struct{ idle, touch, lifetime time.Duration }{
		{time.Second, 500 * time.Millisecond, 12 * time.Hour},
		{10 * time.Second, time.Second, 12 * time.Hour},
		{time.Hour, 2 * time.Minute, 12 * time.Hour},
		{24 * time.Hour, 48 * time.Minute, 24 * time.Hour},
	} {
		m, err := session.New(memstore.New(memstore.Config{}), session.Config{SecretKey: canary, IdleTimeout: c.idle})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Rules(); got.TouchInterval != c.touch || got.Lifetime != c.lifetime {
			t.Errorf("IdleTimeout %s: TouchInterval %s, Lifetime %s, want %s, %s", c.idle, got.TouchInterval, got.Lifetime, c.touch, c.lifetime)
		}
	}
}

func TestEveryWrongFieldIsNamedAtOnce(t *testing.T) {
	_, err := session.New(memstore.New(memstore.Config{}), session.Config{
		SecretKey:     config.Secret(canary[:31]),
		IdleTimeout:   -time.Second,
		Lifetime:      401 * 24 * time.Hour,
		MaxPerUser:    1001,
		TouchInterval: time.Hour,
		RenewEvery:    time.Millisecond,
		RenewGrace:    6 * time.Minute,
		SweepInterval: time.Millisecond,
		StoreTimeout:  2 * time.Minute,
		Throttle:      session.Throttle{Failures: -1, FailuresPerAddress: 1001, FailuresPerAccount: 1001, FailuresOfDevices: -1, Window: 25 * time.Hour},
	})
	if err == nil {
		t.Fatal("a configuration in which everything is wrong is taken")
	}
	for _, text := range []string{
		"SecretKey: 31 bytes, want at least 32", "openssl rand", "IdleTimeout: -1s, want 1s to", "Lifetime: 9624h0m0s", "MaxPerUser: 1001, want 1 to 1000",
		"TouchInterval: 1h0m0s", "RenewEvery: 1ms", "RenewGrace: 6m0s", "SweepInterval: 1ms", "StoreTimeout: 2m0s",
		"Throttle.Failures: -1", "Throttle.FailuresPerAddress: 1001", "Throttle.FailuresPerAccount: 1001", "Throttle.FailuresOfDevices: -1", "Throttle.Window: 25h0m0s",
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q:\n%v", text, err)
		}
	}
	if strings.Contains(err.Error(), canary[:8]) {
		t.Error("the error shows the secret key")
	}
}

func TestBoundsOfEachField(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		change func(*session.Config)
		ok     bool
	}{
		"a key of 32 bytes":             {func(c *session.Config) { c.SecretKey = config.Secret(make([]byte, 32)) }, true},
		"no key":                        {func(c *session.Config) { c.SecretKey = "" }, false},
		"idle of a second":              {func(c *session.Config) { c.IdleTimeout = time.Second }, true},
		"idle under a second":           {func(c *session.Config) { c.IdleTimeout = time.Second - 1 }, false},
		"400 days":                      {func(c *session.Config) { c.IdleTimeout, c.Lifetime = 400*day, 400*day }, true},
		"over 400 days":                 {func(c *session.Config) { c.Lifetime = 400*day + 1 }, false},
		"lifetime under idle":           {func(c *session.Config) { c.IdleTimeout, c.Lifetime = time.Hour, time.Hour-1 }, false},
		"lifetime equal to idle":        {func(c *session.Config) { c.IdleTimeout, c.Lifetime = time.Hour, time.Hour }, true},
		"unlimited":                     {func(c *session.Config) { c.MaxPerUser = session.Unlimited }, true},
		"a negative limit":              {func(c *session.Config) { c.MaxPerUser = -2 }, false},
		"the largest limit":             {func(c *session.Config) { c.MaxPerUser = session.MaxLimit }, true},
		"touch of a nanosecond":         {func(c *session.Config) { c.TouchInterval = 1 }, true},
		"negative touch":                {func(c *session.Config) { c.TouchInterval = -1 }, false},
		"touch of half of idle":         {func(c *session.Config) { c.IdleTimeout, c.TouchInterval = time.Hour, 30*time.Minute }, true},
		"touch over half of idle":       {func(c *session.Config) { c.IdleTimeout, c.TouchInterval = time.Hour, 30*time.Minute+1 }, false},
		"rotation not over the grace":   {func(c *session.Config) { c.RenewEvery, c.RenewGrace = time.Minute, time.Minute }, false},
		"rotation over the grace":       {func(c *session.Config) { c.RenewEvery, c.RenewGrace = time.Minute+1, time.Minute }, true},
		"store timeout of a ms":         {func(c *session.Config) { c.StoreTimeout = time.Millisecond }, true},
		"negative store timeout":        {func(c *session.Config) { c.StoreTimeout = -time.Second }, false},
		"a throttle window of a day":    {func(c *session.Config) { c.Throttle.Window = day }, true},
		"a throttle window of a moment": {func(c *session.Config) { c.Throttle.Window = time.Millisecond }, false},
	} {
		cfg := session.Config{SecretKey: canary}
		c.change(&cfg)
		if _, err := session.New(memstore.New(memstore.Config{}), cfg); (err == nil) != c.ok {
			t.Errorf("%s: error %v, want ok %t", name, err, c.ok)
		}
	}
}

func TestStoreThatHoldsFewer(t *testing.T) {
	store := &fake{Store: memstore.New(memstore.Config{}), traits: session.Traits{Name: "small", MaxPerUser: 3}}
	_, err := session.New(store, session.Config{SecretKey: canary, MaxPerUser: 4})
	if err == nil || !strings.Contains(err.Error(), "MaxPerUser: 4") || !strings.Contains(err.Error(), "small") {
		t.Errorf("a limit of 4 on a store that holds 3: %v", err)
	}
	if _, err := session.New(store, session.Config{SecretKey: canary, MaxPerUser: 3}); err != nil {
		t.Errorf("a limit of 3 on a store that holds 3: %v", err)
	}
	if _, err := session.New(nil, session.Config{SecretKey: canary}); err == nil {
		t.Error("a manager without a store is made")
	}
}

// Whatever prints a configuration or a manager does not print the key.
func TestNoSecretIsPrinted(t *testing.T) {
	cfg := session.Config{SecretKey: canary}
	m, err := session.New(memstore.New(memstore.Config{}), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("start", "config", cfg, "pointer", &cfg, "manager", m)
	}
	shown := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb+verb+verb+verb, cfg, &cfg, struct{ C session.Config }{cfg}, m)
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), strings.Trim(fmt.Sprint([]byte(canary)), "[]"), strings.Trim(fmt.Sprintf("%#v", []byte(canary)), "[]byte{}")} {
		if strings.Contains(shown, form) {
			t.Errorf("the secret key is printed as %q", form)
		}
	}
	if !strings.Contains(shown, "IdleTimeout") {
		t.Error("the rest of the configuration is not printed")
	}
}
