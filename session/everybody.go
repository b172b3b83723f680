// RevokeAll: ending everybody's sessions, page by page.

package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

const (
	// revokers is how many sessions RevokeAll ends at once: enough to hide the round trips, few
	// enough that other calls get connections of a small pool.
	revokers = 4

	// maxWalks is how often RevokeAll looks for sessions that the walk before has missed.
	maxWalks = 16
)

// RevokeAll ends all sessions but those in keep, anonymous ones too, and returns how many ended. It
// is for the time after a leak, or after a database was restored. When it returns nil, every
// session that was live when the call began has ended, under whatever ID. Sessions that are made
// later live. Those made during the call may live or have ended: stop sign-ins first where that
// matters. A session in keep stays although it is renewed meanwhile.
//
// It works in steps of one page, each with its own StoreTimeout, so it takes as long as there are
// sessions to end. Like Logout it goes on when ctx is canceled; a deadline of ctx bounds the whole.
// After an error the sessions that were counted have ended, and another call ends the rest. A
// [*PartialError] means what it means for Logout. ErrUnsupported says that the store cannot list
// everybody's sessions, as its Traits say; then another SecretKey ends them all.
func (m *Manager) RevokeAll(ctx context.Context, why Ending, keep ...ID) (int, error) {
	if !m.traits.ListAll {
		return 0, fmt.Errorf("session: end everybody's: %w: %s lists no sessions but a user's; another SecretKey ends all", ErrUnsupported, m.traits.Name)
	}
	kept := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		kept, cancel = context.WithDeadline(kept, deadline)
		defer cancel()
	}
	w := revocation{m: m, why: why, keep: keep}
	for range maxWalks {
		before := w.ended
		if err := w.walk(kept); err != nil {
			return w.ended, fmt.Errorf("session: end everybody's, %d have ended: %w", w.ended, err)
		}
		if w.ended == before {
			if w.partial != nil {
				return w.ended, w.partial
			}
			return w.ended, nil
		}
	}
	return w.ended, fmt.Errorf("session: end everybody's, %d have ended: %w: others make sessions as fast as they are ended", w.ended, ErrConflict)
}

// revocation is a RevokeAll under way.
type revocation struct {
	m     *Manager
	why   Ending
	keep  []ID
	begun bool
	last  Cursor // the newest place of a session when the call began

	ended   int
	partial *PartialError // the longest
}

// walk ends the sessions in the list, the newest first, as far as they were live when the call
// began. A session that changes its ID during the walk keeps its CreatedAt, but may move to a place
// that was passed: the next walk finds it.
func (w *revocation) walk(ctx context.Context) error {
	q := Query{Limit: MaxPage}
	if w.begun {
		q.Cursor = w.last.String()
	}
	for {
		page, err := w.m.List(ctx, q)
		if err != nil {
			return err
		}
		if !w.begun {
			w.begun = true
			if len(page.Sessions) == 0 && page.Next == "" {
				return nil
			}
			w.from(page)
		}
		if err := w.end(ctx, page.Sessions); err != nil {
			return err
		}
		if page.Next == "" {
			return ctx.Err()
		}
		q.Cursor = page.Next
	}
}

// from remembers where the first page begins: no session before it was live then. The cursor is set
// before all IDs of its microsecond, so that a session which moved within that is met again.
func (w *revocation) from(page Page) {
	if len(page.Sessions) > 0 {
		w.last = Cursor{At: page.Sessions[0].CreatedAt}
	} else if c, err := ParseCursor(page.Next); err == nil {
		w.last = Cursor{At: c.At}
	}
	for i := range w.last.ID {
		w.last.ID[i] = 0xff
	}
}

// end ends the sessions of a page, some at once.
func (w *revocation) end(ctx context.Context, sessions []Session) error {
	var mu sync.Mutex
	var first error
	var working sync.WaitGroup
	turns := make(chan struct{}, revokers)
	for i := range sessions {
		s := &sessions[i]
		if w.keeps(s) {
			continue
		}
		turns <- struct{}{}
		mu.Lock()
		failed := first != nil
		mu.Unlock()
		if failed || ctx.Err() != nil {
			<-turns
			break
		}
		working.Go(func() {
			defer func() { <-turns }()
			n, err := w.endOne(ctx, s.ID)
			mu.Lock()
			defer mu.Unlock()
			w.ended += n
			if partial, ok := errors.AsType[*PartialError](err); ok {
				if w.partial == nil || partial.Within > w.partial.Within {
					w.partial = partial
				}
			} else if err != nil && first == nil {
				first = err
			}
		})
	}
	working.Wait()
	return first
}

func (w *revocation) keeps(s *Session) bool {
	return slices.Contains(w.keep, s.ID) || !s.Previous.IsZero() && slices.Contains(w.keep, s.Previous)
}

// endOne ends one session and returns how many ended: 0 or 1.
func (w *revocation) endOne(ctx context.Context, id ID) (int, error) {
	s, err := w.m.End(ctx, id, w.why)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil
	case s.ID.IsZero():
		return 0, err
	}
	return 1, err
}
