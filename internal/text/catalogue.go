// Catalogues: the sentences in one language, and what it does with numbers.

package text

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// A Catalogue is the sentences in one language.
type Catalogue struct {
	tag       language.Tag
	forms     []plural.Form       // of a sentence that counts, in the order of its texts; the last is for all but whole numbers
	thousands string              // between groups of three digits
	texts     map[string][]string // by code
}

// English is the catalogue of the sentences as they are declared.
var English = &Catalogue{
	tag: language.English, forms: []plural.Form{plural.One, plural.Other}, thousands: ",",
	texts: map[string][]string{},
}

// Say is a message in the catalogue's language; empty for nil.
func (c *Catalogue) Say(m Message) string {
	if m == nil {
		return ""
	}
	return m.in(c)
}

// Text is the sentence of a code, for templates, which name sentences by their codes. It returns an
// error if there is no such sentence, or if the arguments are not its own.
func (c *Catalogue) Text(code string, args ...any) (string, error) {
	m, err := called(code, args)
	if err != nil {
		return "", err
	}
	return c.Say(m), nil
}

// Parts is the sentence of a code as Text says it, for templates that put one part of it into an
// element. It returns an error also if the sentence has no part.
func (c *Catalogue) Parts(code string, args ...any) (Parts, error) {
	if err := TakesParts(code, len(args)); err != nil {
		return Parts{}, err
	}
	m, err := called(code, args)
	if err != nil {
		return Parts{}, err
	}
	return m.parts(c), nil
}

// Takes says what is wrong with a code and a number of arguments, before a template has run.
func Takes(code string, args int) error {
	s := sentences[code]
	if s == nil {
		return fmt.Errorf("no sentence has the code %q", code)
	}
	if args != len(s.types) {
		return fmt.Errorf("the sentence %q has %d arguments, got %d", code, len(s.types), args)
	}
	return nil
}

// TakesParts says the same of a code that Parts is called with.
func TakesParts(code string, args int) error {
	err := Takes(code, args)
	if err == nil && !sentences[code].part {
		err = fmt.Errorf("the sentence %q has no part in brackets", code)
	}
	return err
}

// called is a sentence with the arguments that a template gives it.
func called(code string, args []any) (*said, error) {
	if err := Takes(code, len(args)); err != nil {
		return nil, err
	}
	s := sentences[code]
	for i, arg := range args {
		want, _ := isNumber(s.types[i])
		if arg == nil && !want {
			continue // a message that says nothing
		}
		if arg == nil {
			return nil, fmt.Errorf("the sentence %q takes a number for {%s}, got nil", code, s.names[i])
		}
		if is, err := isNumber(reflect.TypeOf(arg)); err != nil || is != want {
			return nil, fmt.Errorf("the sentence %q takes no %T for {%s}", code, arg, s.names[i])
		}
	}
	return &said{s, args}, nil
}

// Language is the tag of the catalogue's language, such as "en".
func (c *Catalogue) Language() string { return c.tag.String() }

// Mapped is a catalogue in the same language with other texts: what change makes of each. Tests see
// with it which words of a page are sentences.
func (c *Catalogue) Mapped(change func(code, text string) string) *Catalogue {
	other := *c
	other.texts = map[string][]string{}
	for code, texts := range c.texts {
		for _, text := range texts {
			other.texts[code] = append(other.texts[code], change(code, text))
		}
	}
	return &other
}

// form is the text of a message before its arguments are in it.
func (c *Catalogue) form(m *said) string {
	texts := c.texts[m.code]
	if texts == nil {
		c, texts = English, English.texts[m.code]
	}
	if len(texts) == 1 {
		return texts[0]
	}
	for _, arg := range m.args {
		n, is := number(arg)
		if !is {
			continue
		}
		if n.Kind != CountAtLeast { // "10,000+" is more than it says
			form := plural.Cardinal.MatchPlural(c.tag, int(max(n.N, -n.N)), 0, 0, 0, 0)
			for i := range texts {
				if c.forms[i] == form {
					return texts[i]
				}
			}
		}
		break
	}
	return texts[len(texts)-1]
}

// shown is an argument as it is read.
func (c *Catalogue) shown(arg any) string {
	if n, is := number(arg); is {
		return n.in(c)
	}
	switch arg := arg.(type) {
	case nil:
		return ""
	case string:
		return arg
	case Message:
		return arg.in(c)
	case []string:
		return strings.Join(arg, ", ")
	}
	return fmt.Sprint(arg) // of a string type
}

// Group writes a whole number, in groups of three digits.
func (c *Catalogue) Group(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(c.thousands)
		}
		b.WriteRune(digit)
	}
	return b.String()
}
