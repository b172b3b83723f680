// Many sessions at once, and a cache that takes its time for each.

package hybridstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
)

// unhurried is a cache that can set 100 IDs in the time that a call has.
type unhurried struct {
	hybridstore.Cache
	calls int
}

func (u *unhurried) Set(ctx context.Context, ids []session.ID, head []byte, keep time.Duration) error {
	u.calls++
	if len(ids) > 100 {
		return context.DeadlineExceeded
	}
	return u.Cache.Set(ctx, ids, head, keep)
}

// TestManyAreForgotten: what is written for as many sessions as a batch has is seen on
// another node at once, also where the cache sets one after the other.
func TestManyAreForgotten(t *testing.T) {
	cfg := fast()
	truth, cache := parts(t, cfg)
	slow := &unhurried{Cache: cache}
	node := func(cache hybridstore.Cache) *hybridstore.Store {
		s, err := hybridstore.New(truth, cache, cfg)
		if err != nil {
			t.Fatal(err)
		}
		loop(t, s)
		await(t, "the node follows the log", func() bool { return s.Health().Following })
		return s
	}
	s, other := node(slow), node(cache)
	_, one, err := manager(t, s).Create(t.Context(), session.NewSession{UserID: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the session is in the cache", func() bool {
		_, err := s.Get(t.Context(), one.ID)
		_, cached, _ := cache.Get(t.Context(), one.ID)
		return err == nil && cached != nil
	})
	seen := session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Minute), ExpiresAt: one.ExpiresAt}
	batch := []session.Seen{seen}
	for i := 1; i < session.MaxBatch; i++ {
		other := seen
		other.ID = session.ID{0: 9, 1: byte(i), 2: byte(i >> 8)}
		batch = append(batch, other)
	}
	absent, err := s.TouchAll(t.Context(), batch)
	if err != nil || len(absent) != session.MaxBatch-1 {
		t.Fatalf("%d of %d are absent, %v", len(absent), session.MaxBatch, err)
	}
	if slow.calls < session.MaxBatch/100 || s.Health().CacheDown {
		t.Errorf("%d calls of the cache, which is down: %t", slow.calls, s.Health().CacheDown)
	}
	got, err := other.Get(t.Context(), one.ID)
	if err != nil || !got.LastActivity.Equal(seen.LastActivity) {
		t.Errorf("another node sees activity of %v, %v; want %v", got.LastActivity, err, seen.LastActivity)
	}
}
