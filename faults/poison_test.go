// Poison: records spoilt behind a store's back.

package faults

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// poison is Subject.Poison.
type poison = func(t testing.TB, s session.Store, id session.ID, p sessiontest.Poison) bool

// spoil makes a record of the wire format (docs/wire-format.md) a bad one.
func spoil(record string, p sessiontest.Poison) string {
	const id = 58 // where the record carries its own
	switch p {
	case sessiontest.Garbage:
		return strings.Repeat("garbage\x00", 64)
	case sessiontest.Truncated:
		return record[:len(record)/2]
	case sessiontest.Empty:
		return ""
	case sessiontest.Oversized:
		return record + strings.Repeat("x", 32<<10)
	case sessiontest.OtherRecord:
		return record[:id+20] + string([]byte{record[id+20] ^ 1}) + record[id+21:]
	default:
		return record[:1] + "\x02" + record[2:] + "what a newer release adds"
	}
}

// poisonRedis spoils a record where docs/wire-format.md says it is.
func poisonRedis(r **testserver.RedisServer) poison {
	return func(t testing.TB, _ session.Store, id session.ID, p sessiontest.Poison) bool {
		key := fmt.Sprintf("crudadmin:{%02x}:s:%s", id[0], id[:])
		record := must[any](t)((*r).Do("GET", key)).(string)
		must[any](t)((*r).Do("SET", key, spoil(record, p), "KEEPTTL"))
		return true
	}
}

// poisonMemcached spoils a record in its user's item, whose layout is in
// session/memcachestore/item.go.
func poisonMemcached(m **testserver.MemcachedServer) poison {
	return func(t testing.TB, _ session.Store, id session.ID, p sessiontest.Poison) bool {
		tag := id.Tag()
		client := memcache.New((*m).Addr)
		defer client.Close()
		stored := must[*memcache.Item](t)(client.Get("crudadmin:t:" + hex.EncodeToString(tag[:])))
		const header, entry = 12, 36
		old := stored.Value
		n := int(binary.BigEndian.Uint16(old[10:]))
		head := append([]byte(nil), old[:header+n*entry]...)
		var records []byte
		at := len(head) + 4
		for i := range n {
			e := head[header+i*entry : header+(i+1)*entry]
			size := int(binary.BigEndian.Uint32(e[32:]))
			record := string(old[at : at+size])
			at += size
			if string(e[:32]) == string(id[len(tag):]) {
				record = spoil(record, p)
				binary.BigEndian.PutUint32(e[32:], uint32(len(record)))
			}
			records = append(records, record...)
		}
		head = binary.BigEndian.AppendUint32(head, crc32.Checksum(head, crc32.MakeTable(crc32.Castagnoli)))
		stored.Value = append(head, records...)
		if err := client.CompareAndSwap(stored); err != nil {
			t.Fatal(err)
		}
		return true
	}
}

// poisonSQL spoils a row of the database that dsn returns.
func poisonSQL(driver string, dsn func() string) poison {
	return func(t testing.TB, _ session.Store, id session.ID, p sessiontest.Poison) bool {
		var set string
		switch p {
		case sessiontest.Garbage:
			set = "ip = 'not an address'"
		case sessiontest.Truncated:
			set = "ip = '192.0'"
		case sessiontest.Empty:
			if driver == "mysql" {
				return false // it fills what is too short with zeros
			}
			set = "lineage = ''"
		case sessiontest.Oversized:
			set = "user_agent = '" + strings.Repeat("ö", session.MaxUserAgent) + "'"
		case sessiontest.OtherRecord:
			set = "tag = 'no other'"
		default:
			set = "format = format + 1"
		}
		db := must[*sql.DB](t)(sql.Open(driver, dsn()))
		defer db.Close()
		mark := "?"
		if driver == "pgx" {
			mark = "$1"
		}
		must[sql.Result](t)(db.ExecContext(context.Background(), "UPDATE crudadmin_sessions SET "+set+" WHERE id = "+mark, id[:]))
		return true
	}
}
