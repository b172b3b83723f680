// Counters: the login throttle's sliding logs, one item each. Its layout, all
// numbers big-endian:
//
//	offset  bytes
//	0       1      magic 95
//	1       1      format version 01
//	2       32     SHA-256 of the counter's name, which the key names too
//	34      8      when the log is no longer needed, microseconds since 1970
//	42      n × 8  the events' times, oldest first
//	        4      CRC-32C of all before

package memcachestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

const (
	magicCounter   = 0x95
	counterVersion = 1
	counterHeader  = 42
)

// counter is the events under one key.
type counter struct {
	name   [sha256.Size]byte
	until  int64   // microseconds since 1970
	events []int64 // the same, oldest first
}

// decode reads an encoded counter. Errors: errSpoilt, wire.ErrNewer.
func (c *counter) decode(data []byte) error {
	switch {
	case len(data) > 1 && data[0] == magicCounter && data[1] > counterVersion:
		return fmt.Errorf("%w: counter %d, this release reads up to %d", wire.ErrNewer, data[1], counterVersion)
	case len(data) < counterHeader+crcSize || (len(data)-counterHeader-crcSize)%8 != 0 || data[0] != magicCounter || data[1] != counterVersion:
		return fmt.Errorf("%w: the form is not a counter's", errSpoilt)
	}
	end := len(data) - crcSize
	switch {
	case be.Uint32(data[end:]) != crc32.Checksum(data[:end], castagnoli):
		return fmt.Errorf("%w: checksum", errSpoilt)
	case [sha256.Size]byte(data[2:]) != c.name:
		return fmt.Errorf("%w: it carries another name", errSpoilt)
	}
	c.until = int64(be.Uint64(data[34:]))
	for at := counterHeader; at < end; at += 8 {
		c.events = append(c.events, int64(be.Uint64(data[at:])))
	}
	return nil
}

func (c *counter) encode() []byte {
	b := make([]byte, 0, counterHeader+8*len(c.events)+crcSize)
	b = append(b, magicCounter, counterVersion)
	b = append(b, c.name[:]...)
	b = be.AppendUint64(b, uint64(c.until))
	for _, at := range c.events {
		b = be.AppendUint64(b, uint64(at))
	}
	return be.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// edit is the edit that stores the counter.
func (c *counter) edit() edit {
	if len(c.events) == 0 {
		return edit{write: true}
	}
	return edit{write: true, value: c.encode(), until: time.UnixMicro(c.until)}
}

// recount changes the counter of a name.
func (s *Store) recount(ctx context.Context, op, name string, do func(c *counter) edit) error {
	sum := sha256.Sum256([]byte(name))
	at := s.placeOf(s.cfg.Prefix+"c:"+hex.EncodeToString(sum[:]), be.Uint64(sum[:]))
	return s.swap(ctx, op, at, false, func(value []byte) (edit, error) {
		c := counter{name: sum}
		if value != nil {
			if err := c.decode(value); err != nil {
				if errors.Is(err, wire.ErrNewer) {
					return edit{}, newer(op, err)
				}
				s.log.WarnContext(ctx, "a counter cannot be decoded, it begins anew", "error", err)
			}
		}
		return do(&c), nil
	})
}

// Count implements session.Store.
func (s *Store) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	if err := session.CheckCount(key, rule); err != nil {
		return 0, err
	}
	length := max(rule.Window.Microseconds(), 1)
	var wait int64
	err := s.recount(ctx, "count", key, func(c *counter) edit {
		now := s.now().UnixMicro()
		c.events = slices.DeleteFunc(c.events, func(at int64) bool { return !within(at, now, length) })
		n := len(c.events)
		wait = 0
		if n >= rule.Limit {
			wait = c.events[n-rule.Limit] + length - now
		}
		if n > 0 {
			wait = max(wait, c.events[n-1]+rule.Apart(n).Microseconds()-now)
		}
		if wait > 0 && !rule.Always {
			return edit{}
		}
		at, _ := slices.BinarySearch(c.events, now+1) // another node's clock may be ahead
		c.events = slices.Insert(c.events, at, now)
		c.events = slices.Delete(c.events, 0, max(len(c.events)-rule.Kept(), 0))
		c.until = max(c.until, now+length)
		return c.edit()
	})
	if err != nil {
		return 0, err
	}
	return time.Duration(max(wait, 0)) * time.Microsecond, nil
}

// within reports whether at lies in the window of that length that ends now, all in microseconds.
// An event that lies a window or more after now was recorded by a clock that was wrong.
func within(at, now, length int64) bool { return now-at < length && at-now < length }

// Counted implements session.Store.
func (s *Store) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	length := max(window.Microseconds(), 1)
	n := 0
	err := s.recount(ctx, "counted", key, func(c *counter) edit {
		now := s.now().UnixMicro()
		n = 0
		for _, at := range c.events {
			if within(at, now, length) {
				n++
			}
		}
		return edit{}
	})
	return n, err
}

// Uncount implements session.Store.
func (s *Store) Uncount(ctx context.Context, key string, n int) error {
	if n == 0 {
		return nil
	}
	return s.recount(ctx, "uncount", key, func(c *counter) edit {
		if len(c.events) == 0 {
			return edit{}
		}
		forgotten := len(c.events)
		if n > 0 {
			forgotten = min(n, forgotten)
		}
		c.events = c.events[:len(c.events)-forgotten]
		return c.edit()
	})
}
