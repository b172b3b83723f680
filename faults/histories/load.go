// Load: what the workers of one history do.

package histories

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// The most that one history has.
const (
	mostCalls   = 500
	mostWorkers = 8
)

// plan is what one history does, drawn from its seed.
type plan struct {
	seed    uint64
	calls   int // store calls, about
	workers int
	users   []string
	limit   int
	refuse  bool
	grace   bool // tokens are renewed with a grace; else RevokeUser keeps some
	touches time.Duration
	phases  int // between two the clock moves on
	hasty   bool
}

// draw makes a plan.
func draw(seed uint64, calls int) plan {
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // replays
	p := plan{
		seed:    seed,
		calls:   min(calls, mostCalls),
		workers: 3 + r.IntN(mostWorkers-2),
		limit:   1 + r.IntN(4),
		refuse:  r.IntN(4) == 0,
		grace:   r.IntN(2) == 0,
		touches: time.Minute,
		phases:  1 + r.IntN(3),
	}
	if r.IntN(3) == 0 {
		p.touches = 1 // every validation touches
	}
	run := runs.Add(1)
	for i := range 1 + r.IntN(4) {
		p.users = append(p.users, fmt.Sprintf("user %d of %d, run %d", i, seed, run))
	}
	return p
}

// runs keeps the users of histories apart, also where a seed is run again.
var runs atomic.Int64

// Lifetimes of a history's sessions.
const (
	idle     = 10 * time.Minute
	lifetime = 20 * time.Minute
	grace    = 2 * time.Minute
)

// known is a session that the workers have heard of.
type known struct {
	id    session.ID
	token session.Token // zero if nobody has it
	user  string
}

// load is a history under way.
type load struct {
	plan
	journal  *journal
	clock    *sessiontest.Clock
	stores   []session.Store
	managers []*session.Manager
	timeout  time.Duration
	done     int // calls that end the phase

	mu       sync.Mutex
	sessions []known // the newest maxKnown
	made     int
}

// maxKnown is how many sessions are called about; the older ones have mostly
// ended.
const maxKnown = 10

func newLoad(p plan, rules Rules, clock *sessiontest.Clock, stores []session.Store, timeout time.Duration) (*load, error) {
	l := &load{plan: p, clock: clock, timeout: timeout, journal: newJournal(rules, clock.Now)}
	for node, store := range stores {
		recorded := &recorder{Store: store, journal: l.journal, node: node}
		cfg := session.Config{
			SecretKey:       "a key that only histories use, 32 bytes and more",
			IdleTimeout:     idle,
			Lifetime:        lifetime,
			MaxPerUser:      p.limit,
			RefuseOverLimit: p.refuse,
			TouchInterval:   p.touches,
			RenewGrace:      grace,
			StoreTimeout:    timeout, TouchWait: time.Minute,
			Logger: slog.New(slog.DiscardHandler),
			Now:    clock.Now,
		}
		if rules.Regular { // activity is written behind, so nothing may depend on it
			cfg.IdleTimeout = lifetime
		}
		m, err := session.New(recorded, cfg)
		if err != nil {
			return nil, err
		}
		l.stores, l.managers = append(l.stores, recorded), append(l.managers, m)
	}
	return l, nil
}

// run makes all calls. busy keeps the last phase going until it is closed.
func (l *load) run(ctx context.Context, busy <-chan struct{}) {
	r := rand.New(rand.NewPCG(l.seed, 1)) //nolint:gosec // replays
	for phase := range l.phases {
		if phase > 0 {
			l.clock.Advance(time.Duration(1+r.IntN(600)) * time.Second)
		}
		l.done = l.calls * (phase + 1) / l.phases
		last := phase == l.phases-1
		var work sync.WaitGroup
		for i := range l.workers {
			w := &worker{load: l, rand: rand.New(rand.NewPCG(l.seed, uint64(phase*mostWorkers+i+2))), node: i % len(l.stores)} //nolint:gosec // replays
			work.Go(func() {
				for w.more(last, busy) && ctx.Err() == nil {
					w.turn(ctx)
				}
			})
		}
		work.Wait()
	}
}

// worker is one caller.
type worker struct {
	*load
	rand *rand.Rand
	node int
}

// more reports whether there is something left to do.
func (w *worker) more(last bool, busy <-chan struct{}) bool {
	calls, failed := w.journal.size()
	if calls < w.done {
		return failed < 100*mostCalls
	}
	if !last || calls >= mostCalls {
		return false
	}
	select {
	case <-busy:
		return false
	default:
		return true
	}
}

// note remembers a session.
func (l *load) note(k known) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions = append(l.sessions, k)
	if len(l.sessions) > maxKnown {
		l.sessions = l.sessions[1:]
	}
}

// one draws a session that the workers have heard of.
func (w *worker) one() known {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id, ok := w.journal.ghost(w.rand.IntN(1 << 20)); ok && w.rand.IntN(8) == 0 {
		return known{id: id}
	}
	if len(w.sessions) == 0 {
		return known{}
	}
	return w.sessions[w.rand.IntN(len(w.sessions))]
}

// metadata is unlike any other in the history.
func (w *worker) metadata() session.Metadata {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made++
	return session.StoredMetadata(fmt.Sprintf(`{"n":%d}`, w.made))
}

var ending = session.Ending{Reason: session.ReasonRevoked, By: "histories"}

// turn makes one call of a manager or store, and waits a little where it found
// the server out of reach.
func (w *worker) turn(ctx context.Context) {
	timeout := w.timeout
	if w.hasty && w.rand.IntN(64) == 0 {
		timeout = time.Duration(w.rand.IntN(3000)) * time.Microsecond
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	k := w.one()
	switch err := w.call(ctx, k); {
	case errors.Is(err, session.ErrUnavailable):
		<-time.After(time.Duration(1+w.rand.IntN(4)) * time.Millisecond)
	case errors.Is(err, session.ErrNotFound) && w.rand.IntN(2) == 0:
		w.forget(k)
	}
}

// forget lets a session be that has ended.
func (l *load) forget(k known) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions = slices.DeleteFunc(l.sessions, func(other known) bool { return other.id == k.id })
}

func (w *worker) call(ctx context.Context, k known) error {
	m, store := w.managers[w.node], w.stores[w.node]
	user := w.users[w.rand.IntN(len(w.users))]
	dice := w.rand.IntN(100)
	if k.id.IsZero() {
		dice = 0
	}
	switch {
	case dice < 16:
		if w.rand.IntN(8) == 0 {
			user = ""
		}
		return w.login(ctx, m, user)
	case dice < 44:
		return w.validate(ctx, m, k)
	case dice < 54:
		_, err := m.Update(ctx, k.id, func(md *session.Metadata) error {
			*md = w.metadata()
			return nil
		})
		return err
	case dice < 57: // with a version that may be wrong
		return store.Update(ctx, k.id, uint64(1+w.rand.IntN(4)), w.metadata())
	case dice < 63:
		return store.Touch(ctx, w.seen(k))
	case dice < 65:
		_, err := store.TouchAll(ctx, w.seenAll(k))
		return err
	case dice < 73:
		return w.rotate(ctx, m, k)
	case dice < 82:
		_, err := store.Delete(ctx, k.id, ending)
		return err
	case dice < 85:
		var keep []session.ID
		if !w.grace && w.rand.IntN(2) == 0 {
			keep = []session.ID{k.id}
		}
		_, err := m.RevokeUser(ctx, user, ending, keep...)
		return err
	case dice < 94:
		_, err := m.UserSessions(ctx, user)
		return err
	case dice < 99:
		_, err := m.Get(ctx, k.id)
		return err
	default:
		_, err := store.Sweep(ctx, 100) // shows nowhere
		return err
	}
}

func (w *worker) login(ctx context.Context, m *session.Manager, user string) error {
	token, s, err := m.Create(ctx, session.NewSession{UserID: user, Metadata: w.metadata()})
	if err == nil {
		w.note(known{s.ID, token, user})
	}
	return err
}

// validate asks as a request does, and writes the manager's answer down.
func (w *worker) validate(ctx context.Context, m *session.Manager, k known) error {
	if k.token.IsZero() {
		_, err := m.Get(ctx, k.id)
		return err
	}
	c := w.journal.open(validate, w.node, k.id.Tag())
	c.id = k.id
	s, err := m.Validate(ctx, k.token)
	c.found = s
	w.journal.close(c, err)
	return err
}

func (w *worker) rotate(ctx context.Context, m *session.Manager, k known) error {
	if k.token.IsZero() {
		return nil
	}
	if k.user == "" { // signing in; the record goes to another tag
		k.user = w.users[w.rand.IntN(len(w.users))]
	}
	turn := func() (session.Token, session.Session, error) { return m.Elevate(ctx, k.token, k.user) }
	if w.grace && w.rand.IntN(2) == 0 {
		turn = func() (session.Token, session.Session, error) { return m.Renew(ctx, k.token) }
	}
	token, s, err := turn()
	if err == nil {
		w.note(known{s.ID, token, k.user})
	}
	return err
}

func (w *worker) seen(k known) session.Seen {
	now := w.clock.Now()
	return session.Seen{
		ID:           k.id,
		LastActivity: now.Add(-time.Duration(w.rand.IntN(60)) * time.Second),
		ExpiresAt:    now.Add(time.Duration(w.rand.IntN(900)) * time.Second),
	}
}

func (w *worker) seenAll(k known) []session.Seen {
	all := []session.Seen{w.seen(k)}
	if other := w.one(); other.id != k.id && !other.id.IsZero() {
		all = append(all, w.seen(other))
	}
	return all
}
