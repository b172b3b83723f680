// Two releases on one server: ours, and one to come that writes version 2 of the
// format, which only this test knows.

package redisstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// later is a script as the release to come has it.
func later(t testing.TB, of *script) *script {
	t.Helper()
	text := strings.Replace(of.text, "local FORMAT = 1\n", "local FORMAT = 2\n", 1)
	if text == of.text {
		t.Fatal("no FORMAT = 1 in the prelude")
	}
	return newScript(strings.TrimPrefix(text, prelude)) // the prelude of ours stands before, and is overridden
}

// rewrite makes a record one of version 2: what documents keep in its place stays,
// all behind it is new.
func rewrite(t testing.TB, s *Store, server *testserver.RedisServer, id session.ID) string {
	t.Helper()
	key := s.keys.record(id)
	got, err := server.Do("GET", key)
	if err != nil {
		t.Fatal(err)
	}
	text := got.(string)
	upTo := 157 + int(text[156]) // the end of the user ID
	value := text[:1] + "\x02" + text[2:upTo] + "all else is another layout, and longer than it was\xff"
	if _, err := server.Do("SET", key, value, "KEEPTTL"); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestNewerIsUnavailable: what a newer release wrote is unavailable and stays as it
// is, byte for byte; it takes its place under the limit, and ends where its user's
// sessions end, where it is the oldest over the limit, and when its time is over.
func TestNewerIsUnavailable(t *testing.T) {
	var log bytes.Buffer
	s, server := inside(t, &log)
	ctx := t.Context()
	one := sessionOf("ada")
	create := func(n session.Session, a session.Admission) []session.ID {
		t.Helper()
		evicted, err := s.Create(ctx, n, a)
		if err != nil {
			t.Fatal(err)
		}
		return evicted
	}
	create(one, session.Admission{})
	value := rewrite(t, s, server, one.ID)
	next := sessionOf("ada")
	for what, call := range map[string]func(context.Context) error{
		"Get":    func(ctx context.Context) error { _, err := s.Get(ctx, one.ID); return err },
		"Update": func(ctx context.Context) error { return s.Update(ctx, one.ID, 1, session.StoredMetadata(`{"a":1}`)) },
		"Touch": func(ctx context.Context) error {
			return s.Touch(ctx, session.Seen{ID: one.ID, LastActivity: one.Deadline})
		},
		"TouchAll": func(ctx context.Context) error { _, err := s.TouchAll(ctx, []session.Seen{{ID: one.ID}}); return err },
		"Rotate":   func(ctx context.Context) error { return s.Rotate(ctx, one.ID, next) },
		"Delete":   func(ctx context.Context) error { _, err := s.Delete(ctx, one.ID, session.Ending{}); return err },
	} {
		if err := call(ctx); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%s: %v, want ErrUnavailable", what, err)
		}
	}
	if page, err := s.List(ctx, session.Query{User: one.User()}); err != nil || len(page.Sessions) != 0 {
		t.Errorf("List: %d sessions, %v", len(page.Sessions), err)
	}
	if n, err := s.Sweep(ctx, 100); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	if got, err := server.Do("GET", s.keys.record(one.ID)); err != nil || got != value {
		t.Errorf("the record is not as it was: %q, %v", got, err)
	}

	if _, err := s.Create(ctx, next, session.Admission{Limit: 1, Refuse: true}); !errors.Is(err, session.ErrLimit) {
		t.Errorf("Create beside it: %v, want ErrLimit", err)
	}
	if evicted := create(next, session.Admission{Limit: 1}); !slices.Equal(evicted, []session.ID{one.ID}) {
		t.Errorf("Create evicted %d sessions, want the one", len(evicted))
	}
	rewrite(t, s, server, next.ID)
	if n, err := s.DeleteUser(ctx, next.User(), session.Ending{}); n != 1 || err != nil {
		t.Errorf("DeleteUser: %d, %v", n, err)
	}
	create(one, session.Admission{})
	rewrite(t, s, server, one.ID)
	now := one.ExpiresAt
	s.now = func() time.Time { return now }
	if n, err := s.Sweep(ctx, 100); n != 1 || err != nil {
		t.Errorf("Sweep of what expired: %d, %v", n, err)
	}
	if n, err := s.Stored(ctx); n != 0 || err != nil {
		t.Errorf("%d are stored, %v", n, err)
	}
}

// TestOlderIsRead: the scripts of a release to come do with our records what ours
// do, and leave what ours read; with its own they do the same.
func TestOlderIsRead(t *testing.T) {
	var log bytes.Buffer
	s, server := inside(t, &log)
	ctx, c := t.Context(), *s.client.Load()
	tail, err := wire.AppendMetadata(nil, session.StoredMetadata(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	run := func(of *script, keys, args []string) string {
		t.Helper()
		word, err := later(t, of).run(ctx, c, scriptCall{keys, args})[0].ToString()
		if err != nil {
			t.Error(err)
		}
		return word
	}
	for _, version := range []byte{1, 2} {
		one := sessionOf("ada")
		if _, err := s.Create(ctx, one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		if version == 2 {
			rewrite(t, s, server, one.ID)
		}
		key, base := s.keys.record(one.ID), s.keys.of(one.ID.Tag())
		seen := session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Second), ExpiresAt: one.ExpiresAt.Add(time.Second)}
		if word := run(touchScript, []string{key}, s.touchArgs(seen)); word != "ok" {
			t.Errorf("touch of version %d: %s", version, word)
		}
		value, err := c.Do(ctx, fetching(c, s.keys.record(one.ID))).AsBytes()
		if err != nil || value[1] != version {
			t.Fatalf("version %d: %x, %v", version, value, err)
		}
		if version == 2 {
			continue
		}
		if word := run(updateScript, []string{key}, []string{base, micros(s.now()), string(one.ID[:]), eight(1), eight(2), string(tail)}); word != "ok" {
			t.Errorf("update: %s", word)
		}
		got, err := s.Get(ctx, one.ID)
		want := one
		want.LastActivity, want.ExpiresAt, want.Version, want.Metadata = seen.LastActivity, seen.ExpiresAt, 2, session.StoredMetadata(`{"a":1}`)
		if err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
		var ended []rueidis.RedisMessage
		if ended, err = later(t, deleteScript).run(ctx, c, scriptCall{
			[]string{key, s.keys.all(one.ID.Tag()), s.keys.due(one.ID.Tag())}, []string{base, micros(s.now()), string(one.ID[:])},
		})[0].ToArray(); err != nil || len(ended) != 3 {
			t.Errorf("delete: %d values, %v", len(ended), err)
		}
	}
}
