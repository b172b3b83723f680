// Tests of lists of names.

package namelist

import (
	"slices"
	"testing"
)

func TestLists(t *testing.T) {
	for text, want := range map[string][]string{
		"a":              {"a"},
		" a , b c,ü":     {"a", "b c", "ü"},
		`"a,b",c`:        {`"a,b"`, "c"},
		`"a ""b"", c",d`: {`"a ""b"", c"`, "d"},
		"*":              {"*"},
	} {
		if got, err := Split(text, ','); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", ",", "a,", "a,,b", `"a`, `a,"b,c`} {
		if got, err := Split(text, ','); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestUnquote(t *testing.T) {
	for part, want := range map[string]string{"a": "a", `"a.b"`: "a.b", `"a ""b"""`: `a "b"`, `"*"`: "*", `""""`: `"`} {
		if got, every, err := Unquote(part); err != nil || every || got != want {
			t.Errorf("%s: %q, %v, %v", part, got, every, err)
		}
	}
	if _, every, err := Unquote("*"); err != nil || !every {
		t.Error("a star is every name")
	}
	for _, part := range []string{`a"b`, `"a`, `""`, `"a"b"`, `"a"x`} {
		if got, _, err := Unquote(part); err == nil {
			t.Errorf("%s: %q", part, got)
		}
	}
}
