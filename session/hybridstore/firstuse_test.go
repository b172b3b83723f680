// First uses: what nodes see of a renewed token when it was used.

package hybridstore_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
)

// overtaken is a cache in which others are faster: what is exchanged there comes too late.
type overtaken struct {
	hybridstore.Cache
	late atomic.Bool
}

func (o *overtaken) Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (bool, error) {
	if o.late.Load() {
		return false, nil
	}
	return o.Cache.Swap(ctx, id, old, head, s, keep)
}

// TestOfTwoFirstUsesTheFirstCounts: two nodes that see a renewed token for the first
// time, each with its own end of the grace, show the one that the database has, at once.
func TestOfTwoFirstUsesTheFirstCounts(t *testing.T) {
	cfg := fast()
	truth, cache := parts(t, cfg)
	node := func(cache hybridstore.Cache) *hybridstore.Store {
		s, err := hybridstore.New(truth, cache, cfg)
		if err != nil {
			t.Fatal(err)
		}
		loop(t, s)
		await(t, "the node follows the log", func() bool { return s.Health().Following })
		return s
	}
	slow := &overtaken{Cache: cache}
	nodes := []*hybridstore.Store{node(slow), node(cache)}
	_, old, err := manager(t, nodes[0]).Create(t.Context(), session.NewSession{UserID: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	next := old
	next.ID[len(next.ID)-1]++
	next.Previous, next.PreviousUntil = old.ID, old.Deadline
	if err := nodes[0].Rotate(t.Context(), old.ID, next); err != nil {
		t.Fatal(err)
	}
	for _, s := range nodes {
		await(t, "the session is in the cache, unused", func() bool {
			got, err := s.Get(t.Context(), next.ID)
			_, cached, _ := cache.Get(t.Context(), next.ID)
			return err == nil && got.Unused() && cached != nil
		})
	}
	slow.late.Store(true)
	first := old.CreatedAt.Add(time.Minute)
	for i, s := range nodes {
		seen := session.Seen{ID: next.ID, LastActivity: old.LastActivity, ExpiresAt: old.ExpiresAt, PreviousUntil: first.Add(time.Duration(i) * time.Minute)}
		if err := s.Touch(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
		for j, s := range nodes {
			got, err := s.Get(t.Context(), next.ID)
			if err != nil || !got.PreviousUntil.Equal(first) {
				t.Errorf("after the use on node %d node %d sees the old token end at %v, %v; want %v", i, j, got.PreviousUntil, err, first)
			}
		}
	}
	if st := nodes[1].Health(); st.Untold != 0 || st.Drifted != 0 {
		t.Errorf("%d untold, %d drifted", st.Untold, st.Drifted)
	}
}
