// Tests of clipping: no character is cut in two, and no text grows.

package clip_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"日本語", 3, "日本語"}, {"日本語です", 3, "日本語…"}, {"ééé", 2, "éé…"},
		{"\xff\xfe", 2, "\uFFFD"}, {"a\xff\xfeb", 3, "a\uFFFD…"}, {"a\xe6\x97", 5, "a\uFFFD"}, {"abc", 0, "…"},
	} {
		if got := clip.Text(c.text, c.most); got != c.want {
			t.Errorf("%q to %d is %q, want %q", c.text, c.most, got, c.want)
		}
	}
	if got := clip.Value(strings.Repeat("語", 200)); got != strings.Repeat("語", 60)+"…" {
		t.Errorf("a value is %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\xff日本", 2)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most &= 0xff
		got := clip.Text(text, most)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > most+1 {
			t.Errorf("%q to %d is %q", text, most, got)
		}
	})
}
