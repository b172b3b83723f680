// A list in the middle of which a session changes.

package redisstore

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// inside opens a store whose insides a test looks at.
func inside(t testing.TB, log *bytes.Buffer) (*Store, *testserver.RedisServer) {
	t.Helper()
	server, prefix := testserver.SharedRedis(t)
	s, err := Open(t.Context(), Config{URL: config.Secret(server.URL()), Prefix: prefix, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, server
}

func sessionOf(user string) session.Session {
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := session.Session{
		UserID: user, CreatedAt: now, LastActivity: now, RotatedAt: now,
		ExpiresAt: now.Add(time.Hour), Deadline: now.Add(12 * time.Hour), Version: 1,
	}
	_, _ = rand.Read(s.ID[:])
	copy(s.ID[:], "the tag!")
	return s
}

// renew replaces a session, with a grace.
func renew(t testing.TB, s *Store, old session.Session) session.Session {
	t.Helper()
	next := sessionOf(old.UserID)
	next.CreatedAt, next.Deadline = old.CreatedAt, old.Deadline
	next.Previous, next.PreviousUntil = old.ID, old.CreatedAt.Add(time.Minute)
	if err := s.Rotate(t.Context(), old.ID, next); err != nil {
		t.Fatal(err)
	}
	return next
}

// TestListBesideRenewal: a session that is renewed after a list has read the index
// keeps its grace.
func TestListBesideRenewal(t *testing.T) {
	var log bytes.Buffer
	s, _ := inside(t, &log)
	old := sessionOf("ada")
	if _, err := s.Create(t.Context(), old, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	w := walk{s: s, c: *s.client.Load(), lines: []line{{key: s.keys.user(old.User()), base: s.keys.of(old.ID.Tag())}}}
	if err := w.open(t.Context(), 51); err != nil {
		t.Fatal(err)
	}
	places, from, err := w.take(t.Context(), 51)
	if err != nil || len(places) != 1 {
		t.Fatal(places, err)
	}
	log.Reset() // what there is to say of the server
	next := renew(t, s, old)
	if _, err := w.records(t.Context(), places, from, nil); err != nil {
		t.Error(err)
	}
	w.prune(t.Context(), old.CreatedAt.UnixMicro(), map[int][]string{0: {string(old.ID[:])}}) // by a clock that runs ahead it had expired
	if got, err := s.Get(t.Context(), old.ID); err != nil || got.ID != next.ID {
		t.Errorf("the old ID in its grace: %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("a renewal was logged: %s", log.String())
	}
}
