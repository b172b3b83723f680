// This file reads the state of a row, to compare it with the state in which somebody read it.

package data

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

const (
	// stateValue is how many bytes of a value a rowState holds; statePiece is how many bytes of a
	// longer value are read at a time, and maxHashed how many at most where writers wait for
	// readers.
	stateValue = MaxText
	statePiece = 16 << 20
	maxHashed  = 48 << 20
	// maxHandle bounds a part of a handle, in bytes. It leaves no part out, because the row could
	// not be found again without it.
	maxHandle = math.MaxInt32
)

// rowState is what a row holds at one moment.
type rowState struct {
	columns []*Column
	values  map[string]any // by column; tooLong if it is longer than stateValue
	handle  []any          // the values of Table.handle
	links   []Links        // as Table.ManyToMany
	token   string
}

// rowState reads the state of the row of a key. It is nil if there is no row; more than one row is
// an error for "key". lock is dialect.lock where the row is going to be written, else empty.
//
// Its token is a hash of the values and of the linked keys. The size of a very long value may stand
// for the value (hashLong). The hash leaves out masked columns, because a short secret could be
// guessed from the hash of a row whose other values are known, and generated ones.
func (s *Source) rowState(ctx context.Context, db queryer, t *Table, key Key, lock string) (*rowState, error) {
	where, err := s.identified(t, key)
	if err != nil {
		return nil, err
	}
	return s.rowStateAt(ctx, db, t, where, key.String(), lock)
}

func (s *Source) rowStateAt(ctx context.Context, db queryer, t *Table, where []fragment, key, lock string) (*rowState, error) {
	state := &rowState{values: map[string]any{}}
	handle := s.exactly(t, t.handle(), maxHandle)
	for _, c := range t.Columns {
		if c.Readable() && !c.Generated && !c.Masked {
			state.columns = append(state.columns, c)
		}
	}
	h := sha256.New()
	hashBytes(h, []byte("crudadmin row 1"))
	hashBytes(h, []byte(t.Name))
	for start := 0; start == 0 || start < len(state.columns); start += recordChunk {
		chunk := state.columns[start:min(start+recordChunk, len(state.columns))]
		selected := slices.Concat(handle, s.exactly(t, termsOf(chunk), stateValue))
		query := s.selecting(t, selected...).where(where).limit(2)
		if start == 0 {
			query.text += lock
		}
		rows, err := exactValues(ctx, db, s.dialect, query)
		if err != nil {
			return nil, s.failed(ctx, "read", t, err)
		}
		if len(rows) == 0 {
			return nil, nil
		}
		if len(rows) > 1 { // a key with NULL in it
			return nil, fieldError("key", key, text.MoreThanOneRow(t.Name))
		}
		state.handle = rows[0][:len(handle)]
		for i, c := range chunk {
			value := rows[0][len(handle)+i]
			state.values[c.Name] = value
			hashBytes(h, []byte(c.Name))
			hashValue(h, value)
			if _, long := value.(tooLong); !long {
				continue
			}
			if err := s.hashLong(ctx, db, t, c, state.handle, where, h); err != nil {
				return nil, err
			}
		}
	}
	for _, relation := range t.ManyToMany {
		links, err := s.linked(ctx, db, t, relation, state.handle)
		if err != nil {
			return nil, err
		}
		state.links = append(state.links, links)
		hashBytes(h, []byte(relation.Name))
		for _, choice := range links.Choices {
			hashBytes(h, []byte(choice.Value))
		}
	}
	state.token = base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	return state, nil
}

// hashLong hashes a value that a rowState does not hold. Where writers wait for readers it hashes
// only the size of a value beyond maxHashed: to read it would keep the application from writing,
// and no form shows it.
func (s *Source) hashLong(ctx context.Context, db queryer, t *Table, c *Column, handle []any, where []fragment, h io.Writer) error {
	wait, err := s.dialect.writersWait(ctx, db)
	if err != nil {
		return s.failed(ctx, "read", t, err)
	}
	if wait {
		query := s.selecting(t, s.dialect.bytes(t, term{column: c}))
		rows, err := s.exactRows(ctx, db, query, where, 1)
		if err != nil {
			return s.failed(ctx, "read", t, err)
		}
		if len(rows) == 0 {
			return nil
		}
		if n, _ := rows[0][0].(int64); n > maxHashed {
			hashValue(h, n)
			return nil
		}
	}
	n := int64(0)
	add := func(piece []byte) error {
		n += int64(len(piece))
		_, _ = h.Write(piece)
		return nil
	}
	if len(handle) > 0 {
		err = s.longValue(ctx, db, t, c, handle, statePiece, add)
	} else {
		err = s.pieces(ctx, db, t, c, where, statePiece, add)
	}
	hashValue(h, n) // after the bytes, whose pieces may be cut anywhere
	return err
}

// cellReader is a connection that reads a cell of a table with row ids bit by bit, without loading
// it; package sqlite opens such connections. It reports false, having given nothing, where it
// cannot.
type cellReader interface {
	ReadCell(ctx context.Context, table, column string, row int64, size int, yield func([]byte) error) (bool, error)
}

// longValue reads a long value of the row of a handle: without loading it where the connection can
// do that, else by pieces.
func (s *Source) longValue(ctx context.Context, db queryer, t *Table, c *Column, handle []any, size int, each func([]byte) error) error {
	conn, isConn := db.(*sql.Conn)
	row, isRow := int64(0), false
	if t.rowid != "" && len(handle) == 1 {
		row, isRow = handle[0].(int64)
	}
	done := false
	if isConn && isRow {
		err := conn.Raw(func(raw any) (err error) {
			if reader, ok := raw.(cellReader); ok {
				done, err = reader.ReadCell(ctx, t.Name, c.Name, row, size, each)
			}
			return err
		})
		if err != nil || done {
			return err
		}
	}
	return s.pieces(ctx, db, t, c, s.at(t, handle), size, each)
}

// pieces reads a long value bit by bit. An error of each ends it, and is returned.
func (s *Source) pieces(ctx context.Context, db queryer, t *Table, c *Column, where []fragment, size int, each func([]byte) error) error {
	for from := 1; ; from += size {
		rows, err := s.exactRows(ctx, db, s.selecting(t, s.dialect.piece(c, from, size)), where, 1)
		if err != nil {
			return s.failed(ctx, "read", t, err)
		}
		if len(rows) == 0 {
			return nil
		}
		piece, _ := rows[0][0].([]byte)
		if err := each(piece); err != nil {
			return err
		}
		if len(piece) < size {
			return nil
		}
	}
}

// hashBytes writes to a hash, which never fails.
func hashBytes(h io.Writer, b []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(b)))
	_, _ = h.Write(length[:])
	_, _ = h.Write(b)
}

func hashValue(h io.Writer, value any) {
	switch value := value.(type) {
	case nil:
		_, _ = h.Write([]byte("n"))
	case int64:
		_, _ = h.Write(binary.BigEndian.AppendUint64([]byte("i"), uint64(value)))
	case float64:
		_, _ = h.Write(binary.BigEndian.AppendUint64([]byte("r"), math.Float64bits(value)))
	case string:
		_, _ = h.Write([]byte("t"))
		hashBytes(h, []byte(value))
	case []byte:
		_, _ = h.Write([]byte("b"))
		hashBytes(h, value)
	}
}

// at is the condition that holds for the row of a handle.
func (s *Source) at(t *Table, handle []any) []fragment {
	return equals(s.dialect, t, t.handle(), handle)
}

// keyAt is the key of the row of a handle; zero if it has none.
func (s *Source) keyAt(ctx context.Context, db queryer, t *Table, handle []any) (Key, error) {
	if len(handle) == 0 || !t.Identity.Addressable() {
		return Key{}, nil
	}
	r := &reader{s: s, db: db, t: t}
	if err := r.read(ctx, s.at(t, handle), 1, 0); err != nil {
		return Key{}, s.failed(ctx, "read", t, err)
	}
	if len(r.rows) == 0 {
		return Key{}, nil
	}
	return r.rows[0].Key, nil
}
