// Package browsertest is a model of browsers, a network and a server: it runs the
// sessions of package sessionhttp, on any store, through random interleavings, and finds
// whoever was signed out by accident, is signed in without having signed in, or is somebody
// else.
//
// Two browsers with a jar of cookies each send requests, several at a time: pages, the start
// of an anonymous session, sign-ins, step-ups, sign-outs. The server works on all of them at
// once and can be held before and after each call of the store. Answers are delayed, lost,
// delivered in any order, and those of pages also twice; pages are closed at any moment,
// which cancels the request's context. A clock that moves by seconds makes renewals due and
// their grace end.
//
// What must hold after each step, and the orders that HTTP cannot settle, is in oracle.go; the
// latter are listed in docs/design.md too. A run that fails prints its seed and the
// shortest script of choices that still fails.
package browsertest

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// Model is what is run, and how often.
type Model struct {
	// Open returns a store with now as its clock.
	Open func(t testing.TB, now func() time.Time) session.Store

	// Interleavings is how many are run, from Seed on: each has a seed of its own.
	Interleavings int
	Seed          uint64

	// Plant replaces parts of the site, for tests that a wrong one is caught. Nil runs it
	// as it is.
	Plant *Plant
}

// steps is how many choices an interleaving makes before everything is let go.
const steps = 45

// Run runs the model, and fails the test at the first interleaving in which a rule does
// not hold.
func Run(t testing.TB, m Model) {
	t.Helper()
	if failure := m.Find(t); failure != nil {
		t.Fatal(failure)
	}
}

// Failure is an interleaving in which a rule does not hold.
type Failure struct {
	Seed   uint64
	Script []byte   // the choices, shortened
	Events []string // what happened, in order
	Broken string   // the rule, and by what
}

// String tells what happened, and how to have it again.
func (f *Failure) String() string {
	return fmt.Sprintf("seed %d, script %v:\n  %s\n%s", f.Seed, f.Script, strings.Join(f.Events, "\n  "), f.Broken)
}

// Find runs the model and returns the first failure, nil if there is none.
func (m Model) Find(t testing.TB) *Failure {
	t.Helper()
	clock := sessiontest.NewClock()
	store := m.Open(t, clock.Now)
	var totals Totals
	worlds := 0
	run := func(c *choices) *world {
		worlds++
		w := newWorld(t, store, clock, m.Plant, c, worlds)
		w.run()
		return w
	}
	for i := range uint64(m.Interleavings) {
		seed := m.Seed + i
		w := run(&choices{rng: rand.New(rand.NewPCG(seed, 0x5e55)), most: steps}) //nolint:gosec // a seed must give the same again
		totals.add(w.totals)
		if w.broken == "" {
			continue
		}
		found := &Failure{Seed: seed, Script: w.choices.made, Events: w.events, Broken: w.broken}
		found.shrink(run)
		return found
	}
	t.Logf("%d interleavings from seed %d: %s", m.Interleavings, m.Seed, totals)
	return nil
}

// shrink leaves out choices as long as the same rule is broken.
func (f *Failure) shrink(run func(*choices) *world) {
	rule, _, _ := strings.Cut(f.Broken, ":")
	try := func(script []byte) bool {
		w := run(&choices{script: script, most: steps})
		if got, _, _ := strings.Cut(w.broken, ":"); got != rule {
			return false
		}
		f.Script, f.Events, f.Broken = script, w.events, w.broken
		return true
	}
	try(f.Script)
	for size := len(f.Script) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(f.Script); {
			if !try(slices.Delete(slices.Clone(f.Script), at, at+size)) {
				at++
			}
		}
	}
}

// choices are drawn at random and kept, or read from a script.
type choices struct {
	rng    *rand.Rand
	script []byte
	made   []byte
	most   int
}

func (c *choices) done() bool {
	if c.rng == nil {
		return len(c.script) == 0
	}
	return c.most <= 0
}

// step counts what done bounds.
func (c *choices) step() { c.most-- }

// pick returns a number from 0 to n-1.
func (c *choices) pick(n int) int {
	if c.rng != nil {
		v := c.rng.IntN(n)
		c.made = append(c.made, byte(v))
		return v
	}
	if len(c.script) == 0 {
		return 0
	}
	v := int(c.script[0]) % n
	c.script = c.script[1:]
	return v
}

// Totals are what the interleavings held, so that a test can say that it tried
// something.
type Totals struct {
	Requests, Closed, Lost, Late, Renewals, SignIns, StepUps, SignOuts int
	Excused                                                            map[string]int
}

func (a *Totals) add(b Totals) {
	a.Requests += b.Requests
	a.Closed += b.Closed
	a.Lost += b.Lost
	a.Late += b.Late
	a.Renewals += b.Renewals
	a.SignIns += b.SignIns
	a.StepUps += b.StepUps
	a.SignOuts += b.SignOuts
	if a.Excused == nil {
		a.Excused = map[string]int{}
	}
	for order, n := range b.Excused {
		a.Excused[order] += n
	}
}

// String tells the totals in a line.
func (a Totals) String() string {
	return fmt.Sprintf("%d requests, %d closed, %d answers lost, %d overtaken; %d sign-ins, %d step-ups, %d sign-outs, %d renewals; by orders that HTTP cannot settle: %v",
		a.Requests, a.Closed, a.Lost, a.Late, a.SignIns, a.StepUps, a.SignOuts, a.Renewals, a.Excused)
}

// Rules of the managers of an interleaving.
const (
	renewEvery = 10 * time.Second
	renewGrace = 3 * time.Second
)

// newManager returns the rules of an interleaving: half of them renew tokens.
func newManager(t testing.TB, store session.Store, clock *sessiontest.Clock, renew bool) (*session.Manager, *sessionhttp.Sessions) {
	cfg := session.Config{ //nolint:gosec // a key of this test
		SecretKey: "a key of 32 bytes, for tests only", Now: clock.Now,
		IdleTimeout: 48 * time.Hour, Lifetime: 96 * time.Hour, TouchInterval: 1,
		MaxPerUser: session.Unlimited, StoreTimeout: time.Minute, TouchWait: time.Minute, Logger: slog.New(slog.DiscardHandler),
	}
	if renew {
		cfg.RenewEvery, cfg.RenewGrace = renewEvery, renewGrace
	}
	if most := store.Traits().MaxPerUser; most > 0 {
		cfg.MaxPerUser = most
	}
	manager, err := session.New(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := sessionhttp.New(manager, sessionhttp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return manager, sessions
}
