// This file finds words that templates have themselves instead of saying sentences by their codes.

package arch

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	nodes "text/template/parse"
)

// templates are the panel's own, by their paths.
func templates(t *testing.T) map[string]string { return below(t, "internal/ui/templates/", 10) }

var (
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

// Words that somebody plants in a template are found, and other texts are not.
func TestPlantedWordsOfTemplatesAreFound(t *testing.T) {
	t.Parallel()
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
}
