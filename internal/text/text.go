// Package text holds the sentences that people read on pages, by code and in English: those of
// handlers and refusals, of templates and of scripts.
//
// A sentence is declared once, in the file of its area, with its code, its English and the types of
// what it says something about:
//
//	RecordsDeleted = with[int64]("records.deleted_many",
//		"{#n} record was deleted.", "{#n} records were deleted.")
//
// The declaration is what callers use. text.RecordsDeleted(3) is a [Message]: a code and its
// arguments, not yet words. Handlers, view models and errors hold Messages; words are made where a
// page is, by a [Catalogue], which knows one language. The compiler holds the number and the types
// of the arguments, and a sentence that no one declared cannot be said.
//
// # Sentences
//
// A name in braces is an argument, {#n} one that counts. Their order in the English is that of the
// arguments; another language may have them in any order. A sentence that counts has one text for
// each plural form of its language, and the first number chooses. Arguments are data: what is in
// them is never read as a placeholder, a format or HTML. Templates say sentences by their codes
// (text "list.empty") and Messages as they come (say .Error); both are escaped as all texts are.
// What only templates or scripts say has no name in Go.
//
// One part of a sentence may stand in brackets: "Change it on [your account]." The page puts it
// into an element, such as a link, and asks for the sentence in [Parts]. Said as a text it has no
// brackets.
//
// # Other languages
//
// Another language is another Catalogue: its texts by code, its plural forms, how it writes
// numbers. Nothing else changes. What it lacks is said in English.
package text

import "strings"

// A Message is something for a person to read, in whichever language they have. The nil Message
// says nothing.
type Message interface {
	// String is the message in English: for logs, and for programs that read errors.
	String() string

	in(c *Catalogue) string
}

// Verbatim is a message in somebody else's words: of a program, a database, a person. It is the
// same in every language. Our own sentences are never said by it.
func Verbatim(words string) Message {
	if words == "" {
		return nil
	}
	return verbatim(words)
}

type verbatim string

func (v verbatim) String() string       { return string(v) }
func (v verbatim) in(*Catalogue) string { return string(v) }

// List is several messages, one beside the other: "is required; is too long". Those that say
// nothing are left out.
func List(messages ...Message) Message { return joined("; ", messages) }

// Notes is several notes of a few words: "TEXT, unique, required". Those that say nothing are left
// out.
func Notes(messages ...Message) Message { return joined(", ", messages) }

// Facts is several facts in one line: "TEXT · no index". Those that say nothing are left out.
func Facts(messages ...Message) Message { return joined(" · ", messages) }

// Sentences is several sentences after each other. Those that say nothing are left out.
func Sentences(messages ...Message) Message { return joined(" ", messages) }

func joined(between string, messages []Message) Message {
	var all []Message
	for _, one := range messages {
		if one != nil {
			all = append(all, one)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &sequence{all, between}
}

type sequence struct {
	all     []Message
	between string
}

func (s *sequence) String() string { return s.in(English) }

func (s *sequence) in(c *Catalogue) string {
	var texts []string
	for _, one := range s.all {
		texts = append(texts, one.in(c))
	}
	return strings.Join(texts, s.between)
}
