// Comparing: whether the cache agrees with the database. Differences are counted and repaired.

package hybridstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// compareEvery is how often some sessions are compared. A round is two pages of
	// the database and at most 100 commands of the cache, one after the other.
	compareEvery = time.Minute

	// comparedSessions is how many live ones a round compares, one page after the
	// other, and how many of those that ended last.
	comparedSessions = 50

	compareTimeout = 10 * time.Second
)

// counts are the store's counters.
type counts struct {
	hits    atomic.Uint64 // answered by the cache
	misses  atomic.Uint64 // the cache had no entry
	refused atomic.Uint64 // the entry was not believed
	without atomic.Uint64 // the cache was not asked, or did not answer
	untold  atomic.Uint64 // changes of metadata, activity and first uses that the cache did not take

	compared, drifted, repaired atomic.Uint64
}

// Health is how the store is doing.
type Health struct {
	CacheDown bool // the cache failed last time
	Following bool // the log of changes is read in time, so the cache is used
	Touches   int  // touches that wait to be written

	Hits    uint64 // reads that the cache answered
	Misses  uint64 // reads for which the cache had no entry
	Refused uint64 // reads whose entry in the cache was not believed
	Without uint64 // reads without the cache: it was down, or the log was not read in time
	Untold  uint64 // changes that the cache did not take: of metadata (other nodes show them after MaxStale at most), activity, first uses

	Compared uint64 // sessions that were in the cache and in the database, and compared
	Drifted  uint64 // those that the cache would have got wrong
	Repaired uint64 // those of them that were put right
}

// Health returns how the store is doing. It asks neither the database nor the cache.
func (s *Store) Health() Health {
	c := &s.counts
	return Health{
		CacheDown: s.cache.isDown(), Following: s.looping.Load() && s.window.trusts(), Touches: s.touches.len(),
		Hits: c.hits.Load(), Misses: c.misses.Load(), Refused: c.refused.Load(), Without: c.without.Load(), Untold: c.untold.Load(),
		Compared: c.compared.Load(), Drifted: c.drifted.Load(), Repaired: c.repaired.Load(),
	}
}

// report is Traits.Report: the store's own, and those of the cache and the database.
func (s *Store) report() session.Report {
	st := s.Health()
	r := session.Report{Counters: []session.Counter{
		{Name: "cache_hits", N: st.Hits}, {Name: "cache_misses", N: st.Misses}, {Name: "cache_refused", N: st.Refused}, {Name: "cache_not_asked", N: st.Without},
		{Name: "cache_untold", N: st.Untold},
		{Name: "cache_compared", N: st.Compared}, {Name: "cache_drifted", N: st.Drifted}, {Name: "cache_repaired", N: st.Repaired},
	}}
	switch {
	case !s.looping.Load():
		r.Warning = "The cache is not used: nothing runs the store's background work."
	case st.CacheDown:
		r.Warning = "The cache does not answer: sessions are read from the database."
	case !st.Following:
		r.Warning = "The database does not answer in time: sessions in the cache are not believed."
	case st.Drifted > st.Repaired:
		r.Warning = fmt.Sprintf("The cache got %d sessions wrong that could not be put right yet.", st.Drifted-st.Repaired)
	}
	if reads := st.Hits + st.Misses + st.Refused + st.Without; reads > 0 {
		r.Detail = fmt.Sprintf("%.0f %% of reads from the cache, ", 100*float64(st.Hits)/float64(reads))
	}
	r.Detail += fmt.Sprintf("%d compared, %d differed", st.Compared, st.Drifted)
	if below := s.cache.cache.Report(); below.Detail != "" {
		r.Detail += "; cache: " + below.Detail
	}
	if tell := s.database.Traits().Report; tell != nil {
		below := tell()
		r.Warning = strings.TrimSpace(r.Warning + " " + below.Warning)
		if below.Detail != "" {
			r.Detail += "; database: " + below.Detail
		}
		r.Counters = append(r.Counters, below.Counters...)
	}
	return r
}

// comparing compares some sessions every compareEvery until ctx ends.
func (s *Store) comparing(ctx context.Context) {
	cursor := ""
	every(ctx, s.compareEvery, func() {
		ctx, cancel := context.WithTimeout(ctx, compareTimeout)
		defer cancel()
		cursor = s.compare(ctx, cursor)
	})
}

// compare compares the page of live sessions after the cursor, and those that
// ended last, and returns the cursor of the page after.
func (s *Store) compare(ctx context.Context, cursor string) string {
	if s.cache.isDown() || !s.window.trusts() {
		return cursor
	}
	live, err := s.database.List(ctx, session.Query{Cursor: cursor, Limit: comparedSessions})
	if err != nil {
		return ""
	}
	ended, err := s.database.List(ctx, session.Query{Ended: true, Limit: comparedSessions})
	if err != nil {
		return live.Next
	}
	for _, page := range []session.Page{live, ended} {
		for i := range page.Sessions {
			if ctx.Err() != nil || s.cache.isDown() {
				return live.Next
			}
			s.compareOne(ctx, page.Sessions[i].ID)
		}
	}
	return live.Next
}

// compareOne asks cache and database about a session. They differ if the entry in the cache would
// be believed, and the log does not explain the difference.
func (s *Store) compareOne(ctx context.Context, id session.ID) {
	before, known := s.window.here()
	e, verdict, err := s.look(ctx, id)
	if err != nil || !known || verdict != valid && e.kind != tombstone {
		return // no entry is there that would be believed
	}
	found, err := s.database.Get(ctx, id)
	ended := errors.Is(err, session.ErrNotFound)
	if err != nil && !ended || !ended && found.ID != id || s.poll(ctx) != nil {
		return
	}
	if _, same := s.window.since(before, id); !same {
		return
	}
	s.counts.compared.Add(1)
	switch {
	case e.kind == tombstone:
		if ended {
			return
		}
	case ended && !s.clock.now().Before(s.touches.over(*e.session).ExpiresAt): // it has expired in both
		return
	case !ended && alike(e.session, &found):
		return
	}
	s.counts.drifted.Add(1)
	s.log.WarnContext(ctx, "cache and database differ, the database decides", "id", id, "live", !ended)
	s.window.askDatabase(id)
	if s.cache.set(ctx, []session.ID{id}, ask, s.keepMarks()) == nil {
		s.counts.repaired.Add(1)
	}
}

// alike reports whether a record is the session in the database, whose activity
// may be newer or older, and which may have been used for the first time since.
func alike(a, b *session.Session) bool {
	return a.UserID == b.UserID && a.Version == b.Version && a.Metadata == b.Metadata && a.Lineage == b.Lineage &&
		a.Previous == b.Previous && (a.PreviousUntil.Equal(b.PreviousUntil) || a.Unused()) && a.Deadline.Equal(b.Deadline) && a.CreatedAt.Equal(b.CreatedAt)
}
