// DeleteUser: all of a user's sessions end at one moment.

package sessiontest

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// sortOldest sorts as sessions are evicted: by CreatedAt, then ID.
func sortOldest(all []session.Session) {
	slices.SortFunc(all, func(a, b session.Session) int {
		return session.Cursor{At: b.CreatedAt, ID: b.ID}.Compare(session.Cursor{At: a.CreatedAt, ID: a.ID})
	})
}

var revoked = session.Ending{Reason: session.ReasonRevoked, By: "root"}

var revokeChecks = []check{
	{
		name: "all but the kept end",
		rule: "DeleteUser ends all sessions the user has, but those in keep, and returns how many live ones ended.",
		run: func(f *fixture) {
			var all []session.Session
			for range 5 {
				all = append(all, f.create("anna"))
			}
			brief := f.record("anna")
			brief.ExpiresAt = brief.CreatedAt.Add(time.Minute)
			f.insert(brief, session.Admission{})
			stranger, nobody := f.create("bert"), f.create("")
			f.clock.Advance(time.Minute)
			n, err := f.other.DeleteUser(f.ctx, userOf("anna"), revoked, all[1].ID, all[3].ID, stranger.ID, newID(tagOf("anna")))
			f.must(err, "DeleteUser")
			if n != 3 {
				f.Errorf("DeleteUser ended %d live sessions, want 3", n)
			}
			for i, s := range all {
				if i == 1 || i == 3 {
					f.wantLive(s, "a session kept")
				} else {
					f.wantGone(s, "a session revoked")
				}
			}
			f.wantGone(brief, "a session that had expired")
			f.wantLive(stranger, "another user's session")
			f.wantLive(nobody, "an anonymous session")
			f.wantList(userOf("anna"), []session.Session{all[1], all[3]}, "after DeleteUser")

			n, err = f.store.DeleteUser(f.ctx, userOf("anna"), revoked)
			f.must(err, "DeleteUser")
			if n != 2 {
				f.Errorf("the second DeleteUser ended %d live sessions, want 2", n)
			}
			f.wantListLen(userOf("anna"), 0)
		},
	},
	{
		name: "a session created after lives",
		rule: "A session created after the moment of DeleteUser lives.",
		run: func(f *fixture) {
			for range f.times(5, 2) {
				before := f.create("anna")
				_, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked)
				f.must(err, "DeleteUser")
				after := f.record("anna") // at the same instant of the clock
				_, err = f.other.Create(f.ctx, after, session.Admission{Limit: 5})
				f.must(err, "Create")
				f.wantLive(after, "a session created after")
				f.wantAbsent(before.ID, "a session created before")
				f.wantList(userOf("anna"), []session.Session{after}, "after DeleteUser and Create")
			}
		},
	},
	{
		name: "beside creates every session is either ended and counted or lives",
		rule: "DeleteUser ends all sessions the user has at one moment and returns how many.",
		run: func(f *fixture) {
			for range f.times(10, 4) {
				var all []session.Session
				for range 3 {
					all = append(all, f.create("anna"))
				}
				const beside = 5
				for range beside {
					all = append(all, f.record("anna"))
				}
				var ended atomic.Int32
				together(beside+1, func(i int) {
					if i == beside {
						n, err := f.other.DeleteUser(f.ctx, userOf("anna"), revoked)
						f.want(err, nil, "DeleteUser beside creates")
						ended.Store(int32(n))
						return
					}
					_, err := f.store.Create(f.ctx, all[3+i], session.Admission{})
					f.want(err, nil, "Create beside DeleteUser")
				})
				var live []session.Session
				for i, s := range all {
					if _, err := f.store.Get(f.ctx, s.ID); err == nil {
						live = append(live, s)
						if i < 3 {
							f.Errorf("a session created before DeleteUser lives")
						}
					}
				}
				if len(live)+int(ended.Load()) != len(all) {
					f.Errorf("of %d sessions DeleteUser counted %d as ended and %d live", len(all), ended.Load(), len(live))
				}
				f.wantList(userOf("anna"), live, "after DeleteUser beside creates")
				_, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked)
				f.must(err, "DeleteUser")
			}
		},
	},
	{
		name: "an ID in its grace ends with its successor",
		rule: "If next.Previous is old, Get and Delete of old reach next: a revocation kills both.",
		run: func(f *fixture) {
			old := f.create("anna")
			next := renewed(old, f.clock.Now(), time.Minute)
			f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
			n, err := f.other.DeleteUser(f.ctx, userOf("anna"), revoked)
			f.must(err, "DeleteUser")
			if n != 1 {
				f.Errorf("DeleteUser ended %d live sessions, want 1: an ID in its grace is not a session of its own", n)
			}
			f.wantGone(old, "the ID in its grace")
			f.wantGone(next, "the successor")
		},
	},
	{
		name: "however many there are",
		rule: "DeleteUser ends all sessions the user has.",
		run: func(f *fixture) {
			var all []session.Session
			for range f.most(f.times(session.MaxPage+20, 60)) {
				s := f.record("anna")
				s.Metadata = session.Metadata{}
				f.insert(s, session.Admission{})
				all = append(all, s)
			}
			n, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked, all[0].ID)
			f.must(err, "DeleteUser")
			if n != len(all)-1 {
				f.Errorf("DeleteUser ended %d live sessions, want %d", n, len(all)-1)
			}
			f.wantList(userOf("anna"), all[:1], "after DeleteUser of many")
			for _, s := range all[1:] {
				f.wantAbsent(s.ID, "one of many")
			}
		},
	},
}
