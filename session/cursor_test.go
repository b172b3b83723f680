// Cursor and the monotonic clock: order, and time that never runs back.

package session_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestCursorOrder(t *testing.T) {
	at := time.UnixMicro(1_700_000_000_000_000).UTC()
	low, high := session.ID{1}, session.ID{2}
	inOrder := []session.Cursor{{At: at.Add(time.Microsecond), ID: low}, {At: at, ID: high}, {At: at, ID: low}, {At: at.Add(-time.Hour), ID: high}}
	for i, a := range inOrder {
		for j, b := range inOrder {
			got := a.Compare(b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("Compare of places %d and %d is %d", i, j, got)
			}
		}
	}
}

func TestCursorText(t *testing.T) {
	for _, at := range []time.Time{time.UnixMicro(0), time.UnixMicro(-1), time.UnixMicro(1<<62 + 1), time.Now().Truncate(time.Microsecond)} {
		c := session.Cursor{At: at.UTC(), ID: session.ID{0xff, 0, 1}}
		got, err := session.ParseCursor(c.String())
		if err != nil || !got.At.Equal(c.At) || got.ID != c.ID || got.At.Location() != time.UTC {
			t.Errorf("ParseCursor of %+v: %+v, %v", c, got, err)
		}
	}
	good := session.Cursor{}.String()
	for _, bad := range []string{"", "x", good[1:], good + "A", strings.Repeat("!", len(good)), good[:10] + "\n" + good[11:]} {
		if _, err := session.ParseCursor(bad); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("ParseCursor(%q): %v, want ErrMalformed", bad, err)
		}
	}
}

func TestQueryBounds(t *testing.T) {
	for limit, size := range map[int]int{0: session.DefaultPage, 1: 1, session.MaxPage: session.MaxPage} {
		q := session.Query{Limit: limit}
		if _, ok, err := q.After(); ok || err != nil || q.Size() != size {
			t.Errorf("limit %d: size %d, %t, %v", limit, q.Size(), ok, err)
		}
	}
	for _, q := range []session.Query{{Limit: -1}, {Limit: session.MaxPage + 1}, {Cursor: "x"}} {
		if _, ok, err := q.After(); ok || !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%+v: %t, %v, want ErrMalformed", q, ok, err)
		}
	}
}

func TestMonotonicClock(t *testing.T) {
	var mu sync.Mutex
	set := time.Date(2026, 1, 2, 3, 4, 5, 678_901_999, time.FixedZone("x", 3600))
	now := session.MonotonicClock(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return set
	})
	first := now()
	if !first.Equal(set.Truncate(time.Microsecond)) || first.Location() != time.UTC {
		t.Errorf("the clock shows %s for %s, want it in UTC and microseconds", first, set)
	}
	set = set.Add(-time.Hour)
	if got := now(); !got.Equal(first) {
		t.Errorf("the clock ran back from %s to %s", first, got)
	}
	set = set.Add(2 * time.Hour)
	if got := now(); !got.Equal(first.Add(time.Hour)) {
		t.Errorf("the clock shows %s, want it to have caught up", got)
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			last := now()
			for i := range 500 {
				mu.Lock()
				set = set.Add(time.Duration(i%7-3) * time.Microsecond)
				mu.Unlock()
				if got := now(); got.Before(last) {
					t.Errorf("the clock ran back by %s", last.Sub(got))
				} else {
					last = got
				}
			}
		})
	}
	readers.Wait()
	if session.MonotonicClock(nil)().IsZero() {
		t.Error("a nil clock is not time.Now")
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add(session.Cursor{At: time.UnixMicro(1)}.String())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := session.ParseCursor(text)
		if err == nil && c.String() != text {
			t.Errorf("two texts of one cursor: %q and %q", text, c.String())
		}
	})
}
