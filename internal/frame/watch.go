// Watch: whether what takes long may go on, asked while it is under way.

package frame

import (
	"context"
	"sync"
	"time"
)

// A Watch ends what is under way when it may not go on: it asks about once a second, and once for
// all that is asked the same, however much of it there is. What ends within a second is asked
// nothing. The zero Watch is ready.
type Watch struct {
	// After runs a function after a time, and returns what stops that; time.AfterFunc by default.
	After func(time.Duration, func()) (stop func() bool)

	mu     sync.Mutex
	groups map[string]*group
}

// An Ask says whether what is under way may go on. over is why it may not, nil if it may; err is
// why nobody knows.
type Ask func(ctx context.Context) (over, err error)

const (
	// watchEvery leaves a tenth of a second for the answer, so that what has ended is over within
	// one.
	watchEvery = 900 * time.Millisecond

	// watchAnswer is how long one answer may take.
	watchAnswer = 5 * time.Second

	// watchUnknown is how often in a row nobody may know before it is over all the same: about 10 s
	// where the server refuses at once, and up to a minute where it says nothing.
	watchUnknown = 11
)

// group is all that is asked the same.
type group struct {
	ask     Ask
	members map[*context.CancelCauseFunc]struct{}
	stop    func() bool
	unknown int
}

// Follow returns a context that ends with a cause when ask says that it is over. All with the same
// key are asked once, by the ask of the first of them. Call done when there is nothing to end any
// more.
func (w *Watch) Follow(ctx context.Context, key string, ask Ask) (followed context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.groups[key]
	if g == nil {
		g = &group{ask: ask, members: map[*context.CancelCauseFunc]struct{}{}}
		if w.groups == nil {
			w.groups = map[string]*group{}
		}
		w.groups[key] = g
		w.arm(key, g)
	}
	g.members[&cancel] = struct{}{}
	return ctx, func() {
		w.leave(key, g, &cancel)
		cancel(nil)
	}
}

func (w *Watch) leave(key string, g *group, member *context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(g.members, member)
	if len(g.members) == 0 && w.groups[key] == g {
		delete(w.groups, key)
		g.stop()
	}
}

// arm is called with the lock.
func (w *Watch) arm(key string, g *group) {
	after := w.After
	if after == nil {
		after = func(d time.Duration, do func()) func() bool { return time.AfterFunc(d, do).Stop }
	}
	g.stop = after(watchEvery, func() { w.tick(key, g) })
}

// tick asks, ends what is over, or asks again later.
func (w *Watch) tick(key string, g *group) {
	ctx, cancel := context.WithTimeout(context.Background(), watchAnswer)
	over, err := g.ask(ctx)
	cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.groups[key] != g {
		return // all of it is done
	}
	if err == nil {
		g.unknown = 0
	} else if g.unknown++; g.unknown >= watchUnknown {
		over = err
	}
	if over == nil {
		w.arm(key, g)
		return
	}
	delete(w.groups, key)
	for member := range g.members {
		(*member)(over)
	}
}

// Len is how many questions are asked now.
func (w *Watch) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.groups)
}
