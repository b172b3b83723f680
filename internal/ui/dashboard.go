// This file holds the dashboard page.

package ui

import "github.com/go-crudadmin/crudadmin/internal/text"

// Dashboard is the panel's first page.
type Dashboard struct {
	Layout

	Stats  []Stat
	Models []ModelGroup
	Health []HealthCheck
	// HealthHref is the health page; empty for people who may not see it.
	HealthHref string
	Problem    *Problem // shown instead of the models
}

func (Dashboard) template() string { return "dashboard.html" }

// Stat is one figure with its name, such as live sessions.
type Stat struct {
	Label text.Message
	Value text.Message
	Note  text.Message // may be nil
	Href  string       // may be empty
	Icon  Icon
}

// ModelGroup is a labelled group of models. The label may be empty.
type ModelGroup struct {
	Label text.Message
	Items []Model
}

// Model is one table or view.
type Model struct {
	Label string
	Href  string
	Kind  string // "view" is shown as a badge
	Total text.Count
	Note  text.Message // such as "no primary key"; may be empty
}

// About says that the model is a view, and what its note says.
func (m Model) About() text.Message {
	if m.Kind == "view" {
		return text.Notes(text.IsView, m.Note)
	}
	return m.Note
}

// HealthState is the state of one part.
type HealthState string

// The states of a part.
const (
	HealthOK       HealthState = "ok"
	HealthDegraded HealthState = "degraded"
	HealthDown     HealthState = "down"
)

// Words is the state in a word; one that there is not is said as it stands.
func (s HealthState) Words() text.Message {
	switch s {
	case HealthOK:
		return text.StateOK
	case HealthDegraded:
		return text.StateDegraded
	case HealthDown:
		return text.StateDown
	}
	return text.Verbatim(string(s))
}

// HealthCheck is one part of the system.
type HealthCheck struct {
	Name   text.Message
	State  HealthState
	Detail text.Message // such as "0.4 ms" or what is wrong
}
