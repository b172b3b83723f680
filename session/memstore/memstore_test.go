// Tests of what is special in memory: the size of a session, the timeline's
// order, the work of a sweep.

package memstore

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// made returns a session of user n with a random ID under the user's tag.
func made(n int, user string, created time.Time) session.Session {
	var id session.ID
	_, _ = rand.Read(id[:])
	if user != "" {
		binary.BigEndian.PutUint64(id[:8], uint64(n)*0x9e3779b97f4a7c15)
	}
	return session.Session{
		ID: id, UserID: user, Version: 1,
		CreatedAt: created, LastActivity: created, RotatedAt: created,
		ExpiresAt: created.Add(time.Hour), Deadline: created.Add(12 * time.Hour),
	}
}

func TestBytesPerSession(t *testing.T) {
	const users, each = 20_000, 5
	store := New(Config{Now: func() time.Time { return start }})
	names := make([]string, users)
	for n := range names {
		names[n] = fmt.Sprintf("user-%d", n)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range each {
		for n, name := range names {
			if _, err := store.Create(t.Context(), made(n, name, start.Add(time.Duration(i*users+n)*time.Microsecond)), session.Admission{Limit: 5}); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	got := (after.HeapAlloc - before.HeapAlloc) / (users * each)
	t.Logf("%d bytes a session", got)
	if got > BytesPerSession {
		t.Errorf("a session takes %d bytes, stated are at most %d", got, BytesPerSession)
	}
	if got < BytesPerSession/2 {
		t.Errorf("a session takes %d bytes: state less than %d", got, BytesPerSession)
	}
	runtime.KeepAlive(store)
	runtime.KeepAlive(names)
}

func TestTimelineKeepsOrder(t *testing.T) {
	var line timeline
	var all []*session.Session
	for n := range 5000 {
		// Mostly in order, every seventh late, many at one instant.
		at := start.Add(time.Duration(n/3) * time.Second)
		if n%7 == 0 {
			at = at.Add(-time.Duration(n) * time.Second / 5)
		}
		s := made(n, "", at)
		all = append(all, &s)
		line.insert(&s)
		if n%4 == 3 {
			gone := all[n/8]
			all = slices.Delete(all, n/8, n/8+1)
			line.remove(gone)
			all = slices.Insert(all, 0, gone)
			line.insert(gone)
		}
	}
	slices.SortFunc(all, func(a, b *session.Session) int { return place(b).Compare(place(a)) })
	if got := slices.Collect(line.oldest()); !slices.Equal(got, all) {
		t.Fatal("the walk from the oldest is out of order")
	}
	newest := slices.Clone(all)
	slices.Reverse(newest)
	for _, k := range []int{0, 1, 511, 512, 513, 2500, len(all) - 1} {
		if got := slices.Collect(line.after(place(newest[k]), true)); !slices.Equal(got, newest[k+1:]) {
			t.Fatalf("the walk after the newest but %d is out of order", k)
		}
	}
	for _, b := range line.blocks {
		if len(b) == 0 || len(b) > blockSize {
			t.Fatalf("a block of %d sessions", len(b))
		}
	}
	for _, s := range all {
		line.remove(s)
	}
	if !line.empty() {
		t.Fatal("sessions are left after all were removed")
	}
}

func TestSweepFindsAllInBoundedSteps(t *testing.T) {
	now := start
	store := New(Config{Now: func() time.Time { return now }})
	const expired, live = 6000, 3000
	for n := range expired + live {
		s := made(n%40, fmt.Sprint("user ", n%40), start.Add(time.Duration(n)*time.Microsecond))
		if n%3 == 0 {
			s.ExpiresAt = s.Deadline
		}
		if _, err := store.Create(t.Context(), s, session.Admission{}); err != nil {
			t.Fatal(err)
		}
	}
	now = start.Add(2 * time.Hour)
	removed := 0
	for {
		n, err := store.Sweep(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if removed += n; n < 100 {
			break
		}
	}
	if removed != expired {
		t.Errorf("swept %d sessions, want %d", removed, expired)
	}
	left, indexed := 0, 0
	for i := range store.shards {
		left += len(store.shards[i].sessions)
		for _, mine := range store.shards[i].users {
			indexed += len(slices.Collect(mine.oldest()))
		}
	}
	if left != live || indexed != live {
		t.Errorf("left are %d sessions and %d index entries, want %d of both", left, indexed, live)
	}
}

func TestAliasesAreForgotten(t *testing.T) {
	now := start
	store := New(Config{Now: func() time.Time { return now }})
	s := made(1, "u", start)
	if _, err := store.Create(t.Context(), s, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		now = now.Add(time.Second)
		next := made(1, "u", start)
		next.Previous, next.PreviousUntil = s.ID, now.Add(10*time.Second)
		if err := store.Rotate(t.Context(), s.ID, next); err != nil {
			t.Fatal(n, err)
		}
		s = next
	}
	if n := len(store.shards[s.ID.Tag().Partition()].aliases); n > 64 {
		t.Errorf("%d aliases after 1000 rotations", n)
	}
}

func TestCountersAreForgotten(t *testing.T) {
	now := start
	store := New(Config{Now: func() time.Time { return now }})
	for n := range 50_000 {
		if _, err := store.Count(t.Context(), fmt.Sprint("account ", n), session.CountRule{Limit: 5, Window: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Minute)
	for range 3 {
		if _, err := store.Sweep(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	for i := range store.counters.shards {
		left += len(store.counters.shards[i].logs)
	}
	if left > 64*blockSize/2 {
		t.Errorf("%d counters are left after their window", left)
	}
}

// TestMetadataOverItsBound is refused by every method that stores it, and nobody is
// evicted for it.
func TestMetadataOverItsBound(t *testing.T) {
	store := New(Config{Now: func() time.Time { return start }})
	held, large := made(1, "u", start), made(1, "u", start)
	large.Metadata = session.StoredMetadata(`{"x":"` + strings.Repeat("x", session.MaxMetadata) + `"}`)
	if _, err := store.Create(t.Context(), held, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	_, created := store.Create(t.Context(), large, session.Admission{Limit: 1})
	for method, err := range map[string]error{
		"Create":  created,
		"Restore": store.Restore(t.Context(), large),
		"Rotate":  store.Rotate(t.Context(), held.ID, large),
		"Update":  store.Update(t.Context(), held.ID, 1, large.Metadata),
	} {
		if !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", method, err)
		}
	}
	if got, err := store.Get(t.Context(), held.ID); err != nil || got != held {
		t.Errorf("afterwards: %+v, %v; want the session as it was", got, err)
	}
}
