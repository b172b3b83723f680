// The model's lists and counters.

package sessiontest

import (
	"context"
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
func (m *model) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	if err := session.CheckCount(key, rule); err != nil {
		return 0, err
	}
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	now := m.now()
	m.events[key] = within(m.events[key], now, rule.Window)
	in := m.events[key]
	n := len(in)
	var wait time.Duration
	if n >= rule.Limit {
		wait = in[n-rule.Limit].Add(rule.Window).Sub(now)
	}
	if n > 0 && rule.Pace > 0 {
		apart := rule.Pace
		for range min(n, rule.Limit) - 1 {
			apart = min(2*apart, rule.Window)
		}
		wait = max(wait, in[n-1].Add(apart).Sub(now))
	}
	if wait > 0 && !rule.Always {
		return wait, nil
	}
	in = append(in, now)
	if rule.Always {
		in = in[max(len(in)-2*rule.Limit, 0):]
	}
	m.events[key] = in
	return max(wait, 0), nil
}

// within returns the events that lie in the window that ends now.
func within(events []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(slices.Clone(events), func(t time.Time) bool {
		return now.Sub(t) >= window || t.Sub(now) >= window
	})
}

// Counted implements session.Store.
func (m *model) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	return len(within(m.events[key], m.now(), window)), nil
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
