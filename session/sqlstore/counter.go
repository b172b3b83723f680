// Counters: the login throttle's events, a row each.

package sqlstore

import (
	"context"
	"database/sql"
	"hash/fnv"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	insertEvent = "INSERT INTO crudadmin_session_events (counter, seq, happened, until) VALUES (?, ?, ?, ?)"
	// Events that lie a window or more after now were recorded by a clock that was wrong.
	deleteOutside = "DELETE FROM crudadmin_session_events WHERE counter = ? AND (happened <= ? OR happened >= ?)"
	deleteOldest  = "DELETE FROM crudadmin_session_events WHERE counter = ? AND seq <= ?"
	countEvents   = "SELECT count(*) FROM crudadmin_session_events WHERE counter = ? AND happened > ? AND happened < ?"
	newestEvents  = "SELECT seq, happened FROM crudadmin_session_events WHERE counter = ? ORDER BY seq DESC LIMIT ?"
)

// Count implements session.Store. Of a counter at most rule.Kept events are kept.
func (s *Store) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	if err := session.CheckCount(key, rule); err != nil {
		return 0, err
	}
	name := []byte(key)
	var wait time.Duration
	err := s.underLock(ctx, "count", counterKey(key), func(t tx) error {
		now := s.now()
		since, till := micro(now.Add(-rule.Window)), micro(now.Add(rule.Window))
		if _, err := t.Exec(ctx, deleteOutside, name, since, till); err != nil {
			return err
		}
		newest, err := t.events(ctx, name, rule.Limit)
		if err != nil {
			return err
		}
		n := len(newest)
		wait = 0
		if n == rule.Limit {
			wait = max(time.UnixMicro(newest[n-1].happened).Add(rule.Window).Sub(now), time.Microsecond)
		}
		seq := int64(1)
		if n > 0 {
			seq = newest[0].seq + 1
			wait = max(wait, time.UnixMicro(newest[0].happened).Add(rule.Apart(n)).Sub(now))
		}
		if wait > 0 && !rule.Always {
			return nil
		}
		if _, err := t.Exec(ctx, insertEvent, name, seq, micro(now), till); err != nil || wait == 0 {
			return err
		}
		_, err = t.Exec(ctx, deleteOldest, name, seq-int64(rule.Kept()))
		return err
	})
	if err != nil {
		return 0, err
	}
	return wait, nil
}

// Counted implements session.Store.
func (s *Store) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	now := s.now()
	one := func(rows *sql.Rows, err error) (n int, _ error) {
		if err != nil {
			return 0, err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return 0, err
			}
		}
		return n, rows.Err()
	}
	n, err := ask(ctx, s, one, countEvents, []byte(key), micro(now.Add(-window)), micro(now.Add(window)))
	if err != nil {
		return 0, s.wrap("counted", err)
	}
	return n, nil
}

// event is one event of a counter.
type event struct{ seq, happened int64 }

// events returns the newest events of a counter, at most most of them.
func (t tx) events(ctx context.Context, name []byte, most int) ([]event, error) {
	rows, err := t.Query(ctx, newestEvents, name, most)
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
	return s.underLock(ctx, "uncount", counterKey(key), func(t tx) error {
		if n > 0 {
			newest, err := t.events(ctx, name, n)
			if err != nil || len(newest) == 0 {
				return err
			}
			_, err = t.Exec(ctx, "DELETE FROM crudadmin_session_events WHERE counter = ? AND seq >= ?", name, newest[len(newest)-1].seq)
			return err
		}
		_, err := t.Exec(ctx, "DELETE FROM crudadmin_session_events WHERE counter = ?", name)
		return err
	})
}

// counterKey is the lock of the counter.
func counterKey(key string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return int64(h.Sum64())
}
