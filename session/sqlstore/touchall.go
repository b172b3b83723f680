// TouchAll: the activity of many sessions at once, written some time after it was seen.

package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/session"
)

// touchBatch is how many sessions TouchAll changes in one transaction.
const touchBatch = 100

// TouchAll implements session.Store. It changes 100 sessions in a transaction of
// two statements.
func (s *Store) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	return s.touchAll(ctx, seen, false)
}

// TouchLate is TouchAll for activity that was seen some time ago: where there is a
// Config.Grace, it also takes that of a session which has expired since, unless
// Sweep, or a Delete, a DeleteUser or a Create under a limit that named it or its
// user, met it first. A session that had expired when it was seen is absent.
func (s *Store) TouchLate(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	return s.touchAll(ctx, seen, s.grace > 0)
}

func (s *Store) touchAll(ctx context.Context, seen []session.Seen, late bool) ([]session.ID, error) {
	if len(seen) > session.MaxBatch {
		return nil, fmt.Errorf("%w: %d touches in a batch, at most %d", session.ErrTooLarge, len(seen), session.MaxBatch)
	}
	var absent []session.ID
	for batch := range slices.Chunk(latest(seen), touchBatch) {
		var gone []session.ID
		err := s.transact(ctx, "touch", func(t tx) (err error) {
			at := micro(s.now())
			update, args := touchMany(s.dialect, batch, at, late)
			if _, err := t.Exec(ctx, update, args...); err != nil {
				return err
			}
			if err := t.used(ctx, batch); err != nil {
				return err
			}
			gone, err = t.absent(ctx, batch, at)
			return err
		})
		if err != nil {
			return absent, err
		}
		absent = append(absent, gone...)
	}
	return absent, nil
}

// latest returns seen in the order of IDs, each once, with its latest times.
func latest(seen []session.Seen) []session.Seen {
	sorted := slices.SortedFunc(slices.Values(seen), func(a, b session.Seen) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	once := sorted[:0]
	for _, one := range sorted {
		if n := len(once); n > 0 && once[n-1].ID == one.ID {
			last := &once[n-1]
			if one.LastActivity.After(last.LastActivity) {
				last.LastActivity = one.LastActivity
			}
			if one.ExpiresAt.After(last.ExpiresAt) {
				last.ExpiresAt = one.ExpiresAt
			}
			if last.PreviousUntil.IsZero() {
				last.PreviousUntil = one.PreviousUntil
			}
			continue
		}
		once = append(once, one)
	}
	return once
}

// touchMany is dialect.touch for many sessions in one statement. If late, sessions count that were
// live when they were seen.
func touchMany(d *dialect, batch []session.Seen, at int64, late bool) (string, []any) {
	when := strings.Repeat(" WHEN ? THEN ?", len(batch))
	var activity, expiry, ids []any
	for i := range batch {
		one := &batch[i]
		activity = append(activity, one.ID[:], micro(one.LastActivity))
		expiry = append(expiry, one.ID[:], micro(one.ExpiresAt))
		ids = append(ids, one.ID[:])
	}
	were, moments := "?", []any{at}
	if late {
		were, moments = "CASE id"+when+" ELSE expires_at END", activity
	}
	return fmt.Sprintf(`UPDATE crudadmin_sessions SET
last_activity = %[1]s(last_activity, CASE id%[3]s ELSE last_activity END),
expires_at = %[1]s(expires_at, %[2]s(CASE id%[3]s ELSE expires_at END, deadline))
WHERE id IN %[4]s AND format <= %[5]d AND ended_at IS NULL AND expires_at > %[6]s`, d.greatest, d.least, when, placeholders(len(batch)), format, were),
		slices.Concat(activity, expiry, ids, moments)
}

// used notes which of the batch were used for the first time since their renewal:
// hardly ever more than one.
func (t tx) used(ctx context.Context, batch []session.Seen) error {
	for i := range batch {
		if batch[i].PreviousUntil.IsZero() {
			continue
		}
		const update = "UPDATE crudadmin_sessions SET previous_until = ? WHERE id = ? AND previous_until = deadline AND ended_at IS NULL AND format <= ?"
		if _, err := t.Exec(ctx, update, micro(batch[i].PreviousUntil), batch[i].ID[:], format); err != nil {
			return err
		}
	}
	return nil
}

// absent returns those of the batch that are not live.
func (t tx) absent(ctx context.Context, batch []session.Seen, at int64) ([]session.ID, error) {
	gone := make(map[session.ID]bool, len(batch))
	args := make([]any, 0, len(batch)+1)
	for i := range batch {
		gone[batch[i].ID] = true
		args = append(args, batch[i].ID[:])
	}
	rows, err := t.Query(ctx, "SELECT id FROM crudadmin_sessions WHERE id IN "+placeholders(len(batch))+" AND "+live, append(args, at)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		if len(id) == session.IDSize {
			delete(gone, session.ID(id))
		}
	}
	var absent []session.ID
	for i := range batch {
		if gone[batch[i].ID] {
			absent = append(absent, batch[i].ID)
		}
	}
	return absent, rows.Err()
}
