// Touch and TouchAll: activity moves forward and creates nothing.

package sessiontest

import (
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var touchChecks = []check{
	{
		name: "touch moves activity and expiry forward",
		rule: "Touch moves LastActivity and ExpiresAt of a live session forward; nothing else changes.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				s := f.create(user)
				now := f.clock.Advance(time.Minute + time.Microsecond)
				f.must(f.store.Touch(f.ctx, session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}), "Touch")
				s.LastActivity, s.ExpiresAt = now, now.Add(idle)
				f.wantLive(s, "a session touched")
			}
		},
	},
	{
		name: "touch never moves back",
		rule: "Touch moves LastActivity and ExpiresAt forward, never back.",
		run: func(f *fixture) {
			s := f.create("anna")
			now := f.clock.Advance(time.Minute)
			late := session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}
			early := session.Seen{ID: s.ID, LastActivity: now.Add(-time.Microsecond), ExpiresAt: now.Add(idle - time.Microsecond)}
			f.must(f.store.Touch(f.ctx, late), "Touch")
			s.LastActivity, s.ExpiresAt = late.LastActivity, late.ExpiresAt
			f.must(f.other.Touch(f.ctx, early), "a Touch that comes late")
			f.wantLive(s, "after a touch one microsecond older")
			absent, err := f.store.TouchAll(f.ctx, []session.Seen{early})
			f.must(err, "TouchAll that comes late")
			if len(absent) != 0 {
				f.Errorf("TouchAll names a live session as absent")
			}
			f.wantLive(s, "after a TouchAll one microsecond older")
		},
	},
	{
		name: "touch never passes the deadline",
		rule: "Touch moves ExpiresAt never past Deadline.",
		run: func(f *fixture) {
			s, t := f.create("anna"), f.create("anna")
			now := f.clock.Advance(time.Minute)
			past := session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: s.Deadline.Add(time.Microsecond)}
			f.must(f.store.Touch(f.ctx, past), "Touch past the deadline")
			s.LastActivity, s.ExpiresAt = now, s.Deadline
			f.wantLive(s, "after a touch past the deadline")
			past.ID = t.ID
			past.ExpiresAt = t.Deadline.Add(time.Hour)
			_, err := f.store.TouchAll(f.ctx, []session.Seen{past})
			f.must(err, "TouchAll past the deadline")
			t.LastActivity, t.ExpiresAt = now, t.Deadline
			f.wantLive(t, "after a TouchAll past the deadline")
			f.clock.Set(s.Deadline)
			f.wantGone(s, "at the deadline")
		},
	},
	{
		name: "touchall touches the live and names the absent",
		rule: "TouchAll touches many at once, at most MaxBatch, and returns those that were absent.",
		run: func(f *fixture) {
			absent, err := f.store.TouchAll(f.ctx, nil)
			f.must(err, "TouchAll of none")
			if len(absent) != 0 {
				f.Errorf("TouchAll of none names %d absent sessions", len(absent))
			}
			dead := f.create("anna")
			_, err = f.store.Delete(f.ctx, dead.ID, session.Ending{Reason: session.ReasonLogout})
			f.must(err, "Delete")
			live := []session.Session{f.create("anna"), f.create("anna"), f.create("bert"), f.create("")}
			now := f.clock.Advance(time.Minute)
			at := func(id session.ID) session.Seen {
				return session.Seen{ID: id, LastActivity: now, ExpiresAt: now.Add(idle)}
			}
			batch := []session.Seen{at(live[0].ID), at(dead.ID), at(live[1].ID)}
			want := []session.ID{dead.ID}
			for len(batch) < session.MaxBatch-2 {
				never := newID(tagOf([]string{"anna", "bert", ""}[len(batch)%3]))
				batch, want = append(batch, at(never)), append(want, never)
			}
			batch = append(batch, at(live[2].ID), at(live[3].ID))
			absent, err = f.store.TouchAll(f.ctx, batch)
			f.must(err, "TouchAll of %d", len(batch))
			if d := diffIDs(absent, want); d != "" {
				f.Errorf("TouchAll names as absent: %s", d)
			}
			for _, s := range live {
				s.LastActivity, s.ExpiresAt = now, now.Add(idle)
				f.wantLive(s, "a live session in the batch")
			}
			f.wantGone(dead, "a dead session in the batch")
		},
	},
	{
		name: "of parallel touches the latest remains",
		rule: "Touch moves forward, never back, in whatever order touches arrive.",
		run: func(f *fixture) {
			for range f.times(10, 3) {
				s := f.create("anna")
				start := f.clock.Now()
				together(8, func(i int) {
					at := start.Add(time.Duration(i+1) * time.Second)
					seen := session.Seen{ID: s.ID, LastActivity: at, ExpiresAt: at.Add(idle)}
					f.want(f.handles()[i%len(f.handles())].Touch(f.ctx, seen), nil, "Touch beside others")
				})
				s.LastActivity, s.ExpiresAt = start.Add(8*time.Second), start.Add(8*time.Second+idle)
				f.wantLive(s, "after eight touches at once")
			}
		},
	},
	{
		name: "a touch beside an update loses neither",
		rule: "Touch changes LastActivity and ExpiresAt only; Update changes the metadata only.",
		run: func(f *fixture) {
			for range f.times(20, 8) {
				s := f.create("anna")
				now := f.clock.Advance(time.Second)
				changed := session.StoredMetadata(`{"changed":true}`)
				together(2, func(i int) {
					if i == 0 {
						seen := session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}
						f.want(f.store.Touch(f.ctx, seen), nil, "Touch beside an Update")
					} else {
						f.want(f.other.Update(f.ctx, s.ID, s.Version, changed), nil, "Update beside a Touch")
					}
				})
				s.LastActivity, s.ExpiresAt, s.Metadata, s.Version = now, now.Add(idle), changed, s.Version+1
				f.wantLive(s, "after a touch and an update at once")
			}
		},
	},
}
