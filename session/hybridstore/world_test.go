// The world of the model: a database, a cache and the network between them and
// the nodes, all of them faulty, in the virtual time of a synctest bubble.

package hybridstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// The model's times: those of a real configuration, three times as fast.
const (
	modelStale = 450 * time.Millisecond
	modelPoll  = 150 * time.Millisecond
	modelFlush = 200 * time.Millisecond
	modelIdle  = 1800 * time.Millisecond
	modelEnd   = 4 * time.Second // of a schedule
	modelLimit = 2
)

var modelConfig = Config{MaxStale: modelStale, PollInterval: modelPoll, FlushInterval: modelFlush}

// row is a session in the database, and what the checks must know of it.
type row struct {
	session  session.Session
	versions []time.Time // when each version was committed
	ended    bool
	final    bool
	swept    bool
	endedAt  time.Time // commit
	done     time.Time // when a caller was told that it is dead everywhere
	acked    time.Time // expiry by touches that were acknowledged

	evictedBy session.ID
}

// world holds everything. All is under mu; nothing blocks while it is held.
type world struct {
	bugs map[string]bool

	mu     sync.Mutex
	rng    *rand.Rand
	rows   map[session.ID]*row
	order  []session.ID
	log    []session.Change
	cached map[session.ID]cell
	saved  map[session.ID]cell // a snapshot of the cache
	rolled []time.Time         // when the cache came back with old contents

	cacheDown, truthDown bool
	cutCache, cutTruth   map[int]bool
	slow                 bool
	even                 bool // every call takes as long as the next
	truthFaults          bool // there was one
	crashes              bool

	violations []string
	counts     map[string]int
}

// cell is what stands in the cache.
type cell struct {
	head  []byte
	s     *session.Session
	until time.Time
}

var (
	errNet = errors.New("connection reset")
)

func newWorld(seed uint64, bugs ...string) *world {
	w := &world{
		rng:      rand.New(rand.NewPCG(seed, 1)),
		bugs:     map[string]bool{},
		rows:     map[session.ID]*row{},
		cached:   map[session.ID]cell{},
		cutCache: map[int]bool{}, cutTruth: map[int]bool{},
		counts: map[string]int{},
	}
	for _, b := range bugs {
		w.bugs[b] = true
	}
	w.append(session.ID{}, false)
	return w
}

func (w *world) violated(rule, format string, args ...any) {
	w.violations = append(w.violations, rule+": "+fmt.Sprintf(format, args...))
}

// breach returns the first violation of one of the rules, which are separated by "|".
func (w *world) breach(rules string) string {
	for _, v := range w.violations {
		if rule, _, _ := strings.Cut(v, ": "); slices.Contains(strings.Split(rules, "|"), rule) {
			return v
		}
	}
	return ""
}

// n draws a number.
func (w *world) n(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.IntN(n)
}

func (w *world) latency() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.even {
		return 3 * time.Millisecond
	}
	d := time.Duration(w.rng.IntN(6000)) * time.Microsecond
	if w.slow && w.rng.IntN(4) == 0 || w.rng.IntN(60) == 0 {
		d += time.Duration(w.rng.IntN(700)) * time.Millisecond
	}
	return d
}

// rest sleeps, and returns false if ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// call is one question to a server: it travels, takes effect, and the answer
// travels back. A caller that leaves does not take back what is on its way; nobody
// hears the answer to that.
func call[T any](ctx context.Context, n *node, cut func() bool, effect func() T) (answer T, sent bool, err error) {
	var none T
	w := n.w
	if ctx.Err() != nil {
		return none, false, ctx.Err()
	}
	there, back := w.latency(), w.latency()
	began := time.Now()
	arrive := func() (answer T, ok bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n.dead || cut() {
			return none, false
		}
		return effect(), true
	}
	if !rest(ctx, there) {
		if w.n(2) == 0 { // a late write
			left := there - time.Since(began)
			n.late.Go(func() {
				time.Sleep(left)
				arrive()
			})
		}
		return none, true, ctx.Err()
	}
	answer, ok := arrive()
	if !ok {
		return none, false, errNet
	}
	if !rest(ctx, back) {
		return none, true, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.dead || cut() {
		return none, true, errNet
	}
	return answer, true, nil
}

// cacheOf is the cache as a node sees it.
type cacheOf struct{ n *node }

func (c cacheOf) cut() bool { return c.n.w.cacheDown || c.n.w.cutCache[c.n.number] }

func (w *world) cell(id session.ID) (cell, bool) {
	got, ok := w.cached[id]
	if ok && !time.Now().Before(got.until) {
		delete(w.cached, id)
		return cell{}, false
	}
	return got, ok
}

func (c cacheOf) Get(ctx context.Context, id session.ID) (head []byte, s *session.Session, err error) {
	w := c.n.w
	got, _, err := call(ctx, c.n, c.cut, func() cell {
		w.counts["cache get"]++
		got, _ := w.cell(id)
		return got
	})
	if err != nil {
		return nil, nil, err
	}
	head, s = got.head, got.s
	if s != nil && w.bugs["trusts any record"] {
		at, _ := c.n.store.window.here()
		head = newHead(record, at.position)
	}
	if s != nil && w.bugs["believes the cached idle expiry"] && !time.Now().Before(s.ExpiresAt) {
		return newHead(tombstone, position{}), nil, nil
	}
	return head, s, nil
}

func (c cacheOf) Report() session.Report { return session.Report{} }

func (c cacheOf) Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (bool, error) {
	w := c.n.w
	done, _, err := call(ctx, c.n, c.cut, func() bool {
		got, ok := w.cell(id)
		if !(!ok && len(old) == 0 || ok && string(got.head) == string(old) || s != nil && w.bugs["writes records blindly"]) {
			return false
		}
		w.cached[id] = cell{head, s, time.Now().Add(keep)}
		w.counts["cache swap"]++
		return true
	})
	return done, err
}

func (c cacheOf) Set(ctx context.Context, ids []session.ID, head []byte, keep time.Duration) error {
	w := c.n.w
	if w.bugs["cache not told"] || w.bugs["settles no repeated revoke"] && kind(head[stampSize]) == ask {
		return nil
	}
	var err error
	for _, id := range ids {
		_, _, err = call(ctx, c.n, c.cut, func() bool {
			if w.bugs["deletes on revoke"] {
				delete(w.cached, id)
				return true
			}
			w.cached[id] = cell{head, nil, time.Now().Add(keep)}
			return true
		})
		if err != nil {
			break
		}
	}
	if w.bugs["takes no answer for yes"] {
		return nil
	}
	return err
}

// truthOf is the database as a node sees it. Methods that the model does not use
// are those of the nil store.
type truthOf struct {
	session.Store
	n *node
}

func (t truthOf) cut() bool { return t.n.w.truthDown || t.n.w.cutTruth[t.n.number] }

// Traits implements Database.
func (t truthOf) Traits() session.Traits { return session.Traits{SweepGrace: modelConfig.Grace()} }

// outcome is what the database answered.
type outcome[T any] struct {
	value T
	err   error
}

// reads asks the database; writes does so in one transaction.
func reads[T any](ctx context.Context, t truthOf, read func() (T, error)) (T, error) {
	var none T
	answer, _, err := call(ctx, t.n, t.cut, func() (o outcome[T]) {
		o.value, o.err = read()
		return o
	})
	if err != nil {
		return none, fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return answer.value, answer.err
}

func writes[T any](ctx context.Context, t truthOf, write func() (T, error)) (T, error) {
	var none T
	answer, sent, err := call(ctx, t.n, t.cut, func() (o outcome[T]) {
		o.value, o.err = write()
		return o
	})
	switch {
	case err == nil:
		return answer.value, answer.err
	case sent:
		return none, fmt.Errorf("%w: %w", session.ErrIndeterminate, err)
	}
	return none, fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}

func (w *world) append(id session.ID, final bool) {
	w.log = append(w.log, session.Change{Seq: int64(len(w.log)) + 1, Mark: int64(w.rng.Uint64() >> 1), ID: id, Final: final})
}

func (w *world) live(id session.ID) *row {
	r := w.rows[id]
	if r == nil || r.ended || !r.session.LiveAt(time.Now()) {
		return nil
	}
	return r
}

func (w *world) end(r *row, final bool) {
	r.ended, r.final, r.endedAt = true, final, time.Now()
	w.append(r.session.ID, final)
}

func (w *world) insert(s session.Session) {
	w.rows[s.ID] = &row{session: s, versions: slices.Repeat([]time.Time{time.Now()}, int(s.Version))}
	w.order = append(w.order, s.ID)
}

// successor is the live session that took the place of id, while the grace lasts.
func (w *world) successor(id session.ID) *row {
	for _, r := range w.rows {
		if r.session.Previous == id && time.Now().Before(r.session.PreviousUntil) && w.live(r.session.ID) != nil {
			return r
		}
	}
	return nil
}

// bury ends what has expired and was not swept, so that no late touch revives it.
func (w *world) bury(which func(*row) bool) {
	if w.bugs["leaves the expired to late touches"] {
		return
	}
	for _, id := range w.order {
		if r := w.rows[id]; !r.ended && w.live(id) == nil && which(r) {
			w.end(r, true)
		}
	}
}

func (t truthOf) Get(ctx context.Context, id session.ID) (session.Session, error) {
	w := t.n.w
	return reads(ctx, t, func() (session.Session, error) {
		w.counts["select"]++
		r := w.live(id)
		if r == nil {
			r = w.successor(id)
		}
		if r == nil {
			return session.Session{}, session.ErrNotFound
		}
		return r.session, nil
	})
}

func (t truthOf) List(ctx context.Context, q session.Query) (session.Page, error) {
	w := t.n.w
	return reads(ctx, t, func() (page session.Page, err error) {
		for _, id := range slices.Backward(w.order) {
			if r := w.rows[id]; (w.live(id) != nil) != q.Ended && len(page.Sessions) < q.Size() {
				page.Sessions = append(page.Sessions, r.session)
			}
		}
		return page, nil
	})
}

func (t truthOf) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	w := t.n.w
	evicted, err := writes(ctx, t, func() (evicted []session.ID, err error) {
		if w.rows[s.ID] != nil {
			return nil, session.ErrConflict
		}
		w.bury(func(r *row) bool { return r.session.UserID == s.UserID })
		var mine []*row
		for _, id := range w.order {
			if r := w.live(id); r != nil && r.session.UserID == s.UserID {
				mine = append(mine, r)
			}
		}
		for len(mine) >= a.Limit {
			w.end(mine[0], true)
			mine[0].evictedBy = s.ID
			evicted = append(evicted, mine[0].session.ID)
			mine = mine[1:]
		}
		w.insert(s)
		return evicted, nil
	})
	if err != nil {
		return nil, err
	}
	if w.bugs["caches a record after create"] {
		at, _ := t.n.store.window.here()
		t.n.late.Go(func() {
			_, _, _ = call(context.Background(), t.n, cacheOf{t.n}.cut, func() bool {
				w.cached[s.ID] = cell{newHead(record, at.position), &s, time.Now().Add(time.Minute)}
				return true
			})
		})
	}
	if w.bugs["leaves the evicted to the followers"] {
		return nil, nil
	}
	return evicted, nil
}

func (t truthOf) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	_, err := writes(ctx, t, func() (bool, error) {
		r := t.n.w.live(id)
		switch {
		case r == nil:
			return false, session.ErrNotFound
		case r.session.Version != version:
			return false, session.ErrConflict
		}
		r.session.Metadata = m
		r.session.Version++
		r.versions = append(r.versions, time.Now())
		t.n.w.append(id, false)
		return true, nil
	})
	return err
}

func (w *world) touch(r *row, seen session.Seen) {
	one := touch{seen: seen}
	r.session = one.apply(r.session)
}

func (t truthOf) Touch(ctx context.Context, seen session.Seen) error {
	_, err := writes(ctx, t, func() (bool, error) {
		r := t.n.w.live(seen.ID)
		if r == nil {
			return false, session.ErrNotFound
		}
		t.n.w.touch(r, seen)
		return true, nil
	})
	return err
}

func (t truthOf) TouchLate(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	w := t.n.w
	return writes(ctx, t, func() (absent []session.ID, err error) {
		for _, one := range seen {
			r := w.rows[one.ID]
			if r != nil && w.bugs["touches by upsert"] {
				if r.ended {
					w.violated("no resurrection", "a touch brought a session back")
				}
				r.ended = false
			}
			if r == nil || r.ended || !r.session.ExpiresAt.After(one.LastActivity) {
				absent = append(absent, one.ID)
				continue
			}
			w.touch(r, one)
		}
		return absent, nil
	})
}

func (t truthOf) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	w := t.n.w
	_, err := writes(ctx, t, func() (bool, error) {
		r := w.live(old)
		switch {
		case r == nil:
			return false, session.ErrNotFound
		case r.session.Version != next.Version:
			return false, session.ErrConflict
		}
		w.end(r, next.Previous != old)
		w.insert(next)
		return true, nil
	})
	return err
}

func (t truthOf) Delete(ctx context.Context, id session.ID, _ session.Ending) (session.Session, error) {
	w := t.n.w
	ended, err := writes(ctx, t, func() (session.Session, error) {
		r := w.live(id)
		if r == nil {
			r = w.successor(id)
		}
		if r == nil {
			w.bury(func(r *row) bool { return r.session.ID == id || r.session.Previous == id })
			return session.Session{}, session.ErrNotFound
		}
		ended := r.session
		w.end(r, true)
		return ended, nil
	})
	if w.bugs["revokes in the cache alone"] && errors.Is(err, session.ErrUnavailable) {
		return session.Session{ID: id}, nil
	}
	return ended, err
}

func (t truthOf) DeleteUser(ctx context.Context, user session.User, _ session.Ending, _ ...session.ID) (int, error) {
	w := t.n.w
	return writes(ctx, t, func() (n int, err error) {
		for _, id := range w.order {
			if r := w.live(id); r != nil && r.session.UserID == user.ID {
				w.end(r, true)
				n++
			}
		}
		w.bury(func(r *row) bool { return r.session.UserID == user.ID })
		return n, nil
	})
}

func (t truthOf) Sweep(ctx context.Context, _ int) (int, error) {
	w := t.n.w
	grace := modelConfig.Grace()
	if w.bugs["sweeps without grace"] {
		grace = 0
	}
	return writes(ctx, t, func() (n int, err error) {
		for _, r := range w.rows {
			if !r.ended && !time.Now().Before(r.session.ExpiresAt.Add(grace)) {
				r.ended, r.swept, r.endedAt = true, true, time.Now()
				n++
			}
		}
		return n, nil
	})
}

func (t truthOf) Changes(ctx context.Context, from int64, most int) ([]session.Change, time.Time, error) {
	w := t.n.w
	type answer struct {
		now  time.Time
		read []session.Change
	}
	got, err := reads(ctx, t, func() (answer, error) {
		w.counts["poll"]++
		log := w.log
		if w.bugs["does not follow"] {
			log = log[:1]
		}
		first := from
		if first == 0 {
			first = max(int64(len(log)-most), 0) + 1
		}
		if first > int64(len(log)) {
			return answer{now: time.Now()}, nil
		}
		return answer{time.Now(), slices.Clone(log[first-1 : min(int(first)-1+most, len(log))])}, nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	read := got.read
	if w.bugs["fresh from the answer on"] { // what arrives now was read a poll earlier
		read, t.n.earlier = t.n.earlier, read
		if len(read) == 0 || read[0].Seq != from {
			read = t.n.earlier
		}
	}
	for i := range read {
		if w.bugs["skips what commits out of order"] && i > 0 && w.n(10) == 0 {
			read[i].ID = session.ID{}
		}
	}
	return read, got.now, nil
}
