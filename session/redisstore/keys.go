// Keys: the names of a session and its indexes on the server. docs/wire-format.md describes the
// layout.

package redisstore

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// partitions is how many hash tags there are, one for each first byte of a session's tag. The keys
// of one hash tag are always on one server.
const partitions = 256

// keyspace builds keys. base[p] begins all keys of partition p.
type keyspace struct{ base [partitions]string }

func newKeyspace(prefix string) *keyspace {
	k := &keyspace{}
	for p := range k.base {
		k.base[p] = fmt.Sprintf("%s{%02x}:", prefix, p)
	}
	return k
}

func (k *keyspace) of(tag session.Tag) string { return k.base[tag.Partition()] }

func (k *keyspace) record(id session.ID) string { return k.of(id.Tag()) + "s:" + string(id[:]) }
func (k *keyspace) all(tag session.Tag) string  { return k.of(tag) + "a" }
func (k *keyspace) due(tag session.Tag) string  { return k.of(tag) + "x" }

func (k *keyspace) user(u session.User) string {
	return k.of(u.Tag) + "u:" + string(u.Tag[:]) + u.ID
}

// counter spreads counters over the partitions by a hash of their names.
func (k *keyspace) counter(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return k.base[byte(h.Sum32())] + "c:" + name
}

// instant is the time that the score of an index stands for.
func instant(score float64) time.Time { return time.UnixMicro(int64(score)).UTC() }
