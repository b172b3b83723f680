// Tests of the cache: its bound, and what goes first.

package memstore

import (
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestCacheIsBounded(t *testing.T) {
	at := start
	if _, err := NewCache(CacheConfig{Max: -1}); err == nil {
		t.Error("a negative bound is taken")
	}
	c, err := NewCache(CacheConfig{Max: 100, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	put := func(n int, keep time.Duration) session.ID {
		t.Helper()
		s := made(n, "ann", at)
		if done, err := c.Swap(t.Context(), s.ID, nil, []byte("head"), &s, keep); err != nil || !done {
			t.Fatalf("entry %d: %t, %v", n, done, err)
		}
		return s.ID
	}
	for n := range 1000 {
		put(n, time.Hour)
	}
	if n := len(c.entries); n != 100 {
		t.Errorf("%d entries, want 100", n)
	}
	// What has had its time goes before what has not, as far as one looks.
	at = at.Add(2 * time.Hour)
	last := put(1000, time.Hour)
	if head, s, err := c.Get(t.Context(), last); err != nil || string(head) != "head" || s.ID != last {
		t.Errorf("the newest entry: %q, %v, %v", head, s, err)
	}
	if err := c.Set(t.Context(), []session.ID{last}, []byte("mark"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if head, s, err := c.Get(t.Context(), last); err != nil || string(head) != "mark" || s != nil || len(c.entries) != 100 {
		t.Errorf("the mark: %q, %v, %v, %d entries", head, s, err, len(c.entries))
	}
	at = at.Add(time.Minute)
	if head, _, err := c.Get(t.Context(), last); err != nil || head != nil {
		t.Errorf("a mark that has had its time: %q, %v", head, err)
	}
}
