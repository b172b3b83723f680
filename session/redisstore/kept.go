// The records of the near-cache: the client adds them, messages of the server remove them, and
// readers look them up without going through the client.

package redisstore

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// kept holds records by their keys, of all connections together, up to a number of bytes. When it
// is full, a record stays that was looked up since it was last considered, and the oldest of the
// others is dropped (second chance, also called CLOCK).
type kept struct {
	mu      sync.RWMutex
	records map[string]*record
	oldest  list.List // of *record, those that have arrived
	size    int
	most    int
}

// record is a record that is kept, or was asked for and is on its way.
type record struct {
	key     string
	owner   *link
	asked   time.Time // when its read began
	age     time.Duration
	arrived chan struct{}

	// Set when it has arrived, or was given up:
	place *list.Element
	reply rueidis.RedisMessage
	value []byte
	err   error

	decoded   atomic.Pointer[session.Session] // after the first decoding
	used      atomic.Bool                     // looked up since last considered
	abandoned bool                            // its caller has given up; the server's answer may still come
}

// recordOverhead is how many bytes a record takes besides its key and twice its value: the struct,
// the session, the list's element, the channel, the map's share.
const recordOverhead = 1024

func newKept(most int) *kept {
	return &kept{records: map[string]*record{}, most: most}
}

// fresh reports whether the record may be used: not longer than its age after its
// read began, neither by the monotonic clock, which stands still while the machine
// sleeps, nor by the wall clock, which may be set.
func (r *record) fresh(now time.Time) bool {
	return now.Sub(r.asked) < r.age && now.Round(0).Sub(r.asked.Round(0)) < r.age
}

// look returns a record that is kept and fresh, or nil.
func (k *kept) look(key string, now time.Time) *record {
	k.mu.RLock()
	defer k.mu.RUnlock()
	r := k.records[key]
	if r == nil || r.place == nil || r.abandoned || !r.fresh(now) {
		return nil
	}
	if !r.used.Load() {
		r.used.Store(true)
	}
	return r
}

// put adds a record to those that may be dropped. k.mu is held.
func (k *kept) put(r *record) {
	r.place = k.oldest.PushBack(r)
	k.size += r.bytes()
	for k.size > k.most {
		front := k.oldest.Front()
		if r, _ := front.Value.(*record); r.used.Swap(false) {
			k.oldest.MoveToBack(front)
		} else {
			k.drop(r)
		}
	}
}

// drop removes a record. k.mu is held.
func (k *kept) drop(r *record) {
	if k.records[r.key] == r {
		delete(k.records, r.key)
	}
	if r.place != nil {
		k.oldest.Remove(r.place)
		k.size -= r.bytes()
	}
}

func (r *record) bytes() int { return recordOverhead + 2*len(r.key) + 2*len(r.value) }

// link is the rueidis.CacheStore of one connection.
type link struct{ *kept }

// Flight implements rueidis.CacheStore.
func (l *link) Flight(key, _ string, age time.Duration, now time.Time) (rueidis.RedisMessage, rueidis.CacheEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := &record{key: key, owner: l, asked: now, age: age, arrived: make(chan struct{})}
	if r := l.records[key]; r != nil {
		switch {
		case r.abandoned: // its answer may be taken for that of the next record
			next.asked = r.asked
		case r.place == nil:
			return rueidis.RedisMessage{}, r
		case r.fresh(now):
			return r.reply, nil
		}
		l.drop(r)
	}
	l.records[key] = next
	return rueidis.RedisMessage{}, nil
}

// Update implements rueidis.CacheStore. The reader of the connection calls it, as
// it calls Delete, in the order in which the server wrote.
func (l *link) Update(key, _ string, reply rueidis.RedisMessage) (pxat int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.onTheWay(key)
	if r == nil {
		return 0
	}
	if r.abandoned {
		l.drop(r)
		return 0
	}
	r.reply = reply
	r.value, r.err = reply.AsBytes()
	close(r.arrived)
	l.put(r)
	return r.asked.Add(r.age).UnixMilli()
}

// onTheWay returns the record that was asked for over this connection. l.mu is held.
func (l *link) onTheWay(key string) *record {
	if r := l.records[key]; r != nil && r.owner == l && (r.place == nil || r.abandoned) {
		return r
	}
	return nil
}

// Cancel implements rueidis.CacheStore.
func (l *link) Cancel(key, _ string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.onTheWay(key)
	if r == nil {
		return
	}
	if !r.abandoned {
		r.err = err
		close(r.arrived)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			r.abandoned = true
			l.put(r)
			return
		}
	}
	l.drop(r)
}

// Delete implements rueidis.CacheStore: the server says that keys have changed, or, with nil, all
// of them.
func (l *link) Delete(keys []rueidis.RedisMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if keys == nil {
		l.dropAll(func(r *record) bool { return r.place != nil })
		return
	}
	for _, key := range keys {
		name, _ := key.ToString() // a message that is not a string names no key
		if r := l.records[name]; r != nil && r.place != nil {
			l.drop(r)
		}
	}
}

// Close implements rueidis.CacheStore: the connection is closed, so the server tells of no more
// changes.
func (l *link) Close(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropAll(func(r *record) bool {
		if r.place == nil {
			r.err = err
			close(r.arrived)
		}
		return true
	})
}

// dropAll removes those of the connection's records for which which returns true. l.mu is held.
func (l *link) dropAll(which func(*record) bool) {
	for _, r := range l.records {
		if r.owner == l && which(r) {
			l.drop(r)
		}
	}
}

// Wait implements rueidis.CacheEntry.
func (r *record) Wait(ctx context.Context) (rueidis.RedisMessage, error) {
	select {
	case <-r.arrived:
		return r.reply, r.err
	case <-ctx.Done():
		return rueidis.RedisMessage{}, context.Cause(ctx)
	}
}
