// Validate: whether a token opens a session, and that it was seen.

package session

import (
	"context"
	"errors"
	"time"
)

// Validate returns the live session that token opens, and marks it as seen. ErrNotFound is the
// answer "invalid"; ErrUnavailable says that the store could not answer. A token that was not made
// with this manager's key is invalid, and the store is not asked. The mark is optional: Validate
// waits for it no longer than TouchWait, after which it is made in the background. The answer is
// the same if the store takes no writes.
func (m *Manager) Validate(ctx context.Context, token Token) (s Session, err error) {
	saved, err := m.validate(ctx, &token, &s)
	m.stats.answered(saved, err)
	if m.debugging(ctx) {
		m.tellAnswer(ctx, &s, err)
	}
	return s, err
}

// Peek is Validate without marking the session as seen. It is for pages that poll, which would
// otherwise keep the session alive for as long as they are open. A renewed token counts as unused
// while it was only given to Peek.
func (m *Manager) Peek(ctx context.Context, token Token) (s Session, err error) {
	err = m.peek(ctx, &token, &s)
	m.stats.answered(false, err)
	if m.debugging(ctx) {
		m.tellAnswer(ctx, &s, err)
	}
	return s, err
}

func (m *Manager) peek(ctx context.Context, token *Token, s *Session) error {
	id, genuine := m.keys.open(token)
	if !genuine {
		return ErrNotFound
	}
	ctx, end := m.bound(ctx)
	defer end.release()
	_, err := m.loadInto(ctx, id, s)
	return err
}

// validate puts the session into s, which stays zero on an error: a Session is half a kilobyte, and
// each function that returned one would copy it. It reports whether nothing was written because the
// session has been seen lately.
func (m *Manager) validate(ctx context.Context, token *Token, s *Session) (saved bool, err error) {
	id, genuine := m.keys.open(token)
	if !genuine {
		return false, ErrNotFound
	}
	ctx, end := m.bound(ctx)
	defer end.release()
	now, err := m.loadInto(ctx, id, s)
	if err != nil {
		return false, err
	}
	first := s.ID == id && s.Unused()
	if !first && now.Sub(s.LastActivity) < m.cfg.TouchInterval {
		return true, nil
	}
	seen := Seen{ID: s.ID, LastActivity: now, ExpiresAt: m.expiry(now, s.Deadline)}
	if first { // the grace of the token before begins now
		seen.PreviousUntil = m.grace(now, s.Deadline)
	}
	switch err := m.touch(ctx, seen, now); {
	case err == nil:
		s.LastActivity, s.ExpiresAt = seen.LastActivity, seen.ExpiresAt
		if first {
			s.PreviousUntil = seen.PreviousUntil
		}
	case errors.Is(err, ErrNotFound):
		*s, err = m.successor(ctx, id, s.ID)
		return false, err
	}
	return false, nil
}

// successor returns the session that a renewal has put in the place of gone, which was live a
// moment ago. If that session has ended, the error is ErrNotFound.
func (m *Manager) successor(ctx context.Context, id, gone ID) (Session, error) {
	s, err := m.load(ctx, id)
	if err == nil && s.ID == gone {
		return Session{}, ErrNotFound
	}
	return s, err
}

// grace is when the ID before a renewal stops working if the new ID is used now. It lies before the
// deadline, because PreviousUntil at the deadline means that the session is Unused.
func (m *Manager) grace(now, deadline time.Time) time.Time {
	t := now.Add(m.cfg.RenewGrace).Truncate(time.Microsecond)
	if !t.Before(deadline) {
		return deadline.Add(-time.Microsecond)
	}
	return t
}
