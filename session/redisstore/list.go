// List: pages of sessions, the newest of all partitions merged.

package redisstore

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// List implements session.Store. A page costs the same however many sessions
// there are: one round trip for the newest few of each partition, one for the
// records, and rarely one more for a partition that has more of the page than
// others.
func (s *Store) List(ctx context.Context, q session.Query) (session.Page, error) {
	const op = "list"
	cursor, after, err := q.After()
	if err != nil {
		return session.Page{}, err
	}
	if q.Ended {
		return session.Page{}, session.ErrUnsupported
	}
	return call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) (session.Page, error) {
		w := walk{s: s, c: c}
		if q.User.ID != "" {
			w.lines = []line{{key: s.keys.user(q.User), base: s.keys.of(q.User.Tag)}}
		} else {
			w.lines = make([]line, partitions)
			for p, base := range s.keys.base {
				w.lines[p] = line{key: base + "a", base: base}
			}
		}
		if after {
			w.after = &cursor
		}
		page, err := w.page(ctx, q.Size())
		return page, wrapOnce(op, err)
	})
}

// wrapOnce is wrap for errors of the client. Errors of the contract stay as they are.
func wrapOnce(op string, err error) error {
	if errors.Is(err, session.ErrUnavailable) {
		return err
	}
	return wrap(op, reads, err)
}

// walk goes through one or more indexes at once, newest session first.
type walk struct {
	s     *Store
	c     rueidis.Client
	after *session.Cursor // nil: from the newest
	lines []line
}

// line is one of the indexes: the places that were read and not yet taken.
type line struct {
	key, base string
	read      []session.Cursor
	last      *session.Cursor // the place to read on after, nil: not read yet
	complete  bool            // nothing comes after read
}

// page returns up to size live sessions.
func (w *walk) page(ctx context.Context, size int) (session.Page, error) {
	want := size + 1 // one more tells whether there is a next page
	if err := w.open(ctx, want); err != nil {
		return session.Page{}, err
	}
	var found []session.Session
	for len(found) < want {
		candidates, from, err := w.take(ctx, want-len(found))
		if err != nil {
			return session.Page{}, err
		}
		if len(candidates) == 0 {
			return session.Page{Sessions: found}, nil
		}
		if found, err = w.records(ctx, candidates, from, found); err != nil {
			return session.Page{}, err
		}
	}
	found = found[:size]
	end := &found[size-1]
	return session.Page{Sessions: found, Next: session.Cursor{At: end.CreatedAt, ID: end.ID}.String()}, nil
}

// open reads the head of every line. Among 256 a page of 50 has rarely more than
// four of one.
func (w *walk) open(ctx context.Context, want int) error {
	n := want
	if len(w.lines) > 1 {
		n = 4 + want/64
	}
	cmds := make(rueidis.Commands, len(w.lines))
	for i := range w.lines {
		if key := w.lines[i].key; w.after == nil { // by rank, so that the server does not search for the end
			cmds[i] = w.c.B().Zrevrange().Key(key).Start(0).Stop(int64(n - 1)).Withscores().Build()
		} else {
			cmds[i] = w.c.B().Zrevrangebyscore().Key(key).Max(micros(w.after.At)).Min("-inf").Withscores().Limit(0, int64(n)).Build()
		}
	}
	for i, result := range w.c.DoMulti(ctx, cmds...) {
		if err := w.lines[i].fill(result, n, w.after); err != nil {
			return err
		}
	}
	return nil
}

// fill adds the places that were read, without those that do not come after the given one.
func (l *line) fill(result rueidis.RedisResult, asked int, after *session.Cursor) error {
	members, err := result.AsZScores()
	if err != nil {
		return err
	}
	l.complete = len(members) < asked
	l.last = after
	for _, m := range members {
		if len(m.Member) != session.IDSize {
			continue // not an entry of this store
		}
		place := session.Cursor{At: instant(m.Score), ID: session.ID([]byte(m.Member))}
		if after == nil || after.Compare(place) < 0 {
			l.read = append(l.read, place)
		}
	}
	if len(l.read) > 0 {
		l.last = &l.read[len(l.read)-1]
	}
	return nil
}

// take takes up to n places off the lines, newest first, and returns the line of each. Lines that
// run out are read on, all in one round trip.
func (w *walk) take(ctx context.Context, n int) (taken []session.Cursor, from []int, err error) {
	for len(taken) < n {
		best := -1
		empty := false
		for i := range w.lines {
			l := &w.lines[i]
			switch {
			case len(l.read) == 0:
				empty = empty || !l.complete
			case best < 0 || l.read[0].Compare(w.lines[best].read[0]) < 0:
				best = i
			}
		}
		if empty {
			if err := w.readOn(ctx, n); err != nil {
				return nil, nil, err
			}
			continue
		}
		if best < 0 {
			break
		}
		l := &w.lines[best]
		taken, from = append(taken, l.read[0]), append(from, best)
		l.read = l.read[1:]
	}
	return taken, from, nil
}

// readOn reads the next n places of every line that ran out.
func (w *walk) readOn(ctx context.Context, n int) error {
	var calls []scriptCall
	var which []int
	for i := range w.lines {
		l := &w.lines[i]
		if len(l.read) > 0 || l.complete {
			continue
		}
		score, id := "+inf", ""
		if l.last != nil {
			score, id = micros(l.last.At), string(l.last.ID[:])
		}
		calls = append(calls, scriptCall{[]string{l.key}, []string{score, id, strconv.Itoa(n)}})
		which = append(which, i)
	}
	for i, result := range seekScript.run(ctx, w.c, calls...) {
		l := &w.lines[which[i]]
		if err := l.fill(result, n, l.last); err != nil {
			return err
		}
	}
	return nil
}

// records reads the records at the places, appends the live ones to found, and takes the others out
// of the indexes.
func (w *walk) records(ctx context.Context, places []session.Cursor, from []int, found []session.Session) ([]session.Session, error) {
	cmds := make(rueidis.Commands, len(places))
	for i, place := range places {
		cmds[i] = fetching(w.c, w.s.keys.record(place.ID))
	}
	now := w.s.now()
	dead := map[int][]string{}
	for i, result := range w.c.DoMulti(ctx, cmds...) {
		id := places[i].ID
		value, err := recordOf(result.AsBytes())
		if err != nil {
			return nil, err
		}
		got, err := wire.Decode(value, id)
		switch {
		case err == nil && got.LiveAt(now):
			found = append(found, got)
		case err == nil, value == nil:
			dead[from[i]] = append(dead[from[i]], string(id[:]))
		case wire.IsAlias(value): // renewed since the index was read; the next list has the successor
		case errors.Is(err, wire.ErrNewer):
			w.s.log.WarnContext(ctx, "a record of a newer format is left out of the list", "id", id)
		default:
			if err := w.s.undecodable(ctx, w.c, id, value, err); !errors.Is(err, session.ErrNotFound) {
				return nil, err
			}
			dead[from[i]] = append(dead[from[i]], string(id[:]))
		}
	}
	w.prune(ctx, now.UnixMicro(), dead)
	return found, nil
}

// prune takes the dead out of the indexes. A failure is only logged: the next list or sweep does
// it.
func (w *walk) prune(ctx context.Context, now int64, dead map[int][]string) {
	if len(dead) == 0 {
		return
	}
	calls := make([]scriptCall, 0, len(dead))
	for i, ids := range dead {
		l := &w.lines[i]
		args := append([]string{l.base, strconv.FormatInt(now, 10)}, ids...)
		calls = append(calls, scriptCall{[]string{l.key}, args})
	}
	for _, result := range pruneScript.run(ctx, w.c, calls...) {
		if err := result.Error(); err != nil {
			w.s.log.WarnContext(ctx, "indexes were not pruned", "error", shownError(err))
			return
		}
	}
}
