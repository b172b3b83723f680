// This file holds the width of comments.

package arch

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxComment is how wide a line that is a comment may be, in columns; a tab is four.
const maxComment = 100

// wide are the lines of a Go file that are comments and too wide. Directives, what an Example
// prints and what cannot be broken are left out.
func wide(text string) (lines []int) {
	output := false
	for i, line := range strings.Split(text, "\n") {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "//")
		if !ok {
			output = false
			continue
		}
		output = output || strings.Contains(strings.ToLower(comment), "output:")
		prose := strings.HasPrefix(comment, " ") && strings.Contains(strings.TrimSpace(comment), " ")
		if columns := len([]rune(strings.ReplaceAll(line, "\t", "    "))); prose && !output && columns > maxComment {
			lines = append(lines, i+1)
		}
	}
	return lines
}

func TestCommentsAreNarrow(t *testing.T) {
	t.Parallel()
	all, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		files++
		for _, line := range wide(all[path]) {
			t.Errorf("%s:%d: a comment is wider than %d columns", path, line, maxComment)
		}
	}
	if files < 500 {
		t.Fatalf("only %d files were read", files)
	}
}

func TestWideCommentsAreFound(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 20)
	for text, want := range map[string]int{
		"// " + long:                       1, // 103 columns
		"// " + long[:97]:                  0,
		"\t// " + long[:96]:                1,
		"\t// " + long[:93]:                0,
		"// " + strings.Repeat("x", 200):   0,
		"//go:generate " + long + long:     0,
		"//nolint:gosec // " + long + long: 0,
		"// Output:\n// " + long:           0,
		"// Output:\n// a\n\n// " + long:   1,
		"x := 1 // " + long + long:         0, // the code is beside it
	} {
		if got := len(wide(text)); got != want {
			t.Errorf("%d lines are too wide, want %d:\n%s", got, want, text)
		}
	}
}
