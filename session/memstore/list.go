// List: pages of sessions, the newest of 256 shards merged.

package memstore

import (
	"context"
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

// List implements session.Store. A page of all users' sessions costs the same however many there
// are: each shard gives at most as many as the page can hold, and once the page is full only those
// that are newer than its oldest.
func (s *Store) List(ctx context.Context, q session.Query) (session.Page, error) {
	if err := ctx.Err(); err != nil {
		return session.Page{}, canceled(err)
	}
	cursor, after, err := q.After()
	if err != nil {
		return session.Page{}, err
	}
	if q.Ended {
		return session.Page{}, session.ErrUnsupported
	}
	shards := s.shards[:]
	if q.User.ID != "" {
		partition := int(q.User.Tag.Partition())
		shards = s.shards[partition : partition+1]
	}
	now := s.now()
	want := q.Size() + 1 // one more tells whether there is a next page
	var found []session.Session
	for i := range shards {
		found = shards[i].collect(q.User, cursor, after, want, found, func(one *session.Session) bool { return one.LiveAt(now) })
	}
	if len(found) < want {
		return session.Page{Sessions: found}, nil
	}
	found = found[:want-1]
	return session.Page{Sessions: found, Next: place(&found[len(found)-1]).String()}, nil
}

// collect merges into found, which is sorted newest first, the shard's sessions
// after the cursor, so that found holds the newest want of both.
func (sh *shard) collect(user session.User, c session.Cursor, after bool, want int, found []session.Session, live func(*session.Session) bool) []session.Session {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	line := &sh.all
	if user.ID != "" {
		if line = sh.users[user.ID]; line == nil {
			return found
		}
	}
	taken, held := 0, len(found) // the sessions found before are sorted
	for one := range line.after(c, after) {
		if taken == want || held >= want && place(&found[want-1]).Compare(place(one)) < 0 {
			break
		}
		if live(one) {
			found = append(found, *one)
			taken++
		}
	}
	if taken > 0 {
		slices.SortFunc(found, func(a, b session.Session) int { return place(&a).Compare(place(&b)) })
		found = found[:min(want, len(found))]
	}
	return found
}
