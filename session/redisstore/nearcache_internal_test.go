// The bounds of the near-cache, with a clock of the test's.

package redisstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

func testCache(size int) (n *nearCache, pass func(time.Duration)) {
	now := time.Unix(1_700_000_000, 0)
	n = newNearCache(time.Second, size)
	n.now = func() time.Time { return now }
	return n, func(d time.Duration) { now = now.Add(d) }
}

func TestNearCacheRestsAfterWrites(t *testing.T) {
	n, pass := testCache(1 << 20)
	mine, other := session.Tag{1}, session.Tag{2}
	if n.bypassed(mine, n.now()) {
		t.Error("bypassed before any write")
	}
	n.wrote(mine)
	pass(time.Second)
	if !n.bypassed(mine, n.now()) || n.bypassed(other, n.now()) {
		t.Error("not exactly the user who was written is bypassed for MaxStale")
	}
	pass(time.Microsecond)
	if n.bypassed(mine, n.now()) {
		t.Error("bypassed after MaxStale")
	}
}

// TestNearCacheBound: a flood of writes takes no more memory, and no one of them
// is forgotten early.
func TestNearCacheBound(t *testing.T) {
	n, pass := testCache(1 << 20)
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
		if !n.bypassed(tag(i), n.now()) {
			t.Fatalf("write %d is forgotten", i)
		}
	}
	pass(time.Second + time.Microsecond)
	if n.bypassed(tag(0), n.now()) || n.bypassed(tag(writes-1), n.now()) {
		t.Error("bypassed after MaxStale")
	}
}

// TestNearCacheKeeps: what arrived is fresh for MaxStale from when it was asked
// for, until the server, or the end of its connection, takes it away.
func TestNearCacheKeeps(t *testing.T) {
	n, pass := testCache(1 << 20)
	one, other := n.link(rueidis.CacheStoreOption{}), n.link(rueidis.CacheStoreOption{})
	ask := func(l rueidis.CacheStore, key string) rueidis.CacheEntry {
		_, entry := l.Flight(key, "", n.maxStale, n.now())
		return entry
	}
	arrive := func(l rueidis.CacheStore, key string) { l.Update(key, "", rueidis.RedisMessage{}) }
	want := func(what, key string, kept bool) {
		t.Helper()
		if ok := n.look(key, n.now()) != nil; ok != kept {
			t.Errorf("%s: kept %t, want %t", what, ok, kept)
		}
	}
	ask(one, "a")
	pass(400 * time.Millisecond)
	want("on its way", "a", false)
	waits := ask(other, "a")
	arrive(other, "a")
	want("another connection's answer", "a", false)
	arrive(one, "a")
	if _, err := waits.Wait(t.Context()); err != nil {
		t.Errorf("who waited: %v", err)
	}
	pass(600*time.Millisecond - 1)
	want("MaxStale after it was asked for, nearly", "a", true)
	pass(1)
	want("MaxStale after it was asked for", "a", false)

	ask(one, "a")
	one.Cancel("a", "", context.DeadlineExceeded)
	pass(400 * time.Millisecond)
	ask(one, "a") // the answer may be the first one's
	arrive(one, "a")
	pass(600*time.Millisecond - 1)
	want("asked again after giving up", "a", true)
	pass(1)
	want("as old as the first time it was asked for", "a", false)

	ask(one, "a")
	one.Cancel("a", "", errors.New("refused"))
	pass(400 * time.Millisecond)
	ask(one, "a")
	arrive(one, "a")
	pass(600 * time.Millisecond)
	want("asked again after a refusal", "a", true)

	ask(other, "b")
	arrive(other, "b")
	ask(one, "c")
	waits = ask(one, "c")
	one.Close(io.EOF)
	if _, err := waits.Wait(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("who waited on a connection that went: %v", err)
	}
	want("its connection is gone", "a", false)
	want("another connection is gone", "b", true)
	other.Delete(nil)
	want("the server forgets all", "b", false)
	if n.kept.size != 0 || n.kept.oldest.Len() != 0 || len(n.kept.records) != 0 {
		t.Errorf("%d bytes, %d and %d records are left", n.kept.size, n.kept.oldest.Len(), len(n.kept.records))
	}
}

// TestNearCacheSize: the least recently used go when it is full, also of those
// that never arrive.
func TestNearCacheSize(t *testing.T) {
	const room = 100
	n, _ := testCache(room * (recordOverhead + 2*8))
	l := n.link(rueidis.CacheStoreOption{})
	key := func(i int) string { return fmt.Sprintf("%08d", i) }
	for i := range 10 * room {
		l.Flight(key(i), "", n.maxStale, n.now())
		if i%5 == 4 {
			l.Cancel(key(i), "", context.Canceled)
		} else {
			l.Update(key(i), "", rueidis.RedisMessage{})
		}
		if i >= 1 {
			if n.look(key(0), n.now()) == nil {
				t.Fatalf("what is used all the time is gone after %d others", i)
			}
		}
		if n.kept.size > n.kept.most || len(n.kept.records) > room {
			t.Fatalf("%d bytes, %d records", n.kept.size, len(n.kept.records))
		}
	}
	if ok := n.look(key(10*room-2), n.now()) != nil; !ok || len(n.kept.records) < room-1 {
		t.Errorf("%d records are kept, the last but one %t", len(n.kept.records), ok)
	}
}
