// Debug records: there are some for all that happens, they hold no secret, and cost
// nothing where nobody wants them.

package session_test

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

func TestDebugRecords(t *testing.T) {
	log := &lockedBuffer{}
	const typed = "hunter2-typed-as-a-name"
	b := newBench(t, func(c *session.Config) {
		c.RenewEvery = 10 * time.Minute
		c.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Throttle.Failures = 1
	})
	ctx := t.Context()
	secrets := []string{canary, typed}
	said := func(step string, want ...string) {
		t.Helper()
		text := log.String()
		for _, one := range want {
			if !strings.Contains(text, one) {
				t.Errorf("%s: no record says %s", step, one)
			}
		}
	}
	token, s := b.login(t)
	said("Create", `"level":"DEBUG"`, `"component":"session"`, `"call":"create"`, `"msg":"created"`, `"took":`, s.ID.String(), `"user":"anna"`)
	secrets = append(secrets, token.Reveal())
	b.clock.Advance(10 * time.Minute)
	if _, err := b.Validate(ctx, token); err != nil {
		t.Fatal(err)
	}
	said("Validate", `"call":"get"`, `"call":"touch"`, `"msg":"validated"`, `"answer":"valid"`)
	token, _, err := b.Renew(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, token.Reveal())
	said("Renew", `"call":"rotate"`, `"renewal":true`, `"msg":"renewed"`)
	if _, err := b.Validate(ctx, token); err != nil {
		t.Fatal(err)
	}
	said("the first use", `"first_use":true`)
	if err := b.Logout(ctx, token); err != nil {
		t.Fatal(err)
	}
	said("Logout", `"call":"delete"`, `"msg":"ended"`, `"reason":"logout"`)
	_, _ = b.Validate(ctx, token)
	said("Validate of what ended", `"answer":"invalid"`, `"outcome":"absent"`)
	if _, err := b.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	said("Sweep", `"call":"sweep"`)
	for range 3 {
		_, _ = b.Attempt(ctx, session.Login{Account: typed, IP: netip.MustParseAddr("192.0.2.1")})
	}
	said("Attempt", `"call":"count"`)
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("a debug record holds a secret: %.12s…", secret)
		}
	}
}

// A validation between touches allocates no more than it did before there were records:
// once, for the check in the token.
func TestDebugRecordsCostNothing(t *testing.T) {
	m, err := session.New(memstore.New(memstore.Config{}), session.Config{
		SecretKey: canary, Logger: slog.New(slog.NewTextHandler(&lockedBuffer{}, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := m.Create(t.Context(), session.NewSession{UserID: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = m.Validate(t.Context(), token) }); n > 1 {
		t.Errorf("a validation allocates %v times, want 1", n)
	}
}
