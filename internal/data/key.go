// This file holds the row key and its form in addresses.

package data

import (
	"encoding/base64"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// MaxKeyPart is the longest text or blob, in bytes, that is used as a part of a key. A row with a
// longer one is addressed by its row id, or not at all.
const MaxKeyPart = 1000

// Key addresses one row of a table. Its String is one URL path segment, already escaped:
//
//   - the parts of a composite key are escaped and joined with ",";
//   - a part is its text: 42, 3.5, abc;
//   - "~" is put before a part that is empty, begins with "~", or is "." or "..", and before a key
//     that equals a fixed word of the panel's addresses (new, choices, …); it is taken off again
//     when read;
//   - a part whose stored type is not the one its column's type makes of the text says so: ~i:42
//     integer, ~r:2 real, ~t:42 text, ~b:AQI blob (base64url), ~n: NULL;
//   - ~rowid:7 is the row with that SQLite row id, where the primary key has NULL in it or is too
//     long.
//
// The zero Key addresses nothing.
type Key struct {
	parts   []any // int64, float64, string, []byte, nil
	rowid   bool  // parts is the row id
	escaped string
}

// fixedWords are the last segments of the panel's own addresses under m/{table}/.
var fixedWords = []string{"new", "choices", "export.csv", "export.json", "actions", "edit", "delete"}

// String returns the key as an escaped path segment; empty for the zero Key.
func (k Key) String() string { return k.escaped }

// IsZero says whether the key addresses nothing.
func (k Key) IsZero() bool { return k.escaped == "" }

// Label is the key to show to people: unescaped, its parts joined with ", ".
func (k Key) Label() string {
	var parts []string
	for _, part := range k.parts {
		if b, ok := part.([]byte); ok {
			parts = append(parts, fmt.Sprintf("%x", b))
		} else if part == nil {
			parts = append(parts, "NULL")
		} else {
			parts = append(parts, strings.ToValidUTF8(plainPart(part), "\uFFFD"))
		}
	}
	return strings.Join(parts, ", ")
}

// newKey makes the key of a row of t from the values of its identity.
func newKey(t *Table, parts []any) Key {
	if t.Identity.RowID {
		return Key{parts: parts, rowid: true, escaped: plainPart(parts[0])}
	}
	cols := t.columns(t.Identity.Columns)
	segments := make([]string, len(parts))
	for i, part := range parts {
		segments[i] = encodePart(cols[i], part, len(parts) == 1)
	}
	return Key{parts: parts, escaped: strings.Join(segments, ",")}
}

// rowidKey makes the key of a row that only its row id can address.
func rowidKey(id int64) Key {
	return Key{parts: []any{id}, rowid: true, escaped: "~rowid:" + strconv.FormatInt(id, 10)}
}

// ParseKey reads an escaped path segment. A segment that cannot be a key of t is a *FieldError for
// "key".
func ParseKey(t *Table, escaped string) (Key, error) {
	if !t.Identity.Addressable() {
		return Key{}, fieldError("key", escaped, text.NoKey(t.Name))
	}
	if id, ok := strings.CutPrefix(escaped, "~rowid:"); ok && t.rowid != "" && !t.Identity.RowID {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return Key{}, fieldError("key", escaped, text.NotARowID)
		}
		return rowidKey(n), nil
	}
	cols := []*Column{{Kind: KindInteger, affinity: affinityInteger}}
	if !t.Identity.RowID {
		cols = t.columns(t.Identity.Columns)
	}
	segments := strings.Split(escaped, ",")
	if len(segments) != len(cols) {
		return Key{}, fieldError("key", escaped, text.KeyParts(len(segments), t.Name, t.Identity.Columns))
	}
	parts := make([]any, len(cols))
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return Key{}, fieldError("key", escaped, text.NotEscaped)
		}
		part, problem := decodePart(cols[i], plain)
		if problem != nil {
			return Key{}, fieldError("key", escaped, text.FieldAnd(strings.Join(t.Identity.Columns[min(i, len(t.Identity.Columns)):min(i+1, len(t.Identity.Columns))], ""), problem))
		}
		parts[i] = part
	}
	return newKey(t, parts), nil
}

// plainPart is the text of an integer, real or text.
func plainPart(part any) string {
	switch part := part.(type) {
	case int64:
		return strconv.FormatInt(part, 10)
	case float64:
		return strconv.FormatFloat(part, 'g', -1, 64)
	case string:
		return part
	}
	return ""
}

func encodePart(c *Column, part any, alone bool) string {
	tag := ""
	switch part := part.(type) {
	case nil:
		return "~n:"
	case []byte:
		return "~b:" + base64.RawURLEncoding.EncodeToString(part)
	case int64:
		tag = "~i:"
	case float64:
		tag = "~r:"
	case string:
		tag = "~t:"
	}
	plain := plainPart(part)
	escaped := strings.ReplaceAll(url.PathEscape(plain), ":", "%3A")
	if read, problem := plainValue(c, plain); problem != nil || read != part {
		return tag + escaped
	}
	if plain == "" || plain[0] == '~' || plain == "." || plain == ".." || alone && slices.Contains(fixedWords, plain) {
		return "~" + escaped
	}
	return escaped
}

// decodePart returns the value, or says what is wrong.
func decodePart(c *Column, part string) (any, text.Message) {
	if len(part) >= 3 && part[0] == '~' && strings.IndexByte("nirtb", part[1]) >= 0 && part[2] == ':' {
		body := part[3:]
		switch part[1] {
		case 'n':
			if body == "" {
				return nil, nil
			}
		case 'i':
			if n, err := strconv.ParseInt(body, 10, 64); err == nil {
				return n, nil
			}
		case 'r':
			if f, err := strconv.ParseFloat(body, 64); err == nil && !math.IsNaN(f) {
				return f, nil
			}
		case 't':
			return body, nil
		case 'b':
			if b, err := base64.RawURLEncoding.DecodeString(body); err == nil {
				return b, nil
			}
		}
		return nil, text.KeyTag
	}
	return plainValue(c, strings.TrimPrefix(part, "~"))
}

// plainValue reads an untagged part as the column's type suggests. It decides which values need a
// tag, so it must not change once addresses are out.
func plainValue(c *Column, part string) (any, text.Message) {
	if c.native != nil {
		return c.native.key(part)
	}
	if c.affinity == affinityText {
		return part, nil
	}
	n, intErr := strconv.ParseInt(part, 10, 64)
	f, realErr := strconv.ParseFloat(part, 64)
	realOK := realErr == nil && !math.IsNaN(f)
	switch c.Kind {
	case KindInteger, KindBool:
		if intErr != nil {
			return nil, text.IntegerWanted
		}
		return n, nil
	case KindReal, KindDecimal:
		switch {
		case c.affinity != affinityReal && intErr == nil:
			return n, nil
		case realOK:
			return f, nil
		}
		return nil, text.AnyNumberWanted
	}
	switch {
	case intErr == nil && strconv.FormatInt(n, 10) == part:
		return n, nil
	case realOK && strconv.FormatFloat(f, 'g', -1, 64) == part:
		return f, nil
	}
	return part, nil
}
