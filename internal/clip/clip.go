// Package clip shortens texts that other people chose, for errors, logs and messages.
package clip

import "strings"

// valueMost is how much of a wrong value an error shows, in characters.
const valueMost = 60

// Value shortens a wrong value for an error, to 60 characters.
func Value(text string) string { return Text(text, valueMost) }

// Text is the first characters of a text, most of them, with an ellipsis behind them if there are
// more. Bytes that are not UTF-8 are shown as U+FFFD.
func Text(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return strings.ToValidUTF8(text[:i], "\uFFFD") + "…"
		}
		n++
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
