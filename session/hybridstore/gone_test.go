// A session that another node has ended or replaced, before this one has read of it.

package hybridstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
)

// TestGoneIsNotFoundAgain: once the database has told a node that there is no such
// session, the node does not go on to find it in the cache: a request beside a
// renewal would be told that its session is both there and not there.
func TestGoneIsNotFoundAgain(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	changed := now.Add(time.Second)
	for name, ask := range map[string]func(*hybridstore.Store, session.Session) error{
		"touch": func(s *hybridstore.Store, one session.Session) error {
			return s.Touch(t.Context(), session.Seen{ID: one.ID, LastActivity: changed, ExpiresAt: one.ExpiresAt})
		},
		"update": func(s *hybridstore.Store, one session.Session) error {
			return s.Update(t.Context(), one.ID, one.Version, session.StoredMetadata(`{"a":1}`))
		},
		"rotate": func(s *hybridstore.Store, one session.Session) error {
			return s.Rotate(t.Context(), one.ID, successor(one, 9, now))
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := hybridstore.Config{Logger: quiet, PollInterval: 20 * time.Second, MaxStale: time.Minute, FlushInterval: 20 * time.Millisecond}
			truth, cache := parts(t, cfg)
			s, err := hybridstore.New(truth, cache, cfg)
			if err != nil {
				t.Fatal(err)
			}
			loop(t, s)
			await(t, "the node follows the log", func() bool { return s.Health().Following })
			one := session.Session{ID: session.ID{1}, UserID: "ada", CreatedAt: now, LastActivity: now, RotatedAt: now, Version: 1,
				ExpiresAt: now.Add(30 * time.Second), Deadline: now.Add(time.Hour)} // so near that a touch is written at once
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatal(err)
			}
			await(t, "the cache has it", func() bool {
				before := s.Health().Hits
				if _, err := s.Get(t.Context(), one.ID); err != nil {
					t.Fatal(err)
				}
				return s.Health().Hits > before
			})
			next := successor(one, 2, now) // as another node does
			if name == "rotate" {          // which would be told of a conflict with another
				_, err = truth.Delete(t.Context(), one.ID, session.Ending{})
			} else {
				err = truth.Rotate(t.Context(), one.ID, next)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(t.Context(), one.ID); err != nil || got.ID != one.ID {
				t.Fatalf("%v, %v; the test wants the node not to know yet", got.ID, err)
			}
			if err := ask(s, one); !errors.Is(err, session.ErrNotFound) {
				t.Fatalf("%v, want ErrNotFound", err)
			}
			got, err := s.Get(t.Context(), one.ID)
			switch {
			case name == "rotate" && !errors.Is(err, session.ErrNotFound):
				t.Errorf("%v, %v, want ErrNotFound", got.ID, err)
			case name != "rotate" && (err != nil || got.ID != next.ID):
				t.Errorf("%v, %v, want the successor", got.ID, err)
			}
		})
	}
}

func successor(one session.Session, n byte, now time.Time) session.Session {
	next := one
	next.ID[len(next.ID)-1] = n // the same tag
	next.Previous, next.PreviousUntil = one.ID, now.Add(time.Minute)
	return next
}
