// Capacity and expiry: how many sessions an item holds, and how long the servers
// keep it.

package memcachestore

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// largest is a session than which none is larger.
func largest(tag session.Tag) session.Session {
	s := newSession(strings.Repeat("u", session.MaxUserID), tag)
	s.IP = netip.MustParseAddr("2001:db8::ff00:42:8329")
	s.UserAgent = strings.Repeat("a", session.MaxUserAgent)
	text := strings.Repeat("d", session.MaxDeviceText)
	s.Device = session.Device{Browser: text, Version: text, OS: text, Name: text, Kind: text}
	s.Metadata = session.StoredMetadata(`{"v":"` + strings.Repeat("x", session.MaxMetadata-len(`{"v":""}`)) + `"}`)
	return s
}

// TestCapacityLong: as many sessions as Traits say fit, the largest there are, and not
// one more, whatever its size.
func TestCapacityLong(t *testing.T) {
	testserver.LongForm(t)
	shared, prefix := testserver.SharedMemcached(t)
	small := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-I", "512k"}})
	large := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-I", "2m", "-m", "128"}})
	for _, c := range []struct {
		server  *testserver.MemcachedServer
		maxItem int
		want    int
	}{{shared, 0, 59}, {small, 512 << 10, 29}, {large, 2 << 20, 118}} {
		s := open(t, Config{Servers: []string{c.server.Addr}, Prefix: prefix, MaxItem: c.maxItem})
		if got := s.Traits().MaxPerUser; got != c.want {
			t.Errorf("MaxItem %d: Traits.MaxPerUser is %d, want %d", c.maxItem, got, c.want)
		}
		var all []session.Session
		for range c.want {
			one := largest(session.Tag{1})
			if record, err := wire.Append(nil, &one); err != nil || len(record) != wire.MaxRecord {
				t.Fatalf("a record of %d bytes, %v, want %d", len(record), err, wire.MaxRecord)
			}
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatalf("session %d of %d: %v", len(all)+1, c.want, err)
			}
			all = append(all, one)
		}
		small := newSession(all[0].UserID, session.Tag{1})
		if _, err := s.Create(t.Context(), small, session.Admission{}); !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("one more than the capacity: %v, want ErrTooLarge", err)
		}
		if err := s.Restore(t.Context(), small); !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("Restore of one more than the capacity: %v, want ErrTooLarge", err)
		}
		if evicted, err := s.Create(t.Context(), small, session.Admission{Limit: c.want}); err != nil || len(evicted) != 1 {
			t.Errorf("Create under a limit as high as the capacity: %d evicted, %v", len(evicted), err)
		}
		if err := s.Update(t.Context(), small.ID, 1, all[0].Metadata); err != nil {
			t.Errorf("Update to the largest metadata in a full item: %v", err)
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		if err := s.Touch(t.Context(), session.Seen{ID: small.ID, LastActivity: now, ExpiresAt: now.Add(2 * time.Hour)}); err != nil {
			t.Errorf("Touch in a full item: %v", err)
		}
		if got, err := s.Get(t.Context(), all[c.want-1].ID); err != nil || got != all[c.want-1] {
			t.Errorf("Get from a full item: %v", err)
		}
		if n, err := s.DeleteUser(t.Context(), all[0].User(), session.Ending{}); err != nil || n != c.want {
			t.Errorf("DeleteUser ended %d of %d, %v", n, c.want, err)
		}
	}
}

// TestServerRefusesSize: a server with a lower limit than MaxItem, which came after
// Open, refuses what is too large and loses nothing.
func TestServerRefusesSize(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-I", "512k"}})
	s := open(t, Config{Servers: []string{server.Addr}, Lazy: true})
	var all []session.Session
	for {
		one := largest(session.Tag{1})
		_, err := s.Create(t.Context(), one, session.Admission{})
		if err == nil && len(all) < 60 {
			all = append(all, one)
			continue
		}
		if !errors.Is(err, session.ErrTooLarge) || !strings.Contains(err.Error(), "MaxItem") {
			t.Errorf("session %d: %v, want ErrTooLarge that names MaxItem", len(all)+1, err)
		}
		break
	}
	for _, one := range all {
		if got, err := s.Get(t.Context(), one.ID); err != nil || got != one {
			t.Errorf("a session after one too many: %v", err)
		}
	}
}

// TestSmallerElsewhere: a node that was told less room can still end sessions of an
// item that another filled.
func TestSmallerElsewhere(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	less := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix, MaxItem: minMaxItem})
	var all []session.Session
	for range 20 {
		one := largest(session.Tag{1})
		if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if _, err := less.Delete(t.Context(), all[0].ID, session.Ending{}); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if n, err := less.DeleteUser(t.Context(), all[0].User(), session.Ending{}, all[1].ID); err != nil || n != 18 {
		t.Errorf("DeleteUser ended %d of 18, %v", n, err)
	}
}

func TestTooLarge(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	one := create(t, s, "ada", session.Tag{1})
	over := session.StoredMetadata(`{"v":"` + strings.Repeat("x", session.MaxMetadata) + `"}`)
	large := newSession("ada", session.Tag{1})
	large.Metadata = over
	next := one
	next.ID[39]++
	next.Metadata = over
	for name, err := range map[string]error{
		"Create":  func() error { _, err := s.Create(t.Context(), large, session.Admission{Limit: 1}); return err }(),
		"Restore": s.Restore(t.Context(), large),
		"Update":  s.Update(t.Context(), one.ID, 1, over),
		"Rotate":  s.Rotate(t.Context(), one.ID, next),
		"TouchAll": func() error {
			_, err := s.TouchAll(t.Context(), make([]session.Seen, session.MaxBatch+1))
			return err
		}(),
	} {
		if !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
	}
	if got, err := s.Get(t.Context(), one.ID); err != nil || got != one {
		t.Errorf("the session after all that: %+v, %v", got, err)
	}
}

// TestExpiry: every item has the absolute expiry of its last session and an hour,
// also over 30 days, where the protocol takes relative ones for dates; by the
// store's clock, whatever it shows; and goes at once when its last session ends.
func TestExpiry(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	servers := []*testserver.MemcachedServer{server}
	for name, offset := range map[string]time.Duration{"the right time": 0, "a year ago": -365 * 24 * time.Hour, "in ten years": 10 * 365 * 24 * time.Hour} {
		clock := sessiontest.NewClock()
		clock.Advance(offset)
		s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix + fmt.Sprint(offset) + ":", Now: clock.Now})
		for _, life := range []time.Duration{time.Minute, 29 * 24 * time.Hour, 31 * 24 * time.Hour, 400 * 24 * time.Hour} {
			one := newSession("ada", session.Tag{1})
			one.CreatedAt = clock.Now()
			one.ExpiresAt, one.Deadline = one.CreatedAt.Add(life), one.CreatedAt.Add(life)
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(t.Context(), one.ID); err != nil {
				t.Errorf("%s, a life of %s: %v", name, life, err)
			}
			if off := lives(t, server, s.sessionsOf(session.Tag{1}).key) - life - expirySlack; off.Abs() > 10*time.Second {
				t.Errorf("%s: with a life of %s the item expires %s beside the time it should", name, life, off)
			}
		}
		if _, err := s.Count(t.Context(), "k", session.CountRule{Limit: 3, Window: time.Minute}); err != nil {
			t.Fatal(err)
		}
		items := keysOf(t, s.cfg.Prefix, servers)
		if len(items) != 2 {
			t.Fatalf("%d items, want the sessions' and the counter's", len(items))
		}
		for key, at := range items {
			if strings.Contains(key, "c:") {
				if off := at.left - time.Minute - expirySlack; off.Abs() > 10*time.Second {
					t.Errorf("%s: the counter expires %s beside the time it should", name, off)
				}
			}
		}
		if _, err := s.DeleteUser(t.Context(), session.User{ID: "ada", Tag: session.Tag{1}}, session.Ending{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Uncount(t.Context(), "k", -1); err != nil {
			t.Fatal(err)
		}
		if items := keysOf(t, s.cfg.Prefix, servers); len(items) != 0 {
			t.Errorf("%s: %d items after everything ended", name, len(items))
		}
	}
}

// TestPruned: a write takes what expired out of the item.
func TestPruned(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	clock := sessiontest.NewClock()
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix, Now: clock.Now})
	for range 10 {
		brief := newSession("ada", session.Tag{1})
		brief.ExpiresAt = clock.Now().Add(time.Minute)
		if _, err := s.Create(t.Context(), brief, session.Admission{}); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(time.Minute)
	create(t, s, "ada", session.Tag{1})
	stored, _ := value(t, server, s.sessionsOf(session.Tag{1}).key)
	dir, err := openItem(stored, session.Tag{1})
	if err != nil || dir.len() != 1 {
		t.Errorf("%d records after ten of eleven expired, %v", dir.len(), err)
	}
}

// TestPrefixes: two applications on one server never meet.
func TestPrefixes(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	a := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	for _, other := range []string{prefix + "t:", prefix + "c:", prefix[:len(prefix)-1], prefix + "t:0100000000000000"} {
		b := open(t, Config{Servers: []string{server.Addr}, Prefix: other})
		one := create(t, a, "ada", session.Tag{1})
		if _, err := b.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("prefix %q: Get of another application's session: %v", other, err)
		}
		if n, err := b.DeleteUser(t.Context(), one.User(), session.Ending{}); n != 0 || err != nil {
			t.Errorf("prefix %q: DeleteUser ended %d of another application's, %v", other, n, err)
		}
		for _, s := range []*Store{a, b} {
			if wait, err := s.Count(t.Context(), other, session.CountRule{Limit: 1, Window: time.Minute}); wait != 0 || err != nil {
				t.Errorf("prefix %q: Count: %s, %v", other, wait, err)
			}
		}
		if _, err := a.Get(t.Context(), one.ID); err != nil {
			t.Error(err)
		}
	}
}
