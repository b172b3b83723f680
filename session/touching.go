// Touching: how a session is marked as seen without holding up an answer.

package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// maxBeside is how many touches may go on in the background after their answers: few, because
	// each may hold a connection of a small pool that reads need.
	maxBeside = 4

	// touchRest is how long no touch begins after one has failed.
	touchRest = time.Second

	// outageQuiet is the least time between two log records about an outage.
	outageQuiet = time.Minute
)

// touching is what a manager knows about its touches under way. A touch matters less than an
// answer: no answer waits for one longer than TouchWait, none begins while the store is known to
// take no writes, and a session has one at a time.
type touching struct {
	mu     sync.Mutex
	under  map[ID]struct{} // sessions with a touch under way
	beside int             // touches in the background
	over   sync.Cond       // the last touch under way has ended
	rest   time.Time       // no touch begins before
	told   time.Time       // when an outage was last logged
	outage bool            // an outage was logged, and no touch has succeeded since
}

func (t *touching) init() {
	t.under = map[ID]struct{}{}
	t.over.L = &t.mu
}

// begin reports whether a touch of the session may begin now. If so, end must follow.
func (t *touching) begin(id ID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, same := t.under[id]; same || t.resting(now) {
		return false
	}
	t.under[id] = struct{}{}
	return true
}

// rests reports whether the store is known to take no writes.
func (t *touching) rests(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.resting(now)
}

func (t *touching) resting(now time.Time) bool {
	return t.beside >= maxBeside || now.Before(t.rest)
}

// pass reports whether a touch may go on in the background, and counts it.
func (t *touching) pass() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.beside >= maxBeside {
		return false
	}
	t.beside++
	return true
}

// end says that a touch is over.
func (t *touching) end(id ID, passed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.under, id)
	if passed {
		t.beside--
	}
	if len(t.under) == 0 {
		t.over.Broadcast()
	}
}

// wait returns when no touch is under way.
func (t *touching) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.under) > 0 {
		t.over.Wait()
	}
}

// failed begins a rest at now, and reports whether the outage must be logged.
func (t *touching) failed(now time.Time) (tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = now.Add(touchRest)
	if t.outage || !t.told.IsZero() && now.Sub(t.told) < outageQuiet {
		return false
	}
	t.outage, t.told = true, now
	return true
}

// done ends an outage, and reports whether one was logged.
func (t *touching) done() (tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tell, t.outage = t.outage, false
	return tell
}

// touch marks a session as seen, in a context of its own, so that a client that goes away does not
// look like an outage of the store. It returns nil when the store has the mark, ErrNotFound if the
// session has ended, and errLater if the answer must not wait: then the session is valid as it was
// read.
func (m *Manager) touch(ctx context.Context, seen Seen, now time.Time) error {
	if !m.touching.begin(seen.ID, now) {
		return errLater
	}
	m.warnIdle()
	if m.traits.Local {
		defer m.touching.end(seen.ID, false)
		own := context.WithoutCancel(ctx)
		return m.touched(own, seen.ID, m.store.Touch(own, seen))
	}
	return m.touchBeside(ctx, seen)
}

// errLater says that a touch was not made, or not yet.
var errLater = errors.New("session: the touch goes on beside the answer")

func (m *Manager) touchBeside(ctx context.Context, seen Seen) error {
	own := insist(ctx, m.cfg.StoreTimeout)
	touched, left := make(chan error, 1), make(chan fate, 1)
	go func() {
		defer own.release()
		err := m.store.Touch(own, seen)
		if !errors.Is(own.Err(), context.Canceled) { // otherwise the manager gave it up, which says nothing about the store
			err = m.touched(own, seen.ID, err)
		}
		touched <- err
		if f := <-left; f != awaited {
			m.touching.end(seen.ID, f == beside)
		}
	}()
	patience := time.NewTimer(m.cfg.TouchWait)
	defer patience.Stop()
	slow := false
	select {
	case err := <-touched:
		left <- awaited
		m.touching.end(seen.ID, false)
		return err
	case <-patience.C:
		slow = true
	case <-ctx.Done():
	}
	if m.touching.pass() {
		left <- beside
		return errLater
	}
	left <- givenUp
	own.release()
	if slow {
		m.tellOutage(own, seen.ID, errors.New("too many touches are under way"))
	}
	return errLater
}

// fate is the state of a touch when its answer left.
type fate int

const (
	awaited fate = iota // it was over, and the waiting call ends it
	beside              // it goes on in the background
	givenUp             // too many others go on
)

// touched notes how a touch went. A store that can read but not write has still said that the
// session is valid; no touch begins for a while.
func (m *Manager) touched(ctx context.Context, id ID, err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrNotFound
	case err != nil:
		m.tellOutage(ctx, id, err)
		return errLater
	case m.touching.done():
		m.log.InfoContext(ctx, "touches succeed again")
	}
	return nil
}

func (m *Manager) tellOutage(ctx context.Context, id ID, err error) {
	if m.touching.failed(m.now()) {
		m.log.WarnContext(ctx, "touch failed, sessions are valid as they are read; the next failures are not told", "id", id, "error", err)
	}
}
