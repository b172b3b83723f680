// Planted bugs of List and the history.

package sessiontest

import (
	"context"
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedLists = []planted{
	{
		bug: "a cursor of the time alone",
		by:  "list/pages neither skip nor repeat where CreatedAt ties",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if c, ok, err := q.After(); ok && err == nil {
					c.ID = session.ID{} // skips what has the same time
					q.Cursor = c.String()
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "a cursor that is a session",
		by:  "list/sessions removed between pages spoil nothing",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if c, ok, err := q.After(); ok && err == nil && !q.Ended {
					if s, err := w.model.Get(ctx, c.ID); err != nil || s.ID != c.ID {
						return session.Page{}, nil
					}
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "pages by offset",
		by:  "list/sessions removed between pages spoil nothing",
		plant: func(w *wrong) {
			pages := map[string]int{}
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if _, _, err := q.After(); err != nil {
					return session.Page{}, err
				}
				page, err := w.model.List(ctx, q)
				w.locked(func() {
					all, from := w.matching(q), 0
					if q.Cursor != "" {
						from = min(pages[q.Cursor], len(all))
					}
					if err == nil {
						page = session.Page{Sessions: all[from:min(from+q.Size(), len(all))]}
						if from+q.Size() < len(all) {
							page.Next = place(page.Sessions[len(page.Sessions)-1], q).String()
							pages[page.Next] = from + q.Size()
						}
					}
				})
				return page, err
			}
		},
	},
	{
		bug: "oldest first",
		by:  "list/newest first, by CreatedAt, then ID",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				page, err := w.model.List(ctx, q)
				slices.Reverse(page.Sessions)
				return page, err
			}
		},
	},
	{
		bug: "a bad cursor is the first page",
		by:  "list/a bad cursor or limit is malformed",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if _, err := session.ParseCursor(q.Cursor); err != nil {
					q.Cursor = ""
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "the expired are listed",
		by:  "list/expired sessions are not listed",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				page, err := w.model.List(ctx, q)
				w.locked(func() {
					for _, s := range w.records {
						if s.User() == q.User && !s.LiveAt(w.now()) && page.Next == "" && err == nil {
							page.Sessions = append(page.Sessions, s)
						}
					}
				})
				return page, err
			}
		},
	},
	{
		bug: "history without the reason",
		by:  "history/what ended is listed with when and why, newest ending first",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, _ session.Ending, keep ...session.ID) (int, error) {
				return w.model.DeleteUser(ctx, u, session.Ending{Reason: session.ReasonRevoked}, keep...)
			}
		},
	},
}
