// Sweep: what expired is removed, what lives is not.

package sessiontest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var sweepChecks = []check{
	{
		name: "only what expired is removed, at most max",
		rule: "Sweep removes what expired Traits.SweepGrace ago, at most max records, and returns how many. Fewer than max means that nothing is left to do.",
		run: func(f *fixture) {
			var live []session.Session
			for _, user := range []string{"anna", "bert", "", "anna", ""} {
				live = append(live, f.create(user))
				brief := f.record(user)
				brief.ExpiresAt = brief.CreatedAt.Add(time.Minute)
				f.insert(brief, session.Admission{})
			}
			n, err := f.store.Sweep(f.ctx, 10)
			f.must(err, "Sweep")
			if n != 0 {
				f.Errorf("Sweep before anything expired removed %d", n)
			}
			f.clock.Advance(time.Minute)
			if grace := f.traits.SweepGrace; grace > 0 {
				f.clock.Advance(grace - time.Microsecond)
				n, err := f.store.Sweep(f.ctx, 10)
				f.must(err, "Sweep")
				if n != 0 {
					f.Errorf("Sweep removed %d that expired less than Traits.SweepGrace ago", n)
				}
				f.clock.Advance(time.Microsecond)
			}
			for _, want := range []int{2, 2, 1, 0} {
				n, err := f.other.Sweep(f.ctx, 2)
				f.must(err, "Sweep")
				if n > 2 || n < 0 {
					f.Errorf("Sweep of at most 2 removed %d", n)
				}
				// A store that cannot list everybody leaves it to its server.
				if f.traits.ListAll && n != want {
					f.Errorf("Sweep of at most 2 removed %d, want %d", n, want)
				}
			}
			for _, s := range live {
				f.wantLive(s, "a live session after the sweeps")
			}
			f.wantList(userOf("anna"), []session.Session{live[0], live[3]}, "after the sweeps")
		},
	},
	{
		name: "a session whose end was postponed is not removed",
		rule: "Sweep never removes a live session.",
		run: func(f *fixture) {
			touched, batched, rotated := f.create("anna"), f.create(""), f.create("anna")
			now := f.clock.Advance(idle - time.Minute)
			postponed := func(id session.ID) session.Seen {
				return session.Seen{ID: id, LastActivity: now, ExpiresAt: now.Add(idle)}
			}
			f.must(f.store.Touch(f.ctx, postponed(touched.ID)), "Touch")
			touched.LastActivity, touched.ExpiresAt = now, now.Add(idle)
			_, err := f.store.TouchAll(f.ctx, []session.Seen{postponed(batched.ID)})
			f.must(err, "TouchAll")
			batched.LastActivity, batched.ExpiresAt = now, now.Add(idle)
			next := renewed(rotated, now, time.Hour)
			next.ExpiresAt = now.Add(idle)
			f.must(f.store.Rotate(f.ctx, rotated.ID, next), "Rotate")
			f.clock.Advance(2 * time.Minute) // past the end they had at first
			n, err := f.other.Sweep(f.ctx, 100)
			f.must(err, "Sweep")
			if n != 0 {
				f.Errorf("Sweep removed %d sessions whose end was postponed", n)
			}
			f.wantLive(touched, "a session touched")
			f.wantLive(batched, "a session touched in a batch")
			f.wantLive(next, "a session renewed")
			f.wantAlias(rotated.ID, next, "an ID in its grace")
		},
	},
	{
		name: "sweeps beside touches remove no live session",
		rule: "Sweep never removes a live session, and removes each expired one once.",
		run: func(f *fixture) {
			for range f.times(10, 3) {
				var live []session.Session
				const expired = 6
				for i := range expired {
					live = append(live, f.create("anna"))
					brief := f.record([]string{"anna", ""}[i%2])
					brief.ExpiresAt = brief.CreatedAt.Add(time.Minute)
					f.insert(brief, session.Admission{})
				}
				now := f.clock.Advance(time.Minute + f.traits.SweepGrace)
				var removed atomic.Int32
				together(len(live)+2, func(i int) {
					if i >= len(live) {
						n, err := f.handles()[i%len(f.handles())].Sweep(f.ctx, 100)
						f.want(err, nil, "Sweep beside touches")
						removed.Add(int32(n))
						return
					}
					seen := session.Seen{ID: live[i].ID, LastActivity: now, ExpiresAt: now.Add(idle)}
					f.want(f.store.Touch(f.ctx, seen), nil, "Touch beside sweeps")
				})
				if n := removed.Load(); f.traits.ListAll && n != expired {
					f.Errorf("two sweeps at once removed %d, want %d", n, expired)
				}
				for _, s := range live {
					s.LastActivity, s.ExpiresAt = now, now.Add(idle)
					f.wantLive(s, "a live session beside sweeps")
				}
				_, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked)
				f.must(err, "DeleteUser")
			}
		},
	},
	{
		name: "a manager sweeps until nothing is left",
		rule: "Manager.Sweep removes what has expired and returns how many sessions that were.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			n := f.times(60, 20)
			var make sync.WaitGroup
			for range 4 {
				make.Go(func() {
					for range n / 4 {
						_, _, err := m.Create(f.ctx, session.NewSession{})
						f.want(err, nil, "Create")
					}
				})
			}
			make.Wait()
			f.clock.Advance(13 * time.Hour)
			_, _, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			got, err := m.Sweep(f.ctx)
			f.must(err, "Sweep")
			if f.traits.ListAll && got != n {
				f.Errorf("Manager.Sweep removed %d, want %d", got, n)
			}
			f.wantListLen(m.User("anna"), 1)
		},
	},
}
