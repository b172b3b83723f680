// Tests of the queue for hashing places: its bounds, its order, and a model under random use.

package account

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
)

func TestTheQueueForHashesIsBoundedAndFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 8)
		if err := q.enter(t.Context(), signingIn); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var served []string
		wait := func(name, source string, who asker) {
			go func() {
				if err := q.enter(From(t.Context(), source), who); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				mu.Lock()
				served = append(served, name)
				mu.Unlock()
				q.leave()
			}()
			synctest.Wait()
		}
		busy := func(what, source string) {
			t.Helper()
			if err := q.enter(From(t.Context(), source), signingIn); !errors.Is(err, ErrBusy) || !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v, want ErrBusy", what, err)
			}
		}
		wait("mallory 1", "mallory", signingIn)
		wait("mallory 2", "mallory", signingIn)
		busy("the third of one source", "mallory")
		for i := range 6 {
			wait(fmt.Sprint("other ", i), fmt.Sprint(i), signingIn)
		}
		busy("the ninth", "another")
		wait("ann, signed in", "", admitted)
		gone, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- q.enter(gone, admitted) }()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrBusy) {
			t.Errorf("who has left: %v", err)
		}
		q.leave()
		synctest.Wait()
		if len(served) != 9 || served[0] != "ann, signed in" || served[1] != "mallory 1" || served[8] != "other 5" {
			t.Errorf("served in the order %q", served)
		}
		if running, peak, waiting := q.counts(); running != 0 || peak != 1 || waiting != 0 || len(q.from) != 0 || q.free != 1 {
			t.Errorf("at the end %d run, %d did at most, %d wait, %v counted, %d free", running, peak, waiting, q.from, q.free)
		}
	})
}

// Whoever waits, of known devices and others, neither starves: known ones get three places of four,
// each kind has room of its own to wait in, and those of one source are counted apart.
func TestKnownDevicesGoFirstAndNeitherStarves(t *testing.T) {
	t.Parallel()
	for _, first := range []asker{known, signingIn} { // whoever came first
		synctest.Test(t, func(t *testing.T) {
			const most = 40
			q := newQueue(1, most)
			if err := q.enter(t.Context(), signingIn); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var served []asker
			wait := func(i int, who asker) error {
				ctx := From(t.Context(), fmt.Sprint("source ", i%10))
				result := make(chan error, 1)
				go func() {
					err := q.enter(ctx, who)
					result <- err
					if err == nil {
						mu.Lock()
						served = append(served, who)
						mu.Unlock()
						q.leave()
					}
				}()
				synctest.Wait()
				select {
				case err := <-result:
					return err
				default:
					return nil
				}
			}
			second := known + signingIn - first
			for _, who := range []asker{first, second} {
				for i := range most {
					if err := wait(i, who); err != nil {
						t.Fatalf("%d of %d: %v", i, who, err)
					}
				}
				if err := wait(0, who); !errors.Is(err, ErrBusy) {
					t.Errorf("one more than may wait: %v", err)
				}
			}
			q.leave()
			synctest.Wait()
			if len(served) != 2*most {
				t.Fatalf("%d were served, want %d", len(served), 2*most)
			}
			for i := 0; i+4 <= most; i += 4 { // as long as both wait
				n := 0
				for _, who := range served[i : i+4] {
					if who == signingIn {
						n++
					}
				}
				if n != 1 {
					t.Errorf("of the places %d to %d the others got %d, want 1: %v", i, i+4, n, served)
					break
				}
			}
			if running, _, waiting := q.counts(); running != 0 || waiting != 0 || len(q.from) != 0 {
				t.Errorf("at the end %d run, %d wait, %v are counted", running, waiting, q.from)
			}
		})
	}
}

// However people come and give up, never more hash than there are places, and at the end all are
// free.
func TestTheQueueUnderRandomUse(t *testing.T) {
	t.Parallel()
	const places, most = 3, 12
	q := newQueue(places, most)
	var mu sync.Mutex
	inside, entered, busy, gave := 0, 0, 0, 0
	var all sync.WaitGroup
	for i := range uint64(40) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(i, 7))
			for range 300 {
				ctx, cancel := context.WithCancel(From(t.Context(), fmt.Sprint(r.IntN(5))))
				if r.IntN(3) == 0 {
					go cancel()
				}
				err := q.enter(ctx, asker(r.IntN(3)))
				mu.Lock()
				switch {
				case err == nil:
					entered++
					if inside++; inside > places {
						t.Errorf("%d are inside", inside)
					}
				case errors.Is(err, ErrBusy):
					busy++
				default:
					gave++
				}
				mu.Unlock()
				if err == nil {
					mu.Lock()
					inside--
					mu.Unlock()
					q.leave()
				}
				cancel()
			}
		})
	}
	all.Wait()
	if running, peak, waiting := q.counts(); running != 0 || peak > places || waiting != 0 || len(q.from) != 0 || q.free != places {
		t.Errorf("at the end %d run, %d did at most, %d wait, %v counted, %d free", running, peak, waiting, q.from, q.free)
	}
	t.Logf("%d entered, %d were told to come again, %d gave up", entered, busy, gave)
	if entered == 0 {
		t.Error("nobody was served")
	}
}
