// Reach: how many calls go to a database server at once, and what happens to them
// when it does not answer.

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// A server that does not answer is asked again after minPause, and after twice
	// that each time, at most maxPause.
	minPause = 25 * time.Millisecond
	maxPause = 500 * time.Millisecond

	// pingTimeout is what a ping is given; callers wait pingPatience for it, then another may
	// follow, maxPings at once: a ping on a connection that leads nowhere holds up no caller, and a
	// slow one gets its time.
	pingTimeout  = 2 * time.Second
	pingPatience = 500 * time.Millisecond
	maxPings     = 8

	// A call that had no answer within its caller's time says nothing about the server if that time
	// was shorter than this.
	hasty = 50 * time.Millisecond
)

// reach lets calls through to a database server.
//
// There are never more calls than the pool may have connections. Further calls would wait in
// database/sql, which then dials for them without any deadline: a server that takes connections and
// says nothing would hold up the whole pool for as long as it likes, or as TCP does.
//
// After a call that had no answer, no call goes on before a ping was answered: a server that is
// away, or starting, is asked by one caller, and not by all of them on connections of their own.
type reach struct {
	db    *sql.DB
	log   *slog.Logger
	slots chan struct{} // nil: the pool has no bound
	life  context.Context
	end   context.CancelFunc

	opened    time.Time
	answered  atomic.Int64 // when, since opened
	crowdTold atomic.Bool  // that others hold the connections, since the last answer
	doubted   atomic.Bool  // a call had no answer, and no ping had one since
	told      atomic.Bool  // that the server is away

	mu    sync.Mutex
	asked *ping // the one that callers wait for
	pings int   // under way
	pause time.Duration
	until time.Time // the end of the pause after the last ping that failed
}

// ping is a question whether the server is there.
type ping struct {
	over   chan struct{} // closed when nobody waits for it any more
	failed bool          // it is not
}

func newReach(db *sql.DB, log *slog.Logger) *reach {
	r := &reach{db: db, log: log, opened: time.Now()}
	if n := db.Stats().MaxOpenConnections; n > 0 {
		r.slots = make(chan struct{}, n)
	}
	r.life, r.end = context.WithCancel(context.Background())
	return r
}

// enter waits until a call may go to the database. If it returns nil the caller must
// leave.
func (r *reach) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil || r == nil {
		return err
	}
	if err := r.trust(ctx); err != nil || r.slots == nil {
		return err
	}
	select {
	case r.slots <- struct{}{}:
		return nil
	default:
	}
	if err := r.slot(ctx); err != nil || !r.doubted.Load() {
		return err
	}
	// Callers that waited behind calls without an answer ask for a ping first.
	<-r.slots
	if err := r.trust(ctx); err != nil {
		return err
	}
	return r.slot(ctx)
}

func (r *reach) slot(ctx context.Context) error {
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// trust returns nil at once if the server answers, as far as is known; else when it
// answered a ping.
func (r *reach) trust(ctx context.Context) error {
	for r.doubted.Load() {
		r.mu.Lock()
		pause, p := time.Until(r.until), r.asked
		r.mu.Unlock()
		if p == nil && pause > 0 {
			if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
				return errAway
			}
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		}
		p = r.ask()
		select {
		case <-p.over:
		case <-ctx.Done():
			return ctx.Err()
		}
		if p.failed {
			return errAway
		}
	}
	return nil
}

var errAway = fmt.Errorf("%w: the database does not answer", session.ErrUnavailable)

// ask returns the ping under way, or one that begins: on each connection that is
// idle, since all may have died, or on a new one.
func (r *reach) ask() *ping {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked != nil {
		return r.asked
	}
	p := &ping{over: make(chan struct{})}
	r.asked = p
	left := min(max(r.db.Stats().Idle, 1), maxPings-r.pings)
	r.pings += left
	for range left {
		go func() {
			ok := r.pingOnce()
			r.mu.Lock()
			defer r.mu.Unlock()
			r.pings--
			left--
			if ok && r.doubted.Swap(false) && r.told.Swap(false) {
				r.log.Info("the database answers again")
			}
			switch {
			case ok:
				r.pause = 0
				r.judge(p)
			case left == 0 && r.asked == p:
				p.failed = true
				if !r.told.Swap(true) {
					r.log.Warn("the database does not answer")
				}
				r.pause = min(max(2*r.pause, minPause), maxPause)
				r.until = time.Now().Add(r.pause)
				r.judge(p)
			}
		}()
	}
	time.AfterFunc(pingPatience, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.judge(p)
	})
	return p
}

// judge ends the wait of the callers of a ping. The caller holds the lock.
func (r *reach) judge(p *ping) {
	if r.asked == p {
		r.asked = nil
		close(p.over)
	}
}

// pingOnce asks the server, and reports whether it answered.
func (r *reach) pingOnce() bool {
	ctx, cancel := context.WithTimeout(r.life, pingTimeout)
	defer cancel()
	if r.slots != nil {
		if r.slot(ctx) != nil {
			return false
		}
		defer func() { <-r.slots }()
	}
	return r.db.PingContext(ctx) == nil
}

// crowded says, in a sentence, that others hold the pool's connections, if they do.
func (r *reach) crowded(pool sql.DBStats) string {
	if r == nil || r.slots == nil {
		return ""
	}
	others := pool.InUse - len(r.slots)
	if pool.InUse < pool.MaxOpenConnections || others < 1 {
		return ""
	}
	return fmt.Sprintf("all %d connections of the pool are in use, %d of them not by sessions: give sessions a *sql.DB of their own", pool.MaxOpenConnections, others)
}

// leave tells how a call that began then has ended: err is of the contract or of the driver, or
// nil.
func (s *Store) leave(ctx context.Context, began time.Time, err error) {
	r := s.reach
	if r == nil {
		return
	}
	if r.slots != nil {
		<-r.slots
	}
	if fault := s.fault(err); err == nil || isContract(err) || !fault.NoAnswer() && fault != sqldb.Starting {
		r.answered.Store(int64(time.Since(r.opened)))
		r.crowdTold.Store(false)
		return
	}
	late := ctx.Err() != nil
	if errors.Is(ctx.Err(), context.Canceled) || late && time.Since(began) < hasty {
		return // it says nothing of the server
	}
	if others := r.crowded(r.db.Stats()); late && others != "" { // it says nothing of the server either
		if !r.crowdTold.Swap(true) {
			r.log.Warn("calls for sessions wait for a connection: " + others)
		}
		return
	}
	if late && r.answered.Load() > int64(began.Sub(r.opened)) {
		// Others were answered meanwhile: make a connection for callers that have no time to make
		// one.
		r.ask()
		return
	}
	// A write that waited for a lock until its time was up is not an outage: that is told
	// when a ping has no answer either.
	if !r.doubted.Swap(true) && !late && !r.told.Swap(true) {
		r.log.Warn("a call had no answer: the database is asked whether it is there", "error", err)
	}
}
