// Records: a session written as a row, and read from one.

package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/session"
)

// format is the format of the records this release writes. Rows of a higher one
// are left alone.
const format = 1

// columns are those of a row, in the order of encode and decode.
const columns = `id, tag, user_id, lineage, created_at, last_activity, expires_at, deadline, rotated_at,
previous, previous_until, ip, user_agent, browser, browser_version, os, device, device_kind,
metadata, version, format, ended_at, ended_reason, ended_by`

const columnCount = 24

// maxAddress is the most bytes of an address in text.
const maxAddress = 64

// encode returns the row of s, or an error that matches ErrTooLarge or
// ErrMalformed if not every engine can keep a value.
func encode(s *session.Session) ([]any, error) {
	address := ""
	if s.IP.IsValid() {
		address = s.IP.String()
	}
	for _, text := range []struct {
		name, value string
		most        int
	}{
		{"user ID", s.UserID, session.MaxUserID},
		{"address", address, maxAddress},
		{"user agent", s.UserAgent, session.MaxUserAgent},
		{"browser", s.Device.Browser, session.MaxDeviceText},
		{"browser version", s.Device.Version, session.MaxDeviceText},
		{"operating system", s.Device.OS, session.MaxDeviceText},
		{"device name", s.Device.Name, session.MaxDeviceText},
		{"device kind", s.Device.Kind, session.MaxDeviceText},
	} {
		if len(text.value) > text.most {
			return nil, fmt.Errorf("%w: %s of %d bytes, at most %d", session.ErrTooLarge, text.name, len(text.value), text.most)
		}
		if !storable(text.value) {
			return nil, fmt.Errorf("%w %s: want valid UTF-8 without NUL", session.ErrMalformed, text.name)
		}
	}
	metadata, err := encodeMetadata(s.Metadata)
	if err != nil {
		return nil, err
	}
	if s.Version > math.MaxInt64 {
		return nil, fmt.Errorf("%w version: %d, at most %d", session.ErrMalformed, s.Version, int64(math.MaxInt64))
	}
	var previous, until any
	if !s.Previous.IsZero() {
		previous, until = s.Previous[:], micro(s.PreviousUntil)
	}
	tag := s.ID.Tag()
	return []any{
		s.ID[:], tag[:], s.UserID, s.Lineage[:], micro(s.CreatedAt), micro(s.LastActivity),
		min(micro(s.ExpiresAt), micro(s.Deadline)), micro(s.Deadline), micro(s.RotatedAt),
		previous, until, address, s.UserAgent,
		s.Device.Browser, s.Device.Version, s.Device.OS, s.Device.Name, s.Device.Kind,
		metadata, int64(s.Version), format, nil, "", "",
	}, nil
}

// storable reports whether every engine can keep the text: PostgreSQL wants
// valid UTF-8 without NUL.
func storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

func encodeMetadata(m session.Metadata) ([]byte, error) {
	text := m.String()
	if len(text) > session.MaxMetadata {
		return nil, fmt.Errorf("%w: metadata of %d bytes, at most %d", session.ErrTooLarge, len(text), session.MaxMetadata)
	}
	return []byte(text), nil
}

func micro(t time.Time) int64 { return t.UnixMicro() }

// errNewer says that a record is of a newer format.
var errNewer = fmt.Errorf("sqlstore: %w: the record was written by a newer release", session.ErrUnavailable)

// record is a row as it was read; its values are not checked yet.
type record [columnCount]any

// id is whatever stands in the column of the ID.
func (r *record) id() any { return r[0] }

// is reports whether the row has that ID.
func (r *record) is(id session.ID) bool {
	raw, ok := r.id().([]byte)
	return ok && bytes.Equal(raw, id[:])
}

// readRecords appends the rows to records and closes them.
func readRecords(rows *sql.Rows, err error) ([]record, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var records []record
	for rows.Next() {
		var r record
		var into [columnCount]any
		for i := range r {
			into[i] = &r[i]
		}
		if err := rows.Scan(into[:]...); err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

// decode returns the session of a row. An error is errNewer, or says why the
// row cannot be decoded.
func (r *record) decode() (session.Session, error) {
	d := decoder{row: r}
	var s session.Session
	var tag session.Tag
	var ended session.Ending
	d.copy(s.ID[:])
	d.copy(tag[:])
	s.UserID = d.text(session.MaxUserID)
	d.copy(s.Lineage[:])
	s.CreatedAt, s.LastActivity, s.ExpiresAt, s.Deadline, s.RotatedAt = d.time(), d.time(), d.time(), d.time(), d.time()
	if d.null() {
		d.at += 2
	} else {
		d.copy(s.Previous[:])
		s.PreviousUntil = d.time()
	}
	s.IP = d.address()
	s.UserAgent = d.text(session.MaxUserAgent)
	s.Device = session.Device{
		Browser: d.text(session.MaxDeviceText),
		Version: d.text(session.MaxDeviceText),
		OS:      d.text(session.MaxDeviceText),
		Name:    d.text(session.MaxDeviceText),
		Kind:    d.text(session.MaxDeviceText),
	}
	s.Metadata = d.metadata()
	s.Version = uint64(max(d.integer(), 0))
	if written := d.integer(); written > format {
		return session.Session{}, errNewer
	}
	if d.null() {
		d.at++
	} else {
		s.EndedAt = d.time()
	}
	ended.Reason = session.Reason(d.text(maxReason))
	ended.By = d.text(session.MaxUserID)
	if !s.EndedAt.IsZero() {
		s.Ending = ended
	}
	if d.err == nil && tag != s.ID.Tag() {
		d.err = errors.New("tag: not that of the id")
	}
	return s, d.err
}

// decoder takes the columns of a row one after the other and keeps the first
// error. It takes each value in every type that a driver may give it.
type decoder struct {
	row *record
	at  int
	err error
}

func (d *decoder) next() any {
	d.at++
	return d.row[d.at-1]
}

func (d *decoder) null() bool { return d.row[d.at] == nil }

func (d *decoder) fail(why string, args ...any) {
	if d.err == nil {
		column := strings.Fields(columns)[d.at-1]
		d.err = fmt.Errorf("%s: %s", strings.TrimSuffix(column, ","), fmt.Sprintf(why, args...))
	}
}

func (d *decoder) integer() int64 {
	switch v := d.next().(type) {
	case int64:
		return v
	case []byte: // MySQL's text protocol
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			d.fail("not a number")
		}
		return n
	default:
		d.fail("%T, want a number", v)
		return 0
	}
}

func (d *decoder) time() time.Time { return time.UnixMicro(d.integer()).UTC() }

func (d *decoder) text(most int) string {
	var text string
	switch v := d.next().(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		d.fail("%T, want a text", v)
	}
	if len(text) > most {
		d.fail("%d bytes, at most %d", len(text), most)
	}
	return text
}

func (d *decoder) copy(into []byte) {
	v := d.text(len(into))
	if n := copy(into, v); n < len(into) {
		d.fail("%d bytes, want %d", n, len(into))
	}
}

func (d *decoder) address() netip.Addr {
	text := d.text(maxAddress)
	if text == "" {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		d.fail("not an address")
	}
	return address
}

func (d *decoder) metadata() session.Metadata {
	text := d.text(session.MaxMetadata)
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		d.fail("not a JSON object")
	}
	return session.StoredMetadata(text)
}

// endUndecodable ends the session of a row that cannot be decoded, and keeps it out of the history.
func (s *Store) endUndecodable(ctx context.Context, r *record, why error) error {
	id := r.id()
	if raw, ok := id.([]byte); ok {
		s.log.WarnContext(ctx, "a session that cannot be decoded ends", "id", fmt.Sprintf("%.80x", raw), "error", why)
	} else {
		s.log.WarnContext(ctx, "a session that cannot be decoded ends", "error", why)
	}
	const (
		op  = "end an undecodable session"
		end = "UPDATE crudadmin_sessions SET ended_at = COALESCE(ended_at, ?), ended_reason = ? WHERE id = ?"
	)
	args := []any{micro(s.now()), string(session.ReasonUndecodable), id}
	named, ok := id.([]byte)
	if !s.numbered || !ok || len(named) != session.IDSize {
		_, err := s.exec(ctx, op, end, args...)
		return err
	}
	return s.transact(ctx, op, func(t tx) error {
		if _, err := t.Exec(ctx, end, args...); err != nil {
			return err
		}
		return s.logChanges(ctx, t, true, named)
	})
}

// lockKey is the lock of all sessions of that tag.
func lockKey(t session.Tag) int64 {
	return int64(binary.BigEndian.Uint64(t[:]))
}
