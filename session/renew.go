// Elevate and Renew: another token for the same browser.

package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Elevate gives the session another token because what it may do changes: at a login (userID is the
// user who signs in), at a step-up or a change of role (userID is the session's user). The old
// token is dead before the new one is returned, and so are CSRF tokens made for it. Metadata is
// carried over, exactly once.
//
// Where the user changes, the old session ends first and a new one is made under
// the limit; a crash between the two loses the old session's metadata and nothing
// else. Where it stays, CreatedAt and Deadline stay too.
//
// Of many callers with one token one succeeds; the others get ErrNotFound. Like every ending it
// goes on when ctx is canceled, for StoreTimeout at most.
func (m *Manager) Elevate(ctx context.Context, old Token, userID string) (Token, Session, error) {
	id, genuine := m.keys.open(&old)
	if !genuine {
		return Token{}, Session{}, ErrNotFound
	}
	ctx, end := m.insist(ctx)
	defer end.release()
	s, err := m.load(ctx, id)
	if err != nil {
		return Token{}, Session{}, err
	}
	if s.UserID == userID {
		return m.replace(ctx, id, s, false)
	}
	ended, err := m.end(ctx, s.ID, Ending{Reason: ReasonRotated})
	if errors.Is(err, ErrPartial) { // the old token may still be taken somewhere
		return Token{}, Session{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err != nil {
		return Token{}, Session{}, err
	}
	return m.Create(ctx, NewSession{
		UserID:    userID,
		IP:        ended.IP,
		UserAgent: ended.UserAgent,
		Device:    ended.Device,
		Metadata:  ended.Metadata,
	})
}

// RenewDue reports whether the session's token is so old that Config.RenewEvery wants it replaced.
func (m *Manager) RenewDue(s Session) bool {
	return m.cfg.RenewEvery > 0 && m.now().Sub(s.RotatedAt) >= m.cfg.RenewEvery
}

// Renew gives the session another token only because the old one is old. Forms that are open still
// post: the lineage stays. The old token is valid until RenewGrace after the new one was first
// used, for requests that were on their way. If the new one is never used, because the answer with
// it was lost, the old one is valid as long as the session lives. A renewal with the old token then
// replaces the token that nobody has used, so a session never has more than two tokens.
//
// Of many callers with one token one succeeds; the others get ErrConflict and go on
// with the session they have. So does a caller within RenewGrace after another renewal,
// whose answer may be on its way to the browser. A server that renews for requests calls
// RenewFor, which knows when they arrived.
//
// A renewal is optional: it takes no longer than TouchWait, and returns ErrUnavailable at once
// while the store is known to take no writes. It may have been made all the same; the old token
// stays valid.
func (m *Manager) Renew(ctx context.Context, old Token) (Token, Session, error) {
	return m.RenewFor(ctx, old, m.now())
}

// RenewFor is Renew for a request that arrived at the given time. A request that arrived less than
// RenewGrace after a renewal does not show that the renewal's answer was lost: the browser had sent
// it before, and only its handler was slow. It gets ErrConflict and replaces nothing, however late
// it asks.
func (m *Manager) RenewFor(ctx context.Context, old Token, arrived time.Time) (Token, Session, error) {
	id, genuine := m.keys.open(&old)
	if !genuine {
		return Token{}, Session{}, ErrNotFound
	}
	if m.touching.rests(m.now()) {
		return Token{}, Session{}, fmt.Errorf("session: renew: %w: it takes no writes at the moment", ErrUnavailable)
	}
	ctx, end := m.insistFor(ctx, m.cfg.TouchWait)
	defer end.release()
	token, next, err := m.renew(ctx, id, arrived)
	if errors.Is(err, ErrUnavailable) {
		m.tellOutage(ctx, id, err)
	}
	return token, next, err
}

func (m *Manager) renew(ctx context.Context, id ID, arrived time.Time) (Token, Session, error) {
	s, err := m.load(ctx, id)
	if err != nil {
		return Token{}, Session{}, err
	}
	if s.ID != id && (!s.Unused() || arrived.Sub(s.RotatedAt) < m.cfg.RenewGrace) {
		return Token{}, Session{}, fmt.Errorf("session: renew: %w", ErrConflict)
	}
	return m.replace(ctx, id, s, true)
}

// replace puts a successor in the place of s, the session that was found under id. The user stays.
// It tries again where only the metadata changed meanwhile; a change of rights also where a renewal
// was faster.
func (m *Manager) replace(ctx context.Context, id ID, s Session, renew bool) (Token, Session, error) {
	for range maxUpdates {
		token, next, err := m.successorOf(s, id, renew)
		if err != nil {
			return Token{}, Session{}, err
		}
		err = m.store.Rotate(ctx, s.ID, next)
		if err == nil {
			kind := EventElevated
			if renew {
				kind = EventRenewed
			}
			m.emit(ctx, Event{Kind: kind, UserID: next.UserID, ID: next.ID})
			return token, next, nil
		}
		gone := errors.Is(err, ErrNotFound)
		if !gone && !errors.Is(err, ErrConflict) || gone && s.ID == id {
			return Token{}, Session{}, fmt.Errorf("session: replace the token: %w", err)
		}
		again, err := m.load(ctx, id)
		if err != nil {
			return Token{}, Session{}, err
		}
		switch {
		case gone && again.ID == s.ID:
			return Token{}, Session{}, ErrNotFound
		case renew && (again.ID != s.ID || !again.Renewable(id)): // another caller has replaced it, or used it
			return Token{}, Session{}, fmt.Errorf("session: replace the token: %w", ErrConflict)
		}
		s = again
	}
	return Token{}, Session{}, fmt.Errorf("session: replace the token: %w", ErrConflict)
}

// successorOf makes the token and the record that take the place of s, the session that was found
// under id.
func (m *Manager) successorOf(s Session, id ID, renew bool) (Token, Session, error) {
	token, err := m.keys.newToken(m.cfg.Random, s.ID.Tag())
	if err != nil {
		return Token{}, Session{}, err
	}
	next := s
	now := m.now()
	next.ID = token.ID()
	next.LastActivity, next.RotatedAt = now, now
	next.ExpiresAt = m.expiry(now, s.Deadline)
	if renew {
		next.Previous, next.PreviousUntil = id, s.Deadline
		return token, next, nil
	}
	next.Previous, next.PreviousUntil = ID{}, time.Time{}
	next.Lineage, err = m.newLineage()
	return token, next, err
}

func (m *Manager) newLineage() (Lineage, error) {
	var l Lineage
	if _, err := io.ReadFull(m.cfg.Random, l[:]); err != nil {
		return Lineage{}, fmt.Errorf("session: read random bytes: %w", err)
	}
	return l, nil
}
