// The model passes its own suite, with every hook there is.

package sessiontest

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestModel(t *testing.T) {
	Run(t, modelHarness(func(m *model) session.Store { return m }))
}

// modelHarness is the harness of a store on top of a model.
func modelHarness(build func(*model) session.Store) Harness {
	return Harness{
		Open: func(_ testing.TB, now func() time.Time) session.Store {
			m := newModel(now)
			s := build(m)
			if w, ok := s.(*wrong); ok && w.runsBack {
				m.now = func() time.Time { return now().Truncate(time.Microsecond) }
			}
			return s
		},
		Second: func(_ testing.TB, first session.Store, _ func() time.Time) session.Store { return second(first) },
		Poison: func(_ testing.TB, s session.Store, id session.ID, p Poison) bool {
			m := baseOf(s)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.spoiled[id] = p
			return true
		},
		Dump:  func(_ testing.TB, s session.Store) [][]byte { return baseOf(s).dump() },
		Audit: func(_ testing.TB, s session.Store) error { return baseOf(s).audit() },
	}
}

// second is another handle on the records of first, where it makes a difference.
func second(first session.Store) session.Store {
	if s, ok := first.(interface{ second() session.Store }); ok {
		return s.second()
	}
	return first
}

func baseOf(s session.Store) *model { return s.(interface{ base() *model }).base() }

func (m *model) base() *model { return m }

// dump returns everything the model holds.
func (m *model) dump() (all [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, s := range m.records {
		all = append(all, id[:], fmt.Appendf(nil, "%+v %x", s, s.Lineage))
	}
	for key, events := range m.events {
		all = append(all, fmt.Append(nil, key, events))
	}
	return all
}

// audit compares records and indexes both ways.
func (m *model) audit() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for user, ids := range m.users {
		for id := range ids {
			if s, ok := m.records[id]; !ok || s.User() != user {
				return fmt.Errorf("the index of %q names a session that is not there", user.ID)
			}
		}
	}
	for id, s := range m.records {
		if _, ok := m.users[s.User()][id]; !ok && s.UserID != "" {
			return fmt.Errorf("a session of %q is not in the index", s.UserID)
		}
	}
	for _, id := range m.aliases {
		if _, ok := m.records[id]; !ok {
			return fmt.Errorf("an ID in its grace leads to a session that is not there")
		}
	}
	return nil
}
