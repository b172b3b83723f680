// This file compares the chapter on structure in CONTRIBUTING.md with the tree.

package arch

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// chapter returns the folders that the chapter names, below root.
func chapter(text string) (folders []string) {
	_, text, _ = strings.Cut(text, "\n## The structure\n")
	_, text, _ = strings.Cut(text, "```\n")
	text, _, _ = strings.Cut(text, "\n```")
	var above []string // the folder of each depth
	for _, line := range strings.Split(text, "\n") {
		bare := strings.TrimLeft(line, " ")
		depth := (len(line) - len(bare)) / 2
		for len(above) > depth {
			above = above[:len(above)-1]
		}
		first := ""
		for i, word := range strings.Fields(bare) {
			if !strings.HasSuffix(word, "/") {
				break
			}
			folder := path.Join(strings.Join(above, "/"), word)
			folders = append(folders, folder)
			if i == 0 {
				first = strings.TrimSuffix(word, "/")
			}
		}
		if first != "" {
			above = append(above, first)
		}
	}
	return folders
}

// unnamed are the folders of Go code that stand in no chapter, below others that do.
func unnamed(folders, tree []string) (missing []string) {
	for _, folder := range tree {
		named := slices.ContainsFunc(folders, func(one string) bool { return folder == one })
		// What is below cmd, examples and the modules of their own, and internal to a package that
		// is named, is its own affair.
		top, _, _ := strings.Cut(folder, "/")
		inside := slices.Contains([]string{"cmd", "examples", "bench", "faults", "tools", "e2e"}, top)
		parent, _, internal := strings.Cut(folder, "/internal/")
		if !named && !inside && !(internal && slices.Contains(folders, parent)) {
			missing = append(missing, folder)
		}
	}
	return missing
}

func TestTheChapterOnStructureIsTheTree(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	folders := chapter(string(text))
	if len(folders) < 20 {
		t.Fatalf("the chapter names %q: this test does not understand it", folders)
	}
	for _, folder := range folders {
		if info, err := os.Stat(filepath.Join(root, folder)); err != nil || !info.IsDir() {
			t.Errorf("CONTRIBUTING.md, The structure, names %s, which is not there", folder)
		}
	}
	for _, folder := range unnamed(folders, packages(t)) {
		t.Errorf("%s has Go code, and the chapter on structure in CONTRIBUTING.md does not name it", folder)
	}
}

// packages are the folders with Go code that is not a test, below root.
func packages(t *testing.T) (all []string) {
	t.Helper()
	for _, s := range sources(t) {
		if folder := path.Dir(s.path); folder != "." && !strings.HasSuffix(s.path, "_test.go") && !slices.Contains(all, folder) {
			all = append(all, folder)
		}
	}
	return all
}

func TestTheChapterIsRead(t *testing.T) {
	t.Parallel()
	text := "# C\n\n## The structure\n\nWords.\n\n```\n*.go     the API\na/       words with a/slash\n  b/     in a\n    c/   in b\n  d/e/   in a\nf/  g/   two\n```\n\n## More\n"
	want := []string{"a", "a/b", "a/b/c", "a/d/e", "f", "g"}
	got := chapter(text)
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	missing := unnamed(got, []string{"a", "a/x", "a/b/internal/y", "cmd/z", "q"})
	if !slices.Equal(missing, []string{"a/x", "q"}) {
		t.Errorf("missing are %q", missing)
	}
}
