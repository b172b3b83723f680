// This file holds instants and durations as pages show them.

package ui

import "time"

// Times in attributes and, until the script shows the viewer's zone, as text.
const (
	isoTime    = "2006-01-02T15:04:05.999999999Z"
	exactTime  = "2006-01-02 15:04:05.999999999 UTC"
	minuteTime = "2006-01-02 15:04 UTC"
)

func utc(layout string) func(time.Time) string {
	return func(t time.Time) string { return t.UTC().Format(layout) }
}
