// Counters: the login throttle's events, a row each.

package sqlstore

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	insertEvent  = "INSERT INTO crudadmin_session_events (counter, seq, happened, until) VALUES (?, ?, ?, ?)"
	newestEvents = "SELECT seq, happened FROM crudadmin_session_events WHERE counter = ? ORDER BY seq DESC LIMIT ?"
)

// Count implements session.Store. Of a counter at most limit events are kept.
func (s *Store) Count(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	if err := session.CheckCount(key, limit, window); err != nil {
		return 0, err
	}
	name := []byte(key)
	var wait time.Duration
	err := s.locked(ctx, "count", counterKey(key), func(t *tx) error {
		now := s.now()
		at := micro(now)
		if _, err := t.exec(ctx, "DELETE FROM crudadmin_session_events WHERE counter = ? AND happened <= ?", name, micro(now.Add(-window))); err != nil {
			return err
		}
		newest, err := t.events(ctx, name, limit)
		if err != nil {
			return err
		}
		if len(newest) == limit {
			wait = max(time.UnixMicro(newest[limit-1].happened).Add(window).Sub(now), time.Microsecond)
			return nil
		}
		seq := int64(1)
		if len(newest) > 0 {
			seq = newest[0].seq + 1
		}
		wait = 0
		_, err = t.exec(ctx, insertEvent, name, seq, at, micro(now.Add(window)))
		return err
	})
	if err != nil {
		return 0, err
	}
	return wait, nil
}

// event is one event of a counter.
type event struct{ seq, happened int64 }

// events returns the newest events of a counter, at most most of them.
func (t *tx) events(ctx context.Context, name []byte, most int) ([]event, error) {
	rows, err := t.query(ctx, newestEvents, name, most)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var newest []event
	for rows.Next() {
		var e event
		if err := rows.Scan(&e.seq, &e.happened); err != nil {
			return nil, err
		}
		newest = append(newest, e)
	}
	return newest, rows.Err()
}

// Uncount implements session.Store.
func (s *Store) Uncount(ctx context.Context, key string, n int) error {
	if n == 0 {
		return nil
	}
	name := []byte(key)
	return s.locked(ctx, "uncount", counterKey(key), func(t *tx) error {
		if n > 0 {
			newest, err := t.events(ctx, name, n)
			if err != nil || len(newest) == 0 {
				return err
			}
			_, err = t.exec(ctx, "DELETE FROM crudadmin_session_events WHERE counter = ? AND seq >= ?", name, newest[len(newest)-1].seq)
			return err
		}
		_, err := t.exec(ctx, "DELETE FROM crudadmin_session_events WHERE counter = ?", name)
		return err
	})
}

// counterKey is the lock of the counter.
func counterKey(key string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return int64(h.Sum64())
}
