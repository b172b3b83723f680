// The model's lists and counters.

package sessiontest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// List implements session.Store.
func (m *model) List(ctx context.Context, q session.Query) (session.Page, error) {
	after, ok, err := q.After()
	if err != nil {
		return session.Page{}, err
	}
	if err := m.begin(ctx); err != nil {
		return session.Page{}, err
	}
	defer m.mu.Unlock()
	all := m.matching(q)
	if ok {
		all = slices.DeleteFunc(all, func(s session.Session) bool { return place(s, q).Compare(after) <= 0 })
	}
	if len(all) <= q.Size() {
		return session.Page{Sessions: all}, nil
	}
	all = all[:q.Size()]
	return session.Page{Sessions: all, Next: place(all[len(all)-1], q).String()}, nil
}

// matching returns all sessions that q asks for, in order.
func (m *model) matching(q session.Query) []session.Session {
	var all []session.Session
	switch {
	case q.Ended:
		for _, s := range m.history {
			if q.User == (session.User{}) || s.User() == q.User {
				all = append(all, s)
			}
		}
	case q.User != session.User{}:
		return m.of(q.User)
	default:
		for id := range m.records {
			if s, err := m.live(id); err == nil {
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b session.Session) int { return place(a, q).Compare(place(b, q)) })
	return all
}

// place is where a session stands in the list that q asks for.
func place(s session.Session, q session.Query) session.Cursor {
	if q.Ended {
		return session.Cursor{At: s.EndedAt, ID: s.ID}
	}
	return session.Cursor{At: s.CreatedAt, ID: s.ID}
}

// Count implements session.Store.
func (m *model) Count(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	if len(key) > session.MaxCountKey || limit < 1 || limit > session.MaxCountLimit {
		return 0, fmt.Errorf("%w: counter key of %d bytes, limit %d", session.ErrTooLarge, len(key), limit)
	}
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	now := m.now()
	in := slices.DeleteFunc(m.events[key], func(t time.Time) bool { return now.Sub(t) >= window })
	m.events[key] = in
	if len(in) >= limit {
		return in[len(in)-limit].Add(window).Sub(now), nil
	}
	m.events[key] = append(in, now)
	return 0, nil
}

// Uncount implements session.Store.
func (m *model) Uncount(ctx context.Context, key string, n int) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	in := m.events[key]
	if n < 0 || n > len(in) {
		n = len(in)
	}
	m.events[key] = in[:len(in)-n]
	return nil
}
