// Package home is the pages of the panel as a whole: the dashboard, and what it says of health, to
// people (health), to load balancers (readyz) and to supervisors (healthz).
//
// Each part that the panel stands on, the application's database, the administrators' and the store
// of the sessions, is asked at once and has two seconds. Pages tell superusers what is slow; readyz
// names the parts that do not answer and never why, because everybody may ask it.
package home
