// Units: sizes and durations, for people.

package text

import (
	"strconv"
	"time"
)

// Sizes.
var (
	KiB     = with[int64]("unit.kib", "{#n} KiB")
	MiB     = with[int64]("unit.mib", "{#n} MiB")
	inUnits = with2[string, string]("unit.size", "{number} {unit}")
	bytes   = with[int64]("unit.bytes", "{#n} byte", "{#n} bytes")
)

// Durations.
var (
	seconds = with[int64]("unit.seconds", "{#n} second", "{#n} seconds")
	minutes = with[int64]("unit.minutes", "{#n} minute", "{#n} minutes")
)

// Size is a number of bytes for people, such as "1.4 kB".
func Size(n int64) Message {
	if n < 1000 {
		return bytes(n)
	}
	size, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		size /= 1000
		if size < 999.5 {
			break
		}
	}
	digits := 0
	if size < 10 {
		digits = 1
	}
	return inUnits(strconv.FormatFloat(size, 'f', digits, 64), unit)
}

// Wait is a duration for people, rounded up; nil for none.
func Wait(d time.Duration) Message {
	n := int64((d + time.Second - 1) / time.Second)
	switch {
	case d <= 0:
		return nil
	case n < 120:
		return seconds(n)
	default:
		return minutes((n + 59) / 60)
	}
}
