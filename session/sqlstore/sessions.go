// Sessions: Create, Restore, Get, Update, Touch.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, n session.Session, a session.Admission) ([]session.ID, error) {
	row, err := encode(&n)
	if err != nil {
		return nil, err
	}
	if n.UserID == "" || a.Limit <= 0 {
		_, err := s.exec(ctx, "create", insert, row...)
		return nil, err
	}
	var evicted []session.ID
	err = s.underLock(ctx, "create", lockKey(n.ID.Tag()), func(t tx) error {
		if _, err := t.Exec(ctx, insert, row...); err != nil {
			return err
		}
		now := micro(s.now())
		tag := n.ID.Tag()
		buried, err := s.endExpired(ctx, t, now, "tag = ? AND user_id = ?", tag[:], n.UserID)
		if err != nil {
			return err
		}
		over, err := t.over(ctx, &n, a.Limit, now)
		if err != nil {
			return err
		}
		if len(over) > 0 && a.Refuse {
			return session.ErrLimit
		}
		evicted = nil
		for _, id := range over {
			if _, err := t.Exec(ctx, end, now, string(session.ReasonLimitReached), "", emptyMetadata, id, now); err != nil {
				return err
			}
			if len(id) == session.IDSize {
				evicted = append(evicted, session.ID(id))
			}
		}
		return s.logChanges(ctx, t, true, append(over, buried...)...)
	})
	if err != nil {
		return nil, err
	}
	return evicted, nil
}

// over finds the live sessions of a user, except one session and the newest ones. Arguments: tag,
// user, now, the one, how many are newest.
const over = "SELECT id FROM crudadmin_sessions WHERE tag = ? AND user_id = ? AND " + liveNotByExpiry +
	" AND id <> ? ORDER BY created_at DESC, id DESC LIMIT 2147483647 OFFSET ?"

// over returns the IDs of the live sessions of n's user that have to go so that
// there are limit with n, oldest first.
func (t tx) over(ctx context.Context, n *session.Session, limit int, now int64) ([][]byte, error) {
	tag := n.ID.Tag()
	ids, err := readIDs(t.Query(ctx, over, tag[:], n.UserID, now, n.ID[:], limit-1))
	slices.Reverse(ids)
	return ids, err
}

// Restore implements session.Store.
func (s *Store) Restore(ctx context.Context, n session.Session) error {
	row, err := encode(&n)
	if err != nil {
		return err
	}
	if !n.LiveAt(s.now()) {
		return session.ErrNotFound
	}
	_, err = s.exec(ctx, "restore", insert, row...)
	return err
}

// Update implements session.Store.
func (s *Store) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	metadata, err := encodeMetadata(m)
	if err != nil {
		return err
	}
	at := micro(s.now())
	n, err := s.replace(ctx, id, metadata, int64(version), at)
	if err != nil || n > 0 {
		return err
	}
	if err := s.present(ctx, id, at); err != nil {
		return s.wrap("update", err)
	}
	return session.ErrConflict
}

// replace puts other metadata into a live session of that version, and returns
// how many that were.
func (s *Store) replace(ctx context.Context, id session.ID, metadata []byte, version, at int64) (n int64, err error) {
	const (
		op     = "update"
		update = "UPDATE crudadmin_sessions SET metadata = ?, version = version + 1 WHERE id = ? AND version = ? AND "
	)
	if !s.numbered {
		return s.exec(ctx, op, update+liveKnown, metadata, id[:], version, at)
	}
	err = s.transact(ctx, op, func(t tx) error {
		if n, err = t.Exec(ctx, update+liveKnown, metadata, id[:], version, at); err != nil || n == 0 {
			return err
		}
		return s.logChanges(ctx, t, false, id[:])
	})
	return n, err
}

// touch moves a live session's activity forward. Arguments: last activity,
// expiry, ID, now.
func (d *dialect) touch() string { return d.touching("") }

// touching is touch that sets more, with arguments before.
func (d *dialect) touching(set string) string {
	return fmt.Sprintf("UPDATE crudadmin_sessions SET "+set+"last_activity = %[1]s(last_activity, ?), expires_at = %[1]s(expires_at, %[2]s(?, deadline)) WHERE id = ? AND "+liveKnown,
		d.greatest, d.least)
}

// setUsed ends the time in which a session counts as one that nobody has used since
// its renewal. Argument: the end of the grace.
const setUsed = "previous_until = CASE WHEN previous_until = deadline THEN ? ELSE previous_until END, "

// Touch implements session.Store.
func (s *Store) Touch(ctx context.Context, seen session.Seen) error {
	at := micro(s.now())
	set, args := "", []any{micro(seen.LastActivity), micro(seen.ExpiresAt), seen.ID[:], at}
	if !seen.PreviousUntil.IsZero() {
		set, args = setUsed, append([]any{micro(seen.PreviousUntil)}, args...)
	}
	n, err := s.exec(ctx, "touch", s.dialect.touching(set), args...)
	if err != nil || n > 0 {
		return err
	}
	// MySQL does not count a row that had these values already.
	if err := s.present(ctx, seen.ID, at); err != nil {
		return s.wrap("touch", err)
	}
	return nil
}

// present returns nil if the session is live, else ErrNotFound or errNewer.
const present = "SELECT format FROM crudadmin_sessions WHERE id = ? AND " + live

func (s *Store) present(ctx context.Context, id session.ID, at int64) error {
	_, err := ask(ctx, s, func(rows *sql.Rows, err error) (struct{}, error) { return struct{}{}, checkPresent(rows, err) }, present, id[:], at)
	return err
}

func (t tx) present(ctx context.Context, id session.ID, at int64) error {
	return checkPresent(t.Query(ctx, present, id[:], at))
}

func checkPresent(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return session.ErrNotFound
	}
	var written int64
	if err := rows.Scan(&written); err != nil {
		return err
	}
	if written > format {
		return errNewer
	}
	return nil
}
