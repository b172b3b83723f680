// This file holds the width of comments.

package arch

import (
	"io/fs"
	"os"
	"path/filepath"
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
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && skipped.MatchString(d.Name()):
			return fs.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		files++
		for _, line := range wide(string(text)) {
			t.Errorf("%s:%d: a comment is wider than %d columns", path, line, maxComment)
		}
		return err
	})
	if err != nil || files < 500 {
		t.Fatalf("%d files were read, %v", files, err)
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
