// Harness and Run: how a store enters the suite, and how the suite is run.

package sessiontest

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Harness opens the store that is to be certified. Only Open is required; what
// is nil is skipped, with a line that says so.
type Harness struct {
	// Open returns a store over a fresh, empty namespace, with now as its
	// clock. It closes the store with t.Cleanup.
	Open func(t testing.TB, now func() time.Time) session.Store

	// Second opens the records of first once more, as another process would.
	// Where it is nil, as for a store whose Traits do not say Shared, first
	// itself is used.
	Second func(t testing.TB, first session.Store, now func() time.Time) session.Store

	// Poison spoils the stored record of a session. It returns false if the
	// store cannot hold such a record.
	Poison func(t testing.TB, s session.Store, id session.ID, p Poison) bool

	// Dump returns every key and every value as they are at rest.
	Dump func(t testing.TB, s session.Store) [][]byte

	// Audit returns nil if indexes and records agree both ways and every key
	// has an expiry (where the server has such a thing), else what is wrong.
	Audit func(t testing.TB, s session.Store) error

	// Short repeats less often what is proved by repetition, as -short does: for a
	// store that was certified in full and is reached in another way here.
	Short bool

	// Themes names the themes to run, for such a store; empty is all. An unknown
	// name fails.
	Themes []string
}

// Poison is a way to spoil a record.
type Poison string

// The poisons.
const (
	Garbage     Poison = "garbage"      // bytes that are not a record
	Truncated   Poison = "truncated"    // the first half of the record
	Empty       Poison = "empty"        // a record of no bytes
	Oversized   Poison = "oversized"    // more bytes than a record may have
	OtherRecord Poison = "other record" // a valid record that carries another ID
	NewerFormat Poison = "newer format" // a record of a format this release does not know
)

// check is one rule with the code that proves it.
type check struct {
	name string // the rule, shortened
	rule string // the rule, as the contract says it
	run  func(f *fixture)

	spoils bool // the records are left in a state that no audit accepts
}

// theme is a group of checks.
type theme struct {
	name   string
	checks []check
}

// themes returns the suite, one theme a file.
func themes() []theme {
	return []theme{
		{"records", recordChecks},
		{"touch", touchChecks},
		{"update", updateChecks},
		{"limit", limitChecks},
		{"revoke", revokeChecks},
		{"in flight", inflightChecks},
		{"rotate", rotateChecks},
		{"renew", renewChecks},
		{"expiry", expiryChecks},
		{"list", listChecks},
		{"history", historyChecks},
		{"restore", restoreChecks},
		{"sweep", sweepChecks},
		{"count", countChecks},
		{"faults", faultChecks},
		{"secrets", secretChecks},
		{"manager", slices.Concat(managerChecks, receiptChecks, everybodyChecks)},
		{"login", loginChecks},
		{"model", modelChecks},
	}
}

// Run runs the whole suite as subtests named theme/rule. With -short the loops
// that prove by repetition are shorter.
func Run(t *testing.T, h Harness) {
	if h.Open == nil {
		t.Fatal("sessiontest: Harness.Open is nil")
	}
	for _, name := range h.Themes {
		if !slices.ContainsFunc(themes(), func(th theme) bool { return th.name == name }) {
			t.Fatalf("sessiontest: Harness.Themes: there is no theme %q", name)
		}
	}
	var results []string
	for _, th := range themes() {
		if !h.wants(th.name) {
			results = append(results, th.name+" -")
			continue
		}
		result := "skip"
		ok := t.Run(th.name, func(t *testing.T) {
			for _, c := range th.checks {
				t.Run(c.name, func(t *testing.T) {
					h.run(t, c, h.Short || testing.Short())
					result = "ok" // not reached by a check that was skipped
				})
			}
		})
		if !ok {
			result = "FAIL"
		}
		results = append(results, th.name+" "+result)
	}
	tell(t, results)
}

// wants reports whether the theme is to be run.
func (h Harness) wants(theme string) bool {
	return len(h.Themes) == 0 || slices.Contains(h.Themes, theme)
}

// run runs one check on a store of its own.
func (h Harness) run(t testing.TB, c check, short bool) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the rule: %s", c.rule)
		}
	}()
	f := h.open(t, short)
	c.run(f)
	if !c.spoils {
		f.audit()
	}
}

// fixture is what a check works with.
type fixture struct {
	testing.TB
	h      Harness
	ctx    context.Context
	clock  *Clock
	store  session.Store
	other  session.Store // another handle on the same records
	traits session.Traits
	short  bool
}

func (h Harness) open(t testing.TB, short bool) *fixture {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	f := &fixture{TB: t, h: h, ctx: ctx, clock: NewClock(), short: short}
	f.store = h.Open(t, f.clock.Now)
	f.other = f.store
	if h.Second != nil {
		f.other = h.Second(t, f.store, f.clock.Now)
	}
	f.traits = f.store.Traits()
	return f
}

// audit fails the check if what is at rest does not agree with itself.
func (f *fixture) audit() {
	f.Helper()
	if f.h.Audit == nil {
		return
	}
	if err := f.h.Audit(f.TB, f.store); err != nil {
		f.Errorf("at rest, index and records must agree both ways, and every key must have an expiry: %v", err)
	}
}

// times returns how often to repeat: full, or with -short, less.
func (f *fixture) times(full, short int) int {
	if f.short {
		return short
	}
	return full
}

// most returns n, or what the store can hold of one user if that is less.
func (f *fixture) most(n int) int {
	if f.traits.MaxPerUser > 0 {
		return min(n, f.traits.MaxPerUser)
	}
	return n
}

// secretKey is the key of every manager in the suite.
const secretKey = "a key that only this suite uses, 32 bytes and more"

// manager returns a manager on the store with the clock of the check.
func (f *fixture) manager(store session.Store, change ...func(*session.Config)) *session.Manager {
	f.Helper()
	cfg := session.Config{
		SecretKey:    secretKey,
		StoreTimeout: time.Minute, // a busy machine is not a fault
		TouchWait:    time.Minute,
		Logger:       slog.New(slog.DiscardHandler),
		Now:          f.clock.Now,
	}
	for _, c := range change {
		c(&cfg)
	}
	m, err := session.New(store, cfg)
	if err != nil {
		f.Fatalf("New: %v", err)
	}
	return m
}
