// This file finds sentences that stand outside of internal/text, and sentences there that nobody
// says.

package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	nodes "text/template/parse"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// speaking are the packages whose words reach pages.
var speaking = []string{"internal/frame", "internal/records", "internal/people", "internal/home", "internal/typed", "internal/ui"}

// unsaid are words in those packages that no person reads on a page, each with the reason.
var unsaid = map[string]string{
	"internal/typed/bind.go":                                            "errors of Register, for developers",
	"internal/typed/drift.go":                                           "what Drift tells developers",
	"internal/typed/fields.go: not null":                                "a tag",
	"internal/frame/gates.go: the connection":                           "logged",
	"internal/frame/gates.go: the forwarding header of a trusted proxy": "logged",
	"internal/frame/gates.go: want at most %d":                          "an error of a Config",
	"internal/frame/gates.go: not an address range":                     "an error of a Config",
	"internal/frame/securitylog.go: security event":                     "logged",
	"internal/frame/securitylog.go: (no such account)":                  "logged",
	"internal/frame/frame.go: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; ": "a header",
	"internal/frame/frame.go: connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'": "a header",
	"internal/records/export.go: an export":               "logged",
	"internal/records/export.go: text/csv; charset=utf-8": "a header",
	"internal/records/list.go: JSON Lines":                "a format's name",
	"internal/ui/delete.go: set null":                     "SQL",
	"internal/ui/delete.go: set default":                  "SQL",
	"internal/ui/icons.go":                                "drawings",
	"internal/ui/probe.go: Error":                         "a field's name",
	"internal/ui/static.go":                               "headers, and an answer to programs",
}

// words are two words, or one that begins as a sentence or a label does.
var words = regexp.MustCompile(`\pL\pL+[^\pL]*\s\W*\pL\pL+|^[A-Z][a-z]+[.…!?]?$`)

// silent are calls whose texts no page shows: logs, errors for developers, what a request or a file
// is asked for. Errors of these packages reach a page by their types alone (frame.Classify).
var silent = regexp.MustCompile(`(^|\.)(\w*Context|Debug|Info|Warn|String|Int|Int64|Bool|Any|Duration|New|Errorf|panic|Fprintf|Sprintf|MustCompile|ParseGlob|Parse|Format|Get|Set|Add|Del|Has|Values|Cut\w*|Trim\w*|HasPrefix|HasSuffix|Contains\w*|Replace\w*|Split\w*|Fields|Index\w*|Glob|Handle|complain|note)$`)

// said are the literals of a Go file that read as words of a page.
func said(file *ast.File) (found []string) {
	var look func(n ast.Node, quiet bool)
	look = func(n ast.Node, quiet bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.Field:
				if n.Type != nil {
					look(n.Type, quiet)
				}
				return false // without its tag
			case *ast.CallExpr:
				name := callee(n)
				if name == "text.Verbatim" && !quiet {
					for _, arg := range n.Args {
						ast.Inspect(arg, func(n ast.Node) bool {
							if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
								if s, _ := strconv.Unquote(lit.Value); strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && strings.Contains(s, " ") {
									found = append(found, s)
								}
							}
							return true
						})
					}
					return false
				}
				for _, arg := range n.Args {
					look(arg, quiet || silent.MatchString(name) && name != "text.Verbatim")
				}
				look(n.Fun, quiet)
				return false
			case *ast.BasicLit:
				if n.Kind == token.STRING && !quiet {
					if s, err := strconv.Unquote(n.Value); err == nil && words.MatchString(s) {
						found = append(found, s)
					}
				}
			}
			return true
		})
	}
	for _, d := range file.Decls {
		look(d, false)
	}
	return found
}

// callee is the name that a call is written by.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if on, ok := f.X.(*ast.Ident); ok {
			return on.Name + "." + f.Sel.Name
		}
		return "." + f.Sel.Name
	}
	return ""
}

func TestSentencesStandInOnePlace(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	used, files := map[string]bool{}, map[string]int{}
	for _, s := range sources(t) {
		folder := path.Dir(s.path)
		if forTests(s.path) || !slices.Contains(speaking, folder) {
			continue
		}
		files[folder]++
		for _, words := range said(s.file) {
			key := s.path + ": " + words
			switch {
			case unsaid[s.path] != "":
				used[s.path] = true
			case unsaid[key] != "":
				used[key] = true
			default:
				t.Errorf("%s says %q: sentences that people read are declared in internal/text", s.path, words)
			}
		}
	}
	for _, folder := range speaking {
		if files[folder] == 0 {
			t.Errorf("%s has no files", folder)
		}
	}
	for key := range unsaid {
		if !used[key] {
			t.Errorf("%q is excepted and not there", key)
		}
	}
}

// templates are the panel's own, by their paths.
func templates(t *testing.T) map[string]string {
	all := map[string]string{}
	folder := filepath.Join(root, "internal/ui/templates")
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(root, name)
		all[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil || len(all) < 10 {
		t.Fatal(len(all), err)
	}
	return all
}

var (
	comment   = regexp.MustCompile(`(?s)\{\{-?\s*/\*.*?\*/\s*-?\}\}`)
	action    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	element   = regexp.MustCompile(`<(?:[^>"]|"[^"]*")*>`)
	attribute = regexp.MustCompile(`([\w-]+)="([^"]*)"`)
	button    = regexp.MustCompile(`^<input [^>]*type="(?:submit|button|reset|image)"`)
	inTag     = regexp.MustCompile(`^[\x00\s]*[\w-]+="`) // a template of attributes
	letter    = regexp.MustCompile(`\pL`)
	name      = regexp.MustCompile(`^[a-z_.]+$`)
	sentence  = regexp.MustCompile(`\b(?:text|parts) "([^"]+)"`)
)

// unseen are the attributes whose words no person reads; those of all others are read or shown.
var unseen = strings.Fields("action aria-autocomplete aria-controls aria-current aria-describedby aria-disabled aria-hidden " +
	"aria-invalid aria-labelledby aria-sort autocapitalize autocomplete charset class content data-base data-filter data-leave " +
	"datetime enctype for form href id inputmode lang max method min name popovertarget rel role scope spellcheck src step tabindex target type")

// names are words of pages that are the same in every language.
var names = []string{"NULL"}

// literals are, by function of a template, the arguments that are names when they are written out;
// -1 is all.
var literals = map[string][]int{"text": {1}, "parts": {1}, "link": {2}, "url": {-1}, "asset": {-1}, "icon": {-1}, "eq": {-1}, "ne": {-1}}

// written are the words that a template has itself: between tags, in attributes that are read aloud
// or shown, in its actions.
func written(t *testing.T, template string) (found []string) {
	t.Helper()
	trees := map[string]*nodes.Tree{}
	tree := nodes.New("")
	tree.Mode = nodes.SkipFuncCheck
	if _, err := tree.Parse(template, "", "", trees); err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		var page strings.Builder
		found = append(found, unrolled(trees[name].Root, &page)...)
		html := page.String()
		if inTag.MatchString(html) {
			html = "<p " + html + ">"
		}
		for _, tag := range element.FindAllString(html, -1) {
			for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
				hidden := slices.Contains(unseen, a[1]) || a[1] == "value" && !button.MatchString(tag)
				if words := strings.Trim(a[2], "\x00 "); letter.MatchString(words) && !hidden {
					found = append(found, words)
				}
			}
		}
		for _, words := range element.Split(html, -1) {
			for _, words := range strings.Split(words, "\x00") {
				if words = strings.TrimSpace(words); letter.MatchString(words) && !slices.Contains(names, words) {
					found = append(found, words)
				}
			}
		}
	}
	return found
}

// unrolled writes a template as a page of all its branches, with a NUL for each action, and returns
// the words in its actions.
func unrolled(list *nodes.ListNode, page *strings.Builder) (found []string) {
	if list == nil {
		return nil
	}
	branch := func(b *nodes.BranchNode) {
		page.WriteByte(0)
		found = append(found, called(b.Pipe)...)
		found = append(found, unrolled(b.List, page)...)
		page.WriteByte(0)
		found = append(found, unrolled(b.ElseList, page)...)
		page.WriteByte(0)
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *nodes.TextNode:
			page.Write(n.Text)
		case *nodes.ActionNode:
			page.WriteByte(0)
			found = append(found, called(n.Pipe)...)
		case *nodes.TemplateNode:
			page.WriteByte(0)
			found = append(found, called(n.Pipe)...)
		case *nodes.IfNode:
			branch(&n.BranchNode)
		case *nodes.RangeNode:
			branch(&n.BranchNode)
		case *nodes.WithNode:
			branch(&n.BranchNode)
		}
	}
	return found
}

// called are the words in the commands of a pipeline.
func called(pipe *nodes.PipeNode) (found []string) {
	if pipe == nil {
		return nil
	}
	for _, command := range pipe.Cmds {
		var allowed []int
		method := false
		switch first := command.Args[0].(type) {
		case *nodes.IdentifierNode:
			allowed = literals[first.Ident]
		case *nodes.FieldNode, *nodes.VariableNode, *nodes.ChainNode:
			method = true
		}
		for i, arg := range command.Args {
			switch arg := arg.(type) {
			case *nodes.PipeNode:
				found = append(found, called(arg)...)
			case *nodes.StringNode:
				isName := slices.Contains(allowed, i) || slices.Contains(allowed, -1) || method && name.MatchString(arg.Text)
				if letter.MatchString(arg.Text) && !isName {
					found = append(found, arg.Text)
				}
			}
		}
	}
	return found
}

func TestTemplatesHaveNoWordsOfTheirOwn(t *testing.T) {
	t.Parallel()
	all := templates(t)
	for _, at := range slices.Sorted(maps.Keys(all)) {
		if found := written(t, all[at]); len(found) > 0 {
			t.Errorf("%s has words of its own: %q", at, found)
		}
	}
}

// A quotation is a text in quotes of a script: a NUL stands for what a template literal fills in.
type quotation struct {
	text  string
	call  string // the function that it is an argument of
	shown bool   // it is assigned to what people read
}

var (
	jsToken = regexp.MustCompile(`(?s)^(?://[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w$]+|=>|[=!]==?|\?\.|\s+|.)`)
	jsRegex = regexp.MustCompile(`^/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*`)
	// shows are the properties and attributes that people read.
	shows = strings.Fields("textContent innerText innerHTML title placeholder label ariaLabel alt aria-label")
)

// quotations are the texts in quotes of a script.
func quotations(script string) (found []quotation) {
	type frame struct {
		call  string
		shown bool
	}
	frames, word, before := []frame{{}}, "", "("
	for script != "" {
		top := &frames[len(frames)-1]
		if script[0] == '`' {
			text, inside, rest := filledIn(script[1:])
			found = append(found, quotation{text, top.call, top.shown})
			found = append(found, quotations(inside)...)
			script, before = rest, "`"
			continue
		}
		token := jsToken.FindString(script)
		isComment := strings.HasPrefix(token, "//") || strings.HasPrefix(token, "/*")
		if regex := jsRegex.FindString(script); regex != "" && !isComment && strings.Contains("(,=:[!&|?{};=>", before) {
			token = regex
		}
		script = script[len(token):]
		if isComment || strings.TrimSpace(token) == "" {
			continue
		}
		switch {
		case token[0] == '"' || token[0] == '\'':
			text := token[1 : len(token)-1]
			if top.call == "setAttribute" && slices.Contains(shows, text) {
				top.shown = true
				break
			}
			found = append(found, quotation{text, top.call, top.shown})
		case token == "(":
			frames = append(frames, frame{call: word, shown: top.shown && word == ""})
		case token == "{" || token == "[":
			frames = append(frames, frame{})
		case token == ")" || token == "}" || token == "]":
			frames = frames[:max(len(frames)-1, 1)]
		case token == ";":
			top.shown = false
		case token == "=" && slices.Contains(shows, word):
			top.shown = true
		}
		if before = token; token != "?." {
			word = ""
		}
		if letter.MatchString(token) && token[0] != '"' && token[0] != '/' {
			word = token
		}
	}
	return found
}

// filledIn reads a template literal: its text, the expressions in it, and the script after it.
func filledIn(script string) (text, inside, rest string) {
	var out, in strings.Builder
	for depth := 0; script != ""; script = script[1:] {
		switch {
		case depth == 0 && script[0] == '`':
			return out.String(), in.String(), script[1:]
		case depth == 0 && strings.HasPrefix(script, "${"):
			depth, script = 1, script[1:]
			out.WriteByte(0)
			continue
		case depth > 0 && script[0] == '`': // one inside the other
			text, inner, after := filledIn(script[1:])
			in.WriteString(strconv.Quote(text) + ";" + inner + ";")
			script = " " + after
			continue
		case depth > 0 && script[0] == '{':
			depth++
		case depth > 0 && script[0] == '}':
			if depth--; depth == 0 {
				in.WriteByte(';')
				continue
			}
		}
		if depth > 0 {
			in.WriteByte(script[0])
		} else {
			out.WriteByte(script[0])
		}
	}
	return out.String(), in.String(), ""
}

var (
	// readable are two words, one that begins as a sentence does, or one beside what is filled in.
	readable = regexp.MustCompile(`\pL\pL+[^\pL]*\s[^\pL]*\pL\pL+|^[A-Z][a-z]+\W*$|\pL\pL+\W*\s\x00|\x00\s\pL\pL+`)
	// queries are functions whose texts are selectors.
	queries = []string{"all", "closest", "matches", "querySelector", "querySelectorAll"}
)

// unspoken are texts of scripts that no person reads, each with the reason.
var unspoken = map[string]string{
	"use strict": "a directive", "Enter": "a key", "Escape": "a key", "button danger": "classes", "hint says": "classes", "error says": "classes",
	"crudadmin_theme=\x00; path=\x00; max-age=\x00; samesite=lax\x00": "a cookie",
}

// spoken are the texts of a script that people read.
func spoken(script string) (found []string) {
	for _, q := range quotations(script) {
		if (readable.MatchString(q.text) || q.shown && letter.MatchString(q.text)) && unspoken[q.text] == "" &&
			!slices.Contains(queries, q.call) && q.call != "say" && !slices.Contains(names, q.text) {
			found = append(found, q.text)
		}
	}
	return found
}

// scripts are the panel's own, by their paths.
func scripts(t *testing.T) map[string]string {
	found, err := filepath.Glob(filepath.Join(root, "internal/ui/static/js/*"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	all := map[string]string{}
	for _, name := range found {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all["internal/ui/static/js/"+filepath.Base(name)] = string(b)
	}
	return all
}

func TestScriptsHaveNoWordsOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	n := 0
	for at, script := range scripts(t) {
		for _, q := range quotations(script) {
			seen[q.text], n = true, n+1
		}
		if found := spoken(script); len(found) > 0 {
			t.Errorf("%s has words of its own: %q", at, found)
		}
	}
	if n < 200 {
		t.Errorf("%d texts in quotes: this test does not read the scripts", n)
	}
	for text := range unspoken {
		if !seen[text] {
			t.Errorf("%q is excepted and not there", text)
		}
	}
}

// declared are the sentences of internal/text: by the name of each that has one, its code; by code,
// the names of its arguments.
func declared(t *testing.T) (byName map[string]string, codes map[string][]string) {
	byName, codes = map[string]string{}, map[string][]string{}
	for _, s := range sources(t) {
		if path.Dir(s.path) != "internal/text" || forTests(s.path) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			call, ok := spec.Values[0].(*ast.CallExpr)
			if ok && len(call.Args) == 1 { // a declaration in a function, such as ifKnown
				call, ok = call.Args[0].(*ast.CallExpr)
			}
			if !ok || len(call.Args) < 2 {
				return true
			}
			fun := call.Fun
			switch generic := fun.(type) {
			case *ast.IndexExpr:
				fun = generic.X
			case *ast.IndexListExpr:
				fun = generic.X
			}
			lit, isLit := call.Args[0].(*ast.BasicLit)
			english, isToo := call.Args[len(call.Args)-1].(*ast.BasicLit)
			if !slices.Contains([]string{"plain", "with", "with2", "with3"}, fmt.Sprint(fun)) || !isLit || !isToo {
				return true
			}
			code, _ := strconv.Unquote(lit.Value)
			codes[code] = []string{}
			for _, m := range placeholder.FindAllStringSubmatch(english.Value, -1) {
				codes[code] = append(codes[code], m[1])
			}
			if name := spec.Names[0].Name; name != "_" {
				byName[name] = code
			}
			return true
		})
	}
	return byName, codes
}

var (
	placeholder = regexp.MustCompile(`\{#?(\w+)\}`)
	says        = regexp.MustCompile(`\bsay\(`)
	saysCode    = regexp.MustCompile(`\bsay\("([^"]+)"(?:, \{ ((?:[^{}]|\{[^{}]*\})*) \})?\)`)
	property    = regexp.MustCompile(`(?:^|, )([a-z]\w*)`)
)

// saidBy are the codes that a script says, and what is wrong with how it says them.
func saidBy(script string, codes map[string][]string) (said, wrong []string) {
	all := saysCode.FindAllStringSubmatch(script, -1)
	if n := len(says.FindAllString(script, -1)); n != len(all) {
		wrong = append(wrong, fmt.Sprintf("%d calls of say, and %d have a code and { arguments }", n, len(all)))
	}
	for _, m := range all {
		var given []string
		for _, name := range property.FindAllStringSubmatch(m[2], -1) {
			given = append(given, name[1])
		}
		wanted := slices.Clone(codes[m[1]])
		slices.Sort(given)
		slices.Sort(wanted)
		switch said = append(said, m[1]); {
		case codes[m[1]] == nil:
			wrong = append(wrong, m[1]+" is not a sentence of internal/text")
		case !slices.Equal(given, slices.Compact(wanted)):
			wrong = append(wrong, fmt.Sprintf("%s has the arguments %q, got %q", m[1], wanted, given))
		}
	}
	return said, wrong
}

// Every sentence is said by somebody, and every code that a template or a script says is there.
func TestEverySentenceIsSaid(t *testing.T) {
	t.Parallel()
	byName, codes := declared(t)
	if len(codes) < 100 {
		t.Fatalf("%d sentences: this test does not understand them", len(codes))
	}
	used := map[string]bool{}
	for at, template := range templates(t) {
		for _, m := range sentence.FindAllStringSubmatch(template, -1) {
			if _, ok := codes[m[1]]; !ok {
				t.Errorf("%s says %q, which is not a sentence of internal/text", at, m[1])
			}
			used[m[1]] = true
		}
	}
	for at, script := range scripts(t) {
		said, wrong := saidBy(script, codes)
		for _, code := range said {
			used[code] = true
		}
		for _, what := range wrong {
			t.Errorf("%s: %s", at, what)
		}
	}
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.path, "internal/") || forTests(s.path) {
			continue
		}
		inside := path.Dir(s.path) == "internal/text"
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if inside {
					return len(n.Names) != 1 || byName[n.Names[0].Name] == ""
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "text" {
					used[byName[n.Sel.Name]] = true
				}
			case *ast.Ident:
				if inside {
					used[byName[n.Name]] = true
				}
			}
			return true
		})
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if !used[code] {
			t.Errorf("nobody says %q", code)
		}
	}
	t.Logf("%d sentences", len(codes))
}

// Sentences that somebody plants are found, and other texts are not.
func TestPlantedWordsAreFound(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		`v.Notify(kind, text.Verbatim("The record is gone."))`:                  1,
		`v.Notify(kind, text.Verbatim(strconv.Itoa(n) + " records are gone."))`: 1,
		`page.Error = "Nothing was changed: " + err.Error()`:                    1,
		`_ = ui.Option{Value: "x", Label: "Superuser"}`:                         1,
		`return "is required, as is " + other`:                                  1,
		`v.Log().WarnContext(ctx, "related records failed", "table", t.Name)`:   0,
		`return fmt.Errorf("read the file of %s: %w", name, err)`:               0,
		`v.Notify(kind, text.RecordSaved)`:                                      0,
		`page.Error = text.Verbatim(err.Error())`:                               0,
		`v.W.Header().Set("Content-Type", "text/plain; charset=utf-8")`:         0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() error {\n"+code+"\nreturn nil }", 0)
		if err != nil {
			t.Fatal(code, err)
		}
		if got := said(file); len(got) != want {
			t.Errorf("%s: found %q, want %d", code, got, want)
		}
	}
	for template, want := range map[string]int{
		`<h1>Page not found</h1>`:                                           1,
		`<h1>{{or .Title "Health"}}</h1>`:                                   1,
		`<p>{{.N}} more with the same value</p>`:                            1,
		`<a title="Sign out" href="{{url "logout"}}">{{icon "logout"}}</a>`: 1,
		`<button aria-label="End {{.Name}}"></button>`:                      1,
		`{{template "crumb" link "Users" "" (url "users" "")}}`:             1,
		`{{if .A}}<b>of</b>{{else if .B}}{{.C}}, x{{end}}`:                  2,
		`{{if .A}} title="Role"{{end}}`:                                     1,
		`{{if .A}} min="{{.B}}"{{end}}`:                                     0,
		`<td data-label="Role"></td>`:                                       1,
		`<a data-note="Role"></a>`:                                          1,
		`<input type="submit" value="Save">`:                                1,
		`<button class="a" data-confirm="{{.A}}? Go"></button>`:             1,
		`{{range .A}}{{with "Yes"}}{{.}}{{end}}{{end}}`:                     1,
		`{{printf "%d rows" .N}}{{.Word "Two words"}}`:                      2,
		`{{text (or .A "list.view")}}`:                                      1,
		`{{/* A table of rows. */}}<b class="two words">{{say .Label}}</b>`: 0,
		`{{if eq .Kind "view"}}<i id="x">{{text "list.view"}}</i>{{end}}`:   0,
		`<input placeholder="{{text "list.find"}}" name="filter_column">`:   0,
		`<input type="checkbox" value="true" data-filter=".a > div">NULL`:   0,
		`{{define "x"}}{{$.Without "q"}}{{icon "x"}} · {{end}}`:             0,
	} {
		if got := written(t, template); len(got) != want {
			t.Errorf("%s: found %q, want %d", template, got, want)
		}
	}
	for script, want := range map[string]int{
		`b.title = "open";`:                                                       1,
		`b.title = on ? "open" : other;`:                                          1,
		`b.setAttribute("aria-label", "open")`:                                    1,
		`b.textContent = ` + "`${n} chosen`":                                      1,
		`const t = ` + "`${n} of ${all(`.a .b`)}`":                                1,
		`throw new Error("Not found")`:                                            1,
		`const says = /"[/]"/.test(x) ? "No rows match" : '';`:                    1,
		`dialog.append(element("p", "", "Go on"))`:                                1,
		`all(".rows input, select").closest?.("a b c"); // "two words"`:           0,
		`el.id = ` + "`${id}-list`" + `; /* "two words" */ b.title = say("a.b")`:  0,
		`b.placeholder = box.checked ? "NULL" : hints[i]; x = "open"`:             0,
		`b.textContent = el.hasAttribute("data-ago") ? ago(d) : say("time.soon")`: 0,
	} {
		if got := spoken(script); len(got) != want {
			t.Errorf("%s: found %q, want %d", script, got, want)
		}
	}
	codes := map[string][]string{"a.b": {}, "a.n": {"n"}}
	for script, want := range map[string]int{
		`say("a.b"); say("a.n", { n: x(1, 2) }); say("a.n", { n })`: 0,
		`say("no.such")`:       1,
		`say(code)`:            1,
		`say("a.n")`:           1,
		`say("a.n", { m: 1 })`: 1,
		`say("a.b", { n })`:    1,
		`say(many ? "a.b" : "a.n", { n: a.size })`: 1,
	} {
		if _, wrong := saidBy(script, codes); len(wrong) != want {
			t.Errorf("%s: found %q, want %d", script, wrong, want)
		}
	}
}
