// Get: reads that are asked for at the same time go in one statement.

package sqlstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// maxBatch is how many IDs one statement asks for at most. The statements for 1, 2,
// 4, 8 and 16 are prepared; between those an ID is asked for again.
const maxBatch = 16

// byIDs returns byID for n IDs.
func byIDs(n int) string {
	return strings.Replace(byID, "= ?", "IN (?"+strings.Repeat(", ?", n-1)+")", 1)
}

// underID is what a statement found under one ID.
type underID struct {
	records []record
	err     error
}

// getOne returns what is found under the ID.
func (s *Store) getOne(ctx context.Context, id session.ID) underID {
	records, err := ask(ctx, s, readRecords, byID, id[:], micro(s.now()))
	return underID{records, err}
}

// getAll returns what is found under each of the IDs.
func (s *Store) getAll(ctx context.Context, ids []session.ID) []underID {
	if len(ids) == 1 {
		return []underID{s.getOne(ctx, ids[0])}
	}
	n := 2
	for n < len(ids) {
		n *= 2
	}
	args := make([]any, 0, n+1)
	for i := range n {
		args = append(args, ids[min(i, len(ids)-1)][:])
	}
	records, err := ask(ctx, s, readRecords, byIDs(n), append(args, micro(s.now()))...)
	found := make([]underID, len(ids))
	for i := range ids {
		found[i].err = err
		for _, r := range records {
			if r.is(ids[i]) {
				found[i].records = []record{r}
			}
		}
	}
	return found
}

// Get implements session.Store with one SELECT, and another for an ID that is not
// live: it may be in its grace. A renewal between the two hides nothing, since it
// moves a session from the first answer to the second.
func (s *Store) Get(ctx context.Context, id session.ID) (session.Session, error) {
	now := s.now()
	found, err := s.byID(ctx, id)
	got, err := s.first(ctx, id, now, found, err)
	if errors.Is(err, session.ErrNotFound) {
		at := micro(now)
		found, err := ask(ctx, s, readRecords, byPrevious, id[:], at, at)
		return s.first(ctx, id, now, found, err)
	}
	return got, err
}

// byID returns the record of that ID, in one statement with the IDs of other callers. A caller
// without a deadline asks alone: it would hold up the others.
func (s *Store) byID(ctx context.Context, id session.ID) ([]record, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		found := s.getOne(ctx, id)
		return found.records, found.err
	}
	found, err := s.reads.Ask(ctx, id)
	if err != nil {
		return nil, err
	}
	return found.records, found.err
}

// first returns the first of the records that is live at now. Sessions whose records cannot be
// decoded end.
func (s *Store) first(ctx context.Context, id session.ID, now time.Time, records []record, err error) (session.Session, error) {
	if err != nil {
		return session.Session{}, s.wrap("get", err)
	}
	for i := range records {
		found, err := records[i].decode()
		switch {
		case errors.Is(err, errNewer):
			return session.Session{}, err
		case err != nil:
			if err := s.endUndecodable(ctx, &records[i], err); err != nil {
				s.log.WarnContext(ctx, "it could not be ended now", "id", id, "error", err)
			}
		case found.LiveAt(now):
			return found, nil
		}
	}
	return session.Session{}, session.ErrNotFound
}
