// Changes: a numbered log of ends and changes of sessions, for caches that keep copies of them.

package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// keepChanges is how many entries the log keeps at least; Sweep deletes older ones.
const keepChanges = 100_000

const (
	changesHead = "SELECT seq FROM crudadmin_session_log"

	insertChange = "INSERT INTO crudadmin_session_changes (seq, mark, id, final) VALUES "
)

// openLog finds out whether changes are numbered in this database, and begins to number them if
// that is wanted.
func (s *Store) openLog(ctx context.Context, wanted bool) error {
	const op = "open the log of changes"
	head, err := ask(ctx, s, readNumber, changesHead)
	if err != nil {
		return s.wrap(op, err)
	}
	s.numbered = head > 0
	if s.numbered || !wanted {
		return nil
	}
	err = s.underLock(ctx, op, sweepKey, func(t tx) error {
		head, err := readNumber(t.Query(ctx, changesHead))
		if err != nil || head > 0 {
			return err
		}
		if _, err := t.Exec(ctx, "INSERT INTO crudadmin_session_log (slot, seq) VALUES (1, 1)"); err != nil {
			return err
		}
		_, err = t.Exec(ctx, insertChange+placeholders(4), 1, randomMark(), []byte{}, 0)
		return err
	})
	s.numbered = err == nil
	return err
}

// randomMark returns a random number, so that logs that went apart differ.
func randomMark() int64 { return rand.Int64N(math.MaxInt64) } //nolint:gosec // no secret

// logChanges enters changes of the sessions into the log. It is the last thing in a
// transaction: the row of the counter stays locked until COMMIT, so that numbers
// become visible in their order, without gaps.
func (s *Store) logChanges(ctx context.Context, t tx, final bool, ids ...[]byte) error {
	if !s.numbered || len(ids) == 0 {
		return nil
	}
	if _, err := t.Exec(ctx, "UPDATE crudadmin_session_log SET seq = seq + ?", len(ids)); err != nil {
		return err
	}
	last, err := readNumber(t.Query(ctx, changesHead))
	if err != nil {
		return err
	}
	flag := 0
	if final {
		flag = 1
	}
	seq := last - int64(len(ids))
	for len(ids) > 0 {
		n := min(len(ids), touchBatch)
		args := make([]any, 0, 4*n)
		for _, id := range ids[:n] {
			seq++
			args = append(args, seq, randomMark(), id, flag)
		}
		ids = ids[n:]
		if _, err := t.Exec(ctx, insertChange+placeholders(4)+strings.Repeat(", "+placeholders(4), n-1), args...); err != nil {
			return err
		}
	}
	return nil
}

// logUser enters the ends of the user's n sessions that ended at that moment, and those of the
// expired sessions.
func (s *Store) logUser(ctx context.Context, t tx, user session.User, at int64, n int, buried [][]byte) error {
	if !s.numbered || n == 0 {
		return s.logChanges(ctx, t, true, buried...)
	}
	ids, err := readIDs(t.Query(ctx, "SELECT id FROM crudadmin_sessions WHERE tag = ? AND user_id = ? AND ended_at = ?", user.Tag[:], user.ID, at))
	if err != nil {
		return err
	}
	return s.logChanges(ctx, t, true, append(ids, buried...)...)
}

// Changes returns the entries of the log of changes from the number from on, that one included, in
// order and at most most of them; from 0 stands for the newest. Sessions that expire are not in the
// log. It also returns the database's time, or that of Config.Now where it is set. Errors:
// session.ErrUnsupported without Config.Changes, otherwise session.ErrUnavailable.
func (s *Store) Changes(ctx context.Context, from int64, most int) ([]session.Change, time.Time, error) {
	const op = "read the log of changes"
	if !s.numbered {
		return nil, time.Time{}, fmt.Errorf("sqlstore: %s: %w: set Config.Changes", op, session.ErrUnsupported)
	}
	after := "?"
	args := []any{from, most}
	if from <= 0 {
		after = "(" + changesHead + ") - ? + 1"
		args = []any{most, most}
	}
	clock := s.dialect.clock
	if clock == "" || s.ownClock {
		clock = "NULL"
	}
	now := s.now()
	changes, err := ask(ctx, s, func(rows *sql.Rows, err error) ([]session.Change, error) {
		return readChanges(rows, err, &now)
	}, "SELECT seq, mark, id, final, "+clock+" FROM crudadmin_session_changes WHERE seq >= "+after+" ORDER BY seq LIMIT ?", args...)
	if err != nil {
		return nil, time.Time{}, s.wrap(op, err)
	}
	return changes, now, nil
}

// readChanges returns the entries that a query found, and sets now to the time it found them at if
// the database told it.
func readChanges(rows *sql.Rows, err error, now *time.Time) ([]session.Change, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var changes []session.Change
	for rows.Next() {
		var c session.Change
		var id []byte
		var at *int64
		if err := rows.Scan(&c.Seq, &c.Mark, &id, &c.Final, &at); err != nil {
			return nil, err
		}
		if len(id) == session.IDSize { // the first entry names no session
			c.ID = session.ID(id)
		}
		if at != nil {
			*now = time.UnixMicro(*at).UTC()
		}
		changes = append(changes, c)
	}
	return changes, rows.Err()
}

// pruneChanges deletes entries beyond keepChanges.
func (s *Store) pruneChanges() sweepStep {
	return sweepStep{
		statement: s.dialect.some(change{
			table: "crudadmin_session_changes",
			where: "seq <= (" + changesHead + ") - ?",
			by:    "seq",
		}),
		args:   []any{int64(keepChanges)},
		events: true,
	}
}
