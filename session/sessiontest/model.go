// model: the contract in its plainest form, one lock and a few maps. Stores are
// compared with it, and the planted bugs are changes of it.

package sessiontest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// model is a session.Store that can be read at a glance and is not fast.
type model struct {
	mu      sync.Mutex
	now     func() time.Time
	records map[session.ID]session.Session           // live ones, and expired ones until a sweep
	aliases map[session.ID]session.ID                // an ID in its grace, and its successor
	users   map[session.User]map[session.ID]struct{} // index of records by user
	history []session.Session                        // what ended
	events  map[string][]time.Time                   // counters
	spoiled map[session.ID]Poison                    // records that cannot be decoded
}

func newModel(now func() time.Time) *model {
	return &model{
		now:     session.MonotonicClock(now),
		records: map[session.ID]session.Session{},
		aliases: map[session.ID]session.ID{},
		users:   map[session.User]map[session.ID]struct{}{},
		events:  map[string][]time.Time{},
		spoiled: map[session.ID]Poison{},
	}
}

// begin locks the model, unless the context has ended.
func (m *model) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	m.mu.Lock()
	for id, p := range m.spoiled {
		if p != NewerFormat {
			m.end(id, session.Ending{Reason: session.ReasonUndecodable})
		}
	}
	return nil
}

// live returns the live session of exactly that ID.
func (m *model) live(id session.ID) (session.Session, error) {
	if m.spoiled[id] == NewerFormat {
		return session.Session{}, fmt.Errorf("%w: record of a newer format", session.ErrUnavailable)
	}
	s, ok := m.records[id]
	if !ok || !s.LiveAt(m.now()) {
		return session.Session{}, session.ErrNotFound
	}
	return s, nil
}

// find returns the live session of that ID or of its successor.
func (m *model) find(id session.ID) (session.Session, error) {
	next, ok := m.aliases[id]
	if !ok {
		return m.live(id)
	}
	s, err := m.live(next)
	if err == nil && (s.Previous != id || !m.now().Before(s.PreviousUntil)) {
		return session.Session{}, session.ErrNotFound
	}
	return s, err
}

// put inserts or replaces a record and its index entry.
func (m *model) put(s session.Session) {
	m.records[s.ID] = s
	if s.UserID == "" {
		return
	}
	if m.users[s.User()] == nil {
		m.users[s.User()] = map[session.ID]struct{}{}
	}
	m.users[s.User()][s.ID] = struct{}{}
}

// drop removes a record, its index entry and its alias.
func (m *model) drop(id session.ID) {
	s := m.records[id]
	delete(m.records, id)
	delete(m.spoiled, id)
	delete(m.aliases, s.Previous)
	delete(m.users[s.User()], id)
	if len(m.users[s.User()]) == 0 {
		delete(m.users, s.User())
	}
}

// end removes a record and writes it into the history.
func (m *model) end(id session.ID, why session.Ending) session.Session {
	s := m.records[id]
	m.drop(id)
	ended := s
	ended.EndedAt, ended.Ending = m.now(), why
	m.history = append(m.history, ended)
	return s
}

// of returns the user's live sessions, newest first.
func (m *model) of(u session.User) []session.Session {
	var all []session.Session
	for id := range m.users[u] {
		if s, err := m.live(id); err == nil {
			all = append(all, s)
		}
	}
	newestFirst(all)
	return all
}

// Create implements session.Store.
func (m *model) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.known(s.ID) {
		return nil, session.ErrConflict
	}
	evict, err := m.admit(s, a)
	if err != nil {
		return nil, err
	}
	for _, id := range evict {
		m.end(id, session.Ending{Reason: session.ReasonLimitReached})
	}
	m.put(s)
	return evict, nil
}

// known reports whether the ID is that of a record, live or ended.
func (m *model) known(id session.ID) bool {
	if _, ok := m.records[id]; ok {
		return true
	}
	if _, ok := m.aliases[id]; ok {
		return true
	}
	return slices.ContainsFunc(m.history, func(s session.Session) bool { return s.ID == id })
}

// admit returns the sessions that must end so that s can be inserted.
func (m *model) admit(s session.Session, a session.Admission) ([]session.ID, error) {
	if a.Limit == 0 || s.UserID == "" {
		return nil, nil
	}
	live := idsOf(m.of(s.User()))
	if len(live) < a.Limit {
		return nil, nil
	}
	if a.Refuse {
		return nil, session.ErrLimit
	}
	return live[a.Limit-1:], nil
}

// Get implements session.Store.
func (m *model) Get(ctx context.Context, id session.ID) (session.Session, error) {
	if err := m.begin(ctx); err != nil {
		return session.Session{}, err
	}
	defer m.mu.Unlock()
	return m.find(id)
}

// Update implements session.Store.
func (m *model) Update(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	s, err := m.live(id)
	if err != nil {
		return err
	}
	if s.Version != version {
		return session.ErrConflict
	}
	s.Metadata = md
	s.Version++
	m.put(s)
	return nil
}

// Touch implements session.Store.
func (m *model) Touch(ctx context.Context, seen session.Seen) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	return m.touch(seen)
}

func (m *model) touch(seen session.Seen) error {
	s, err := m.live(seen.ID)
	if err != nil {
		return err
	}
	if seen.LastActivity.After(s.LastActivity) {
		s.LastActivity = seen.LastActivity
	}
	if seen.ExpiresAt.After(s.Deadline) {
		seen.ExpiresAt = s.Deadline
	}
	if seen.ExpiresAt.After(s.ExpiresAt) {
		s.ExpiresAt = seen.ExpiresAt
	}
	if !seen.PreviousUntil.IsZero() && s.Unused() {
		s.PreviousUntil = seen.PreviousUntil
	}
	m.put(s)
	return nil
}

// TouchAll implements session.Store.
func (m *model) TouchAll(ctx context.Context, seen []session.Seen) (absent []session.ID, err error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	for _, one := range seen {
		if m.touch(one) != nil {
			absent = append(absent, one.ID)
		}
	}
	return absent, nil
}

// Rotate implements session.Store.
func (m *model) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	s, err := m.find(old)
	if err != nil {
		return err
	}
	replaces := !next.Previous.IsZero() && next.Previous != old
	if s.ID != old || s.Version != next.Version || replaces && (s.Previous != next.Previous || !s.Unused()) {
		return session.ErrConflict
	}
	m.drop(old)
	m.put(next)
	if !next.Previous.IsZero() {
		m.aliases[next.Previous] = next.ID
	}
	return nil
}

// Restore implements session.Store.
func (m *model) Restore(ctx context.Context, s session.Session) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if m.known(s.ID) {
		return session.ErrConflict
	}
	if !s.LiveAt(m.now()) {
		return session.ErrNotFound
	}
	m.put(s)
	if !s.Previous.IsZero() {
		m.aliases[s.Previous] = s.ID
	}
	return nil
}

// Delete implements session.Store.
func (m *model) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if err := m.begin(ctx); err != nil {
		return session.Session{}, err
	}
	defer m.mu.Unlock()
	s, err := m.find(id)
	if err != nil {
		return session.Session{}, err
	}
	return m.end(s.ID, why), nil
}

// DeleteUser implements session.Store.
func (m *model) DeleteUser(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	ended := 0
	for _, s := range m.of(u) {
		if !slices.Contains(keep, s.ID) && !(m.now().Before(s.PreviousUntil) && slices.Contains(keep, s.Previous)) {
			m.end(s.ID, why)
			ended++
		}
	}
	return ended, nil
}

// Sweep implements session.Store.
func (m *model) Sweep(ctx context.Context, limit int) (int, error) {
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	now, removed := m.now(), 0
	for id, s := range m.records {
		if removed == limit {
			break
		}
		if s.LiveAt(now) || m.spoiled[id] != "" {
			continue
		}
		why := session.Ending{Reason: session.ReasonIdleTimeout}
		if !s.ExpiresAt.Before(s.Deadline) {
			why.Reason = session.ReasonAbsoluteTimeout
		}
		m.end(id, why)
		removed++
	}
	return removed, nil
}

// Ping implements session.Store.
func (m *model) Ping(ctx context.Context) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	m.mu.Unlock()
	return nil
}

// Close implements session.Store.
func (m *model) Close() error { return nil }

// Traits implements session.Store.
func (m *model) Traits() session.Traits {
	return session.Traits{Name: "model", ListAll: true, History: true, ExactLimit: true}
}
