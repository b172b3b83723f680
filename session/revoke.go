// Logout, Revoke and RevokeUser: how sessions end.

package session

import (
	"context"
	"errors"
	"fmt"
)

// Logout ends the session that token opens. A token that opens none is fine.
// When it returns nil, no node answers valid any more (within Traits.MaxStale).
func (m *Manager) Logout(ctx context.Context, token Token) error {
	if !m.keys.genuine(&token) {
		return nil
	}
	return m.Revoke(ctx, token.ID(), Ending{Reason: Logout})
}

// Revoke ends the session of that ID, with the promise of Logout. An ID that
// names none is fine.
func (m *Manager) Revoke(ctx context.Context, id ID, why Ending) error {
	ctx, cancel := m.bound(ctx)
	defer cancel()
	_, err := m.end(ctx, id, why)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// end ends one session and returns it as it was.
func (m *Manager) end(ctx context.Context, id ID, why Ending) (Session, error) {
	why.By = cut(why.By, MaxUserID)
	s, err := m.store.Delete(ctx, id, why)
	if errors.Is(err, ErrNotFound) {
		return Session{}, ErrNotFound
	}
	if err != nil {
		return Session{}, fmt.Errorf("session: end: %w", err)
	}
	m.emit(ctx, Event{Kind: EventEnded, UserID: s.UserID, ID: s.ID, Ending: why, Count: 1})
	return s, nil
}

// RevokeUser ends all sessions of a user but those in keep, and returns how
// many ended. Sessions made after it live. An empty user ID is ErrMalformed:
// anonymous sessions have no user to revoke.
func (m *Manager) RevokeUser(ctx context.Context, userID string, why Ending, keep ...ID) (int, error) {
	if userID == "" {
		return 0, fmt.Errorf("%w user ID: empty", ErrMalformed)
	}
	why.By = cut(why.By, MaxUserID)
	ctx, cancel := m.bound(ctx)
	defer cancel()
	n, err := m.store.DeleteUser(ctx, m.User(userID), why, keep...)
	if err != nil {
		return 0, fmt.Errorf("session: end the user's: %w", err)
	}
	if n > 0 {
		m.emit(ctx, Event{Kind: EventEnded, UserID: userID, Ending: why, Count: n})
	}
	return n, nil
}
