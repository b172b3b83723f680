// Run: many histories on one store.

package histories

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// Options say how much is run, and against what promise.
type Options struct {
	// Seed is the first history's; the others count up from it. A failure prints
	// its history's: the same Seed makes the same plan and the same draws, though
	// not the same meeting of goroutines.
	Seed uint64

	// Calls is how many calls are recorded in all, in histories of at most 500.
	Calls int

	// Lanes is how many histories run at once, each on a pair of handles of its
	// own: 1 by default.
	Lanes int

	// Rules is what is promised.
	Rules Rules

	// Timeout bounds each call: a minute by default, since a busy machine is not
	// a fault.
	Timeout time.Duration

	// Fault, if set, is what befalls the server in every history. It is called
	// when the history begins; the history goes on at least until it returns.
	Fault func(w *Watch)

	// Hasty gives one call in sixty-four hardly any time.
	Hasty bool

	// Excused is how many calls may come to nothing although nothing befell the
	// server, in a hundred thousand.
	Excused int
}

// Result counts what was run.
type Result struct {
	Histories   int
	Calls       int // recorded, in all histories
	Unavailable int // calls that came to nothing
	Unknown     int // writes whose outcome nobody knows
	Undecided   int // histories for which no order was found, but not all were tried in time
	Took        time.Duration
	Checking    time.Duration // of all lanes together
}

func (r Result) String() string {
	return fmt.Sprintf("%d calls in %d histories (%d undecided), %d unavailable, %d of unknown outcome, in %s (%s of it to check)",
		r.Calls, r.Histories, r.Undecided, r.Unavailable, r.Unknown, r.Took.Round(time.Millisecond), r.Checking.Round(time.Millisecond))
}

// Run records histories on the harness's store and fails the test if one of them has
// no explanation, or if for more than one in a hundred none was found in time.
func Run(t testing.TB, h sessiontest.Harness, o Options) Result {
	t.Helper()
	result, failure := o.run(t, h)
	if failure != nil {
		t.Errorf("seed %d: %v", failure.seed, failure)
	}
	return result
}

// failure is what was wrong with the first history that was not right.
type failure struct {
	seed       uint64
	violations []Violation
	strange    []error
}

// Error implements error.
func (f *failure) Error() string {
	if len(f.violations) > 0 {
		return f.violations[0].String()
	}
	return fmt.Sprintf("%d answers that the contract does not know, or without a cause, such as: %v", len(f.strange), f.strange[0])
}

// run is Run, but returns what was wrong.
func (o Options) run(t testing.TB, h sessiontest.Harness) (Result, *failure) {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	var (
		mu       sync.Mutex
		result   Result
		first    *failure
		next     = o.Seed
		recorded int
		work     sync.WaitGroup
		began    = time.Now()
	)
	take := func() (uint64, int) {
		mu.Lock()
		defer mu.Unlock()
		if first != nil || recorded >= o.Calls {
			return 0, 0
		}
		n := min(o.Calls-recorded, mostCalls-mostWorkers*2)
		recorded += n
		next++
		return next - 1, n
	}
	for range max(o.Lanes, 1) {
		clock := sessiontest.NewClock()
		stores := []session.Store{h.Open(t, clock.Now)}
		if h.Second != nil {
			stores = append(stores, h.Second(t, stores[0], clock.Now))
		} else {
			stores = append(stores, stores[0])
		}
		work.Go(func() {
			for {
				seed, calls := take()
				if calls == 0 {
					return
				}
				part, wrong := o.history(seed, calls, clock, stores)
				clock.Advance(lifetime + time.Minute) // what is left expires
				mu.Lock()
				result.Histories++
				result.Calls += part.Calls
				result.Unavailable += part.Unavailable
				result.Unknown += part.Unknown
				result.Undecided += part.Undecided
				result.Checking += part.Checking
				if first == nil {
					first = wrong
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	result.Took = time.Since(began)
	if failed := result.Unavailable + result.Unknown; first == nil && o.Fault == nil && !o.Hasty && failed*100_000 > o.Excused*result.Calls {
		first = &failure{seed: o.Seed, strange: []error{fmt.Errorf("%d calls came to nothing, and nothing had befallen the server", failed)}}
	}
	if first == nil && result.Undecided*100 > max(result.Histories, 100) {
		first = &failure{seed: o.Seed, strange: []error{fmt.Errorf("%d of %d histories were not decided in time", result.Undecided, result.Histories)}}
	}
	return result, first
}

// history runs and checks one history.
func (o Options) history(seed uint64, calls int, clock *sessiontest.Clock, stores []session.Store) (Result, *failure) {
	p := draw(seed, calls)
	p.hasty = o.Hasty
	l, err := newLoad(p, o.Rules, clock, stores, o.Timeout)
	if err != nil {
		return Result{}, &failure{seed: seed, strange: []error{err}}
	}
	busy, over := make(chan struct{}), make(chan struct{})
	if o.Fault == nil {
		close(busy)
	} else {
		go func() {
			defer close(busy)
			o.Fault(&Watch{journal: l.journal, over: over, seed: seed})
		}()
	}
	l.run(context.Background(), busy)
	close(over)
	<-busy
	j := l.journal
	began := time.Now()
	found := check(j.calls, o.Rules)
	result := Result{Calls: len(j.calls), Unavailable: j.unavailable, Unknown: j.unknown, Checking: time.Since(began)}
	if open := slices.ContainsFunc(found, func(v Violation) bool { return v.Undecided }); open {
		result.Undecided = 1
		found = slices.DeleteFunc(found, func(v Violation) bool { return v.Undecided })
	}
	if len(found) > 0 || len(j.strange) > 0 {
		return result, &failure{seed, found, j.strange}
	}
	return result, nil
}

// Watch is what a fault sees of the history that it befalls.
type Watch struct {
	journal *journal
	over    <-chan struct{} // the workers have left
	seed    uint64
}

// Seed is the history's.
func (w *Watch) Seed() uint64 { return w.seed }

// Calls waits until n more calls have been recorded, or the history is over.
func (w *Watch) Calls(n int) {
	from, _ := w.journal.size()
	w.until(func() bool { calls, _ := w.journal.size(); return calls >= from+n })
}

// Failures waits until n more calls have come to nothing, or the history is over.
func (w *Watch) Failures(n int) {
	_, from := w.journal.size()
	w.until(func() bool { _, failed := w.journal.size(); return failed >= from+n })
}

func (w *Watch) until(ok func() bool) {
	for !ok() {
		select {
		case <-w.journal.moved:
		case <-w.over:
			return
		}
	}
}

// Lost makes do, in which the server loses everything, a part of the history: where
// that is allowed.
func (w *Watch) Lost(do func()) {
	c := w.journal.open(lost, 0, session.Tag{})
	do()
	w.journal.close(c, nil)
}

// Add counts another run in.
func (r *Result) Add(other Result) {
	r.Histories += other.Histories
	r.Calls += other.Calls
	r.Unavailable += other.Unavailable
	r.Unknown += other.Unknown
	r.Undecided += other.Undecided
	r.Took += other.Took
	r.Checking += other.Checking
}
