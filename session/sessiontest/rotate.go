// Rotate: one successor, and the grace in which the old ID still finds it.

package sessiontest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const grace = 30 * time.Second

var rotateChecks = []check{
	{
		name: "the successor takes the place and the old is absent at once",
		rule: "Rotate puts next in the place of old, in one step; without a grace old is absent at once.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				old := f.create(user)
				now := f.clock.Advance(time.Minute)
				next := successor(old, now)
				next.ExpiresAt = now.Add(idle)
				f.must(f.other.Rotate(f.ctx, old.ID, next), "Rotate")
				f.wantLive(next, "the successor, metadata and all")
				f.wantGone(old, "the old ID, without a grace")
				if user != "" {
					f.wantList(userOf(user), []session.Session{next}, "after Rotate")
				}
			}
		},
	},
	{
		name: "an ID in its grace finds the successor",
		rule: "If next.Previous is old, Get and Delete of old reach next until next.PreviousUntil; the Session returned has another ID, and the one asked for as Previous.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				old := f.create(user)
				next := renewed(old, f.clock.Now(), grace)
				f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
				f.wantLive(next, "the successor")
				f.wantAlias(old.ID, next, "an ID in its grace")
				f.clock.Set(next.PreviousUntil.Add(-1))
				f.wantAlias(old.ID, next, "an ID 1 ns before the end of its grace")
				f.clock.Set(next.PreviousUntil)
				f.wantGone(old, "an ID at the end of its grace")
				f.wantLive(next, "the successor after the grace")
				if user != "" {
					f.wantList(userOf(user), []session.Session{next}, "after the grace")
				}
			}
		},
	},
	{
		name: "only get and delete follow an ID in its grace",
		rule: "Get and Delete of old reach next; an old that was already replaced is ErrConflict for Rotate while its grace lasts.",
		run: func(f *fixture) {
			old := f.create("anna")
			now := f.clock.Now()
			next := renewed(old, now, grace)
			f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
			late := now.Add(time.Second)
			err := f.store.Touch(f.ctx, session.Seen{ID: old.ID, LastActivity: late, ExpiresAt: late.Add(idle)})
			f.want(err, session.ErrNotFound, "Touch of an ID in its grace")
			err = f.store.Update(f.ctx, old.ID, next.Version, session.StoredMetadata(`{"x":1}`))
			f.want(err, session.ErrNotFound, "Update of an ID in its grace")
			second := renewed(old, now, grace)
			f.want(f.other.Rotate(f.ctx, old.ID, second), session.ErrConflict, "Rotate of an ID in its grace")
			f.wantAbsent(second.ID, "the successor of a Rotate that failed")
			f.wantLive(next, "the first successor")
		},
	},
	{
		name: "a delete of the old ID in its grace ends the successor",
		rule: "An ID in its grace ends its successor: Delete returns it, and both are dead.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				old := f.create(user)
				next := renewed(old, f.clock.Now(), grace)
				f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
				got, err := f.other.Delete(f.ctx, old.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "Delete of an ID in its grace")
				if got.ID != next.ID {
					f.Errorf("Delete of an ID in its grace returned %s, want the successor", got.ID)
				}
				f.wantGone(next, "the successor")
				f.wantGone(old, "the ID in its grace")
			}
		},
	},
	{
		name: "a delete of the successor ends the old ID too",
		rule: "A revocation kills both the session and the ID in its grace.",
		run: func(f *fixture) {
			old := f.create("anna")
			next := renewed(old, f.clock.Now(), grace)
			f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
			_, err := f.other.Delete(f.ctx, next.ID, session.Ending{Reason: session.ReasonRevoked})
			f.must(err, "Delete")
			f.wantGone(old, "the ID in its grace")
		},
	},
	{
		name: "a rotation without grace ends older graces",
		rule: "Without a grace old is absent at once, and so is any older ID whose grace was still running.",
		run: func(f *fixture) {
			first := f.create("anna")
			second := renewed(first, f.clock.Now(), grace)
			f.must(f.store.Rotate(f.ctx, first.ID, second), "Rotate with a grace")
			third := successor(second, f.clock.Now())
			f.must(f.store.Rotate(f.ctx, second.ID, third), "Rotate without a grace")
			f.wantGone(first, "the oldest ID, whose grace was running")
			f.wantGone(second, "the ID replaced without a grace")
			f.wantLive(third, "the session")
			f.wantList(userOf("anna"), []session.Session{third}, "after two rotations")
		},
	},
	{
		name: "an older ID never finds a session that does not name it",
		rule: "An ID replaced by Rotate finds its successor, with the one asked for as Previous.",
		run: func(f *fixture) {
			first := f.create("anna")
			second := renewed(first, f.clock.Now(), grace)
			f.must(f.store.Rotate(f.ctx, first.ID, second), "Rotate")
			third := renewed(second, f.clock.Advance(time.Second), grace)
			f.must(f.store.Rotate(f.ctx, second.ID, third), "Rotate again within the grace")
			f.wantAlias(second.ID, third, "the ID replaced last")
			got, err := f.store.Get(f.ctx, first.ID)
			if err == nil && got.Previous != first.ID {
				f.Errorf("Get of an ID replaced twice returned a session whose Previous is another")
			} else if err != nil {
				f.want(err, session.ErrNotFound, "Get of an ID replaced twice")
			}
			_, err = f.store.Delete(f.ctx, third.ID, revoked)
			f.must(err, "Delete")
			f.wantGone(first, "the oldest ID")
			f.wantGone(second, "the older ID")
		},
	},
	{
		name: "rotate at another version is a conflict",
		rule: "The old session must be live and at next.Version, else ErrNotFound or ErrConflict.",
		run: func(f *fixture) {
			old := f.create("anna")
			stale := successor(old, f.clock.Now())
			old.Metadata = session.StoredMetadata(`{"newer":true}`)
			f.must(f.store.Update(f.ctx, old.ID, old.Version, old.Metadata), "Update")
			old.Version++
			f.want(f.other.Rotate(f.ctx, old.ID, stale), session.ErrConflict, "Rotate from an older version")
			ahead := successor(old, f.clock.Now())
			ahead.Version++
			f.want(f.store.Rotate(f.ctx, old.ID, ahead), session.ErrConflict, "Rotate from a version to come")
			f.wantLive(old, "the session, not rotated")
			f.wantAbsent(stale.ID, "the successor of a Rotate that failed")
			f.wantAbsent(ahead.ID, "the successor of a Rotate that failed")
			f.wantList(userOf("anna"), []session.Session{old}, "after two rotations that failed")
		},
	},
	{
		name: "of parallel rotations exactly one succeeds",
		rule: "Rotate: exactly one caller succeeds, so there is exactly one successor.",
		run: func(f *fixture) {
			for round := range f.times(20, 6) {
				old := f.create("anna")
				nexts := make([]session.Session, 8)
				var won atomic.Int32
				var winner atomic.Int32
				for i := range nexts {
					if nexts[i] = successor(old, f.clock.Now()); round%2 == 1 {
						nexts[i] = renewed(old, f.clock.Now(), grace)
					}
				}
				together(len(nexts), func(i int) {
					switch err := f.handles()[i%len(f.handles())].Rotate(f.ctx, old.ID, nexts[i]); {
					case err == nil:
						won.Add(1)
						winner.Store(int32(i))
					case round%2 == 1:
						f.want(err, session.ErrConflict, "Rotate beside others, with a grace")
					case !errors.Is(err, session.ErrNotFound):
						f.want(err, session.ErrConflict, "Rotate beside others")
					}
				})
				if n := won.Load(); n != 1 {
					f.Fatalf("%d of 8 parallel rotations succeeded, want exactly 1", n)
				}
				next := nexts[winner.Load()]
				f.wantLive(next, "the one successor")
				f.wantList(userOf("anna"), []session.Session{next}, "after eight rotations at once")
				_, err := f.store.Delete(f.ctx, next.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "Delete")
			}
		},
	},
	{
		name: "a rotation beside an update carries over what was stored",
		rule: "Rotate: metadata is carried over, exactly once; the old session must be at next.Version.",
		run: func(f *fixture) {
			for range f.times(20, 6) {
				old := f.create("anna")
				next := successor(old, f.clock.Now())
				changed := session.StoredMetadata(`{"changed":true}`)
				var rotate, update error
				together(2, func(i int) {
					if i == 0 {
						rotate = f.store.Rotate(f.ctx, old.ID, next)
					} else {
						update = f.other.Update(f.ctx, old.ID, old.Version, changed)
					}
				})
				switch {
				case rotate == nil && update == nil:
					f.Fatalf("both Rotate and Update of one version succeeded: the change is lost")
				case rotate == nil:
					f.want(update, session.ErrNotFound, "Update after a Rotate")
					f.wantLive(next, "the successor")
					old = next
				default:
					f.want(update, nil, "Update beside a Rotate that failed")
					f.want(rotate, session.ErrConflict, "Rotate after an Update")
					old.Metadata, old.Version = changed, old.Version+1
					f.wantLive(old, "the session updated")
				}
				_, err := f.store.Delete(f.ctx, old.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "Delete")
			}
		},
	},
}

// wantAlias fails the check unless an old ID finds next on both handles.
func (f *fixture) wantAlias(old session.ID, next session.Session, what string) {
	f.Helper()
	for i, store := range f.handles() {
		got, err := store.Get(f.ctx, old)
		if err != nil {
			f.Errorf("%s: Get on %s: %v, want the successor", what, handleName(i), err)
		} else if d := diff(got, next); d != "" {
			f.Errorf("%s: Get on %s returned another session than the successor: %s", what, handleName(i), d)
		}
	}
}
