// This file holds instants and durations as pages show them.

package ui

import (
	"fmt"
	"time"
)

// Times in attributes and, until the script shows the viewer's zone, as text.
const (
	isoTime    = "2006-01-02T15:04:05.999999999Z"
	exactTime  = "2006-01-02 15:04:05.999999999 UTC"
	minuteTime = "2006-01-02 15:04 UTC"
)

func utc(layout string) func(time.Time) string {
	return func(t time.Time) string { return t.UTC().Format(layout) }
}

// Wait is a duration for people, rounded up; empty for none.
func Wait(d time.Duration) string {
	seconds := int64((d + time.Second - 1) / time.Second)
	switch {
	case d <= 0:
		return ""
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return fmt.Sprintf("%d seconds", seconds)
	default:
		return fmt.Sprintf("%d minutes", (seconds+59)/60)
	}
}
