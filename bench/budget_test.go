// The budget: what a request may allocate, held without looking at the clock.

package bench

import (
	"encoding/json"
	"os"
	"testing"
)

// TestBudget compares the allocations that crudadmin adds to a request on memory
// with budget.json. A number that is lower now belongs there.
func TestBudget(t *testing.T) {
	text, err := os.ReadFile("budget.json")
	if err != nil {
		t.Fatal(err)
	}
	var budget map[string]float64
	if err := json.Unmarshal(text, &budget); err != nil {
		t.Fatal(err)
	}
	if len(budget) != len(operations) {
		t.Errorf("budget.json names %d operations, want %d", len(budget), len(operations))
	}
	allocations := func(l library, op operation) float64 {
		w := client(t, l, op, 1)
		return testing.AllocsPerRun(2000, func() { w(0, 0) })
	}
	none := allocations(bare{}, nothing)
	for _, op := range operations {
		most, known := budget[op.name]
		if !known {
			t.Errorf("budget.json has no %q", op.name)
			continue
		}
		if got := allocations(oursOnMemory(t, options{}).library, op) - none; got > most {
			t.Errorf("%s: %.0f added allocations, the budget is %.0f", op.name, got, most)
		}
	}
}
