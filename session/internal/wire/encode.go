// Encoding: sessions, metadata and aliases to bytes.

package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var be = binary.BigEndian

// Append appends the record of s to dst. A value over its bound is
// session.ErrTooLarge, a time or address that the format cannot hold is
// session.ErrMalformed; both name the field, and dst is then as it was.
func Append(dst []byte, s *session.Session) ([]byte, error) {
	start := len(dst)
	b := append(dst, magicRecord, Version)
	b = be.AppendUint64(b, s.Version)
	for _, field := range [...]struct {
		name string
		t    time.Time
	}{
		{"LastActivity", s.LastActivity}, {"ExpiresAt", s.ExpiresAt}, {"Deadline", s.Deadline},
		{"CreatedAt", s.CreatedAt}, {"RotatedAt", s.RotatedAt}, {"PreviousUntil", s.PreviousUntil},
	} {
		n, err := Micros(field.t)
		if err != nil {
			return dst, fmt.Errorf("%s: %w", field.name, err)
		}
		b = be.AppendUint64(b, uint64(n)) // Micros is never negative
	}
	b = append(b, s.ID[:]...)
	b = append(b, s.Previous[:]...)
	b = append(b, s.Lineage[:]...)
	b = append(b, 0, 0) // where the metadata begins, when it is known
	var err error
	if b, err = appendText(b, "UserID", s.UserID, session.MaxUserID); err != nil {
		return dst, err
	}
	if b, err = appendIP(b, s.IP); err != nil {
		return dst, err
	}
	if len(s.UserAgent) > session.MaxUserAgent {
		return dst, tooLarge("UserAgent", len(s.UserAgent), session.MaxUserAgent)
	}
	b = be.AppendUint16(b, uint16(len(s.UserAgent))) // bounded above
	b = append(b, s.UserAgent...)
	for _, field := range [devices]struct{ name, text string }{
		{"Device.Browser", s.Device.Browser}, {"Device.Version", s.Device.Version}, {"Device.OS", s.Device.OS},
		{"Device.Name", s.Device.Name}, {"Device.Kind", s.Device.Kind},
	} {
		if b, err = appendText(b, field.name, field.text, session.MaxDeviceText); err != nil {
			return dst, err
		}
	}
	fixed := b[start:]
	be.PutUint16(fixed[offMetadataAt:], uint16(len(fixed)+crcSize)) // at most maxFixed
	b = be.AppendUint32(b, sum(fixed))
	if b, err = AppendMetadata(b, s.Metadata); err != nil {
		return dst, err
	}
	return b, nil
}

// AppendMetadata appends the end of a record, which holds the metadata: a
// script replaces it as a whole. Over session.MaxMetadata it is
// session.ErrTooLarge.
func AppendMetadata(dst []byte, m session.Metadata) ([]byte, error) {
	text := m.String()
	if text == emptyObject {
		text = ""
	}
	if len(text) > session.MaxMetadata {
		return dst, tooLarge("Metadata", len(text), session.MaxMetadata)
	}
	start := len(dst)
	b := be.AppendUint16(dst, uint16(len(text))) // bounded above
	b = append(b, text...)
	return be.AppendUint32(b, crc32.Checksum(b[start:], castagnoli)), nil
}

// emptyObject is how empty metadata prints; a record leaves it out.
const emptyObject = "{}"

// Alias takes the place of a session that was renewed, while requests with its old token may still
// come.
type Alias struct {
	Next  session.ID // the successor
	Until time.Time  // the end of the grace
}

// AppendAlias appends a to dst. A time the format cannot hold is
// session.ErrMalformed.
func AppendAlias(dst []byte, a Alias) ([]byte, error) {
	until, err := Micros(a.Until)
	if err != nil {
		return dst, fmt.Errorf("PreviousUntil: %w", err)
	}
	start := len(dst)
	b := append(dst, magicAlias, Version)
	b = be.AppendUint64(b, uint64(until)) // Micros is never negative
	b = append(b, a.Next[:]...)
	return be.AppendUint32(b, crc32.Checksum(b[start:], castagnoli)), nil
}

func appendText(b []byte, name, text string, most int) ([]byte, error) {
	if len(text) > most {
		return b, tooLarge(name, len(text), most)
	}
	return append(append(b, byte(len(text))), text...), nil // most is at most 255
}

func appendIP(b []byte, ip netip.Addr) ([]byte, error) {
	switch {
	case !ip.IsValid():
		return append(b, 0), nil
	case ip.Zone() != "":
		return b, fmt.Errorf("%w IP: %s has a zone", session.ErrMalformed, ip)
	case ip.Is4():
		raw := ip.As4()
		return append(append(b, 4), raw[:]...), nil
	default:
		raw := ip.As16()
		return append(append(b, 16), raw[:]...), nil
	}
}

func tooLarge(name string, n, most int) error {
	return fmt.Errorf("%w: %s of %d bytes, at most %d", session.ErrTooLarge, name, n, most)
}
