// The budget of round trips, counted by the server.

package memcachestore

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// commands counts what the server was asked, without the tests' own "stats".
func commands(t testing.TB, server *testserver.MemcachedServer, act func()) map[string]int {
	t.Helper()
	counters := []string{"cmd_get", "cmd_set", "cmd_touch", "cmd_flush", "cmd_meta", "delete_hits", "delete_misses", "incr_hits", "incr_misses", "cas_misses", "cas_badval"}
	look := func() map[string]int {
		counts := map[string]int{}
		for _, name := range counters {
			counts[name] = stat(t, server, name)
		}
		return counts
	}
	before := look()
	act()
	after := look()
	counts := map[string]int{}
	for name := range before {
		if n := after[name] - before[name]; n != 0 {
			counts[name] = n
		}
	}
	return counts
}

func TestBudget(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	clock := sessiontest.NewClock()
	store := open(t, Config{Servers: []string{server.Addr}, Now: clock.Now})
	m, err := session.New(store, session.Config{
		SecretKey: config.Secret(strings.Repeat("k", 32)), Now: clock.Now, MaxPerUser: 2, RenewEvery: time.Hour,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	create := func() session.Token {
		t.Helper()
		token, _, err := m.Create(ctx, session.NewSession{UserID: "ada"})
		must(err)
		return token
	}
	validate := func(token session.Token) { t.Helper(); _, err := m.Validate(ctx, token); must(err) }
	update := func(token session.Token) {
		t.Helper()
		_, err := m.Update(ctx, token.ID(), func(md *session.Metadata) error { return session.AddFlash(md, session.Flash{}) })
		must(err)
	}
	reads := func(n int) map[string]int { return map[string]int{"cmd_get": n} }
	two := map[string]int{"cmd_get": 1, "cmd_set": 1} // add and cas count as set
	var first, second, third session.Token
	for _, step := range []struct {
		what string
		want map[string]int
		act  func()
	}{
		{"10,000 forged or malformed tokens", map[string]int{}, func() {
			for range 10_000 {
				raw := make([]byte, 48)
				_, _ = rand.Read(raw)
				token, err := session.ParseToken(base64.RawURLEncoding.EncodeToString(raw))
				must(err)
				if _, err := m.Validate(ctx, token); err == nil {
					t.Error("a forged token is valid")
				}
			}
		}},
		{"create, the user's first", two, func() { first = create() }},
		{"create under the limit", two, func() { clock.Advance(time.Microsecond); second = create() }},
		{"validate between touches", reads(1), func() { validate(second) }},
		{"validate that touches", two, func() { clock.Advance(2 * time.Minute); validate(second) }},
		{"a touch of one nobody has just read", two, func() {
			now := clock.Advance(2 * time.Minute)
			must(store.Touch(ctx, session.Seen{ID: second.ID(), LastActivity: now, ExpiresAt: now.Add(time.Minute)}))
		}},
		{"create that evicts", two, func() { third = create() }},
		{"validate of the evicted", reads(1), func() {
			if _, err := m.Validate(ctx, first); err == nil {
				t.Error("the evicted is valid")
			}
		}},
		{"update", two, func() { update(third) }},
		{"renew", two, func() { _, _, err := m.Renew(ctx, third); must(err) }},
		{"validate of an ID in its grace", reads(1), func() { validate(third) }},
		{"list", reads(1), func() { _, err := m.UserSessions(ctx, "ada"); must(err) }},
		{"logout", two, func() { must(m.Logout(ctx, third)) }},
		{"logout of what has ended", reads(1), func() { must(m.Logout(ctx, third)) }},
		{"revoke a user", two, func() { _, err := m.RevokeUser(ctx, "ada", session.Ending{}); must(err) }},
		{"revoke a user without sessions", reads(1), func() { _, err := m.RevokeUser(ctx, "ada", session.Ending{}); must(err) }},
		{"an anonymous session", two, func() { first, _, err = m.Create(ctx, session.NewSession{}); must(err) }},
		{"logout of an anonymous session", two, func() { must(m.Logout(ctx, first)) }},
		{"count", two, func() { _, err := store.Count(ctx, "k", session.CountRule{Limit: 1, Window: time.Minute}); must(err) }},
		{"count that waits", reads(1), func() { _, err := store.Count(ctx, "k", session.CountRule{Limit: 1, Window: time.Minute}); must(err) }},
		{"counted", reads(1), func() { _, err := store.Counted(ctx, "k", time.Minute); must(err) }},
		{"uncount", two, func() { must(store.Uncount(ctx, "k", 1)) }},
		{"sweep", map[string]int{}, func() { _, err := store.Sweep(ctx, 1000); must(err) }},
	} {
		if got := commands(t, server, step.act); !maps.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.what, got, step.want)
		}
	}
}

// TestRecall: what a write remembers of a reading is checked by the server, so that
// a session which ended meanwhile elsewhere stays ended and a change made there is
// not lost.
func TestRecall(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	here, there := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix}), open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	one, other := create(t, here, "ada", session.Tag{1}), create(t, here, "ada", session.Tag{1})
	seen := session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Minute), ExpiresAt: one.ExpiresAt.Add(time.Minute)}
	get := func() {
		t.Helper()
		if _, err := here.Get(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
	}
	get()
	if err := there.Update(t.Context(), one.ID, 1, session.StoredMetadata(`{"there":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := here.Touch(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	got, err := here.Get(t.Context(), one.ID)
	if err != nil || got.Version != 2 || !got.LastActivity.Equal(seen.LastActivity) || got.Metadata.String() != `{"there":1}` {
		t.Errorf("after an update there and a touch here: %+v, %v", got, err)
	}
	get()
	if _, err := there.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
		t.Fatal(err)
	}
	seen.LastActivity = seen.LastActivity.Add(time.Minute)
	if err := here.Touch(t.Context(), seen); err == nil {
		t.Error("a touch of a session that ended elsewhere succeeded")
	}
	if _, err := here.Get(t.Context(), other.ID); err != nil {
		t.Fatal(err)
	}
	fresh := create(t, there, "ada", session.Tag{1})
	if err := here.Update(t.Context(), fresh.ID, 1, session.StoredMetadata(`{"here":1}`)); err != nil {
		t.Errorf("an update of a session that was created elsewhere after the reading: %v", err)
	}
}
