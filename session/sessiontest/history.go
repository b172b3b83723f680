// History: ended sessions, where a store keeps them.

package sessiontest

import (
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var historyChecks = []check{
	{
		name: "a store without history says so",
		rule: "List is ErrUnsupported where Traits say so.",
		run: func(f *fixture) {
			if f.traits.History {
				f.Skip("Traits say History")
			}
			f.create("anna")
			for _, u := range []session.User{{}, userOf("anna")} {
				_, err := f.store.List(f.ctx, session.Query{User: u, Ended: true})
				f.want(err, session.ErrUnsupported, "List of ended sessions, where Traits do not say History")
			}
		},
	},
	{
		name: "what ended is listed with when and why, newest ending first",
		rule: "Query.Ended asks for the history, newest ending first; EndedAt and Ending say when and why the session ended.",
		run: func(f *fixture) {
			if !f.traits.History {
				f.Skip("Traits do not say History")
			}
			var want []session.Session
			ended := func(s session.Session, why session.Ending) {
				s.EndedAt, s.Ending = f.clock.Now(), why
				want = append(want, s)
			}
			a, b, c, d, e := f.create("anna"), f.create("anna"), f.create("anna"), f.create("anna"), f.create("bert")
			f.clock.Advance(time.Second)
			logout := session.Ending{Reason: session.ReasonLogout}
			_, err := f.store.Delete(f.ctx, c.ID, logout)
			f.must(err, "Delete")
			ended(c, logout)
			f.clock.Advance(time.Second)
			byRoot := session.Ending{Reason: session.ReasonRevoked, By: strings.Repeat("ö", session.MaxUserID/2)}
			_, err = f.other.Delete(f.ctx, e.ID, byRoot)
			f.must(err, "Delete")
			ended(e, byRoot)
			f.clock.Advance(time.Second)
			last := f.record("anna")
			oldest := []session.Session{a, b, d}
			sortOldest(oldest)
			f.insert(last, session.Admission{Limit: 3})
			ended(oldest[0], session.Ending{Reason: session.ReasonLimitReached})
			f.clock.Advance(time.Second)
			_, err = f.store.DeleteUser(f.ctx, userOf("anna"), session.Ending{Reason: session.ReasonPasswordChanged}, last.ID)
			f.must(err, "DeleteUser")
			for _, s := range oldest[1:] { // two at one instant
				ended(s, session.Ending{Reason: session.ReasonPasswordChanged})
			}
			f.wantHistory(session.Query{User: userOf("anna")}, want, "a user's history")
			if f.traits.ListAll {
				f.wantHistory(session.Query{}, want, "everybody's history")
			}
			f.wantLive(last, "the session that lives")
		},
	},
	{
		name: "what expired has the right reason",
		rule: "The reasons are idle where ExpiresAt came first, absolute where Deadline did.",
		run: func(f *fixture) {
			if !f.traits.History {
				f.Skip("Traits do not say History")
			}
			unused, used := f.record("anna"), f.record("anna")
			used.ExpiresAt = used.Deadline
			f.insert(unused, session.Admission{})
			f.insert(used, session.Admission{})
			f.clock.Set(used.Deadline.Add(f.traits.SweepGrace))
			_, err := f.store.Sweep(f.ctx, 100)
			f.must(err, "Sweep")
			got, err := listAll(f.ctx, f.store, session.Query{User: userOf("anna"), Ended: true})
			f.must(err, "List")
			for _, s := range got {
				switch {
				case s.ID == unused.ID && s.Ending.Reason != session.ReasonIdleTimeout:
					f.Errorf("a session that was not used ended as %q, want %q", s.Ending.Reason, session.ReasonIdleTimeout)
				case s.ID == used.ID && s.Ending.Reason != session.ReasonAbsoluteTimeout:
					f.Errorf("a session at its deadline ended as %q, want %q", s.Ending.Reason, session.ReasonAbsoluteTimeout)
				}
			}
		},
	},
}

// wantHistory fails the check unless the history by pages of any size is want.
func (f *fixture) wantHistory(q session.Query, want []session.Session, what string) {
	f.Helper()
	q.Ended = true
	want = slices.Clone(want)
	if q.User != (session.User{}) {
		want = slices.DeleteFunc(want, func(s session.Session) bool { return s.User() != q.User })
	}
	slices.SortFunc(want, func(a, b session.Session) int { return place(a, q).Compare(place(b, q)) })
	for _, size := range []int{1, 2, session.MaxPage} {
		q.Limit = size
		got, err := listAll(f.ctx, f.store, q)
		f.must(err, "%s", what)
		for i := range got { // what the application kept in a session need not outlive it
			if i < len(want) && got[i].Metadata == (session.Metadata{}) {
				got[i].Metadata = want[i].Metadata
			}
		}
		f.sameOrder(got, want, what)
	}
}
