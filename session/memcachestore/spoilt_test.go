// Answers and items that are not what they should be.

package memcachestore

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// TestAnotherAnswer: a reply to another question, and an item that stands in the
// wrong place, are never taken for the session.
func TestAnotherAnswer(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	ada, bob := create(t, s, "ada", session.Tag{1}), create(t, s, "bob", session.Tag{2})
	bobs, _ := value(t, server, s.sessionsOf(bob.ID.Tag()).key)

	put(t, server, s.sessionsOf(ada.ID.Tag()).key, bobs)
	for _, id := range []session.ID{ada.ID, bob.ID} {
		got, err := s.Get(t.Context(), id)
		if id == bob.ID && (err != nil || got != bob) || id == ada.ID && !errors.Is(err, session.ErrNotFound) {
			t.Errorf("with bob's item in ada's place: %s, %v", got.UserID, err)
		}
	}
	if _, ok := value(t, server, s.sessionsOf(ada.ID.Tag()).key); ok {
		t.Error("an item that stands in the wrong place is still there after it was met")
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					_, _ = fmt.Fprintf(conn, "VALUE %s 0 %d 7\r\n%s\r\nEND\r\n", s.sessionsOf(bob.ID.Tag()).key, len(bobs), bobs)
				}
			}()
		}
	}()
	swapped := open(t, Config{Servers: []string{listener.Addr().String()}, Prefix: prefix, Lazy: true})
	for name, call := range calls(swapped, ada) {
		if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%s, where another's item is the answer: %v, want ErrUnavailable", name, err)
		}
	}
}

// TestSpoiltItems: an item that cannot be decoded ends, one of a newer release is
// unavailable and stays.
func TestSpoiltItems(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	for i, bad := range []string{"", "garbage", "\xE5\x01", "\xE5\x01" + strings.Repeat("\xff", 400), "\xE5\x00" + strings.Repeat("x", 40)} {
		for name := range calls(s, session.Session{}) {
			one := create(t, s, "ada", session.Tag{3, byte(i)})
			at := s.sessionsOf(one.ID.Tag())
			put(t, server, at.key, []byte(bad))
			if err := calls(s, one)[name](t.Context()); err != nil && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s with item %q: %v", name, clip.Value(bad), err)
			}
			if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Get after %s met item %q: %v", name, clip.Value(bad), err)
			}
			if _, err := s.DeleteUser(t.Context(), one.User(), session.Ending{}); err != nil {
				t.Error(err)
			}
		}
	}
	one := create(t, s, "ada", session.Tag{4})
	at := s.sessionsOf(one.ID.Tag())
	newer := "\xE5\x02what a newer release writes"
	put(t, server, at.key, []byte(newer))
	for name, call := range calls(s, one) {
		if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%s with an item of a newer release: %v, want ErrUnavailable", name, err)
		}
	}
	if got, _ := value(t, server, at.key); string(got) != newer {
		t.Error("an item of a newer release was changed")
	}
}

// TestNewerRecord: a record of a newer release takes a place and can be revoked
// with the user.
func TestNewerRecord(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	newer, mine := create(t, s, "ada", session.Tag{1}), create(t, s, "ada", session.Tag{1})
	poison(t, s, newer.ID, "newer format")
	third := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), third, session.Admission{Limit: 2, Refuse: true}); !errors.Is(err, session.ErrLimit) {
		t.Errorf("Create beside a newer record and another, two allowed: %v, want ErrLimit", err)
	}
	for name, err := range map[string]error{
		"Touch": s.Touch(t.Context(), session.Seen{ID: mine.ID, LastActivity: mine.LastActivity.Add(time.Minute)}),
		"Get":   func() error { _, err := s.Get(t.Context(), mine.ID); return err }(),
	} {
		if err != nil {
			t.Errorf("%s of the session beside it: %v", name, err)
		}
	}
	if _, err := s.Get(t.Context(), newer.ID); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Get of the newer record after writes beside it: %v", err)
	}
	if n, err := s.DeleteUser(t.Context(), newer.User(), session.Ending{}); n != 2 || err != nil {
		t.Errorf("DeleteUser ended %d, %v, want both", n, err)
	}
}
