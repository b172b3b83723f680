// Decoding: bytes from a server, which are checked before they are believed.

package wire

import (
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Decode reads the record of the session id. It accepts records that Append writes, and those that
// the scripts change: errors are ErrNewer for a record of a newer format, and ErrCorrupt, with the
// reason, for everything else. It allocates once, for the texts, and nothing before the lengths are
// checked.
func Decode(data []byte, id session.ID) (session.Session, error) {
	var s session.Session
	switch {
	case len(data) < 2 || data[0] != magicRecord:
		return s, corrupt("no record begins so")
	case data[1] > Version:
		return s, fmt.Errorf("%w: %d, this release reads up to %d", ErrNewer, data[1], Version)
	case data[1] != Version:
		return s, corrupt("format 0")
	case len(data) < minRecord:
		return s, corrupt("too short")
	case len(data) > MaxRecord:
		return s, corrupt("too long")
	}
	metadataAt := int(be.Uint16(data[offMetadataAt:]))
	if metadataAt < minFixed || metadataAt > len(data)-minTail {
		return s, corrupt("no place for the metadata")
	}
	fixed, tail := data[:metadataAt-crcSize], data[metadataAt:]
	if be.Uint32(data[len(fixed):]) != sum(fixed) {
		return s, corrupt("checksum of the fixed part")
	}
	text := tail[2 : len(tail)-crcSize]
	switch {
	case int(be.Uint16(tail)) != len(text):
		return s, corrupt("length of the metadata")
	case len(text) > session.MaxMetadata || string(text) == emptyObject:
		return s, corrupt("metadata")
	case be.Uint32(tail[2+len(text):]) != crc32.Checksum(tail[:2+len(text)], castagnoli):
		return s, corrupt("checksum of the metadata")
	}
	if s.ID = session.ID(fixed[offID:]); s.ID != id {
		return session.Session{}, corrupt("it carries another ID")
	}
	s.Version = be.Uint64(data[offVersion:])
	ok := true
	for _, field := range [...]struct {
		at int
		t  *time.Time
	}{
		{offLastActivity, &s.LastActivity}, {offExpiresAt, &s.ExpiresAt}, {offDeadline, &s.Deadline},
		{offCreatedAt, &s.CreatedAt}, {offRotatedAt, &s.RotatedAt}, {offPreviousUntil, &s.PreviousUntil},
	} {
		var fits bool
		*field.t, fits = instant(be.Uint64(data[field.at:]))
		ok = ok && fits
	}
	s.Previous = session.ID(fixed[offPrevious:])
	s.Lineage = session.Lineage(fixed[offLineage:])
	r := reader{rest: string(data[offUserID:]), left: len(fixed) - offUserID}
	s.UserID = r.text(1, session.MaxUserID)
	s.IP = r.ip()
	s.UserAgent = r.text(2, session.MaxUserAgent)
	for _, field := range [devices]*string{&s.Device.Browser, &s.Device.Version, &s.Device.OS, &s.Device.Name, &s.Device.Kind} {
		*field = r.text(1, session.MaxDeviceText)
	}
	if !ok || r.bad || r.left != 0 {
		return session.Session{}, corrupt("fields")
	}
	if len(text) > 0 {
		s.Metadata = session.StoredMetadata(r.rest[crcSize+2 : crcSize+2+len(text)])
	}
	return s, nil
}

// IsAlias reports whether data is meant to be an alias.
func IsAlias(data []byte) bool { return len(data) > 0 && data[0] == magicAlias }

// DecodeAlias reads what AppendAlias wrote, with the errors of Decode.
func DecodeAlias(data []byte) (Alias, error) {
	switch {
	case len(data) < 2 || data[0] != magicAlias:
		return Alias{}, corrupt("no alias begins so")
	case data[1] > Version:
		return Alias{}, fmt.Errorf("%w: %d, this release reads up to %d", ErrNewer, data[1], Version)
	case data[1] != Version || len(data) != sizeAlias:
		return Alias{}, corrupt("length of the alias")
	case be.Uint32(data[sizeAlias-crcSize:]) != crc32.Checksum(data[:sizeAlias-crcSize], castagnoli):
		return Alias{}, corrupt("checksum of the alias")
	}
	until, ok := instant(be.Uint64(data[2:]))
	if !ok {
		return Alias{}, corrupt("time of the alias")
	}
	return Alias{Next: session.ID(data[10:]), Until: until}, nil
}

func corrupt(why string) error { return fmt.Errorf("%w: %s", ErrCorrupt, why) }

// reader takes fields off the front of rest, of which the first left bytes are
// fields.
type reader struct {
	rest string
	left int
	bad  bool
}

func (r *reader) take(n int) string {
	if n > r.left {
		r.bad, n = true, 0
	}
	taken := r.rest[:n]
	r.rest, r.left = r.rest[n:], r.left-n
	return taken
}

// text reads a text behind its length, which takes width bytes.
func (r *reader) text(width, most int) string {
	n := 0
	for _, digit := range []byte(r.take(width)) {
		n = n<<8 | int(digit)
	}
	if n > most {
		r.bad = true
		return ""
	}
	return r.take(n)
}

func (r *reader) ip() netip.Addr {
	raw := r.text(1, 16)
	switch len(raw) {
	case 0:
	case 4:
		return netip.AddrFrom4([4]byte([]byte(raw)))
	case 16:
		return netip.AddrFrom16([16]byte([]byte(raw)))
	default:
		r.bad = true
	}
	return netip.Addr{}
}
