// Sweep: expired sessions become history, old history and old counts go.

package sqlstore

import (
	"context"
	"fmt"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/pace"
)

// sweepBatch is the most rows that one statement of Sweep changes, and so locks.
const sweepBatch = 50

// sweepKey is the lock of sweepers: two nodes take turns, batch by batch.
const sweepKey = 0

// Sweep implements session.Store: it marks sessions that expired Config.Grace ago as ended at the
// moment they expired, and deletes history that is older than Config.KeepEnded; both count as
// removed. At the end it deletes events of counters that have left their windows; these do not
// count as removed. Every batch is a transaction of its own, after which the database is left to
// others for as long as it took.
func (s *Store) Sweep(ctx context.Context, most int) (int, error) {
	removed := 0
	for _, step := range s.sweeps() {
		for step.events || removed < most {
			batch, pacing := sweepBatch, pace.Begin()
			if !step.events {
				batch = min(batch, most-removed)
			}
			var n int64
			err := s.underLock(ctx, "sweep", sweepKey, func(t tx) (err error) {
				n, err = t.Exec(ctx, step.statement, append(step.args, batch)...)
				return err
			})
			if err != nil {
				return removed, err
			}
			if !step.events {
				removed += int(n)
			}
			if int(n) < batch {
				break
			}
			pacing.Rest(ctx)
		}
	}
	return removed, nil
}

// setExpired marks an expired session as ended at the moment it expired. Argument: the
// metadata of ended sessions.
var setExpired = fmt.Sprintf("ended_at = expires_at, ended_reason = CASE WHEN expires_at < deadline THEN '%s' ELSE '%s' END, metadata = ?",
	session.ReasonIdleTimeout, session.ReasonAbsoluteTimeout)

// endExpired ends those of the sessions that where names which have expired and which no sweep has
// met yet, so that no late touch revives them. It returns their IDs, which the caller enters into
// the log. Without a grace no touch revives a session, and it does nothing.
func (s *Store) endExpired(ctx context.Context, t tx, at int64, where string, args ...any) ([][]byte, error) {
	if s.grace == 0 {
		return nil, nil
	}
	ids, err := readIDs(t.Query(ctx, "SELECT id FROM crudadmin_sessions WHERE "+where+" AND ended_at IS NULL AND expires_at <= ?", append(args, at)...))
	if err != nil {
		return nil, err
	}
	var buried [][]byte
	for _, id := range ids { // hardly ever more than one
		n, err := t.Exec(ctx, "UPDATE crudadmin_sessions SET "+setExpired+" WHERE id = ? AND ended_at IS NULL AND expires_at <= ?", emptyMetadata, id, at)
		if err != nil {
			return nil, err
		}
		if n > 0 { // else it was touched meanwhile
			buried = append(buried, id)
		}
	}
	return buried, nil
}

// sweepStep is a statement that changes at most as many rows as its last
// argument says.
type sweepStep struct {
	statement string
	args      []any
	events    bool // of counters, not sessions
}

func (s *Store) sweeps() []sweepStep {
	now := s.now()
	at, old, due := micro(now), micro(now.Add(-s.keep)), micro(now.Add(-s.grace))
	steps := []sweepStep{
		{
			statement: s.dialect.some(change{
				table: "crudadmin_sessions",
				set:   setExpired,
				where: "ended_at IS NULL AND expires_at <= ?",
				by:    "expires_at",
				index: "crudadmin_sessions_expiry",
			}),
			args: []any{emptyMetadata, due},
		},
		{
			statement: s.dialect.some(change{
				table: "crudadmin_sessions",
				where: "ended_at <= ? AND deadline <= ?",
				by:    "ended_at",
				index: "crudadmin_sessions_ended",
			}),
			args: []any{old, at},
		},
		{
			statement: s.dialect.some(change{
				table: "crudadmin_session_events",
				where: "until <= ?",
				by:    "until",
				index: "crudadmin_session_events_until",
			}),
			args:   []any{at},
			events: true,
		},
	}
	if s.numbered {
		steps = append(steps, s.pruneChanges())
	}
	return steps
}
