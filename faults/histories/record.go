// Recording: a store that writes down what its callers saw.

package histories

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// journal is a history while it is written.
type journal struct {
	rules Rules
	began time.Time
	now   func() time.Time
	moved chan struct{} // gets a value, if it has room, when something was written

	mu          sync.Mutex
	calls       []Call
	unavailable int // calls that did nothing
	unknown     int // writes of which nobody knows what they did
	strange     []error
	ghosts      []session.ID // sessions that may be there, and no caller has a token
}

func newJournal(rules Rules, now func() time.Time) *journal {
	return &journal{rules: rules, began: time.Now(), now: now, moved: make(chan struct{}, 1)}
}

// open begins a call.
func (j *journal) open(k kind, node int, tag session.Tag) *Call {
	return &Call{kind: k, node: node, tag: tag, at: j.now(), begin: int64(time.Since(j.began))}
}

// close ends a call with its answer.
func (j *journal) close(c *Call, err error) {
	c.end = int64(time.Since(j.began))
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case j.moved <- struct{}{}:
	default:
	}
	class, known := answer(err)
	partial, ended := errors.AsType[*session.PartialError](err)
	switch {
	case known:
		c.err = class
		c.lag = int64(j.rules.lag(c))
	case ended && !errors.Is(err, session.ErrIndeterminate):
		if c.kind == remove && c.found.ID.IsZero() { // it had ended before, which is settled again
			c.err = session.ErrNotFound
		}
		c.lag = int64(max(partial.Within, j.rules.lag(c)))
	case errors.Is(err, session.ErrIndeterminate) && !reading(c.kind):
		c.end = never
		j.unknown++
		if id := c.session.ID; !id.IsZero() {
			j.ghosts = append(j.ghosts, id)
		}
	case errors.Is(err, session.ErrUnavailable):
		j.unavailable++
		return // nothing happened
	default:
		j.strange = append(j.strange, fmt.Errorf("%s: %w", c.kind, err))
		return
	}
	c.number = len(j.calls)
	j.calls = append(j.calls, *c)
}

func reading(k kind) bool { return k == get || k == validate || k == list }

// lag is how long a change may not show to a read that begins after it.
func (rules Rules) lag(c *Call) time.Duration {
	if c.kind == update && (c.untold || rules.Untold == nil) {
		return max(rules.Lag, rules.UpdateLag)
	}
	return rules.Lag
}

// size returns how many calls have been written down, and how many came to
// nothing.
func (j *journal) size() (calls, failed int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.calls), j.unavailable + j.unknown
}

// ghost returns a session that may be there without anybody having its token.
func (j *journal) ghost(n int) (session.ID, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.ghosts) == 0 {
		return session.ID{}, false
	}
	return j.ghosts[n%len(j.ghosts)], true
}

func (j *journal) plain(s session.Session) session.Session { return plain(s, !j.rules.Regular) }

// recorder is a handle of a store with a journal.
type recorder struct {
	session.Store
	journal *journal
	node    int
}

func (r *recorder) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	c := r.journal.open(create, r.node, s.ID.Tag())
	c.session, c.admission = r.journal.plain(s), a
	gone, err := r.Store.Create(ctx, s, a)
	c.ids = gone
	r.journal.close(c, err)
	return gone, err
}

func (r *recorder) Get(ctx context.Context, id session.ID) (session.Session, error) {
	c := r.journal.open(get, r.node, id.Tag())
	c.id = id
	s, err := r.Store.Get(ctx, id)
	c.found = r.journal.plain(s)
	r.journal.close(c, err)
	return s, err
}

func (r *recorder) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	c := r.journal.open(update, r.node, id.Tag())
	c.id, c.version, c.metadata = id, version, m
	before := r.untold()
	err := r.Store.Update(ctx, id, version, m)
	c.untold = r.untold() > before
	r.journal.close(c, err)
	return err
}

func (r *recorder) untold() uint64 {
	if f := r.journal.rules.Untold; f != nil {
		return f(r.Store)
	}
	return 0
}

func (r *recorder) Touch(ctx context.Context, seen session.Seen) error {
	c := r.journal.open(touch, r.node, seen.ID.Tag())
	c.seen = micros(seen)
	err := r.Store.Touch(ctx, seen)
	r.journal.close(c, err)
	return err
}

// TouchAll is written down as touches that happen within one interval. It is not one
// step: where it is unavailable, some may have been touched.
func (r *recorder) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	calls := make([]*Call, len(seen))
	for i := range seen {
		calls[i] = r.journal.open(touch, r.node, seen[i].ID.Tag())
		calls[i].seen = micros(seen[i])
	}
	absent, err := r.Store.TouchAll(ctx, seen)
	gone := map[session.ID]bool{}
	for _, id := range absent {
		gone[id] = true
	}
	for i, c := range calls {
		one := err
		switch {
		case err == nil && gone[seen[i].ID]:
			one = session.ErrNotFound
		case errors.Is(err, session.ErrUnavailable):
			one = session.ErrIndeterminate
		}
		r.journal.close(c, one)
	}
	return absent, err
}

func micros(seen session.Seen) session.Seen {
	seen.LastActivity = time.UnixMicro(seen.LastActivity.UnixMicro()).UTC()
	seen.ExpiresAt = time.UnixMicro(seen.ExpiresAt.UnixMicro()).UTC()
	return seen
}

func (r *recorder) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	c := r.journal.open(rotate, r.node, old.Tag())
	c.id, c.session = old, r.journal.plain(next)
	err := r.Store.Rotate(ctx, old, next)
	r.journal.close(c, err)
	return err
}

func (r *recorder) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	c := r.journal.open(remove, r.node, id.Tag())
	c.id = id
	s, err := r.Store.Delete(ctx, id, why)
	c.found = r.journal.plain(s)
	r.journal.close(c, err)
	return s, err
}

func (r *recorder) DeleteUser(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
	c := r.journal.open(removeUser, r.node, u.Tag)
	c.keep = keep
	n, err := r.Store.DeleteUser(ctx, u, why, keep...)
	c.count = n
	r.journal.close(c, err)
	return n, err
}

// List writes down a user's live sessions if they are on one page.
func (r *recorder) List(ctx context.Context, q session.Query) (session.Page, error) {
	c := r.journal.open(list, r.node, q.User.Tag)
	page, err := r.Store.List(ctx, q)
	if q.User.ID == "" || q.Ended || q.Cursor != "" || page.Next != "" {
		return page, err
	}
	for _, s := range page.Sessions {
		c.all = append(c.all, r.journal.plain(s))
	}
	r.journal.close(c, err)
	return page, err
}
