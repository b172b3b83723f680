// Package wire turns sessions into bytes and back, for the stores whose servers
// keep plain values. The format has a version, every byte of it is described in
// docs/wire-format.md, and golden vectors in testdata hold it in place.
package wire

import (
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Version is the format that Append writes and the newest that Decode reads.
const Version = 1

// The first byte of a value says what it is.
const (
	magicRecord = 0xC5
	magicAlias  = 0xA5
)

// Offsets of the header. They are the same in every version of the format, so
// that server-side scripts of an older release can count, touch and end the
// records of a newer one.
const (
	offVersion       = 2
	offLastActivity  = 10
	offExpiresAt     = 18
	offDeadline      = 26
	offCreatedAt     = 34
	offRotatedAt     = 42
	offPreviousUntil = 50
	offID            = 58
	offPrevious      = offID + session.IDSize
	offLineage       = offPrevious + session.IDSize
	offMetadataAt    = offLineage + len(session.Lineage{})
	offUserID        = offMetadataAt + 2
)

const (
	crcSize    = 4
	devices    = 5 // texts in session.Device
	maxFixed   = offUserID + 1 + session.MaxUserID + 1 + 16 + 2 + session.MaxUserAgent + devices*(1+session.MaxDeviceText) + crcSize
	minFixed   = offUserID + 1 + 1 + 2 + devices + crcSize
	maxTail    = 2 + session.MaxMetadata + crcSize
	minTail    = 2 + crcSize
	minRecord  = minFixed + minTail
	sizeAlias  = 2 + 8 + session.IDSize + crcSize
	maxInstant = 1 << 53 // microseconds: what a double, the number of Lua and of Redis scores, holds exactly
)

// MaxRecord is the most bytes that a record takes.
const MaxRecord = maxFixed + maxTail

var (
	// ErrCorrupt says that the bytes are not a record, or another session's.
	ErrCorrupt = errors.New("wire: not a record of this session")

	// ErrNewer says that a newer release wrote the record.
	ErrNewer = errors.New("wire: the record is of a newer format")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is the checksum of the part of a record that never changes: all but
// Version, LastActivity and ExpiresAt, which scripts patch, and the metadata,
// which has its own.
func sum(fixed []byte) uint32 {
	return crc32.Update(crc32.Checksum(fixed[:offVersion], castagnoli), castagnoli, fixed[offDeadline:])
}

// Micros returns t as the format has it: microseconds since 1970, 0 for the
// zero time. A time before 1970 or after 2255 is session.ErrMalformed.
func Micros(t time.Time) (int64, error) {
	if t.IsZero() {
		return 0, nil
	}
	n := t.UnixMicro()
	if n <= 0 || n >= maxInstant {
		return 0, fmt.Errorf("%w time %s: want one from 1970 to 2255", session.ErrMalformed, t)
	}
	return n, nil
}

// instant is the opposite of Micros.
func instant(n uint64) (t time.Time, ok bool) {
	if n == 0 {
		return time.Time{}, true
	}
	return time.UnixMicro(int64(n)).UTC(), n < maxInstant // wraps only where ok is false
}
