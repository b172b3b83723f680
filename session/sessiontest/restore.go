// Restore: a session moved from one store to another.

package sessiontest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var restoreChecks = []check{
	{
		name: "a live session is inserted as it is, with no limit",
		rule: "Restore inserts a live session as it is, with no limit.",
		run: func(f *fixture) {
			began := f.clock.Now()
			f.clock.Advance(10 * time.Minute)
			newer := f.create("anna")
			for _, user := range []string{"anna", ""} {
				s := recordAt(user, began)
				s.LastActivity, s.Version = began.Add(time.Minute), 7
				f.must(f.other.Restore(f.ctx, s), "Restore")
				f.wantLive(s, "a session restored")
				if user == "" {
					continue
				}
				f.sameOrder(f.listUser(userOf(user)), []session.Session{newer, s}, "the list after Restore")
				n, err := f.store.DeleteUser(f.ctx, userOf(user), revoked, newer.ID)
				f.must(err, "DeleteUser")
				if n != 1 {
					f.Errorf("DeleteUser ended %d live sessions, want the one restored", n)
				}
				f.wantAbsent(s.ID, "a session restored and revoked")
			}
		},
	},
	{
		name: "a known ID is a conflict",
		rule: "Restore is ErrConflict if the ID is known, live or ended.",
		run: func(f *fixture) {
			s := f.create("anna")
			again := s
			again.UserAgent = "another"
			f.want(f.other.Restore(f.ctx, again), session.ErrConflict, "Restore of a live session")
			f.wantLive(s, "the session that was there first")
			_, err := f.store.Delete(f.ctx, s.ID, revoked)
			f.must(err, "Delete")
			if err := f.other.Restore(f.ctx, s); f.traits.History || err != nil {
				// Without a history a store may have forgotten the ID.
				f.want(err, session.ErrConflict, "Restore of an ended session")
				f.wantGone(s, "an ended session")
			}
		},
	},
	{
		name: "an expired session is not inserted",
		rule: "Restore is ErrNotFound if s has expired.",
		run: func(f *fixture) {
			s := f.record("anna")
			f.clock.Set(s.ExpiresAt)
			f.want(f.store.Restore(f.ctx, s), session.ErrNotFound, "Restore at ExpiresAt")
			f.wantGone(s, "an expired session")
		},
	},
	{
		name: "of parallel restores exactly one inserts",
		rule: "Restore is ErrConflict if the ID is known.",
		run: func(f *fixture) {
			for range f.times(10, 3) {
				s := f.record("anna")
				var inserted atomic.Int32
				together(6, func(i int) {
					err := f.handles()[i%len(f.handles())].Restore(f.ctx, s)
					if err == nil {
						inserted.Add(1)
					} else if !errors.Is(err, session.ErrConflict) {
						f.want(err, session.ErrConflict, "Restore beside others")
					}
				})
				if n := inserted.Load(); n != 1 {
					f.Fatalf("%d of 6 parallel restores inserted, want exactly 1", n)
				}
				f.wantLive(s, "the session restored")
			}
		},
	},
}
