// Sweep: expired sessions become history, old history and old counts go.

package sqlstore

import (
	"context"
	"fmt"

	"github.com/go-crudadmin/crudadmin/session"
)

// sweepBatch is the most rows that one statement of Sweep changes, and so locks.
const sweepBatch = 200

// Sweep implements session.Store: it marks expired sessions as ended at the
// moment they expired, and deletes history that is older than Config.KeepEnded;
// both count as removed. At last it deletes events of counters that have left
// their windows, which do not count. Every batch is a transaction of its own, and
// what another node is sweeping is left to it.
func (s *Store) Sweep(ctx context.Context, most int) (int, error) {
	removed := 0
	for _, step := range s.sweeps() {
		for step.events || removed < most {
			batch := sweepBatch
			if !step.events {
				batch = min(batch, most-removed)
			}
			n, err := s.exec(ctx, "sweep", step.statement, append(step.args, batch)...)
			if err != nil {
				return removed, err
			}
			if !step.events {
				removed += int(n)
			}
			if int(n) < batch {
				break
			}
		}
	}
	return removed, nil
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
	at, old := micro(now), micro(now.Add(-s.keep))
	some := s.dialect.some
	return []sweepStep{
		{
			statement: some(fmt.Sprintf("UPDATE crudadmin_sessions SET ended_at = expires_at, ended_reason = CASE WHEN expires_at < deadline THEN '%s' ELSE '%s' END, metadata = ?",
				session.IdleTimeout, session.AbsoluteTimeout), "crudadmin_sessions", "ended_at IS NULL AND expires_at <= ?", "expires_at"),
			args: []any{emptyMetadata, at},
		},
		{
			statement: some("DELETE FROM crudadmin_sessions", "crudadmin_sessions", "ended_at <= ? AND deadline <= ?", "ended_at"),
			args:      []any{old, at},
		},
		{
			statement: some("DELETE FROM crudadmin_session_events", "crudadmin_session_events", "until <= ?", "until"),
			args:      []any{at},
			events:    true,
		},
	}
}
