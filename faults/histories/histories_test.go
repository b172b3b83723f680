// Histories on every store: a short form for each test run, a long one for make soak.

package histories

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

var (
	seedFlag    = flag.Uint64("seed", 0, "seed of the first history; 0 draws one")
	opsFlag     = flag.Int("ops", 0, "calls per store, the long form; 0 is the short one")
	backendFlag = flag.String("store", "", "the one store to run; empty runs all")
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	testserver.StopShared()
	os.Exit(code)
}

// seed returns the seed to begin with.
func seed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return uint64(time.Now().UnixMicro())
}

// each runs test for every store that is asked for.
func each(t *testing.T, test func(t *testing.T, b backend)) {
	for _, b := range backends() {
		if *backendFlag == "" || *backendFlag == b.name {
			t.Run(b.name, func(t *testing.T) { test(t, b) })
		}
	}
}

// TestHistories is the short form, while nothing befalls the servers.
func TestHistories(t *testing.T) { histories(t, 400) }

func TestHistoriesLong(t *testing.T) {
	testserver.LongForm(t)
	histories(t, 2000)
}

// histories makes as many calls on each store.
func histories(t *testing.T, calls int) {
	t.Helper()
	each(t, func(t *testing.T, b backend) {
		t.Parallel()
		seed := seed()
		result := Run(t, harness(b.quiet(t)), Options{Seed: seed, Calls: calls, Lanes: 2, Rules: b.rules})
		t.Logf("seed %d: %s", seed, result)
	})
}

// TestHistoriesWithFaults runs one history with a fault on each store, and on one of
// those whose servers take seconds to start; which, the seed says.
func TestHistoriesWithFaults(t *testing.T) {
	first, heavy := seed(), uint64(0)
	each(t, func(t *testing.T, b backend) {
		if b.hurt == nil {
			t.Skip("nothing can befall it that the other stores do not show")
		}
		if b.heavy && *backendFlag == "" {
			if heavy++; heavy != 1+first%3 {
				t.Skip("another time")
			}
		}
		t.Parallel()
		fresh, faults := b.hurt(t)
		b.run(t, harness(fresh), faults[first%uint64(len(faults))], first, 300)
	})
}

// run runs histories with a fault in each.
func (b backend) run(t *testing.T, h sessiontest.Harness, f fault, seed uint64, calls int) Result {
	t.Helper()
	rules := b.rules
	rules.Lag = max(rules.Lag, f.lag)
	result := Run(t, h, Options{Seed: seed, Calls: calls, Rules: rules, Timeout: hurtTimeout, Hasty: true, Fault: f.do})
	t.Logf("%s, seed %d: %s", f.name, seed, result)
	return result
}

// TestSoak is the long form: calls in chunks, most of them with nothing befalling the
// server, a quarter of them with calls that have hardly any time; now and then every
// fault in turn, with histories of its own.
func TestSoak(t *testing.T) {
	if *opsFlag == 0 {
		t.Skip("make soak runs it")
	}
	each(t, func(t *testing.T, b backend) {
		next, total := seed(), Result{}
		first, began := next, time.Now()
		h := harness(b.quiet(t))
		for chunk := 1; total.Calls < *opsFlag && !t.Failed(); chunk++ {
			t.Run(fmt.Sprint("chunk ", chunk), func(t *testing.T) {
				total.Add(Run(t, h, Options{Seed: next, Calls: 100 * mostCalls, Lanes: b.lanes, Rules: b.rules, Hasty: chunk%4 == 0}))
			})
			if b.hurt != nil && chunk%10 == 5 {
				t.Run(fmt.Sprint("faults after chunk ", chunk), func(t *testing.T) {
					fresh, faults := b.hurt(t)
					for _, f := range faults {
						total.Add(b.run(t, harness(fresh), f, first+uint64(total.Histories), 5*mostCalls))
					}
				})
			}
			next = first + uint64(total.Histories)
			t.Logf("seeds %d to %d, %s: %s", first, next, time.Since(began).Round(time.Second), total)
		}
	})
}
