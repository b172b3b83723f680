// The store against a real Redis.

package redisstore_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

func open(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := redisstore.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newSession(user string, tag session.Tag) session.Session {
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := session.Session{
		UserID: user, CreatedAt: now, LastActivity: now, RotatedAt: now,
		ExpiresAt: now.Add(time.Hour), Deadline: now.Add(12 * time.Hour), Version: 1,
	}
	_, _ = rand.Read(s.ID[:])
	copy(s.ID[:], tag[:])
	return s
}

func TestRound(t *testing.T) {
	server, prefix := testserver.SharedRedis(t)
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix})
	ctx := t.Context()
	tag := session.Tag{1, 2, 3}
	a := newSession("ada", tag)
	if ev, err := s.Create(ctx, a, session.Admission{Limit: 2}); err != nil || len(ev) != 0 {
		t.Fatal(ev, err)
	}
	got, err := s.Get(ctx, a.ID)
	if err != nil || got != a {
		t.Fatalf("%+v %v", got, err)
	}
	b, c := newSession("ada", tag), newSession("ada", tag)
	if ev, err := s.Create(ctx, b, session.Admission{Limit: 2}); err != nil || len(ev) != 0 {
		t.Fatal(ev, err)
	}
	if ev, err := s.Create(ctx, c, session.Admission{Limit: 2}); err != nil || len(ev) != 1 || ev[0] != a.ID {
		t.Fatal(ev, err)
	}
	if err := s.Update(ctx, c.ID, 1, session.StoredMetadata(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.Touch(ctx, session.Seen{ID: c.ID, LastActivity: c.LastActivity.Add(time.Second), ExpiresAt: c.ExpiresAt.Add(time.Second)}); err != nil {
		t.Fatal(err)
	}
	got, err = s.Get(ctx, c.ID)
	if err != nil || got.Metadata.String() != `{"a":1}` || got.Version != 2 || !got.LastActivity.Equal(c.LastActivity.Add(time.Second)) {
		t.Fatalf("%+v %v", got, err)
	}
	for _, user := range []session.User{{}, a.User()} {
		page, err := s.List(ctx, session.Query{User: user})
		if err != nil || len(page.Sessions) != 2 {
			t.Fatal(page, err)
		}
	}
	if n, err := s.DeleteUser(ctx, a.User(), session.Ending{}, b.ID); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := s.Delete(ctx, b.ID, session.Ending{}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(ctx, 10); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if w, err := s.Count(ctx, "k", session.CountRule{Limit: 1, Window: time.Minute}); w != 0 || err != nil {
		t.Fatal(w, err)
	}
	if w, err := s.Count(ctx, "k", session.CountRule{Limit: 1, Window: time.Minute}); w == 0 || err != nil {
		t.Fatal(w, err)
	}
}
