// Touching: the mark that a session was seen, for which no answer waits long.

package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// maxBeside is how many touches may go on beside the answers that have not waited
	// for them: few, because each may hold a connection of a small pool that reads need.
	maxBeside = 4

	// touchRest is how long a store that failed to touch is left in peace, from the
	// moment it failed.
	touchRest = time.Second

	// outageQuiet is how long after the line about an outage the next one may follow.
	outageQuiet = time.Minute
)

// touching is what a manager knows of its touches under way. A touch is worth less
// than an answer: nobody waits for one longer than TouchWait, none begins while the
// store is known to take none, and there is one of a session at a time.
type touching struct {
	mu     sync.Mutex
	under  map[ID]struct{} // sessions of which one is under way
	beside int             // those that nobody waits for any more
	over   sync.Cond       // the last one under way has ended
	rest   time.Time       // none begins before
	told   time.Time       // when the outage was last told
	outage bool            // it was told, and none has succeeded since
}

func (t *touching) init() {
	t.under = map[ID]struct{}{}
	t.over.L = &t.mu
}

// begin reports whether a touch of the session may begin now. If it may, end is to be
// called.
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

// pass leaves a touch to itself, and reports whether it may go on beside.
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

// wait returns when none is under way.
func (t *touching) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.under) > 0 {
		t.over.Wait()
	}
}

// failed begins a rest at now, and reports whether the outage is to be told.
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

// done ends an outage, and reports whether there was one that was told.
func (t *touching) done() (tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tell, t.outage = t.outage, false
	return tell
}

// touch marks a session as seen, in a context of its own: what the client does is not
// what the store does. It returns nil when the store has it, ErrNotFound if the
// session has ended, and errLater where the answer is not to wait: the session is
// valid as it was read.
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
		if !errors.Is(own.Err(), context.Canceled) { // else it was given up here, and says nothing of the store
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

// fate is what became of a touch when its answer left.
type fate int

const (
	awaited fate = iota // it was over, and who waited ends it
	beside              // it goes on
	givenUp             // too many do
)

// touched notes how a touch went. A store that reads but cannot write has still said
// that the session is valid; it is left in peace for a while.
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
