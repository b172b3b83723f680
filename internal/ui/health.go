// This file holds the health page: what the panel stands on, and how it does.

package ui

import (
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Health is the page of the parts the panel needs.
type Health struct {
	Layout

	Parts    []HealthCheck
	Store    string         // the session store's name
	Promises []Fact         // what it promises
	Notes    []text.Message // what it does not
	Versions []Fact
}

func (Health) template() string { return "health.html" }

// Fact is a name and what is so.
type Fact struct{ Name, Value text.Message }

// Verdict is the state of the whole, in a few words.
func (h Health) Verdict() text.Message {
	switch h.State() {
	case HealthDown:
		return text.PartDown
	case HealthDegraded:
		return text.PartDegraded
	}
	return text.AllAnswer
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
