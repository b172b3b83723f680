// This file finds words that scripts have themselves, and sentences that they say wrongly.

package arch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

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
func scripts(t *testing.T) map[string]string { return below(t, "internal/ui/static/js/", 1) }

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

var (
	says     = regexp.MustCompile(`\bsay\(`)
	saysCode = regexp.MustCompile(`\bsay\("([^"]+)"(?:, \{ ((?:[^{}]|\{[^{}]*\})*) \})?\)`)
	property = regexp.MustCompile(`(?:^|, )([a-z]\w*)`)
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

// Words that somebody plants in a script are found, and other texts are not.
func TestPlantedWordsOfScriptsAreFound(t *testing.T) {
	t.Parallel()
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
}

// Calls of say that somebody plants are found where the code or the arguments are wrong.
func TestPlantedCallsOfSayAreFound(t *testing.T) {
	t.Parallel()
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
