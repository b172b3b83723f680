// This file holds the dashboard page.

package ui

// Dashboard is the panel's first page.
type Dashboard struct {
	Layout

	Stats  []Stat
	Models []ModelGroup
	Health []HealthCheck
	// HealthHref is the health page; empty for who may not see it.
	HealthHref string
	Problem    *Problem // shown instead of the models
}

func (Dashboard) template() string { return "dashboard.html" }

// Stat is one figure with its name, such as live sessions.
type Stat struct {
	Label string
	Value string
	Note  string // may be empty
	Href  string // may be empty
	Icon  Icon
}

// ModelGroup is a labelled group of models. The label may be empty.
type ModelGroup struct {
	Label string
	Items []Model
}

// Model is one table or view.
type Model struct {
	Label string
	Href  string
	Kind  string // "view" is shown as a badge
	Total Count
	Note  string // such as "no primary key"; may be empty
}

// HealthState is the state of one part.
type HealthState string

// The states of a part.
const (
	HealthOK       HealthState = "ok"
	HealthDegraded HealthState = "degraded"
	HealthDown     HealthState = "down"
)

// HealthCheck is one part of the system.
type HealthCheck struct {
	Name   string
	State  HealthState
	Detail string // such as "0.4 ms" or what is wrong
}
