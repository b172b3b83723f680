// Planted bugs: stores that are wrong on purpose, each of which the suite must
// catch by the check that is made for it. A checker that cannot fail proves
// nothing.

package sessiontest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// planted is a wrong store and the check that is made for its mistake.
type planted struct {
	bug   string
	by    string // theme/check
	plant func(w *wrong)
}

func allPlanted() []planted {
	return slices.Concat(plantedRecords, plantedWrites, plantedLimits, plantedEndings, plantedRotations, plantedLists, plantedCounters)
}

func TestPlantedBugs(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("stores", func(t *testing.T) {
		for _, p := range allPlanted() {
			t.Run(p.bug, func(t *testing.T) {
				t.Parallel()
				h := modelHarness(func(m *model) session.Store {
					w := &wrong{model: m}
					p.plant(w)
					return w
				})
				caught, first := observeAll(t, h)
				for patience := linger.Load(); !slices.Contains(caught, p.by) && patience < int64(time.Second); {
					patience *= 4
					linger.Store(max(patience, linger.Load()))
					caught, first = observeAll(t, h)
				}
				if !slices.Contains(caught, p.by) {
					t.Errorf("not caught by %q, which is made for it, but by %d others: %s", p.by, len(caught), strings.Join(caught, "; "))
					return
				}
				mu.Lock()
				defer mu.Unlock()
				rows[p.bug] = fmt.Sprintf("%-52s → %s (and %d more checks)\n%56s%s", p.bug, p.by, len(caught)-1, "", shown(first[p.by]))
			})
		}
	})
	var table strings.Builder
	for _, bug := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintln(&table, rows[bug])
	}
	t.Logf("%d planted bugs, caught by the check made for each:\n%s", len(rows), table.String())
}

// TestObserverPassesModel shows that the runner that sees planted bugs sees none
// in a store that has none.
func TestObserverPassesModel(t *testing.T) {
	caught, first := observeAll(t, modelHarness(func(m *model) session.Store { return &wrong{model: m} }))
	for _, name := range caught {
		t.Errorf("%s: %s", name, first[name])
	}
}

// observeAll runs every check but the random ones, and returns the names of those
// that failed with their first failures.
func observeAll(t testing.TB, h Harness) (caught []string, first map[string]string) {
	first = map[string]string{}
	for _, th := range themes() {
		if th.name == "model" {
			continue // it would catch everything, and takes its time to shrink
		}
		for _, c := range th.checks {
			if failures, _ := observe(t, h, c); len(failures) > 0 {
				name := th.name + "/" + c.name
				caught, first[name] = append(caught, name), failures[0]
			}
		}
	}
	return caught, first
}

func (m *model) listAllOf(u session.User) (all []session.Session) {
	m.locked(func() { all = m.of(u) })
	return all
}
