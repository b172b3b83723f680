// This file holds Count, a number of rows that may be exact, a floor or an estimate.

package ui

import (
	"strconv"
	"strings"
)

// CountKind says how far a Count can be trusted.
type CountKind uint8

// The kinds of counts.
const (
	CountUnknown  CountKind = iota // shown as nothing
	CountExact                     // "1,204"
	CountAtLeast                   // "10,000+"
	CountEstimate                  // "≈ 1,200,000"
)

// Count is a number of rows. The zero value is unknown.
type Count struct {
	N    int64
	Kind CountKind
}

// Exact is a count that was counted.
func Exact(n int64) Count { return Count{n, CountExact} }

// AtLeast is a count that stopped at n.
func AtLeast(n int64) Count { return Count{n, CountAtLeast} }

// Estimate is a count the database guesses.
func Estimate(n int64) Count { return Count{n, CountEstimate} }

// String returns the number as shown, empty when unknown.
func (c Count) String() string {
	switch c.Kind {
	case CountExact:
		return groupThousands(c.N)
	case CountAtLeast:
		return groupThousands(c.N) + "+"
	case CountEstimate:
		return "≈ " + groupThousands(c.N)
	default:
		return ""
	}
}

// Rows returns the count with its noun: "1 row", "10,000+ rows"; empty when
// unknown.
func (c Count) Rows() string { return c.of("row") }

// of returns the count with a noun, in the plural with an s; empty when unknown.
func (c Count) of(noun string) string {
	switch {
	case c.Kind == CountUnknown:
		return ""
	case c.N == 1 && c.Kind != CountAtLeast:
		return c.String() + " " + noun
	default:
		return c.String() + " " + noun + "s"
	}
}

func groupThousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
