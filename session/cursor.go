// Cursor: where a page of a list ended, as opaque text.

package session

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// Cursor is a place in a list that is sorted newest first: by time, then by ID. All stores use it,
// so a cursor means the same in each.
type Cursor struct {
	At time.Time // CreatedAt in a list of live sessions, EndedAt in history
	ID ID
}

// String returns the opaque text of Page.Next.
func (c Cursor) String() string {
	buf := make([]byte, 8+IDSize)
	binary.BigEndian.PutUint64(buf, uint64(c.At.UnixMicro()))
	copy(buf[8:], c.ID[:])
	return base64.RawURLEncoding.EncodeToString(buf)
}

// ParseCursor reads what String wrote; anything else is ErrMalformed.
func ParseCursor(text string) (Cursor, error) {
	const size = 8 + IDSize
	if len(text) != base64.RawURLEncoding.EncodedLen(size) {
		return Cursor{}, fmt.Errorf("%w cursor", ErrMalformed)
	}
	buf, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(buf) != size {
		return Cursor{}, fmt.Errorf("%w cursor", ErrMalformed)
	}
	return Cursor{
		At: time.UnixMicro(int64(binary.BigEndian.Uint64(buf))).UTC(),
		ID: ID(buf[8:]),
	}, nil
}

// Compare orders cursors as lists are ordered. It is negative if c comes before d, which means that
// c is newer.
func (c Cursor) Compare(d Cursor) int {
	if n := d.At.Compare(c.At); n != 0 {
		return n
	}
	return bytes.Compare(d.ID[:], c.ID[:])
}

// After returns the cursor to continue after, and false for the first page. Stores call it in List,
// so that a wrong cursor or limit is ErrMalformed everywhere.
func (q *Query) After() (Cursor, bool, error) {
	if q.Limit < 0 || q.Limit > MaxPage {
		return Cursor{}, false, fmt.Errorf("%w query: limit %d, want 1 to %d", ErrMalformed, q.Limit, MaxPage)
	}
	if q.Cursor == "" {
		return Cursor{}, false, nil
	}
	c, err := ParseCursor(q.Cursor)
	return c, err == nil, err
}

// Size returns the number of sessions the page may hold.
func (q *Query) Size() int {
	if q.Limit == 0 {
		return DefaultPage
	}
	return q.Limit
}
