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
	All     []*stored         `json:"all,omitempty"`
	Between string            `json:"between,omitempty"`
}

// Store writes a message down, for Load.
func Store(m Message) (string, error) {
	out, err := store(m)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(out)
	return string(b), err
}

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

func store(m Message) (*stored, error) {
	switch m := m.(type) {
	case nil:
		return &stored{}, nil
	case verbatim:
		return &stored{Words: string(m)}, nil
	case *sequence:
		out := &stored{Between: m.between}
		for _, one := range m.all {
			part, err := store(one)
			if err != nil {
				return nil, err
			}
			out.All = append(out.All, part)
		}
		return out, nil
	}
	said := m.(*said) // there are no others: Message has a method that no other package can write
	out := &stored{Code: said.code}
	for i, arg := range said.args {
		if said.message(i) {
			inner, _ := arg.(Message)
			part, err := store(inner)
			if err != nil {
				return nil, err
			}
			arg = part
		}
		b, err := json.Marshal(arg)
		if err != nil {
			return nil, err
		}
		out.Args = append(out.Args, b)
	}
	return out, nil
}

// message reports whether an argument is a message itself.
func (s *sentence) message(i int) bool { return s.types[i] == reflect.TypeFor[Message]() }

func (in *stored) load() (m Message, ok bool) {
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
