// Cached: a record behind a head, for a cache in front of another store.

package wire

import (
	"fmt"

	"github.com/go-crudadmin/crudadmin/session"
)

// MaxHead is the most bytes of a head. A cached value is the length of its head in
// one byte, the head, which only the cache's user understands, and for a session
// its record.
const MaxHead = 255

// MaxCached is the most bytes that a cached value takes.
const MaxCached = 1 + MaxHead + MaxRecord

// AppendCached appends a cached value to dst; s may be nil.
func AppendCached(dst, head []byte, s *session.Session) ([]byte, error) {
	if len(head) == 0 || len(head) > MaxHead {
		return nil, fmt.Errorf("%w: a head of %d bytes, want 1 to %d", session.ErrTooLarge, len(head), MaxHead)
	}
	dst = append(append(dst, byte(len(head))), head...)
	if s == nil {
		return dst, nil
	}
	return Append(dst, s)
}

// DecodeCached returns the head and the session of a cached value. The head is nil if the value is
// not a cached one; the session is nil if the value has none or it cannot be decoded, because the
// caller has the original elsewhere.
func DecodeCached(value []byte, id session.ID) (head []byte, s *session.Session) {
	if len(value) == 0 || value[0] == 0 || len(value) <= int(value[0]) {
		return nil, nil
	}
	end := 1 + int(value[0])
	if end == len(value) {
		return value[1:end], nil
	}
	found, err := Decode(value[end:], id)
	if err != nil {
		return value[1:end], nil
	}
	return value[1:end], &found
}
