// This file finds constructions that are not English: in comments and sentences of Go, in
// templates, in Markdown, and in the comments of the Makefile, of scripts and of style sheets.

package arch

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// A construction is words that do not go together in English.
type construction struct {
	name    string
	pattern *regexp.Regexp
	// before and after are what makes the words right: in the same sentence, up to them and from
	// them on.
	before, after *regexp.Regexp
	instead       string
	wrong, right  []string // sentences with it, and ones that are let through
}

// phrase compiles a pattern in which a space is also the end of a line.
func phrase(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(pattern, " ", `(?: +|[ \t]*\n[ \t]*)`))
}

var constructions = []construction{
	{
		name:    "a preposition and who",
		pattern: phrase(`(?i)\b(?:for|of|to|by|with|from|than|at|between|against|like|without|except|but not) who\b`),
		after:   regexp.MustCompile(`(?i)^\w+(?: not)? who(?:(?: \w+){1,3} (?:what|which|whom)| the \w+ (?:is|are))\b`),
		instead: `"of those who", "to a visitor who"`,
		wrong:   []string{"The page is for who may change records.", "That is the role of\nwho has none."},
		right:   []string{"The page is for those who may change records.", "It is the table of who may import what."},
	},
	{
		name:    "a conjunction and who",
		pattern: phrase(`(?i)\b(?:if|when|because|that|whether|where|while|before|after|unless|although|until|once|so|as|nor) who\b`),
		instead: `"if somebody who", "because those who"`,
		wrong:   []string{"It waits, because who asks has time."},
		right:   []string{"It waits, because the caller has time."},
	},
	{
		name:    "a verb and who as its object",
		pattern: phrase(`(?i)\b(?:holds? up|lets?|ends?|stops?|keeps?|serves?|gives?|refuses?|helps?|costs?|cuts?|blocks?|needs?|signs (?:in|out)) who\b`),
		instead: `"those who", "the ones that"`,
		wrong:   []string{"An export holds up who writes."},
		right:   []string{"An export holds up those who write.", "The log tells who signed in."},
	},
	{
		name:    "who as the subject",
		pattern: phrase(`(?:^|[.!?;:]\s+)(?:Whom?|who) (?:is|are|was|were|has|had|have|may|might|can|could|cannot|does|did|will|would|must|needs|goes|\w+s|\w+ed|\w+t|the|a|our)\b[^.?]*\.(?:\s|$)`),
		before:  regexp.MustCompile(`^\w+(?: \w+){0,2}$`), // the title of what follows
		after:   regexp.MustCompile(`^\W*Who(?: \w+){1,3} (?:what|which|whom)\b`),
		instead: `"Those who …", "Whoever …", "A visitor who …"`,
		wrong:   []string{"Who is not signed in is told nothing.", "It is one answer: who waited gets it."},
		right:   []string{"Who is signed in?", "Sessions: who is signed in.", "Who may ask for what: a walk.", "Those who are not signed in are told nothing.", "Whoever asks is told."},
	},
	{
		name:    "is none",
		pattern: phrase(`(?i)\b(?:is|are|was|were|be|been) none\b`),
		before:  regexp.MustCompile(`(?i)\bthere\b[^.;:]{0,40}$`),
		after:   regexp.MustCompile(`(?i)^\w+ none (?:of|the)\b`),
		instead: `"is not one", "there is none"`,
		wrong:   []string{"The view is one, and a table is none.", "It is said who is\nnone."},
		right:   []string{"There is none.", "There may well be none.", "It is none of these."},
	},
	{
		name:    "is no and a noun",
		pattern: phrase(`\b(?:[Ii]s|[Aa]re|[Ww]as|[Ww]ere|be|been) no [a-z]+`),
		before:  regexp.MustCompile(`(?i)\bthere\b[^.;:]{0,40}$`),
		after:   regexp.MustCompile(`(?i)^\w+ no (?:longer|more|less|better|worse|different|fewer|greater|larger|bigger|smaller|faster|slower|later|earlier|older|newer|higher|lower|shorter|good|use|matter)\b`),
		instead: `"is not a"`,
		wrong:   []string{"An address is no form.", "Views are no tables."},
		right:   []string{"An address is not a form.", "There is no form.", "It is no longer there.", "There should be no form."},
	},
	{
		name:    "he for a person",
		pattern: phrase(`(?i)\b(?:he|his|him|himself|she|herself)\b`),
		instead: `"they", "their"`,
		wrong:   []string{"The caller waits in his context."},
		right:   []string{"The caller waits in its context.", "The heir has this."},
	},
}

// A passage is a text that people read, and where it stands.
type passage struct {
	path string // below root
	line int
	text string
}

// A slip is a construction in a passage.
type slip struct {
	at, text, instead string
}

var sentenceEnd = regexp.MustCompile(`[.!?](?:\s|$)|\n\s*\n|\|`)

// slips are the constructions in a passage that nothing makes right.
func slips(p passage) (found []slip) {
	for _, c := range constructions {
		for _, at := range c.pattern.FindAllStringIndex(p.text, -1) {
			begin := 0
			for _, end := range sentenceEnd.FindAllStringIndex(p.text[:at[0]], -1) {
				begin = end[1]
			}
			if c.before != nil && c.before.MatchString(p.text[begin:at[0]]) {
				continue
			}
			if c.after != nil && c.after.MatchString(strings.Join(strings.Fields(p.text[at[0]:min(at[1]+80, len(p.text))]), " ")) {
				continue
			}
			from, to := max(at[0]-40, begin), min(at[1]+40, len(p.text))
			words := strings.Join(strings.Fields(strings.ToValidUTF8(p.text[from:to], "")), " ")
			line := p.line + strings.Count(p.text[:at[0]], "\n")
			found = append(found, slip{fmt.Sprintf("%s:%d", p.path, line), words, c.instead})
		}
	}
	return found
}

var (
	fence     = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	generated = regexp.MustCompile(`(?s)<!-- \w+: begin -->.*?<!-- \w+: end -->`)
	measured  = regexp.MustCompile(`(?s)<!-- [^/>]+ -->\n.*?<!-- /[^>]+ -->`)
	code      = regexp.MustCompile("``[^`]+``|`[^`\n]+`")
	several   = regexp.MustCompile(`\pL+\s+\pL+\s+\pL+`)
	// comment and action are those of a template.
	comment = regexp.MustCompile(`(?s)\{\{-?\s*/\*.*?\*/\s*-?\}\}`)
	action  = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	// lineComment is how a language begins a comment that ends with its line.
	lineComment = map[string]*regexp.Regexp{
		".sh": regexp.MustCompile(`^\s*#+!?`), "": regexp.MustCompile(`^\s*#+!?`), ".yaml": regexp.MustCompile(`^\s*#+`), ".yml": regexp.MustCompile(`^\s*#+`),
		".lua": regexp.MustCompile(`^\s*--+`), ".sql": regexp.MustCompile(`^\s*--+`), ".js": regexp.MustCompile(`^\s*(?://+|/?\*+/?)`), ".css": regexp.MustCompile(`^\s*/?\*+/?`),
	}
)

// blank makes spaces of what no person reads as prose, and keeps the lines.
func blank(text string, what *regexp.Regexp) string {
	return what.ReplaceAllStringFunc(text, func(s string) string {
		return strings.Repeat("\n", strings.Count(s, "\n")) + " "
	})
}

// prose are the passages of a file.
func prose(path, text string) []passage {
	switch ext := filepath.Ext(path); ext {
	case ".go":
		return proseOfGo(path, text)
	case ".md":
		if path == "CHANGELOG.md" { // of the released parts nobody changes a word
			head, rest, _ := strings.Cut(text, "\n## ")
			unreleased, _, _ := strings.Cut(rest, "\n## ")
			text = head + "\n## " + unreleased
		}
		if strings.HasPrefix(path, "docs/benchmarks") {
			text = blank(text, measured)
		}
		text = code.ReplaceAllString(blank(blank(text, generated), fence), "CODE")
		return []passage{{path, 1, text}}
	case ".html":
		comments := comment.ReplaceAllStringFunc(text, func(s string) string { // kept, as text
			return strings.NewReplacer("{{", "  ", "}}", ". ", "/*", "  ", "*/", "  ").Replace(s)
		})
		return []passage{{path, 1, blank(blank(comments, action), element)}}
	default:
		begin := lineComment[ext]
		var lines []string
		for _, line := range strings.Split(text, "\n") {
			mark := begin.FindString(line)
			if strings.Trim(mark, " \t") == "" {
				lines = append(lines, "") // ends the paragraph
				continue
			}
			lines = append(lines, line[len(mark):])
		}
		return []passage{{path, 1, strings.Join(lines, "\n")}}
	}
}

// proseOfGo are the comments, and the literals that are sentences, of a Go file.
func proseOfGo(path, text string) (all []passage) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []passage{{path, 1, err.Error()}}
	}
	for _, group := range file.Comments {
		var lines []string
		for _, c := range group.List {
			for _, line := range strings.Split(c.Text, "\n") {
				line = strings.TrimLeft(line, "/* \t")
				lines = append(lines, line)
			}
		}
		all = append(all, passage{path, fset.Position(group.Pos()).Line, code.ReplaceAllString(strings.Join(lines, "\n"), "CODE")})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				return n.Type == nil
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				return true
			}
			if s, err := strconv.Unquote(n.Value); err == nil && several.MatchString(s) {
				all = append(all, passage{path, fset.Position(n.Pos()).Line, s})
			}
		}
		return true
	})
	return all
}

// unread are paths that hold no prose of ours.
var unread = regexp.MustCompile(`^internal/arch/english_test\.go$|/axe/|\.min\.`)

// texts are the files of the whole repository that may hold prose, of all its modules: what stands
// in each, by its path.
var texts = sync.OnceValues(func() (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name != root && d.Name() != ".ci" && skipped.MatchString(d.Name()) {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		ext := filepath.Ext(name)
		prosaic := slices.Contains([]string{".go", ".md", ".html"}, ext) || lineComment[ext] != nil
		if !prosaic {
			return nil
		}
		b, err := os.ReadFile(name)
		if ext == "" && d.Name() != "Makefile" && d.Name() != "Dockerfile" && !bytes.HasPrefix(b, []byte("#!")) {
			return err
		}
		rel, relErr := filepath.Rel(root, name)
		all[filepath.ToSlash(rel)] = string(b)
		return errors.Join(err, relErr)
	})
	if err == nil && len(all) < 500 {
		err = fmt.Errorf("only %d files were read", len(all))
	}
	return all, err
})

// below are the texts in a folder, of which there are so many at least.
func below(t *testing.T, folder string, least int) map[string]string {
	t.Helper()
	all, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for path, text := range all {
		if strings.HasPrefix(path, folder) {
			found[path] = text
		}
	}
	if len(found) < least {
		t.Fatalf("%d files in %s", len(found), folder)
	}
	return found
}

func TestSentencesAreEnglish(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	all, err := texts()
	if err != nil {
		t.Fatal(err)
	}
	passages := 0
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if unread.MatchString(path) {
			continue
		}
		for _, p := range prose(path, all[path]) {
			passages++
			for _, s := range slips(p) {
				t.Errorf("%s: %q: write %s", s.at, s.text, s.instead)
			}
		}
	}
	for _, script := range []string{".ci/run", "Makefile", "tools/fuzz.sh"} {
		if all[script] == "" {
			t.Errorf("%s is not read", script)
		}
	}
	t.Logf("%d passages in %d files", passages, len(all))
}

// Each construction is found where somebody plants it, in every kind of file, and its right form is
// let through.
func TestPlantedSlipsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range constructions {
		for _, s := range c.wrong {
			if found := slips(passage{text: s}); len(found) == 0 || found[0].instead != c.instead {
				t.Errorf("%s: %q is found as %q", c.name, s, found)
			}
		}
		for _, s := range c.right {
			if found := slips(passage{text: s}); len(found) > 0 {
				t.Errorf("%s: %q is right, and found as %q", c.name, s, found)
			}
		}
	}
	for _, in := range []struct {
		path, text string
		line       int // of what is found, 0 for nothing
	}{
		{"a.go", "package a\n\n// A is for\n// who may.\nvar A int\n", 3},
		{"a.go", "package a\n\nvar a = \"the file is no file for this\"\n", 3},
		{"a.go", "package a\n\nvar a = `is none`\n", 0}, // not a sentence
		{"a.go", "package a\n\nvar a struct {\n\tB int `say:\"this is no form\"`\n}\n", 0},
		{"a.md", "# A\n\nWords for\nwho may.\n", 3},
		{"a.md", "# A\n\n```\nfor who\n```\n\nThe command `for who` is right.\n", 0},
		{"a.md", "<!-- x: begin -->\n\nfor who\n\n<!-- x: end -->\n\nfor who\n", 7},
		{"docs/benchmarks.md", "<!-- x y -->\n\nfor who\n\n<!-- /x y -->\n\nfor who\n", 7},
		{"CHANGELOG.md", "# C\n\n## Unreleased\n\nfor who\n\n## 1\n\nto who\n", 5},
		{"CHANGELOG.md", "# C\n\n## Unreleased\n\nfor all\n\n## 1\n\nto who\n", 0},
		{"a.html", "<p>text</p>\n{{/* A page for\nwho may. */}}", 2},
		{"a.html", "<p>It is no page.</p>\n", 1},
		{"a.html", "<p title=\"for who\">{{if eq .A \"for who\"}}{{end}}</p>\n", 0},
		{"Makefile", "a:\n\tfor who in x\n# For who\n# may.\n", 3},
		{"a.sh", "#!/bin/sh\nfor who in x; do :; done # for\n", 0},
		{".ci/run", "#!/bin/sh\n# That is no\n# failure.\n", 2},
		{"a.lua", "-- A key is\n-- no form.\n", 1},
		{"a.css", "/* For\n * who */\n", 1},
	} {
		var found []slip
		for _, p := range prose(in.path, in.text) {
			found = append(found, slips(p)...)
		}
		want := fmt.Sprintf("%s:%d", in.path, in.line)
		if in.line == 0 && len(found) > 0 || in.line > 0 && (len(found) != 1 || found[0].at != want) {
			t.Errorf("%s with %q: found %q, want line %d", in.path, in.text, found, in.line)
		}
	}
}
