// The bounds of the near-cache, with a clock of the test's.

package redisstore

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func testCache() (n *nearCache, pass, setClock func(time.Duration)) {
	wall, elapsed := time.Unix(1_700_000_000, 0), time.Duration(0)
	n = newNearCache(time.Second)
	n.wall = func() time.Time { return wall }
	n.elapsed = func() time.Duration { return elapsed }
	n.start.Store(wall.UnixMicro())
	pass = func(d time.Duration) { wall, elapsed = wall.Add(d), elapsed+d }
	setClock = func(d time.Duration) { wall = wall.Add(d) }
	return n, pass, setClock
}

func TestNearCacheRestsAfterWrites(t *testing.T) {
	n, pass, _ := testCache()
	mine, other := session.Tag{1}, session.Tag{2}
	if n.bypassed(mine) {
		t.Error("bypassed before any write")
	}
	n.wrote(mine)
	pass(time.Second)
	if !n.bypassed(mine) || n.bypassed(other) {
		t.Error("not exactly the user who was written is bypassed for MaxStale")
	}
	pass(time.Microsecond)
	if n.bypassed(mine) {
		t.Error("bypassed after MaxStale")
	}
}

// TestNearCacheBound: a flood of writes takes no more memory, and no one of them
// is forgotten early.
func TestNearCacheBound(t *testing.T) {
	n, pass, _ := testCache()
	tag := func(i int) (tag session.Tag) {
		binary.BigEndian.PutUint64(tag[:], uint64(i))
		return tag
	}
	const writes = 10 * maxWritten
	for i := range writes {
		n.wrote(tag(i))
		if len(n.written) > maxWritten {
			t.Fatalf("%d entries", len(n.written))
		}
	}
	for i := range writes {
		if !n.bypassed(tag(i)) {
			t.Fatalf("write %d is forgotten", i)
		}
	}
	pass(time.Second + time.Microsecond)
	if n.bypassed(tag(0)) || n.bypassed(tag(writes-1)) {
		t.Error("bypassed after MaxStale")
	}
}

// TestNearCacheClockSetBack: the client would keep its entries for the hour.
func TestNearCacheClockSetBack(t *testing.T) {
	n, pass, setClock := testCache()
	tag := session.Tag{1}
	for range 100 {
		pass(time.Millisecond)
		setClock(-500 * time.Nanosecond) // slewed
		if n.bypassed(tag) {
			t.Fatal("bypassed while the clock is slewed")
		}
	}
	setClock(-time.Hour)
	if !n.bypassed(tag) {
		t.Error("not bypassed after the clock was set back")
	}
	pass(time.Hour + time.Second)
	if !n.bypassed(tag) {
		t.Error("an entry of before is not yet gone")
	}
	pass(time.Second)
	if n.bypassed(tag) {
		t.Error("bypassed for ever")
	}
	setClock(time.Hour)
	if n.bypassed(tag) {
		t.Error("bypassed after the clock was set forward: entries only go early")
	}
}
