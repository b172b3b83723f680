// Results, and the table made of them.

package faults

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Result is one cell of the table.
type Result struct {
	Row     string
	Subject string

	// Violation means that the rule was broken.
	Violation bool

	// Reason says why the row does not apply; empty if it does.
	Reason string

	Measured
}

// Measured is what a check took down.
type Measured struct {
	// Recovery is how long after the end of the fault service was back; 0 where
	// nothing was interrupted.
	Recovery time.Duration

	// Clean means that goroutines and connections were counted and none was left.
	Clean bool
}

// Table returns the results as a table in Markdown: a row a fault in the order of
// rows, a column a subject in the order of subjects. A cell without a result is
// "EMPTY". The reasons stand below, numbered.
func Table(rows, subjects []string, results []Result) string {
	found := map[[2]string]Result{}
	for _, r := range results {
		found[[2]string{r.Row, r.Subject}] = r
	}
	var reasons []string
	var b strings.Builder
	fmt.Fprintf(&b, "| fault | %s |\n|---|%s\n", strings.Join(subjects, " | "), strings.Repeat("---|", len(subjects)))
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |", row)
		for _, subject := range subjects {
			r, ok := found[[2]string{row, subject}]
			if !ok {
				b.WriteString(" EMPTY |")
				continue
			}
			fmt.Fprintf(&b, " %s |", r.text(&reasons))
		}
		b.WriteString("\n")
	}
	if len(reasons) > 0 {
		b.WriteString("\nn.a., not applicable:\n\n")
		for i, reason := range reasons {
			fmt.Fprintf(&b, "%d. %s\n", i+1, reason)
		}
	}
	return b.String()
}

// text is the cell, and notes the reason where it has one.
func (r Result) text(reasons *[]string) string {
	if r.Reason != "" {
		i := slices.Index(*reasons, r.Reason)
		if i < 0 {
			i = len(*reasons)
			*reasons = append(*reasons, r.Reason)
		}
		return fmt.Sprintf("n.a. %d", i+1)
	}
	if r.Violation {
		return "**VIOLATION**"
	}
	text := "ok"
	if r.Recovery > 0 {
		text += fmt.Sprintf(", %s", r.Recovery.Round(time.Millisecond))
	}
	if r.Clean {
		text += " ✓"
	}
	return text
}
