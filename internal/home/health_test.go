// Tests of what the page of health says of a part.

package home

import (
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

func TestASlowPartIsDegraded(t *testing.T) {
	for took, want := range map[time.Duration]ui.HealthState{0: ui.HealthOK, slow - 1: ui.HealthOK, slow: ui.HealthDegraded, time.Second: ui.HealthDegraded} {
		if got := (check{took: took}).page().State; got != want {
			t.Errorf("%s: %s, want %s", took, got, want)
		}
	}
	if got := (check{took: time.Hour, err: session.ErrUnavailable}).page().State; got != ui.HealthDown {
		t.Errorf("no answer: %s", got)
	}
}
