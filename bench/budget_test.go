// The budget: what a request may allocate and ask, held without looking at the
// clock.

package bench

import (
	"encoding/json"
	"flag"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var rebudget = flag.Bool("budget", false, "write what is measured into budget.json")

// allowance is what an operation may add to a request.
type allowance struct {
	Allocations float64 `json:"allocations"`
	RoundTrips  float64 `json:"round_trips"`
}

// TestBudget compares the allocations and round trips that crudadmin adds to a
// request, on every store, with budget.json. Numbers that are lower now belong
// there: go test -run TestBudget . -budget
func TestBudget(t *testing.T) {
	text, err := os.ReadFile("budget.json")
	if err != nil {
		t.Fatal(err)
	}
	var budget map[string]map[string]allowance
	if err := json.Unmarshal(text, &budget); err != nil {
		t.Fatal(err)
	}
	spent := map[string]map[string]allowance{}
	none := added(t, bare{}, nothing)
	for _, e := range entries() {
		if e.name != "crudadmin" || e.store == "MariaDB" || *only != "" && !strings.EqualFold(*only, e.store) {
			continue
		}
		t.Run(e.store, func(t *testing.T) {
			spent[e.store] = map[string]allowance{}
			plain, count := e.make(t, options{}).library, &counter{}
			counted := e.make(t, options{count: count}).library
			const enough = 60 // for a page of 50
			fillSite(t, plain, enough)
			fillSite(t, counted, enough)
			for _, op := range operations {
				if op.idle { // ours always has one
					continue
				}
				if offered(t, plain, op) != "" {
					continue
				}
				most, known := budget[e.store][op.name]
				got := allowance{math.Inf(1), math.Inf(1)}
				for range 3 { // what works in the background, or was not yet connected, adds at times
					got.Allocations = min(got.Allocations, added(t, plain, op)-none)
					got.RoundTrips = min(got.RoundTrips, tripsOf(t, counted, op, count))
					if known && most.holds(got, e.store, op.name) {
						break
					}
				}
				spent[e.store][op.name] = got
				switch {
				case *rebudget:
				case !known:
					t.Errorf("%s: not in budget.json", op.name)
				case !most.holds(got, e.store, op.name):
					t.Errorf("%s: %+v, the budget is %+v", op.name, got, most)
				case got != most:
					t.Logf("%s: %+v, against a budget of %+v", op.name, got, most)
				}
			}
		})
	}
	for store, ops := range budget {
		for op := range ops {
			if _, done := spent[store][op]; !done && *only == "" && !*rebudget {
				t.Errorf("%s: %s is in budget.json and was not measured", store, op)
			}
		}
	}
	if *rebudget {
		text, err := json.MarshalIndent(spent, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		save(t, "budget.json", append(text, '\n'))
		t.Log(slices.Sorted(maps.Keys(spent)))
	}
}

// holds reports whether got is within the budget. Tables that grow, and pages of
// many records, differ by a little from run to run. The hybrid store puts what was
// written into its cache in the background, so that the allocations of its writes
// differ by much and are not held, and round trips by a few. One page of all in seventy has more
// than four sessions of one of the 256 partitions on Redis, and costs one more.
func (most allowance) holds(got allowance, store, op string) bool {
	allocations, trips := 0.5+most.Allocations/100, 0.25
	if op == "login" {
		allocations = 3
	}
	if store == "Redis" && op == "list 50 of all" {
		trips = 1
	}
	if store == "Redis + PostgreSQL" {
		allocations, trips = 3+most.Allocations/100, 0.5
		if op == "login" || op == "logout" || op == "write" {
			allocations, trips = math.Inf(1), 3
		}
	}
	return got.Allocations <= most.Allocations+allocations && got.RoundTrips <= most.RoundTrips+trips
}

// added returns the allocations of one request.
func added(t testing.TB, l library, op operation) float64 {
	w := client(t, l, op, 1)
	runs := 200
	if w.prepare != nil {
		runs = w.prepare(1) - 1
	}
	n := -1
	return testing.AllocsPerRun(runs, func() {
		n++
		w.do(0, n)
	})
}
