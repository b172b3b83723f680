// Stored messages: what is said on the next page waits in the session, by its code.

package text

import (
	"encoding/json"
	"reflect"
	"strings"
)

// stored is a message as it is kept: one of its parts.
type stored struct {
	Code    string            `json:"code,omitempty"`
	Args    []json.RawMessage `json:"args,omitempty"`
	Words   string            `json:"words,omitempty"` // Verbatim
	All     []stored          `json:"all,omitempty"`
	Between string            `json:"between,omitempty"`
}

// Store writes a message down, for Load.
func Store(m Message) string { return string(encoded(store(m))) }

// Load reads what Store wrote. A sentence that this release does not have says nothing, and what
// Store did not write is taken as somebody's words, as it stands.
func Load(text string) Message {
	var in stored
	known := json.NewDecoder(strings.NewReader(text))
	known.DisallowUnknownFields()
	if known.Decode(&in) != nil {
		return Verbatim(text)
	}
	m, _ := in.load()
	return m
}

func store(m Message) stored {
	switch m := m.(type) {
	case nil:
		return stored{}
	case verbatim:
		return stored{Words: string(m)}
	case *sequence:
		out := stored{Between: m.between}
		for _, one := range m.all {
			out.All = append(out.All, store(one))
		}
		return out
	}
	said := m.(*said) // there are no others: Message has a method that no other package can write
	out := stored{Code: said.code}
	for i, arg := range said.args {
		if said.message(i) {
			inner, _ := arg.(Message)
			arg = store(inner)
		}
		out.Args = append(out.Args, encoded(arg))
	}
	return out
}

// encoded is what is stored as JSON. A sentence is declared with no argument that JSON cannot hold.
func encoded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// message reports whether an argument is a message itself.
func (s *sentence) message(i int) bool { return s.types[i] == reflect.TypeFor[Message]() }

func (in stored) load() (m Message, ok bool) {
	switch {
	case in.Words != "":
		return verbatim(in.Words), true
	case in.All != nil:
		var all []Message
		for _, one := range in.All {
			part, ok := one.load()
			if !ok {
				return nil, false
			}
			all = append(all, part)
		}
		return joined(in.Between, all), true
	case in.Code == "":
		return nil, true
	}
	s := sentences[in.Code]
	if s == nil || len(in.Args) != len(s.types) {
		return nil, false
	}
	out := &said{sentence: s}
	for i, arg := range in.Args {
		value, ok := s.argument(i, arg)
		if !ok {
			return nil, false
		}
		out.args = append(out.args, value)
	}
	return out, true
}

func (s *sentence) argument(i int, b json.RawMessage) (any, bool) {
	if s.message(i) {
		var inner stored
		if json.Unmarshal(b, &inner) != nil {
			return nil, false
		}
		m, ok := inner.load()
		return m, ok
	}
	value := reflect.New(s.types[i])
	if json.Unmarshal(b, value.Interface()) != nil {
		return nil, false
	}
	return value.Elem().Interface(), true
}
