// Logout, Revoke, End and RevokeUser: how sessions end.

package session

import (
	"context"
	"errors"
	"fmt"
)

// Logout ends the session that the token opens. A token that opens no session is not an error. Like
// every ending it goes on for up to StoreTimeout when ctx is canceled, because the client went
// away. When Logout returns nil, no node answers valid any more (with a near-cache: after
// Traits.MaxStale). A [*PartialError] says that the session has ended for good, and after what time
// no node answers valid any more.
func (m *Manager) Logout(ctx context.Context, token Token) error {
	id, genuine := m.keys.open(&token)
	if !genuine {
		return nil
	}
	return m.Revoke(ctx, id, Ending{Reason: ReasonLogout})
}

// Revoke ends the session of that ID, with the promise of Logout. If there is no such session,
// Revoke returns nil.
func (m *Manager) Revoke(ctx context.Context, id ID, why Ending) error {
	_, err := m.End(ctx, id, why)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// End is Revoke for a caller that wants to know what ended. It returns the session as it was, to
// exactly one of many callers, also together with a *PartialError. ErrNotFound says that there was
// no session to end.
func (m *Manager) End(ctx context.Context, id ID, why Ending) (Session, error) {
	ctx, end := m.insist(ctx)
	defer end.release()
	return m.end(ctx, id, why)
}

// end ends one session and returns it as it was, also together with a *PartialError.
func (m *Manager) end(ctx context.Context, id ID, why Ending) (Session, error) {
	why.By = cut(why.By, MaxUserID)
	s, err := m.store.Delete(ctx, id, why)
	if errors.Is(err, ErrNotFound) {
		return Session{}, ErrNotFound
	}
	if err != nil {
		err = fmt.Errorf("session: end: %w", err)
		if !errors.Is(err, ErrPartial) {
			return Session{}, err
		}
	}
	if !s.ID.IsZero() { // otherwise it had ended before, and not every node knows yet
		m.emit(ctx, Event{Kind: EventEnded, UserID: s.UserID, ID: s.ID, Ending: why, Count: 1})
	}
	return s, err
}

// RevokeUser ends all sessions of a user but those in keep, and returns how many ended, with the
// errors of Logout. Sessions that are made afterwards live. If a renewal has replaced an ID in
// keep, the new session stays. An empty user ID is ErrMalformed: anonymous sessions have no user to
// revoke.
func (m *Manager) RevokeUser(ctx context.Context, userID string, why Ending, keep ...ID) (int, error) {
	if userID == "" {
		return 0, fmt.Errorf("%w user ID: empty", ErrMalformed)
	}
	why.By = cut(why.By, MaxUserID)
	ctx, end := m.insist(ctx)
	defer end.release()
	n, err := m.store.DeleteUser(ctx, m.User(userID), why, keep...)
	if err != nil {
		err = fmt.Errorf("session: end the user's: %w", err)
		if !errors.Is(err, ErrPartial) {
			return 0, err
		}
	}
	if n > 0 {
		m.emit(ctx, Event{Kind: EventEnded, UserID: userID, Ending: why, Count: n})
	}
	return n, err
}
