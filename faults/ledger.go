// The ledger: every write of a check with its outcome, and what follows from it.

package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/go-crudadmin/crudadmin/session"
)

// fate is what is known of a session.
type fate int

const (
	either fate = iota // a write is on its way, or its outcome is unknown
	live
	dead
)

// op is a write.
type op struct {
	Kind string // create, rotate, delete, deleteUser or keep: a write that ends nothing
	User string
	ID   session.ID
	Next session.ID // of a rotation
}

// outcome is the answer of the contract that an error is.
type outcome string

const (
	done          outcome = "done"
	absent        outcome = "absent"
	refused       outcome = "refused" // a conflict, a limit, a bound: nothing was done
	unavailable   outcome = "unavailable"
	indeterminate outcome = "indeterminate"
	odd           outcome = "odd"
)

func outcomeOf(err error) outcome {
	switch {
	case err == nil, errors.Is(err, session.ErrPartial) && !errors.Is(err, session.ErrIndeterminate):
		return done
	case errors.Is(err, session.ErrIndeterminate):
		return indeterminate
	case errors.Is(err, session.ErrNotFound):
		if errors.Is(err, session.ErrUnavailable) {
			return odd
		}
		return absent
	case errors.Is(err, session.ErrUnavailable):
		return unavailable
	case errors.Is(err, session.ErrConflict), errors.Is(err, session.ErrLimit), errors.Is(err, session.ErrTooLarge):
		return refused
	case errors.Is(err, context.Canceled):
		return unavailable
	}
	return odd
}

// ledger holds the fates. Of one user, one write is under way at a time.
type ledger struct {
	mu     sync.Mutex
	fates  map[session.ID]fate
	users  map[string][]session.ID
	lossy  bool // the server may have lost what it acknowledged
	wrong  []string
	writes map[outcome]int
}

func newLedger() *ledger {
	return &ledger{fates: map[session.ID]fate{}, users: map[string][]session.ID{}, writes: map[outcome]int{}}
}

// entry is a write under way.
type entry struct {
	op
	before map[session.ID]fate // of all sessions of the user
}

// begin notes that a write begins: all that it can change is open now.
func (l *ledger) begin(o op) entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := entry{op: o, before: map[session.ID]fate{}}
	for _, id := range l.users[o.User] {
		e.before[id] = l.fates[id]
	}
	switch o.Kind {
	case "create":
		l.know(o.User, o.ID)
		l.open(e.before)
		l.fates[o.ID] = either
	case "deleteUser":
		l.open(e.before)
	case "rotate":
		l.know(o.User, o.Next)
		l.fates[o.ID], l.fates[o.Next] = either, either
	case "delete":
		l.fates[o.ID] = either
	}
	return e
}

func (l *ledger) know(user string, id session.ID) {
	if !slices.Contains(l.users[user], id) {
		l.users[user] = append(l.users[user], id)
	}
}

// never notes that a session was not made by a write: unless an earlier one may have.
func (l *ledger) never(e entry, id session.ID) {
	if _, known := e.before[id]; !known {
		l.fates[id] = dead
	}
}

func (l *ledger) open(before map[session.ID]fate) {
	for id, f := range before {
		if f == live {
			l.fates[id] = either
		}
	}
}

// end notes how a write ended.
func (l *ledger) end(e entry, how outcome, detail error, evicted []session.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes[how]++
	restore := func() { maps.Copy(l.fates, e.before) }
	switch how {
	case done:
		switch e.Kind {
		case "create":
			restore()
			l.fates[e.ID] = live
			for _, id := range evicted {
				l.fates[id] = dead
			}
		case "rotate":
			l.fates[e.ID], l.fates[e.Next] = dead, live
		case "delete":
			l.fates[e.ID] = dead
		case "deleteUser":
			for id := range e.before {
				l.fates[id] = dead
			}
		}
	case absent:
		if e.before[e.ID] == live && !l.lossy {
			l.complain("%s says that a session is not there which lives", e.Kind)
		}
		restore()
		if e.Kind != "create" && e.Kind != "deleteUser" {
			l.fates[e.ID] = dead
		}
		if e.Kind == "rotate" {
			l.never(e, e.Next)
		}
	case refused: // somebody else's write, or its own, the outcome of which was unknown
	case unavailable:
		restore()
		switch e.Kind {
		case "create":
			l.never(e, e.ID)
		case "rotate":
			l.never(e, e.Next)
		}
	case indeterminate:
	default:
		l.complain("%s returned an error that is not the contract's: %v", e.Kind, detail)
	}
}

// saw judges the answer of a question about one session.
func (l *ledger) saw(id session.ID, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch how := outcomeOf(err); {
	case how == done && l.fates[id] == dead:
		l.complain("valid was the answer about a session that ended, or never was")
	case how == absent && l.fates[id] == live && !l.lossy:
		l.complain("invalid was the answer about a session that lives")
	case how == odd, how == indeterminate, how == refused:
		l.complain("a question was answered with an error that is not the contract's: %v", err)
	}
}

// fate returns what is known of a session.
func (l *ledger) fate(id session.ID) fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fates[id]
}

// doubt opens the fate of everything that lives: the server may have lost it.
func (l *ledger) doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lossy = true
	l.open(l.fates)
}

// complain notes a broken rule, each once. l.mu is held.
func (l *ledger) complain(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.wrong, text) && len(l.wrong) < 10 {
		l.wrong = append(l.wrong, text)
	}
}

// report fails the check by what was wrong.
func (l *ledger) report(c *cell, when string) {
	c.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range l.wrong {
		c.Errorf("%s: %s", when, text)
	}
	l.wrong = nil
}
