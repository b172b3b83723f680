// This file tests which line breaks a text gets that replaces another.

package data

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLinesThatStayKeepTheirBreaks(t *testing.T) {
	for _, test := range []struct{ was, given, want string }{
		{"a\r\nb\nc", "a\r\nx\r\nc", "a\r\nx\nc"},
		{"a\rb\nc\r\n", "a\r\nb\r\nc", "a\rb\nc"},
		{"a\nb", "a\r\nb\r\nc", "a\nb\nc"},
		{"a\r\nb", "a\r\nnew\r\nb", "a\r\nnew\r\nb"},
		{"", "a\r\nb", "a\nb"},
		{"a\r\nb\rc", "c", "c"},
		{"\ra\n", "\r\n\r\n", "\r\r"},
	} {
		if got := breaksOf(test.was, test.given); got != test.want {
			t.Errorf("%q over %q: %q, want %q", test.given, test.was, got, test.want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		was := rapid.StringMatching(`([ab]|\r\n|\r|\n){0,12}`).Draw(rt, "was")
		sent := strings.ReplaceAll(foldBreaks(was), "\n", "\r\n")
		if got := breaksOf(was, sent); got != was {
			rt.Fatalf("%q, sent as %q, becomes %q", was, sent, got)
		}
		other := rapid.StringMatching(`([ab]|\r\n){0,12}`).Draw(rt, "other")
		if got := breaksOf(was, other); foldBreaks(got) != foldBreaks(other) {
			rt.Fatalf("%q over %q becomes %q", other, was, got)
		}
	})
}
