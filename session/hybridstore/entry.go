// Entry: the meaning of the heads in the cache.

package hybridstore

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/go-crudadmin/crudadmin/session"
)

// kind is the meaning of an entry.
type kind byte

const (
	_ kind = iota // there is no entry

	// record: the session was like that when the log of changes stood at the
	// entry's position.
	record

	// tombstone: the session ended.
	tombstone

	// ask: the database decides. This mark takes the place of a record that must not be believed
	// any more, and a node puts it before it puts a record where there is no entry.
	ask
)

// position is a place in the log of changes: a number and the random mark that
// was written with it.
type position struct{ seq, mark int64 }

func positionOf(c session.Change) position { return position{c.Seq, c.Mark} }

// A head is a stamp that makes it unlike any other, the kind and the position.
const (
	stampSize = 16
	headSize  = stampSize + 1 + 8 + 8
)

// entry is an entry of the cache.
type entry struct {
	head    []byte
	kind    kind
	at      position
	session *session.Session // of a record
}

func newHead(k kind, at position) []byte {
	head := make([]byte, stampSize, headSize)
	_, _ = rand.Read(head) // never fails
	head = append(head, byte(k))
	head = binary.BigEndian.AppendUint64(head, uint64(at.seq))
	return binary.BigEndian.AppendUint64(head, uint64(at.mark))
}

// parse reads the entry found under id. An entry that is not understood, such as one of a newer
// release, says that the database decides.
func parse(head []byte, s *session.Session, id session.ID) entry {
	if len(head) == 0 {
		return entry{}
	}
	e := entry{head: head, kind: ask}
	if len(head) != headSize {
		return e
	}
	switch kind(head[stampSize]) {
	case tombstone:
		e.kind = tombstone
	case record:
		if s != nil && s.ID == id {
			e.kind, e.session = record, s
			e.at.seq = int64(binary.BigEndian.Uint64(head[stampSize+1:]))
			e.at.mark = int64(binary.BigEndian.Uint64(head[stampSize+9:]))
		}
	}
	return e
}
