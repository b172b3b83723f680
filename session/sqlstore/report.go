// Report: whether the database answers, and how the pool and the statements do.

package sqlstore

import (
	"fmt"

	"github.com/go-crudadmin/crudadmin/session"
)

// report is Traits.Report.
func (s *Store) report() session.Report {
	pool := s.db.Pool.Stats()
	r := session.Report{
		Detail: fmt.Sprintf("%d connections open, %d in use", pool.OpenConnections, pool.InUse),
		Counters: []session.Counter{
			{Name: "pool_waits", N: uint64(max(pool.WaitCount, 0))},
			{Name: "statements_prepared_anew", N: uint64(max(s.forgotten.Load(), 0))},
		},
	}
	if s.reach == nil {
		return r
	}
	switch others := s.reach.crowded(pool); {
	case s.reach.doubted.Load() && s.reach.told.Load():
		r.Warning = "The database does not answer: sessions are unavailable."
	case others != "" && s.reach.crowdTold.Load():
		r.Warning = "Calls for sessions wait for a connection: " + others + "."
	}
	return r
}
