// This file holds the cursor: a place between rows, as an opaque text.

package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

const (
	cursorVersion = 1
	// maxCursor bounds a cursor's text; maxCursorValue bounds what one sort value adds to it, in
	// bytes. A longer value is read again from the row.
	maxCursor      = 16 << 10
	maxCursorValue = 256
	// MaxOffset is how far a table can be paged whose rows have no place of their own, such as a
	// view without a key.
	MaxOffset = 100_000
)

// cursor is a place in a sorted table. Encoded it is base64url of: the version, 8 bytes that bind
// it to the table and the sort, a byte 'k' or 'o', and then for 'o' the offset as a uvarint; for
// 'k' each value, the position last, as a class byte (n, i, r, t, b, or l for one too long) and its
// bytes: 8 for i and r, a uvarint length and the bytes for t, b.
type cursor struct {
	offset int   // used if values is nil
	values []any // int64, float64, string, []byte, nil, tooLong
}

// tooLong stands for a value that was not read because of its size.
type tooLong struct{}

// cursorBinding ties a cursor to its table and sort.
func cursorBinding(t *Table, sort []SortKey) []byte {
	h := sha256.New()
	write := func(text string) {
		_ = binary.Write(h, binary.BigEndian, uint32(len(text))) // a hash never fails
		h.Write([]byte(text))
	}
	write(t.Name)
	for _, key := range sort {
		direction := "+"
		if key.Desc {
			direction = "-"
		}
		write(direction + key.Column)
	}
	return h.Sum(nil)[:8]
}

func (c cursor) encode(t *Table, sort []SortKey) string {
	b := append([]byte{cursorVersion}, cursorBinding(t, sort)...)
	if c.values == nil {
		b = binary.AppendUvarint(append(b, 'o'), uint64(max(c.offset, 0)))
		return base64.RawURLEncoding.EncodeToString(b)
	}
	b = append(b, 'k')
	for _, value := range c.values {
		switch value := value.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(value))
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, 'r'), math.Float64bits(value))
		case string:
			b = append(binary.AppendUvarint(append(b, 't'), uint64(len(value))), value...)
		case []byte:
			b = append(binary.AppendUvarint(append(b, 'b'), uint64(len(value))), value...)
		case tooLong:
			b = append(b, 'l')
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor returns the cursor, or says what is wrong with it.
func parseCursor(t *Table, sort []SortKey, written string) (cursor, text.Message) {
	if len(written) > maxCursor {
		return cursor{}, text.NotACursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(written)
	if err != nil || len(b) < 10 || b[0] != cursorVersion {
		return cursor{}, text.NotACursor
	}
	if !bytes.Equal(b[1:9], cursorBinding(t, sort)) {
		return cursor{}, text.OtherCursor
	}
	mode, b := b[9], b[10:]
	if mode == 'o' && !t.keyset() {
		n, used := binary.Uvarint(b)
		if used <= 0 || used != len(b) || n > MaxOffset {
			return cursor{}, text.NotACursor
		}
		return cursor{offset: int(n)}, nil
	}
	if mode != 'k' || !t.keyset() {
		return cursor{}, text.NotACursor
	}
	c := cursor{values: []any{}}
	for len(b) > 0 {
		class := b[0]
		b = b[1:]
		switch class {
		case 'n':
			c.values = append(c.values, nil)
		case 'l':
			c.values = append(c.values, tooLong{})
		case 'i', 'r':
			if len(b) < 8 {
				return cursor{}, text.NotACursor
			}
			bits := binary.BigEndian.Uint64(b)
			b = b[8:]
			if class == 'i' {
				c.values = append(c.values, int64(bits))
			} else if f := math.Float64frombits(bits); !math.IsNaN(f) {
				c.values = append(c.values, f)
			} else {
				return cursor{}, text.NotACursor
			}
		case 't', 'b':
			n, used := binary.Uvarint(b)
			if used <= 0 || n > uint64(len(b)-used) {
				return cursor{}, text.NotACursor
			}
			body := b[used : used+int(n)]
			b = b[used+int(n):]
			if class == 't' {
				c.values = append(c.values, string(body))
			} else {
				c.values = append(c.values, bytes.Clone(body))
			}
		default:
			return cursor{}, text.NotACursor
		}
	}
	terms := t.order(sort)
	if len(c.values) != len(terms) {
		return cursor{}, text.NotACursor
	}
	for i, value := range c.values {
		_, long := value.(tooLong)
		_, whole := value.(int64)
		if terms[i].key && (long || value == nil) || terms[i].rowid(t) && !whole {
			return cursor{}, text.NotACursor
		}
	}
	return c, nil
}

// term is one part of an order: a column, or the row id if column is nil.
type term struct {
	column *Column
	desc   bool
	key    bool // part of the position
}

func (o term) nullable() bool { return o.column != nil && o.column.Nullable }

func (o term) rowid(t *Table) bool { return o.column == nil || o.column.Name == t.rowid }

// keyset says whether rows have a place of their own to page by.
func (t *Table) keyset() bool { return t.rowid != "" || len(t.position()) > 0 }

// order is the full order of a list: the sort, then the terms of the position that the sort lacks,
// in the direction of the last sort key, so that one index can serve both.
func (t *Table) order(sort []SortKey) []term {
	var terms []term
	desc, hasRowID := false, false
	position := t.position()
	for _, key := range sort {
		c, ok := t.Column(key.Column)
		if !ok {
			continue
		}
		o := term{column: c, desc: key.Desc}
		hasRowID = hasRowID || o.rowid(t)
		o.key = o.rowid(t) || slices.Contains(position, c)
		desc = key.Desc
		terms = append(terms, o)
	}
	if t.rowid != "" && !hasRowID {
		terms = append(terms, term{desc: desc, key: true})
	}
	for _, c := range position {
		if !slices.ContainsFunc(terms, func(o term) bool { return o.column == c }) {
			terms = append(terms, term{column: c, desc: desc, key: true})
		}
	}
	return terms
}
