// The item: all sessions of one tag as one value. Its layout, all numbers
// big-endian:
//
//	offset  bytes
//	0       1       magic E5
//	1       1       format version 01
//	2       8       tag, which the key names too
//	10      2       number of sessions
//	12      n × 36  of each: what of its ID follows the tag (32), length of its record (4)
//	        4       CRC-32C of all before
//	        …       the records, as docs/wire-format.md describes them
//
// Each record has its own checksums, so that a damaged record ends one session only. The tag and
// the IDs show whether an item or a record is in the wrong place.

package memcachestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

const (
	magicItem   = 0xE5
	itemVersion = 1

	itemHeader = 12
	entrySize  = session.IDSize - len(session.Tag{}) + 4
	crcSize    = 4
)

var (
	be         = binary.BigEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	// errSpoilt says that the bytes are not an item of this tag.
	errSpoilt = errors.New("not an item of this user")
)

// itemSize is how many bytes an item of n sessions takes at most.
func itemSize(n int) int { return itemHeader + crcSize + n*(entrySize+wire.MaxRecord) }

// item is the sessions of one tag.
type item struct {
	tag     session.Tag
	entries []entry
}

// entry is one session of an item.
type entry struct {
	record []byte          // as it stands on the server
	s      session.Session // of a newer record only the fields that head reads
	newer  bool            // a newer release wrote it
}

// directory is an item whose records have not been looked at.
type directory struct {
	tag     session.Tag
	list    []byte // entrySize bytes of each session
	records []byte
}

// openItem checks the outer form of an item. Errors: errSpoilt, wire.ErrNewer.
func openItem(data []byte, tag session.Tag) (directory, error) {
	spoilt := func(why string) (directory, error) { return directory{}, fmt.Errorf("%w: %s", errSpoilt, why) }
	switch {
	case len(data) < 2 || data[0] != magicItem:
		return spoilt("the beginning is not an item's")
	case data[1] > itemVersion:
		return directory{}, fmt.Errorf("%w: item %d, this release reads up to %d", wire.ErrNewer, data[1], itemVersion)
	case data[1] != itemVersion:
		return spoilt("format 0")
	case len(data) < itemHeader+crcSize:
		return spoilt("too short")
	}
	end := itemHeader + int(be.Uint16(data[10:]))*entrySize
	if len(data) < end+crcSize {
		return spoilt("too short for its directory")
	}
	if be.Uint32(data[end:]) != crc32.Checksum(data[:end], castagnoli) {
		return spoilt("checksum")
	}
	d := directory{tag: session.Tag(data[2:10]), list: data[itemHeader:end], records: data[end+crcSize:]}
	if d.tag != tag {
		return spoilt("it carries another tag")
	}
	var total uint64
	for at := range d.len() {
		total += uint64(d.size(at))
	}
	if total != uint64(len(d.records)) {
		return spoilt("lengths of the records")
	}
	return d, nil
}

func (d *directory) len() int { return len(d.list) / entrySize }

func (d *directory) size(at int) uint32 { return be.Uint32(d.list[(at+1)*entrySize-4:]) }

func (d *directory) id(at int) (id session.ID) {
	n := copy(id[:], d.tag[:])
	copy(id[n:], d.list[at*entrySize:])
	return id
}

// all yields every session's ID and record.
func (d *directory) all(yield func(session.ID, []byte) bool) {
	rest := d.records
	for at := range d.len() {
		n := d.size(at)
		if !yield(d.id(at), rest[:n:n]) {
			return
		}
		rest = rest[n:]
	}
}

// find returns the record of an ID, or nil.
func (d *directory) find(id session.ID) []byte {
	for one, record := range d.all {
		if one == id {
			return record
		}
	}
	return nil
}

// decodeEntry reads a record. The error is wire.ErrCorrupt, or wire.ErrNewer for a newer record
// without a readable head.
func decodeEntry(id session.ID, record []byte) (entry, error) {
	s, err := wire.Decode(record, id)
	if err == nil {
		return entry{record: record, s: s}, nil
	}
	if errors.Is(err, wire.ErrNewer) {
		if s, ok := head(record, id); ok {
			return entry{record: record, s: s, newer: true}, nil
		}
	}
	return entry{}, err
}

// head reads the fields of a newer record that an older release needs to count, expire, evict and
// end it. docs/wire-format.md keeps them in their places in every version.
func head(record []byte, id session.ID) (session.Session, bool) {
	const userAt = 156
	if len(record) <= userAt || len(record) <= userAt+int(record[userAt]) || session.ID(record[58:]) != id {
		return session.Session{}, false
	}
	at := func(offset int) time.Time { return time.UnixMicro(int64(be.Uint64(record[offset:]))).UTC() }
	return session.Session{
		ID: id, ExpiresAt: at(18), Deadline: at(26), CreatedAt: at(34), PreviousUntil: at(50), Previous: session.ID(record[98:]),
		UserID: string(record[userAt+1 : userAt+1+int(record[userAt])]),
	}, true
}

// decode reads all sessions, and returns the IDs of those that could not be read with the reasons.
func (d *directory) decode() (it item, bad map[session.ID]error) {
	it = item{tag: d.tag, entries: make([]entry, 0, d.len()+1)}
	for id, record := range d.all {
		e, err := decodeEntry(id, record)
		if err != nil {
			if bad == nil {
				bad = map[session.ID]error{}
			}
			bad[id] = err
			continue
		}
		it.entries = append(it.entries, e)
	}
	return it, bad
}

// encode returns the item as it stands on the server.
func (it *item) encode() []byte {
	size := itemHeader + crcSize
	for i := range it.entries {
		size += entrySize + len(it.entries[i].record)
	}
	b := make([]byte, 0, size)
	b = append(b, magicItem, itemVersion)
	b = append(b, it.tag[:]...)
	b = be.AppendUint16(b, uint16(len(it.entries)))
	for i := range it.entries {
		e := &it.entries[i]
		b = append(b, e.s.ID[len(it.tag):]...)
		b = be.AppendUint32(b, uint32(len(e.record)))
	}
	b = be.AppendUint32(b, crc32.Checksum(b, castagnoli))
	for i := range it.entries {
		b = append(b, it.entries[i].record...)
	}
	return b
}

// prune removes expired sessions.
func (it *item) prune(now time.Time) {
	it.entries = slices.DeleteFunc(it.entries, func(e entry) bool { return !e.s.LiveAt(now) })
}

// live returns the entry of exactly that ID. Expired entries have been pruned.
func (it *item) live(id session.ID) *entry {
	for i := range it.entries {
		if it.entries[i].s.ID == id {
			return &it.entries[i]
		}
	}
	return nil
}

// successor returns the entry that took the place of an ID whose grace lasts.
func (it *item) successor(id session.ID, now time.Time) *entry {
	if id.IsZero() {
		return nil
	}
	for i := range it.entries {
		if e := &it.entries[i]; e.s.Previous == id && now.Before(e.s.PreviousUntil) {
			return e
		}
	}
	return nil
}

// remove takes an entry out.
func (it *item) remove(id session.ID) {
	it.entries = slices.DeleteFunc(it.entries, func(e entry) bool { return e.s.ID == id })
}

// end is when the last of the sessions ends.
func (it *item) end() (last time.Time) {
	for i := range it.entries {
		s := &it.entries[i].s
		end := s.ExpiresAt
		if s.Deadline.Before(end) {
			end = s.Deadline
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}
