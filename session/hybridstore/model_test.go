// The model test: random schedules of three nodes, their clients and faults, in
// virtual time; every answer is checked against what the database knows.

package hybridstore

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

var (
	schedules = flag.Int("schedules", 100, "how many random schedules the model test runs; the long form runs ten times as many")
	firstSeed = flag.Uint64("seed", 1, "the seed of the first schedule of the model test")
)

// node is a process with a store. A dead one has no effect any more.
type node struct {
	w       *world
	number  int
	store   *Store
	dead    bool // under the world's lock
	skew    time.Duration
	late    *sync.WaitGroup
	earlier []session.Change
	stop    context.CancelFunc
	gone    chan struct{}
}

func (w *world) start(ctx context.Context, number int, late *sync.WaitGroup) *node {
	n := &node{w: w, number: number, late: late, gone: make(chan struct{}), skew: -time.Duration(w.n(300)) * time.Millisecond}
	cfg := modelConfig
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Now = func() time.Time { return time.Now().Add(n.skew) }
	store, err := New(truthOf{n: n}, cacheOf{n}, cfg)
	if err != nil {
		panic(err)
	}
	store.window.most = 8 // so that it is outgrown
	store.compareEvery = 300 * time.Millisecond
	n.store = store
	ctx, n.stop = context.WithCancel(ctx)
	go func() {
		defer close(n.gone)
		_ = store.run(ctx)
	}()
	return n
}

// run runs one schedule in the bubble it is called in.
func (w *world) run() {
	ctx, cancel := context.WithTimeout(context.Background(), modelEnd)
	defer cancel()
	var late, clients sync.WaitGroup
	nodes := make([]*node, 3)
	for i := range nodes {
		nodes[i] = w.start(ctx, i, &late)
	}
	all := slices.Clone(nodes) // those that crashed too
	var mu sync.Mutex
	at := func(i int) *node { mu.Lock(); defer mu.Unlock(); return nodes[i] }
	for i := range nodes {
		for range 2 {
			seed := uint64(w.n(1 << 30))
			clients.Go(func() { w.client(ctx, func() *node { return at(i) }, rand.New(rand.NewPCG(seed, 2))) })
		}
	}
	clients.Go(func() {
		w.faults(ctx, func(i int) {
			old := at(i)
			w.mu.Lock()
			old.dead = true
			w.crashes = true
			w.mu.Unlock()
			old.stop()
			mu.Lock()
			defer mu.Unlock()
			nodes[i] = w.start(ctx, i, &late)
			all = append(all, nodes[i])
		})
	})
	clients.Wait()
	cancel()
	for _, n := range all {
		n.stop()
		<-n.gone
	}
	late.Wait()
	for _, n := range all { // nobody else is in this world any more
		st := n.store.Health()
		w.counts["compared"] += int(st.Compared)
		if st.Drifted > 0 {
			w.violated("cache and database agree", "node %d found %d differences", n.number, st.Drifted)
		}
	}
}

// faults injects faults until ctx ends.
func (w *world) faults(ctx context.Context, crash func(int)) {
	if w.n(6) == 0 {
		return // some schedules have none
	}
	locked := func(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }
	for rest(ctx, time.Duration(20+w.n(500))*time.Millisecond) {
		long := time.Duration(20+w.n(900)) * time.Millisecond
		who := w.n(3)
		switch w.n(12) {
		case 0:
			locked(func() { clear(w.cached) })
		case 1, 2:
			locked(func() { w.saved = maps.Clone(w.cached) })
		case 3, 4: // back with old contents, at once or after being away
			away := w.n(2) == 0
			if away {
				locked(func() { w.cacheDown = true })
				rest(ctx, long)
			}
			locked(func() {
				w.cacheDown = false
				if w.saved != nil {
					w.cached = maps.Clone(w.saved)
					w.rolled = append(w.rolled, time.Now())
				}
			})
		case 5:
			locked(func() { w.cutCache[who] = true })
			rest(ctx, long)
			locked(func() { w.cutCache[who] = false })
		case 6:
			locked(func() { w.cacheDown = true })
			rest(ctx, long)
			locked(func() { w.cacheDown = false })
		case 7:
			locked(func() { w.truthDown, w.truthFaults = true, true })
			rest(ctx, long)
			locked(func() { w.truthDown = false })
		case 8:
			locked(func() { w.cutTruth[who], w.truthFaults = true, true })
			rest(ctx, long)
			locked(func() { w.cutTruth[who] = false })
		case 9:
			crash(who)
		case 10:
			locked(func() { w.slow, w.truthFaults = true, true })
			rest(ctx, long)
			locked(func() { w.slow = false })
		case 11: // eviction
			locked(func() {
				for _, id := range w.order {
					if w.rng.IntN(2) == 0 {
						delete(w.cached, id)
					}
				}
			})
		}
	}
	locked(func() {
		w.cacheDown, w.truthDown, w.slow = false, false, false
		clear(w.cutCache)
		clear(w.cutTruth)
	})
}

// users of the model.
var modelUsers = []session.User{{ID: "ann", Tag: session.Tag{1}}, {ID: "bob", Tag: session.Tag{2}}}

func modelSession(u session.User, rng *rand.Rand, now time.Time) session.Session {
	s := session.Session{UserID: u.ID, CreatedAt: now, LastActivity: now, RotatedAt: now, Version: 1,
		ExpiresAt: now.Add(modelIdle), Deadline: now.Add(modelEnd)}
	copy(s.ID[:], u.Tag[:])
	binary.BigEndian.PutUint64(s.ID[8:], rng.Uint64())
	return s
}

// client does what browsers and administrators do, at a node.
func (w *world) client(ctx context.Context, at func() *node, rng *rand.Rand) {
	if rng.IntN(3) == 0 {
		w.login(ctx, at(), modelUsers[rng.IntN(2)], rng)
	}
	for rest(ctx, time.Duration(rng.IntN(80_000))*time.Microsecond) {
		n := at()
		u := modelUsers[rng.IntN(2)]
		id, known := w.pick(rng)
		op := rng.IntN(40)
		if !known {
			op = 39
		}
		bounded, cancel := context.WithTimeout(ctx, time.Duration(50+rng.IntN(1500))*time.Millisecond)
		switch {
		case op < 30:
			w.validate(bounded, n, id, rng)
		case op < 33:
			w.revoke(bounded, n, id)
		case op == 33:
			w.revokeUser(bounded, n, u)
		case op == 34:
			w.rotate(bounded, n, id, rng)
		case op < 37:
			w.update(bounded, n, id)
		case op == 37:
			_, _ = n.store.Sweep(bounded, 10)
		default:
			w.login(bounded, n, u, rng)
		}
		cancel()
	}
}

// pick returns one of the sessions, a recent one rather than an old one.
func (w *world) pick(rng *rand.Rand) (session.ID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order) == 0 {
		return session.ID{}, false
	}
	newest := len(w.order)
	return w.order[newest-1-rng.IntN(min(newest, 5))], true
}

// validate asks as the manager does, and checks the answer.
func (w *world) validate(ctx context.Context, n *node, id session.ID, rng *rand.Rand) {
	w.mu.Lock()
	before := *w.rows[id]
	dead := n.dead
	w.mu.Unlock()
	began := time.Now()
	got, err := n.store.Get(ctx, id)
	w.mu.Lock()
	if n.dead || dead {
		w.mu.Unlock()
		return
	}
	now := time.Now()
	after := w.rows[id]
	w.counts["validate"]++
	switch {
	case err == nil:
		w.checkValid(w.rows[got.ID], &got, began)
		w.counts["valid"]++
	case errors.Is(err, session.ErrNotFound):
		w.counts["invalid"]++
		if !before.ended && !after.ended && now.Before(before.session.ExpiresAt) {
			w.violated("nobody is logged out", "node %d finds no session, which lives until %s, at %s", n.number, before.session.ExpiresAt, now)
		}
		if !w.truthFaults && !w.crashes && !after.ended && now.Before(before.acked) {
			w.violated("nobody is logged out", "node %d: a touch was acknowledged and is lost", n.number)
		}
		if !w.truthFaults && !w.crashes && after.swept && now.Before(before.acked) {
			w.violated("nobody is logged out", "node %d: a session in use was swept", n.number)
		}
	default:
		w.counts["unavailable"]++
	}
	w.mu.Unlock()
	if err != nil || rng.IntN(2) == 0 {
		return
	}
	seen := session.Seen{ID: got.ID, LastActivity: n.store.clock.now(), ExpiresAt: n.store.clock.now().Add(modelIdle)}
	if n.store.Touch(ctx, seen) == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		r := w.rows[got.ID]
		if until := seen.ExpiresAt; until.After(r.acked) && !n.dead {
			r.acked = until
			if until.After(r.session.Deadline) {
				r.acked = r.session.Deadline
			}
		}
	}
}

// checkValid checks a valid answer to a question that began then. A cache that
// came back with old contents within MaxStale of an ending has forgotten a
// tombstone it confirmed: then, and only then, the bound of MaxStale is all there is.
func (w *world) checkValid(r *row, got *session.Session, began time.Time) {
	if r.ended && began.After(r.endedAt.Add(modelStale)) && !r.swept {
		w.violated("none beyond MaxStale", "valid %s after the commit", began.Sub(r.endedAt))
	}
	if !r.done.IsZero() && began.After(r.done) {
		forgot := r.ended && slices.ContainsFunc(w.rolled, func(at time.Time) bool {
			return at.After(r.endedAt) && at.Before(r.endedAt.Add(modelStale))
		})
		if !forgot {
			w.violated("none after done", "valid %s after done, %s after the commit", began.Sub(r.done), began.Sub(r.endedAt))
		}
	}
	if r.swept && began.After(r.endedAt) {
		w.violated("swept is never live", "valid %s after it was swept", began.Sub(r.endedAt))
	}
	if got.Version < r.session.Version && began.After(r.versions[got.Version].Add(modelStale)) {
		w.violated("metadata is never stale", "version %d, %s after another", got.Version, began.Sub(r.versions[got.Version]))
	}
}

// isDone notes that a caller was told that r is dead everywhere.
func (w *world) isDone(n *node, r *row) {
	if r.done.IsZero() && !n.dead {
		r.done = time.Now()
	}
}

func (w *world) revoke(ctx context.Context, n *node, id session.ID) {
	ended, err := n.store.Delete(ctx, id, session.Ending{Reason: session.ReasonRevoked})
	w.mu.Lock()
	defer w.mu.Unlock()
	switch r := w.rows[id]; {
	case err == nil:
		w.counts["revoked"]++
		w.isDone(n, w.rows[ended.ID])
		if ended.ID == id && !r.ended && !n.dead {
			w.violated("what is acknowledged is durable", "revoked, and live in the database")
		}
	case errors.Is(err, session.ErrNotFound):
		if !r.swept { // it had ended, or has expired and was not touched in time
			w.isDone(n, r)
		}
	case errors.Is(err, session.ErrPartial):
		w.counts["partial"]++
	}
}

func (w *world) revokeUser(ctx context.Context, n *node, u session.User) {
	w.mu.Lock()
	mine := map[session.ID]bool{}
	for id, r := range w.rows {
		mine[id] = r.session.UserID == u.ID && !r.ended
	}
	w.mu.Unlock()
	_, err := n.store.DeleteUser(ctx, u, session.Ending{Reason: session.ReasonRevoked})
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, r := range w.rows {
		if mine[id] && err == nil && (r.final || !r.ended) { // not what a renewal or sweep ended
			w.isDone(n, r)
		}
	}
}

func (w *world) login(ctx context.Context, n *node, u session.User, rng *rand.Rand) {
	s := modelSession(u, rng, n.store.clock.now())
	_, err := n.store.Create(ctx, s, session.Admission{Limit: modelLimit})
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts["login"]++
	for _, r := range w.rows {
		if r.evictedBy == s.ID {
			w.isDone(n, r)
		}
	}
	w.checkLimit(u.ID)
}

// checkLimit checks that nobody has more sessions than a login admits.
func (w *world) checkLimit(user string) {
	live := 0
	for id, r := range w.rows {
		if r.session.UserID == user && w.live(id) != nil {
			live++
		}
	}
	if live > modelLimit {
		w.violated("limit", "%d live sessions of one user", live)
	}
}

func (w *world) rotate(ctx context.Context, n *node, id session.ID, rng *rand.Rand) {
	old, err := n.store.Get(ctx, id)
	if err != nil || old.ID != id {
		return
	}
	next := modelSession(session.User{ID: old.UserID, Tag: id.Tag()}, rng, n.store.clock.now())
	next.Version, next.Deadline = old.Version, old.Deadline
	next.ExpiresAt = next.LastActivity.Add(modelIdle)
	if next.ExpiresAt.After(next.Deadline) {
		next.ExpiresAt = next.Deadline
	}
	if rng.IntN(2) == 0 {
		next.Previous, next.PreviousUntil = id, time.Now().Add(300*time.Millisecond)
	}
	if n.store.Rotate(ctx, id, next) == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.counts["rotated"]++
		w.isDone(n, w.rows[id])
	}
}

func (w *world) update(ctx context.Context, n *node, id session.ID) {
	old, err := n.store.Get(ctx, id)
	if err == nil && n.store.Update(ctx, old.ID, old.Version, old.Metadata) == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.counts["updated"]++
	}
}

// schedule runs the schedule of that seed and returns what it violated.
func schedule(t *testing.T, seed uint64, bugs ...string) (w *world) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(seed, bugs...)
		w.run()
	})
	return w
}

// TestModel runs random schedules. -seed and -schedules=1 replay one, as far as the goroutines
// of one virtual moment take the same turns.
func TestModel(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	model(t, *schedules)
}

// TestModelRaces runs a few of them, for the race detector to see.
func TestModelRaces(t *testing.T) { model(t, 10) }

func TestModelLong(t *testing.T) {
	testserver.LongForm(t)
	model(t, 10**schedules)
}

func model(t *testing.T, n int) {
	t.Helper()
	const lanes = 2
	var mu sync.Mutex
	total := map[string]int{}
	t.Run("lanes", func(t *testing.T) {
		for lane := range lanes {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				mine := map[string]int{}
				for i := lane; i < n; i += lanes {
					seed := *firstSeed + uint64(i)
					w := schedule(t, seed)
					for _, v := range w.violations {
						t.Errorf("seed %d: %s", seed, v)
					}
					if len(w.violations) > 0 {
						break
					}
					for what, count := range w.counts {
						mine[what] += count
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for what, count := range mine {
					total[what] += count
				}
			})
		}
	})
	t.Logf("%d schedules from seed %d: %v", n, *firstSeed, total)
}

// plantedBugs are the naive variants, each with the rule that it breaks. TestLateTouch has one
// more, which random schedules hardly ever come upon.
var plantedBugs = []struct {
	name string
	bugs []string
	rule string // one of these, by "|"
}{
	{"write-through, DEL on revoke, SET on refill", []string{"does not follow", "deletes on revoke", "writes records blindly"}, "none after done|none beyond MaxStale"},
	{"expiry only, cache not told", []string{"does not follow", "cache not told"}, "none beyond MaxStale|none after done"},
	{"tombstones alone", []string{"does not follow"}, "none beyond MaxStale"},
	{"following the log, but trusting any cached record", []string{"trusts any record"}, "none beyond MaxStale|metadata is never stale"},
	{"change numbers that become visible out of order", []string{"skips what commits out of order"}, "none beyond MaxStale|metadata is never stale"},
	{"freshness counted from the poll's answer", []string{"fresh from the answer on"}, "none beyond MaxStale|metadata is never stale"},
	{"nil before the cache confirmed", []string{"takes no answer for yes"}, "none after done"},
	{"nil at once when the row had already ended", []string{"settles no repeated revoke"}, "none after done"},
	{"a record put into the cache after the commit of create", []string{"caches a record after create"}, "none after done"},
	{"evicted sessions left to the followers", []string{"leaves the evicted to the followers"}, "none after done"},
	{"a touch that writes the cached record back blindly", []string{"writes records blindly"}, "none after done"},
	{"a touch batch that is an upsert", []string{"touches by upsert"}, "no resurrection"},
	{"believing the cached idle expiry", []string{"believes the cached idle expiry"}, "nobody is logged out"},
	{"a revocation acknowledged by the cache alone", []string{"revokes in the cache alone"}, "what is acknowledged is durable|none after done"},
}

// TestModelFindsPlantedBugs: a check that cannot fail proves nothing.
func TestModelFindsPlantedBugs(t *testing.T) {
	testserver.WithoutRaceDetector(t) // the bugs are in the order of things, not in the memory
	const most = 20_000
	for _, p := range plantedBugs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= most; seed++ {
				if v := schedule(t, seed, p.bugs...).breach(p.rule); v != "" {
					t.Logf("%s → %s (seed %d)", p.name, v, seed)
					return
				}
			}
			t.Errorf("%d schedules did not find it", most)
		})
	}
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	testserver.StopShared()
	os.Exit(code)
}
