// The world of the model: a database, a cache and the network between them and
// the nodes, all of them faulty, in the virtual time of a synctest bubble.

package hybridstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
	log    []change
	cached map[session.ID]cell
	saved  map[session.ID]cell // a snapshot of the cache
	rolled []time.Time         // when the cache came back with old contents

	cacheDown, truthDown bool
	cutCache, cutTruth   map[int]bool
	slow                 bool
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

// n draws a number.
func (w *world) n(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rng.IntN(n)
}

func (w *world) latency() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
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
// travels back. A caller that leaves does not take back what is on its way.
func (n *node) call(ctx context.Context, cut func() bool, effect func()) (sent bool, err error) {
	w := n.w
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	there, back := w.latency(), w.latency()
	began := time.Now()
	arrive := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n.dead || cut() {
			return false
		}
		effect()
		return true
	}
	if !rest(ctx, there) {
		if w.n(2) == 0 { // a late write
			left := there - time.Since(began)
			n.late.Go(func() {
				time.Sleep(left)
				arrive()
			})
		}
		return true, ctx.Err()
	}
	if !arrive() {
		return false, errNet
	}
	if !rest(ctx, back) {
		return true, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.dead || cut() {
		return true, errNet
	}
	return true, nil
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
	_, err = c.n.call(ctx, c.cut, func() {
		got, _ := w.cell(id)
		head, s = got.head, got.s
		w.counts["cache get"]++
	})
	if err != nil {
		return nil, nil, err
	}
	if s != nil && w.bugs["trusts any record"] {
		at, _ := c.n.store.window.here()
		head = newHead(record, at.position)
	}
	if s != nil && w.bugs["believes the cached idle expiry"] && !time.Now().Before(s.ExpiresAt) {
		return newHead(tombstone, position{}), nil, nil
	}
	return head, s, nil
}

func (c cacheOf) Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (done bool, err error) {
	w := c.n.w
	_, err = c.n.call(ctx, c.cut, func() {
		got, ok := w.cell(id)
		done = !ok && len(old) == 0 || ok && string(got.head) == string(old)
		if s != nil && w.bugs["writes records blindly"] {
			done = true
		}
		if done {
			w.cached[id] = cell{head, s, time.Now().Add(keep)}
			w.counts["cache swap"]++
		}
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
		_, err = c.n.call(ctx, c.cut, func() {
			if w.bugs["deletes on revoke"] {
				delete(w.cached, id)
				return
			}
			w.cached[id] = cell{head, nil, time.Now().Add(keep)}
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

// ask reads; tell writes, in one transaction.
func (t truthOf) ask(ctx context.Context, read func()) error {
	if _, err := t.n.call(ctx, t.cut, read); err != nil {
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return nil
}

func (t truthOf) tell(ctx context.Context, write func() error) error {
	var answer error
	sent, err := t.n.call(ctx, t.cut, func() { answer = write() })
	switch {
	case err == nil:
		return answer
	case sent:
		return fmt.Errorf("%w: %w", session.ErrIndeterminate, err)
	}
	return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
}

func (w *world) append(id session.ID, final bool) {
	seq := int64(len(w.log)) + 1
	w.log = append(w.log, change{position{seq, int64(w.rng.Uint64() >> 1)}, id, final})
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

func (t truthOf) Get(ctx context.Context, id session.ID) (found session.Session, err error) {
	w, answer := t.n.w, session.ErrNotFound
	err = t.ask(ctx, func() {
		w.counts["select"]++
		if r := w.live(id); r != nil {
			found, answer = r.session, nil
			return
		}
		for _, r := range w.rows {
			if r.session.Previous == id && time.Now().Before(r.session.PreviousUntil) && w.live(r.session.ID) != nil {
				found, answer = r.session, nil
			}
		}
	})
	if err != nil {
		return session.Session{}, err
	}
	return found, answer
}

func (t truthOf) Create(ctx context.Context, s session.Session, a session.Admission) (evicted []session.ID, err error) {
	w := t.n.w
	err = t.tell(ctx, func() error {
		evicted = nil
		if w.rows[s.ID] != nil {
			return session.ErrConflict
		}
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
		return nil
	})
	if err != nil {
		return nil, err
	}
	if w.bugs["caches a record after create"] {
		at, _ := t.n.store.window.here()
		t.n.late.Go(func() {
			_, _ = t.n.call(context.Background(), cacheOf{t.n}.cut, func() {
				w.cached[s.ID] = cell{newHead(record, at.position), &s, time.Now().Add(time.Minute)}
			})
		})
	}
	if w.bugs["leaves the evicted to the followers"] {
		return nil, nil
	}
	return evicted, nil
}

func (t truthOf) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	return t.tell(ctx, func() error {
		r := t.n.w.live(id)
		switch {
		case r == nil:
			return session.ErrNotFound
		case r.session.Version != version:
			return session.ErrConflict
		}
		r.session.Metadata = m
		r.session.Version++
		r.versions = append(r.versions, time.Now())
		t.n.w.append(id, false)
		return nil
	})
}

func (w *world) touch(r *row, seen session.Seen) {
	one := touch{seen: seen}
	r.session = one.apply(r.session)
}

func (t truthOf) Touch(ctx context.Context, seen session.Seen) error {
	return t.tell(ctx, func() error {
		r := t.n.w.live(seen.ID)
		if r == nil {
			return session.ErrNotFound
		}
		t.n.w.touch(r, seen)
		return nil
	})
}

func (t truthOf) TouchLate(ctx context.Context, seen []session.Seen) (absent []session.ID, err error) {
	w := t.n.w
	err = t.tell(ctx, func() error {
		absent = nil
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
		return nil
	})
	return absent, err
}

func (t truthOf) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	w := t.n.w
	return t.tell(ctx, func() error {
		r := w.live(old)
		switch {
		case r == nil:
			return session.ErrNotFound
		case r.session.Version != next.Version:
			return session.ErrConflict
		}
		w.end(r, next.Previous != old)
		w.insert(next)
		return nil
	})
}

func (t truthOf) Delete(ctx context.Context, id session.ID, _ session.Ending) (ended session.Session, err error) {
	w := t.n.w
	err = t.tell(ctx, func() error {
		r := w.live(id)
		if r == nil {
			for _, other := range w.rows {
				if other.session.Previous == id && time.Now().Before(other.session.PreviousUntil) && w.live(other.session.ID) != nil {
					r = other
				}
			}
		}
		if r == nil {
			return session.ErrNotFound
		}
		ended = r.session
		w.end(r, true)
		return nil
	})
	if err != nil {
		if w.bugs["revokes in the cache alone"] && errors.Is(err, session.ErrUnavailable) {
			return session.Session{ID: id}, nil
		}
		return session.Session{}, err
	}
	return ended, nil
}

func (t truthOf) DeleteUser(ctx context.Context, user session.User, _ session.Ending, keep ...session.ID) (n int, err error) {
	w := t.n.w
	err = t.tell(ctx, func() error {
		n = 0
		for _, id := range w.order {
			if r := w.live(id); r != nil && r.session.UserID == user.ID {
				w.end(r, true)
				n++
			}
		}
		return nil
	})
	return n, err
}

func (t truthOf) Sweep(ctx context.Context, most int) (n int, err error) {
	w := t.n.w
	grace := modelConfig.Grace()
	if w.bugs["sweeps without grace"] {
		grace = 0
	}
	err = t.tell(ctx, func() error {
		n = 0
		for _, r := range w.rows {
			if !r.ended && !time.Now().Before(r.session.ExpiresAt.Add(grace)) {
				r.ended, r.swept, r.endedAt = true, true, time.Now()
				n++
			}
		}
		return nil
	})
	return n, err
}

func (t truthOf) Changes(ctx context.Context, from int64, most int, each func(seq, mark int64, id session.ID, final bool)) (now time.Time, err error) {
	w := t.n.w
	var read []change
	err = t.ask(ctx, func() {
		w.counts["poll"]++
		now = time.Now()
		log := w.log
		if w.bugs["does not follow"] {
			log = log[:1]
		}
		if from == 0 {
			from = max(int64(len(log)-most), 0) + 1
		}
		if from > int64(len(log)) {
			return
		}
		read = append(read, log[from-1:min(int(from)-1+most, len(log))]...)
	})
	if err != nil {
		return time.Time{}, err
	}
	if w.bugs["fresh from the answer on"] { // what arrives now was read a poll earlier
		read, t.n.earlier = t.n.earlier, read
		if len(read) == 0 || read[0].seq != from {
			read = t.n.earlier
		}
	}
	if w.bugs["skips what commits out of order"] {
		for i := range read {
			if w.n(10) == 0 && i > 0 {
				read[i].id = session.ID{}
			}
		}
	}
	for _, c := range read {
		each(c.seq, c.mark, c.id, c.final)
	}
	return now, nil
}
