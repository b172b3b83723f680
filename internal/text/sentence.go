// Sentences: how they are declared, and what is held of a declaration.

package text

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// plain declares a sentence that says always the same.
func plain(code, english string) Message {
	return &said{sentence: declare(code, []string{english})}
}

// with declares a sentence about one thing. A sentence that counts has two texts: of one, and of
// all other numbers.
func with[A any](code string, english ...string) func(A) Message {
	s := declare(code, english, reflect.TypeFor[A]())
	return func(a A) Message { return &said{s, []any{a}} }
}

// with2 declares a sentence about two things.
func with2[A, B any](code string, english ...string) func(A, B) Message {
	s := declare(code, english, reflect.TypeFor[A](), reflect.TypeFor[B]())
	return func(a A, b B) Message { return &said{s, []any{a, b}} }
}

// with3 declares a sentence about three things.
func with3[A, B, C any](code string, english ...string) func(A, B, C) Message {
	s := declare(code, english, reflect.TypeFor[A](), reflect.TypeFor[B](), reflect.TypeFor[C]())
	return func(a A, b B, c C) Message { return &said{s, []any{a, b, c}} }
}

// A sentence is what is known of a code in every language.
type sentence struct {
	code  string
	names []string       // of the placeholders, in the order of the arguments
	types []reflect.Type // of the arguments
	part  bool           // it has a part in brackets
}

// sentences are all that are declared, by code.
var sentences = map[string]*sentence{}

// declare keeps a sentence. A declaration that is wrong ends the program at its start, and every
// test.
func declare(code string, english []string, types ...reflect.Type) *sentence {
	s := &sentence{code: code, types: types}
	if err := s.check(english); err != nil {
		panic("text: " + code + ": " + err.Error())
	}
	if sentences[code] != nil {
		panic("text: " + code + " is declared twice")
	}
	sentences[code], English.texts[code] = s, english
	return s
}

// check says what is wrong with the English of a sentence, and takes the names from it.
func (s *sentence) check(english []string) error {
	if len(english) == 0 || len(english) > len(English.forms) {
		return fmt.Errorf("%d texts, want 1, or %d of a sentence that counts", len(english), len(English.forms))
	}
	s.names, s.part = placeholders(english[len(english)-1]), strings.Contains(english[0], "[")
	if len(s.names) != len(s.types) {
		return fmt.Errorf("the placeholders are %q, and there are %d arguments", s.names, len(s.types))
	}
	for i, name := range s.names {
		if is, err := isNumber(s.types[i]); err != nil || is != strings.HasPrefix(name, "#") {
			return fmt.Errorf("{%s} is for an argument of the type %s: numbers, and no others, are written {#name}", name, s.types[i])
		}
	}
	return s.fits(english, len(English.forms))
}

// fits says what is wrong with the texts of a sentence in a language with so many plural forms.
func (s *sentence) fits(texts []string, forms int) error {
	counts := slices.ContainsFunc(s.names, func(name string) bool { return strings.HasPrefix(name, "#") })
	if len(texts) != 1 && (len(texts) != forms || !counts) {
		return fmt.Errorf("%d texts, want 1, or %d of a sentence that counts", len(texts), forms)
	}
	for i, text := range texts {
		names := placeholders(text)
		for _, name := range names {
			if !slices.Contains(s.names, name) {
				return fmt.Errorf("{%s} is not an argument: they are %q", name, s.names)
			}
		}
		if strings.ContainsAny(strings.NewReplacer(pairs(names)...).Replace(text), "{}") {
			return fmt.Errorf("a brace in %q is not of a placeholder", text)
		}
		if opens, ok := part(text); !ok || opens != s.part {
			return fmt.Errorf("%q has brackets that are not those of one part, or has one and other texts have not", text)
		}
		for _, name := range s.names {
			if i == len(texts)-1 && !slices.Contains(names, name) {
				return fmt.Errorf("{%s} is not in %q", name, text)
			}
		}
	}
	return nil
}

func pairs(names []string) (all []string) {
	for _, name := range names {
		all = append(all, "{"+name+"}", "")
	}
	return all
}

// part reports whether a text has a part in brackets, and whether its brackets are those of one
// part and outside of placeholders.
func part(text string) (has, ok bool) {
	before, rest, has := strings.Cut(text, "[")
	inside, after, closed := strings.Cut(rest, "]")
	return has, has == closed && !strings.ContainsAny(before+inside+after, "[]")
}

// placeholders are the names in braces, each once, in their order.
func placeholders(text string) (names []string) {
	for {
		_, rest, found := strings.Cut(text, "{")
		name, rest, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return names
		}
		if text = rest; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
}

// isNumber reports whether arguments of a type are counted. Others are texts, lists of texts, and
// messages; there are no more.
func isNumber(t reflect.Type) (bool, error) {
	switch {
	case t == reflect.TypeFor[int](), t == reflect.TypeFor[int64](), t == reflect.TypeFor[Count]():
		return true, nil
	case t.Kind() == reflect.String, t == reflect.TypeFor[[]string](), t.Implements(reflect.TypeFor[Message]()):
		return false, nil
	}
	return false, fmt.Errorf("an argument cannot be a %s", t)
}

// said is a sentence with its arguments.
type said struct {
	*sentence
	args []any
}

func (m *said) String() string { return m.in(English) }

func (m *said) in(c *Catalogue) string {
	if m.part {
		return m.parts(c).whole()
	}
	return m.filled(c.form(m), c)
}

func (m *said) parts(c *Catalogue) Parts {
	before, rest, _ := strings.Cut(c.form(m), "[")
	part, after, _ := strings.Cut(rest, "]")
	return Parts{m.filled(before, c), m.filled(part, c), m.filled(after, c)}
}

// filled is a text with the arguments in it.
func (m *said) filled(text string, c *Catalogue) string {
	if len(m.args) == 0 {
		return text
	}
	var b strings.Builder
	for {
		before, rest, _ := strings.Cut(text, "{")
		b.WriteString(before)
		name, rest, found := strings.Cut(rest, "}")
		if !found {
			return b.String()
		}
		if i := slices.Index(m.names, name); i >= 0 {
			b.WriteString(c.shown(m.args[i]))
		}
		text = rest
	}
}

// Parts are a sentence around a part of it that a page shows in an element of its own, such as a
// link: "Change it on [your account]." A part without words is where the page puts something that
// is not a text, such as a time.
type Parts struct{ Before, Part, After string }

func (p Parts) whole() string { return p.Before + p.Part + p.After }
