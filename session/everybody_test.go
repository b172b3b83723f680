// RevokeAll, Peek and Current, where they are the manager's alone.

package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Without a list of everybody's sessions the error says what to do instead.
func TestRevokeAllIsUnsupportedWithoutAList(t *testing.T) {
	b := newBench(t)
	n, err := b.RevokeAll(t.Context(), session.Ending{Reason: session.ReasonRevoked})
	if n != 0 || !errors.Is(err, session.ErrUnsupported) || !strings.Contains(err.Error(), "SecretKey") || b.store.calls != 0 {
		t.Errorf("RevokeAll: %d, %v, %d calls; want ErrUnsupported that names the way, and no call", n, err, b.store.calls)
	}
}

// A store that fails half way is told as such, with how many have ended; another
// call goes on.
func TestRevokeAllGoesOn(t *testing.T) {
	b := newBench(t, func(c *session.Config) { c.MaxPerUser = session.Unlimited })
	b.store.traits.ListAll = true
	m, err := session.New(b.store, session.Config{SecretKey: canary, Now: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		b.login(t)
	}
	ended := 0
	b.store.delete = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
		if b.mu.Lock(); ended == 7 {
			b.mu.Unlock()
			return session.Session{}, session.ErrUnavailable
		}
		ended++
		b.mu.Unlock()
		return b.store.Store.Delete(ctx, id, why)
	}
	n, err := m.RevokeAll(t.Context(), session.Ending{Reason: session.ReasonRevoked})
	if n != 7 || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("RevokeAll on a store that fails: %d, %v; want 7 and ErrUnavailable", n, err)
	}
	b.store.delete = nil
	n, err = m.RevokeAll(t.Context(), session.Ending{Reason: session.ReasonRevoked})
	if n != 13 || err != nil {
		t.Errorf("RevokeAll again: %d, %v; want 13", n, err)
	}
}

func TestPeekDoesNotTouch(t *testing.T) {
	b := newBench(t)
	token, s := b.login(t)
	touches := 0
	b.store.touch = func(context.Context, session.Seen) error { touches++; return nil }
	b.clock.Advance(20 * time.Minute)
	got, err := b.Peek(t.Context(), token)
	if err != nil || got != s || touches != 0 {
		t.Errorf("Peek: %+v, %v, %d touches; want the session as it is, and no touch", got, err, touches)
	}
	b.clock.Advance(10 * time.Minute)
	if got, err := b.Peek(t.Context(), token); !errors.Is(err, session.ErrNotFound) || got.ID != (session.ID{}) {
		t.Errorf("Peek of a session that was only looked at: %v, want ErrNotFound", err)
	}
	if _, err := b.Peek(t.Context(), session.Token{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Peek of no token: %v, want ErrNotFound", err)
	}
}

func TestCurrentFollowsRenewals(t *testing.T) {
	b := newBench(t)
	token, opened := b.login(t)
	b.login(t)
	for range 3 {
		b.clock.Advance(5 * time.Minute)
		next, s, err := b.Renew(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		token = next
		if got, err := b.Current(t.Context(), opened); err != nil || got.ID != s.ID {
			t.Errorf("Current: %s, %v; want %s", got.ID, err, s.ID)
		}
	}
	token, changed, err := b.Elevate(t.Context(), token, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Current(t.Context(), opened); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Current after a change of rights: %v, want ErrNotFound", err)
	}
	if err := b.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Current(t.Context(), changed); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Current after the end: %v, want ErrNotFound", err)
	}
}
