// This file holds the health page: what the panel stands on, and how it does.

package ui

import "slices"

// Health is the page of the parts the panel needs.
type Health struct {
	Layout

	Parts    []HealthCheck
	Store    string   // the session store's name
	Promises []Fact   // what it promises
	Notes    []string // what it does not
	Versions []Fact
}

func (Health) template() string { return "health.html" }

// Fact is a name and what is so.
type Fact struct{ Name, Value string }

// Verdict is the state of the whole, in a few words.
func (h Health) Verdict() string {
	switch h.State() {
	case HealthDown:
		return "A part does not answer"
	case HealthDegraded:
		return "A part is not as it should be"
	}
	return "All parts answer"
}

// State is the worst of the parts' states.
func (h Health) State() HealthState {
	for _, state := range []HealthState{HealthDown, HealthDegraded} {
		if slices.ContainsFunc(h.Parts, func(c HealthCheck) bool { return c.State == state }) {
			return state
		}
	}
	return HealthOK
}
