// Metadata: the application's own values in a session, typed keys, and flash
// messages on top of them.

package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MaxMetadata is the most bytes of JSON a session's metadata may take.
const MaxMetadata = 16 << 10

// Metadata is a JSON object, kept as its text, so that a session is a plain
// value and reading one costs nothing until a value is asked for. The zero
// Metadata is the empty object. Use a [Key] to read and write values.
type Metadata struct{ text string }

// ParseMetadata reads a JSON object. Errors: ErrTooLarge over MaxMetadata
// bytes, ErrMalformed for anything but an object.
func ParseMetadata(text string) (Metadata, error) {
	if len(text) > MaxMetadata {
		return Metadata{}, fmt.Errorf("%w: metadata of %d bytes, at most %d", ErrTooLarge, len(text), MaxMetadata)
	}
	if text == "" || text == "{}" {
		return Metadata{}, nil
	}
	var buf bytes.Buffer
	if err := json.Compact(&buf, []byte(text)); err != nil || buf.Len() == 0 || buf.Bytes()[0] != '{' {
		return Metadata{}, fmt.Errorf("%w metadata: not a JSON object", ErrMalformed)
	}
	if buf.String() == "{}" {
		return Metadata{}, nil
	}
	return Metadata{buf.String()}, nil
}

// StoredMetadata is for stores: it takes a text that Metadata.String has returned, and does not
// check it. A text that is not a JSON object is an error when a value is read.
func StoredMetadata(text string) Metadata {
	if text == "{}" {
		text = ""
	}
	return Metadata{text}
}

// String returns the JSON object, "{}" if empty.
func (m Metadata) String() string {
	if m.text == "" {
		return "{}"
	}
	return m.text
}

// MarshalJSON returns the object itself.
func (m Metadata) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads an object, with the errors of ParseMetadata.
func (m *Metadata) UnmarshalJSON(text []byte) error {
	parsed, err := ParseMetadata(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}

// Keys returns the names in the object, sorted.
func (m Metadata) Keys() []string {
	fields, err := m.fields()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(fields))
}

func (m Metadata) fields() (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if m.text == "" {
		return fields, nil
	}
	if err := json.Unmarshal([]byte(m.text), &fields); err != nil {
		return nil, fmt.Errorf("%w metadata: %w", ErrMalformed, err)
	}
	return fields, nil
}

// setFields replaces the object; on an error m is as it was.
func (m *Metadata) setFields(fields map[string]json.RawMessage) error {
	if len(fields) == 0 {
		m.text = ""
		return nil
	}
	text, err := json.Marshal(fields) // sorts the names
	if err != nil {
		return fmt.Errorf("session: encode metadata: %w", err)
	}
	if len(text) > MaxMetadata {
		return fmt.Errorf("%w: metadata of %d bytes, at most %d", ErrTooLarge, len(text), MaxMetadata)
	}
	m.text = string(text)
	return nil
}

// Merge returns the values of m and of over. Where both have one of the same name, that of over
// counts. ErrTooLarge says that the object would grow over MaxMetadata.
func (m Metadata) Merge(over Metadata) (Metadata, error) {
	if m.text == "" || over.text == "" {
		return Metadata{m.text + over.text}, nil
	}
	fields, err := m.fields()
	if err != nil {
		return Metadata{}, err
	}
	more, err := over.fields()
	if err != nil {
		return Metadata{}, err
	}
	maps.Copy(fields, more)
	var merged Metadata
	err = merged.setFields(fields)
	return merged, err
}

// Key is a typed name of a metadata value:
//
//	var Cart = session.NewKey[[]Item]("cart")
//
// Values are encoded with encoding/json, so numbers in a Key[any] are read as float64, exact up to
// 2^53. For exact numbers use their own type.
type Key[T any] struct{ name string }

// NewKey returns the key of that name. Packages that share a session choose names such as
// "shop.cart", so that they do not meet.
func NewKey[T any](name string) Key[T] { return Key[T]{name} }

// Name returns the key's name in the JSON object.
func (k Key[T]) Name() string { return k.name }

// Get returns the value and whether there is one. A value of another type is
// an error.
func (k Key[T]) Get(m Metadata) (value T, ok bool, err error) {
	fields, err := m.fields()
	if err != nil {
		return value, false, err
	}
	raw, ok := fields[k.name]
	if !ok {
		return value, false, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, false, fmt.Errorf("session: metadata %q: %w", k.name, err)
	}
	return value, true, nil
}

// Set puts the value into m. Use it inside [Manager.Update] to store it.
// ErrTooLarge says that the object would grow over MaxMetadata, ErrMalformed that a text is
// not valid UTF-8; m is then as it was.
func (k Key[T]) Set(m *Metadata, value T) error {
	fields, err := m.fields()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("session: metadata %q: %w", k.name, err)
	}
	if replaced(raw) {
		return fmt.Errorf("%w metadata %q: a text is not valid UTF-8", ErrMalformed, k.name)
	}
	fields[k.name] = raw
	return m.setFields(fields)
}

// replaced reports whether encoding/json has put the replacement character in the place of bytes
// that are not UTF-8. It writes that as an escape, and a U+FFFD of the text itself as it is.
func replaced(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(raw[i+1:], []byte("ufffd")) {
			return true
		}
		i++ // what is escaped
	}
	return false
}

// Delete removes the value from m, if there is one.
func (k Key[T]) Delete(m *Metadata) error {
	fields, err := m.fields()
	if err != nil {
		return err
	}
	delete(fields, k.name)
	return m.setFields(fields)
}

// Flash is a message to show once, on the next page.
type Flash struct {
	Kind string `json:"kind"` // such as "notice" or "error"
	Text string `json:"text"`
}

// flashes is the key of the messages that wait.
var flashes = NewKey[[]Flash]("_flash")

// maxFlashes is how many messages wait at most. Beyond that the oldest is dropped.
const maxFlashes = 16

// AddFlash appends a message to those waiting in m. Beyond 16 the oldest is
// dropped.
func AddFlash(m *Metadata, f Flash) error {
	waiting, _, err := flashes.Get(*m)
	if err != nil {
		return err
	}
	waiting = append(waiting, f)
	if len(waiting) > maxFlashes {
		waiting = waiting[len(waiting)-maxFlashes:]
	}
	return flashes.Set(m, waiting)
}

// HasFlash reports whether messages are waiting, so that a page without any
// costs no write.
func HasFlash(m Metadata) bool {
	waiting, _, err := flashes.Get(m)
	return err == nil && len(waiting) > 0
}

// TakeFlashes removes the waiting messages from m and returns them, oldest
// first. Inside [Manager.Update] each message is taken exactly once.
func TakeFlashes(m *Metadata) ([]Flash, error) {
	waiting, ok, err := flashes.Get(*m)
	if err != nil || !ok {
		return nil, err
	}
	return waiting, flashes.Delete(m)
}
