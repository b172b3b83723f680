// Planted bugs that random calls find: the state machine can fail too, and says how
// to see it fail again.

package sessiontest

import (
	"flag"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

var replays = regexp.MustCompile(`-rapid\.seed=\d+`)

func TestRandomCallsCatch(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	// As many sequences as it takes: of a hundred, one run in some hundred misses a bug.
	checks := flag.Lookup("rapid.checks").Value
	before := checks.String()
	if err := checks.Set("2000"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = checks.Set(before) }()
	bugs := []string{"touch past the deadline", "rotate that ignores the version", "deleteuser that forgets keep"}
	for _, p := range allPlanted() {
		if !slices.Contains(bugs, p.bug) {
			continue
		}
		t.Run(p.bug, func(t *testing.T) {
			failures, _ := observe(t, modelHarness(func(m *model) session.Store {
				w := &wrong{model: m}
				p.plant(w)
				return w
			}), modelChecks[0])
			text := strings.Join(failures, "\n")
			if seed := replays.FindString(text); seed == "" {
				t.Errorf("not caught, or no seed that replays it: %q", text)
			} else {
				t.Logf("caught by random calls, %s: %s", seed, shown(text))
			}
		})
	}
}
