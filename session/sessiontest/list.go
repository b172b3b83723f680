// List: pages of sessions, newest first, that neither skip nor repeat.

package sessiontest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// newestFirst sorts as lists are.
func newestFirst(all []session.Session) {
	sortOldest(all)
	slices.Reverse(all)
}

// sameOrder fails the check unless the lists hold the same sessions in the same
// order, every field.
func (f *fixture) sameOrder(got, want []session.Session, what string) {
	f.Helper()
	if d := diffIDs(idsOf(got), idsOf(want)); d != "" {
		f.Errorf("%s: %s", what, d)
		return
	}
	for i := range got {
		if got[i].ID != want[i].ID {
			f.Errorf("%s: the session at place %d is another: want newest first, by CreatedAt, then ID", what, i)
			return
		}
		if d := diff(got[i], want[i]); d != "" {
			f.Errorf("%s: the session at place %d is not as it was stored: %s", what, i, d)
			return
		}
	}
}

// crowd stores n sessions of the users in turn, three at each instant.
func (f *fixture) crowd(n int, users ...string) []session.Session {
	f.Helper()
	var all []session.Session
	for i := range n {
		if i%3 == 0 {
			f.clock.Advance(time.Microsecond)
		}
		all = append(all, f.create(users[i%len(users)]))
	}
	newestFirst(all)
	return all
}

func (f *fixture) all(q session.Query, what string) []session.Session {
	f.Helper()
	got, err := listAll(f.ctx, f.store, q)
	f.must(err, "%s", what)
	return got
}

// views returns the lists that the store offers: one user's, and everybody's.
func (f *fixture) views() map[string]session.Query {
	views := map[string]session.Query{"a user's list": {User: userOf("anna")}}
	if f.traits.ListAll {
		views["everybody's list"] = session.Query{}
	}
	return views
}

var listChecks = []check{
	{
		name: "newest first, by CreatedAt, then ID",
		rule: "List returns a page of sessions, newest first (by CreatedAt, then ID).",
		run: func(f *fixture) {
			want := f.crowd(f.most(14), "anna")
			f.create("bert")
			f.sameOrder(f.listUser(userOf("anna")), want, "a user's list")
			f.wantListLen(userOf("nobody else"), 0)
		},
	},
	{
		name: "pages neither skip nor repeat where CreatedAt ties",
		rule: "The cursor is the place by CreatedAt, then ID: pages of any size together are the list.",
		run: func(f *fixture) {
			want := f.crowd(f.most(13), "anna")
			for name, q := range f.views() {
				for _, size := range []int{1, 2, 3, 5, 12, 13, 14} {
					q.Limit = size
					f.sameOrder(f.all(q, name), want, name+" by pages")
				}
			}
		},
	},
	{
		name: "a page has at most limit sessions and the last names no next",
		rule: "Query.Limit is the most sessions to return, 0 for DefaultPage; Page.Next is empty if this is the last.",
		run: func(f *fixture) {
			n := f.most(session.DefaultPage + 2)
			f.crowd(n, "anna")
			for name, q := range f.views() {
				page, err := f.store.List(f.ctx, q)
				f.must(err, "%s", name)
				if want := min(n, session.DefaultPage); len(page.Sessions) != want {
					f.Errorf("%s without a limit has %d sessions, want %d", name, len(page.Sessions), want)
				}
				if (page.Next == "") != (n <= session.DefaultPage) {
					f.Errorf("%s of %d sessions: Next is %q on the first page of %d", name, n, page.Next, session.DefaultPage)
				}
				for _, size := range []int{n, n / 2} {
					q.Limit = size
					got, pages, next := 0, 0, ""
					for {
						q.Cursor = next
						page, err := f.store.List(f.ctx, q)
						f.must(err, "%s", name)
						if len(page.Sessions) > size {
							f.Errorf("%s: a page of %d has %d sessions", name, size, len(page.Sessions))
						}
						got, pages = got+len(page.Sessions), pages+1
						if next = page.Next; next == "" || pages > n {
							break
						}
					}
					if want := (n + size - 1) / size; got != n || pages != want {
						f.Errorf("%s of %d sessions by %d: %d sessions on %d pages, want %d pages", name, n, size, got, pages, want)
					}
				}
			}
		},
	},
	{
		name: "sessions removed between pages spoil nothing",
		rule: "The cursor is a place, not a session: what is removed between pages is not missed, what stays is neither skipped nor repeated.",
		run: func(f *fixture) {
			for name, q := range f.views() {
				all := f.crowd(f.most(12), "anna")
				q.Limit = 4
				first, err := f.store.List(f.ctx, q)
				f.must(err, "%s", name)
				// The cursor's own session goes, the one before and the one after.
				for _, i := range []int{2, 3, 4} {
					_, err := f.other.Delete(f.ctx, all[i].ID, revoked)
					f.must(err, "Delete")
				}
				q.Cursor = first.Next
				rest := f.all(q, name)
				f.sameOrder(append(first.Sessions, rest...), slices.Concat(all[:4], all[5:]), name+", three removed between pages")
				newer := f.crowd(1, "anna")
				f.sameOrder(f.all(q, name), all[5:], name+", a newer one added between pages")
				for _, s := range slices.Concat(all, newer) {
					_, _ = f.store.Delete(f.ctx, s.ID, revoked)
				}
			}
		},
	},
	{
		name: "expired sessions are not listed",
		rule: "A session at or past ExpiresAt is absent.",
		run: func(f *fixture) {
			var want []session.Session
			for i := range 9 {
				s := f.record("anna")
				if i%3 != 0 {
					s.ExpiresAt = s.CreatedAt.Add(time.Minute)
				} else {
					want = append(want, s)
				}
				f.insert(s, session.Admission{})
			}
			f.clock.Advance(time.Minute)
			newestFirst(want)
			for name, q := range f.views() {
				for _, size := range []int{0, 1, 2} {
					q.Limit = size
					f.sameOrder(f.all(q, name), want, name+" with expired sessions between")
				}
			}
		},
	},
	{
		name: "everybody is everybody, anonymous sessions included",
		rule: "The zero User is everybody, anonymous sessions included; ErrUnsupported where Traits say so.",
		run: func(f *fixture) {
			want := f.crowd(20, "anna", "", "bert", "clara")
			if !f.traits.ListAll {
				_, err := f.store.List(f.ctx, session.Query{})
				f.want(err, session.ErrUnsupported, "List of everybody, where Traits do not say ListAll")
				return
			}
			for _, size := range []int{1, 3, 7, session.MaxPage} {
				f.sameOrder(f.all(session.Query{Limit: size}, "everybody's list"), want, "everybody's list")
			}
			next := renewed(want[4], f.clock.Now(), time.Minute)
			f.must(f.store.Rotate(f.ctx, want[4].ID, next), "Rotate")
			want[4] = next
			newestFirst(want)
			f.sameOrder(f.all(session.Query{Limit: 3}, "everybody's list"), want, "everybody's list, one with an ID in its grace")
		},
	},
	{
		name: "everybody's pages neither skip nor repeat where CreatedAt ties",
		rule: "List returns a page of sessions, newest first (by CreatedAt, then ID), wherever a store keeps each user's.",
		run: func(f *fixture) {
			if !f.traits.ListAll {
				f.Skip("Traits do not say ListAll")
			}
			var want []session.Session
			for i := range 24 { // all at one instant, in runs of one user
				want = append(want, f.create([]string{"anna", "bert", "clara", "dora", "emil", ""}[i/4]))
			}
			newestFirst(want)
			for size := range 9 {
				f.sameOrder(f.all(session.Query{Limit: size}, "everybody's list"), want, fmt.Sprintf("everybody's list by pages of %d", size))
			}
		},
	},
	{
		name: "a bad cursor or limit is malformed",
		rule: "ErrMalformed for a bad cursor; Limit is 1 to MaxPage, 0 for DefaultPage.",
		run: func(f *fixture) {
			all := f.crowd(3, "anna")
			good := session.Cursor{At: all[0].CreatedAt, ID: all[0].ID}.String()
			for name, q := range f.views() {
				for _, limit := range []int{-1, session.MaxPage + 1} {
					q := q
					q.Limit = limit
					_, err := f.store.List(f.ctx, q)
					f.want(err, session.ErrMalformed, "%s with limit %d", name, limit)
				}
				for _, cursor := range []string{"x", good[1:], good + "A", strings.Repeat("!", len(good)), " " + good[1:], strings.Repeat("A", 5000)} {
					q := q
					q.Cursor = cursor
					_, err := f.store.List(f.ctx, q)
					f.want(err, session.ErrMalformed, "%s with cursor %.100q", name, cursor)
				}
			}
		},
	},
	{
		name: "a manager lists all of a user's sessions",
		rule: "UserSessions returns a user's live sessions, newest first.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.MaxPerUser = session.Unlimited })
			var want []session.Session
			for range f.most(f.times(session.MaxPage+5, 30)) {
				_, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
				f.must(err, "Create")
				want = append(want, s)
			}
			newestFirst(want)
			got, err := f.manager(f.other).UserSessions(f.ctx, "anna")
			f.must(err, "UserSessions")
			f.sameOrder(got, want, "UserSessions")
		},
	},
}
