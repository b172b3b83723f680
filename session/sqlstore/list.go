// List: pages of sessions, live or ended, each a walk of one index.

package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/session"
)

// List implements session.Store. Records of a newer format are left out.
func (s *Store) List(ctx context.Context, q session.Query) (session.Page, error) {
	cursor, after, err := q.After()
	if err != nil {
		return session.Page{}, err
	}
	if !storable(q.User.ID) {
		return session.Page{}, nil
	}
	now := s.now()
	var page session.Page
	// Once, and again for the rest of the page after rows were left out.
	for {
		want := q.Size() - len(page.Sessions) + 1 // one more tells whether there is a next page
		query, args := list(&q, micro(now), want, cursor, after)
		records, err := ask(ctx, s, readRecords, query, args...)
		if err != nil {
			return session.Page{}, s.wrap("list", err)
		}
		discarded := false
		for i := range records {
			one, err := records[i].decode()
			if err != nil {
				if err := s.endUndecodable(ctx, &records[i], err); err != nil {
					return session.Page{}, err
				}
				discarded = true
				continue
			}
			if len(page.Sessions) == q.Size() {
				page.Next = cursor.String()
				return page, nil
			}
			page.Sessions = append(page.Sessions, one)
			cursor, after = session.Cursor{At: one.CreatedAt, ID: one.ID}, true
			if q.Ended {
				cursor.At = one.EndedAt
			}
		}
		if !discarded || len(records) < want {
			return page, nil
		}
	}
}

// list returns the query of a page: one of eight, so that each is prepared once.
func list(q *session.Query, now int64, want int, cursor session.Cursor, after bool) (string, []any) {
	var where []string
	var args []any
	and := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	place := "created_at"
	if q.Ended {
		place = "ended_at"
		and("ended_at IS NOT NULL AND ended_reason <> '" + string(session.ReasonUndecodable) + "'")
	} else {
		and(liveNotByExpiry, now)
	}
	if q.User.ID != "" {
		and("tag = ? AND user_id = ?", q.User.Tag[:], q.User.ID)
	}
	if after {
		at := micro(cursor.At)
		and(fmt.Sprintf("%[1]s <= ? AND (%[1]s < ? OR id < ?)", place), at, at, cursor.ID[:])
	}
	and(fmt.Sprintf("format <= %d", format))
	return fmt.Sprintf("SELECT %s FROM crudadmin_sessions WHERE %s ORDER BY %[3]s DESC, id DESC LIMIT ?",
		columns, strings.Join(where, " AND "), place), append(args, want)
}
