// Tests of the shares: a model under random use, and each bound.

package frame_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
)

var most = map[frame.Work]int{frame.Searching: 2, frame.Exporting: 1, frame.Changing: 1}

// Whatever people do at once, none has more under way than their share, and nothing is left when
// all have ended, however they ended.
func TestSharesUnderRandomUse(t *testing.T) {
	t.Parallel()
	shares := &frame.Shares{Wait: time.Nanosecond}
	var mu sync.Mutex
	requests, under := map[string]int{}, map[string]map[frame.Work]int{}
	refused, granted := 0, 0
	note := func(person string, n int, w ...frame.Work) {
		mu.Lock()
		defer mu.Unlock()
		if under[person] == nil {
			under[person] = map[frame.Work]int{}
		}
		if len(w) == 0 {
			requests[person] += n
		}
		for _, one := range w {
			under[person][one] += n
			if under[person][one] > most[one] {
				t.Errorf("%s has %d times %s under way", person, under[person][one], one.Busy())
			}
		}
		if requests[person] > frame.MaxRequests {
			t.Errorf("%s has %d requests under way", person, requests[person])
		}
	}
	request := func(r *rand.Rand) {
		defer func() { _ = recover() }()
		person := fmt.Sprint("person ", r.IntN(3))
		share, ok := shares.Begin(person)
		mu.Lock()
		if ok {
			granted++
		} else {
			refused++
		}
		mu.Unlock()
		if !ok {
			return
		}
		note(person, 1)
		taken := map[frame.Work]bool{}
		defer share.End() // twice
		defer share.End()
		defer func() { // before the share ends, so that the count is never behind
			for w := range taken {
				note(person, -1, w)
			}
			note(person, -1)
		}()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range r.IntN(4) {
			w := frame.Work(r.IntN(3))
			if r.IntN(4) == 0 {
				cancel()
			}
			if share.Take(ctx, w) && !taken[w] {
				taken[w] = true
				note(person, 1, w)
			}
			for range r.IntN(50) {
				runtime.Gosched() // others have their turn
			}
		}
		if r.IntN(3) == 0 {
			panic("in the middle")
		}
	}
	var all sync.WaitGroup
	for i := range uint64(24) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(i, 1))
			for range 500 {
				request(r)
			}
		})
	}
	all.Wait()
	if n := shares.People(); n != 0 {
		t.Errorf("%d people are still counted, and nobody asks", n)
	}
	if granted == 0 || refused == 0 {
		t.Errorf("%d requests were let in, %d refused: the bound was not met", granted, refused)
	}
	t.Logf("%d requests let in, %d refused", granted, refused)
}

func TestASharesBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shares := &frame.Shares{}
		var held []*frame.Share
		for range frame.MaxRequests {
			share, ok := shares.Begin("ann")
			if !ok {
				t.Fatalf("refused after %d", len(held))
			}
			held = append(held, share)
		}
		if _, ok := shares.Begin("ann"); ok {
			t.Error("one more than the most is let in")
		}
		if other, ok := shares.Begin("ben"); !ok {
			t.Error("another person is refused")
		} else {
			other.End()
		}
		for w, n := range most {
			for i, share := range held {
				if got := share.Take(t.Context(), w); got != (i < n) {
					t.Errorf("%s, number %d: %v", w.Busy(), i+1, got)
				}
			}
			if !held[0].Take(t.Context(), w) {
				t.Errorf("%s: who has a place is refused it", w.Busy())
			}
		}
		// A search waits for another of the same person.
		begun := time.Now()
		time.AfterFunc(time.Second/2, held[0].End)
		if !held[5].Take(t.Context(), frame.Searching) || time.Since(begun) != time.Second/2 {
			t.Errorf("a search did not take the place that was given back after %s", time.Since(begun))
		}
		begun = time.Now()
		if held[6].Take(t.Context(), frame.Searching) || time.Since(begun) != time.Second {
			t.Errorf("a search waits %s, want a second", time.Since(begun))
		}
		for _, share := range held {
			share.End()
		}
		if held[3].Take(t.Context(), frame.Exporting) {
			t.Error("a request that has ended takes a place")
		}
		if n := shares.People(); n != 0 {
			t.Errorf("%d people are still counted", n)
		}
	})
}
