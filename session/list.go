// List and UserSessions: the sessions of one user, and of all.

package session

import (
	"context"
	"fmt"
)

// User returns the user of that ID as stores know them.
func (m *Manager) User(userID string) User {
	if userID == "" {
		return User{}
	}
	return User{ID: userID, Tag: m.keys.userTag(userID)}
}

// List returns a page of sessions, newest first. In q.User the ID is enough: the manager derives
// the Tag. ErrUnsupported says that the store cannot list all users' sessions, or keeps no history;
// ErrMalformed says that the cursor or the limit is wrong.
func (m *Manager) List(ctx context.Context, q Query) (Page, error) {
	ctx, end := m.bound(ctx)
	defer end.release()
	q.User = m.User(q.User.ID)
	page, err := m.store.List(ctx, q)
	if err != nil {
		return Page{}, fmt.Errorf("session: list: %w", err)
	}
	if q.Ended {
		return page, nil
	}
	now := m.now()
	live := page.Sessions[:0]
	for i := range page.Sessions {
		if page.Sessions[i].LiveAt(now) {
			live = append(live, page.Sessions[i])
		}
	}
	page.Sessions = live
	return page, nil
}

// UserSessions returns a user's live sessions, newest first, MaxLimit at most.
func (m *Manager) UserSessions(ctx context.Context, userID string) ([]Session, error) {
	if userID == "" {
		return nil, fmt.Errorf("%w user ID: empty", ErrMalformed)
	}
	ctx, end := m.bound(ctx)
	defer end.release()
	var all []Session
	q := Query{User: User{ID: userID}, Limit: MaxPage} // List adds the Tag
	for {
		page, err := m.List(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Sessions...)
		if page.Next == "" || len(all) >= MaxLimit {
			return all, nil
		}
		q.Cursor = page.Next
	}
}
