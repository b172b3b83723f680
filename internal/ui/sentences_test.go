// Every word of a page is a sentence by code, a value or a name: pages in a language whose
// sentences are marked show it.

package ui_test

import (
	"html"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// marked renders pages in a language whose sentences are those of English between marks, with their
// codes: "⟦page.save¦Save⟧".
func marked(t *testing.T) *ui.Renderer {
	t.Helper()
	r, err := ui.New(ui.Options{Base: "/7", Name: "7", Environment: "7", Catalogue: text.English.Mapped(func(code, text string) string {
		return "⟦" + code + "¦" + text + "⟧"
	})})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wordless is a copy of a value in which texts of programs have no letters, and all messages are
// sentences.
func wordless(v reflect.Value) reflect.Value {
	made := reflect.New(v.Type()).Elem()
	made.Set(v)
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.String() != "view" {
			made.SetString(strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) {
					return '7'
				}
				return r
			}, v.String()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			made.Set(reflect.ValueOf(text.TableUnusable(v.Interface().(text.Message))))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			made.Set(reflect.New(v.Type().Elem()))
			made.Elem().Set(wordless(v.Elem()))
		}
	case reflect.Slice:
		made.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			made.Index(i).Set(wordless(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if made.Field(i).CanSet() {
				made.Field(i).Set(wordless(v.Field(i)))
			}
		}
	}
	return made
}

// unseen are the attributes that no person reads.
var unseen = strings.Fields("action aria-autocomplete aria-controls aria-current aria-describedby aria-disabled aria-hidden " +
	"aria-invalid aria-labelledby aria-sort autocapitalize autocomplete charset class content d data-base data-filter data-leave data-ops " +
	"data-type datetime enctype for form formaction href id inputmode lang method min max name popovertarget rel role scope spellcheck " +
	"src step tabindex target type value")

// seen are the texts of a page: what stands between its tags, and each attribute that is read.
func seen(t *testing.T, page string) []string {
	t.Helper()
	var between strings.Builder
	all := []string{""}
	_, body, _ := strings.Cut(page, "\n")
	for {
		text, rest, more := strings.Cut(body, "<")
		between.WriteString(html.UnescapeString(text) + "|")
		if !more {
			break
		}
		found, after, ok := readTag(rest)
		if !ok {
			t.Fatalf("not a tag: %.80q", rest)
		}
		for _, a := range found.attributes {
			if !slices.Contains(unseen, a[0]) {
				all = append(all, a[1])
			}
		}
		body = after
	}
	all[0] = between.String()
	return all
}

// outside is what is not between marks, and the codes of the marks.
func outside(text string) (rest string, codes []string) {
	var b strings.Builder
	depth := 0
	for i, r := range text {
		switch r {
		case '⟦':
			depth++
			code, _, _ := strings.Cut(text[i+len("⟦"):], "¦")
			codes = append(codes, code)
		case '⟧':
			depth--
		default:
			if depth == 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String(), codes
}

// sameEverywhere are the words of pages that are the same in every language.
var sameEverywhere = regexp.MustCompile(`\b(?:NULL|UTC)\b`)

var letters = regexp.MustCompile(`\pL+(?:\s+\pL+)*`)

// said are the codes that the templates name.
func said(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, pattern := range []string{"templates/*.html", "templates/partials/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`\b(?:text|parts) "([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
				all[m[1]] = true
			}
		}
	}
	return all
}

// Pages in all their states say nothing but sentences, and say each that a template names, so that
// the kinds of its arguments are tried too.
func TestPagesSayOnlySentences(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	r := marked(t)
	all := stories.All(r)
	for _, pages := range [][]ui.Page{stories.Blank(), stories.Filled("x", 1), stories.Filled("x", 3), stories.Filled("", 1)} {
		for _, p := range pages {
			all = append(all, stories.Story{Name: reflect.TypeOf(p).String(), Page: p})
		}
	}
	for _, p := range []ui.Page{ // states that are seldom
		ui.List{Rows: make([]ui.Row, 1), Exports: []ui.Link{{Label: "x"}}},
		ui.Form{Fields: []ui.FormField{{Widget: ui.WidgetFile, Stored: true, Error: text.Required}}},
		ui.Delete{Effects: []ui.Effect{{Kind: ui.EffectRestrict}}},
		ui.Users{Rows: []ui.UserRow{{Href: "x"}}},
	} {
		all = append(all, stories.Story{Name: reflect.TypeOf(p).String(), Page: p})
	}
	codes := map[string]bool{}
	for _, s := range all {
		page := render(t, r, wordless(reflect.ValueOf(s.Page)).Interface().(ui.Page))
		for _, text := range seen(t, page) {
			rest, found := outside(text)
			for _, code := range found {
				codes[code] = true
			}
			if words := letters.FindAllString(sameEverywhere.ReplaceAllString(rest, ""), -1); words != nil {
				t.Errorf("%s: %q is not said by code", s.Name, words)
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(said(t))) {
		if !codes[code] {
			t.Errorf("no page says %q", code)
		}
	}
}

// The check itself finds what it is for.
func TestOutsideOfMarks(t *testing.T) {
	for text, want := range map[string]string{
		"⟦a¦Save⟧": "", "⟦a¦of ⟦b¦two⟧ rows⟧ now ⟦c¦x⟧": " now ", "7 rows": "7 rows", "⟦a¦Now ⟧7⟦b¦.⟧": "7",
	} {
		if got, _ := outside(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	page := "<!doctype html>\n<p title=\"Open\" class=\"x\">⟦a¦Now <b>7</b>.⟧ rows</p>"
	if got := strings.Join(seen(t, page), "|"); got != "|⟦a¦Now |7|.⟧ rows|||Open" {
		t.Errorf("%q", got)
	}
}
