// Queue: sign-ins wait for a hashing place, so many at most, in an order that no flood can abuse.

package account

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// ErrBusy means that the queue of sign-ins whose passwords wait to be checked is full, or the share
// of one source in it. It comes at once, matches ErrUnavailable, and says nothing about the
// account.
var ErrBusy = fmt.Errorf("%w: too many sign-ins at once", ErrUnavailable)

const (
	waitingEach = 16   // sign-ins wait for each place by default: less than a second at 40 ms each
	sourceShare = 4    // of one source at most a quarter of them
	maxWaiting  = 4096 // that a Config may ask for
)

type (
	sourceKey struct{}
	knownKey  struct{}
)

// From says where the sign-ins with the context it returns come from, such as an address: those of
// one source are at most a quarter of those that wait for a hashing place, so that nobody fills the
// queue alone.
func From(ctx context.Context, source string) context.Context {
	return context.WithValue(ctx, sourceKey{}, source)
}

// OnKnownDevice says that the sign-ins with the context it returns come from a device on which the
// account was signed in to before. They wait apart from all others and get three of four places as
// long as both wait, so that neither a flood of strangers nor one of known devices keeps the others
// out.
func OnKnownDevice(ctx context.Context) context.Context {
	return context.WithValue(ctx, knownKey{}, true)
}

// asker is the kind of caller that asks for a place.
type asker int

const (
	admitted  asker = iota // signed in, or in the middle of signing in: waits before all others, for the next place
	known                  // signing in on a device that the account knows
	signingIn              // … on any other
)

// signingInAs is how a sign-in asks.
func signingInAs(ctx context.Context) asker {
	if is, _ := ctx.Value(knownKey{}).(bool); is {
		return known
	}
	return signingIn
}

// knownInTurn is how many sign-ins on known devices get a place before one on another device that
// waits.
const knownInTurn = 3

// queue gives out places. People who are signed in have the next one, so that no flood of sign-ins
// keeps them from changing a password; then known devices, with every fourth place kept for the
// others.
type queue struct {
	most int // that wait, of each kind of asker

	mu      sync.Mutex
	free    int
	running int
	peak    int
	waiting map[asker][]*waiter
	from    map[origin]int // sign-ins that wait
	inTurn  int            // known devices that got a place since another one did
}

// origin is the kind and the source by which waiting sign-ins are counted.
type origin struct {
	who    asker
	source string
}

// waiter is one caller that waits; given is closed when it has a place.
type waiter struct {
	given  chan struct{}
	source string
}

func newQueue(places, most int) *queue {
	return &queue{free: places, most: most, waiting: map[asker][]*waiter{}, from: map[origin]int{}}
}

// enter waits for a place until ctx ends, if there is room to wait. Whoever has a place leaves.
func (q *queue) enter(ctx context.Context, who asker) error {
	if err := ctx.Err(); err != nil {
		return unavailable("hash", err)
	}
	w, err := q.wait(ctx, who)
	if err != nil || w == nil {
		return err
	}
	select {
	case <-w.given:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting[who], w); i >= 0 {
		q.remove(who, i)
	} else { // it was given just now
		q.handOn()
	}
	return unavailable("wait to hash", ctx.Err())
}

// wait takes a place, or one in the queue; the waiter is nil where there was a place.
func (q *queue) wait(ctx context.Context, who asker) (*waiter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		q.running++
		q.peak = max(q.peak, q.running)
		return nil, nil
	}
	w := &waiter{given: make(chan struct{})}
	if len(q.waiting[who]) >= q.most {
		return nil, ErrBusy
	}
	if who != admitted {
		w.source, _ = ctx.Value(sourceKey{}).(string)
		from := origin{who, w.source}
		if w.source != "" && q.from[from] >= max(1, q.most/sourceShare) {
			return nil, ErrBusy
		}
		q.from[from]++
	}
	q.waiting[who] = append(q.waiting[who], w)
	return w, nil
}

func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.handOn()
}

// handOn gives a place that became free to the next waiter.
func (q *queue) handOn() {
	order := []asker{admitted, known, signingIn}
	if q.inTurn >= knownInTurn {
		order = []asker{admitted, signingIn, known}
	}
	for _, who := range order {
		if len(q.waiting[who]) == 0 {
			continue
		}
		switch who {
		case known:
			q.inTurn++
		case signingIn:
			q.inTurn = 0
		}
		close(q.remove(who, 0).given)
		return
	}
	q.free++
	q.running--
}

func (q *queue) remove(who asker, i int) *waiter {
	w := q.waiting[who][i]
	q.waiting[who] = slices.Delete(q.waiting[who], i, i+1)
	if who != admitted {
		from := origin{who, w.source}
		if q.from[from]--; q.from[from] == 0 {
			delete(q.from, from)
		}
	}
	return w
}

// counts are how many places are taken, how many were at most, and how many wait for one.
func (q *queue) counts() (running, peak, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running, q.peak, len(q.waiting[admitted]) + len(q.waiting[known]) + len(q.waiting[signingIn])
}
