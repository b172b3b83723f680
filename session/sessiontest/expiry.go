// Expiry: at ExpiresAt and at Deadline a session is absent, for every method,
// by the store's clock and for ever.

package sessiontest

import (
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var expiryChecks = []check{
	{
		name: "live one nanosecond before ExpiresAt, absent at it",
		rule: "A session at or past ExpiresAt is absent, by the store's clock, whatever the server's own expiry says.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				s := f.create(user)
				f.clock.Set(s.ExpiresAt.Add(-1))
				f.wantLive(s, "1 ns before ExpiresAt")
				if user != "" {
					f.wantList(userOf(user), []session.Session{s}, "1 ns before ExpiresAt")
				}
				f.clock.Set(s.ExpiresAt)
				f.wantGone(s, "at ExpiresAt")
				f.clock.Set(s.ExpiresAt.Add(1))
				f.wantGone(s, "1 ns past ExpiresAt")
				f.clock.Advance(24 * time.Hour)
				f.wantGone(s, "a day past ExpiresAt")
			}
		},
	},
	{
		name: "live one nanosecond before Deadline, absent at it",
		rule: "A session at or past Deadline is absent; the Deadline never moves.",
		run: func(f *fixture) {
			s := f.record("anna")
			s.Deadline = s.CreatedAt.Add(idle + time.Minute)
			f.insert(s, session.Admission{})
			now := f.clock.Advance(idle - time.Minute)
			f.must(f.store.Touch(f.ctx, session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}), "Touch")
			s.LastActivity, s.ExpiresAt = now, s.Deadline
			f.clock.Set(s.Deadline.Add(-1))
			f.wantLive(s, "1 ns before Deadline")
			f.clock.Set(s.Deadline)
			f.wantGone(s, "at Deadline")
			f.clock.Set(s.Deadline.Add(1))
			f.wantGone(s, "1 ns past Deadline")
		},
	},
	{
		name: "a touch postpones the end",
		rule: "Touch moves ExpiresAt forward; the session lives until the new one.",
		run: func(f *fixture) {
			s := f.create("anna")
			f.clock.Set(s.ExpiresAt.Add(-time.Microsecond))
			now := f.clock.Now()
			f.must(f.store.Touch(f.ctx, session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}), "Touch")
			s.LastActivity, s.ExpiresAt = now, now.Add(idle)
			f.clock.Set(s.ExpiresAt.Add(-1))
			f.wantLive(s, "1 ns before the new end")
			f.clock.Set(s.ExpiresAt)
			f.wantGone(s, "at the new end")
		},
	},
	{
		name: "once expired, always expired",
		rule: "Once expired, always expired, also when the clock jumps back.",
		run: func(f *fixture) {
			s := f.create("anna")
			start := f.clock.Now()
			f.clock.Set(s.ExpiresAt)
			f.wantAbsent(s.ID, "at ExpiresAt")
			f.clock.Set(start)
			f.wantGone(s, "after the clock jumped back")
			f.clock.Set(start.Add(-48 * time.Hour))
			f.wantGone(s, "after the clock jumped back two days")
			f.wantListLen(userOf("anna"), 0)
		},
	},
	{
		name: "an expired session is not counted, ended or kept by deleteuser",
		rule: "A session at or past ExpiresAt is absent; DeleteUser returns how many live ones ended.",
		run: func(f *fixture) {
			s := f.create("anna")
			f.clock.Set(s.ExpiresAt)
			n, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked, s.ID)
			f.must(err, "DeleteUser")
			if n != 0 {
				f.Errorf("DeleteUser of a user with one expired session ended %d, want 0", n)
			}
			f.wantGone(s, "an expired session in keep")
		},
	},
	{
		name: "the successor's own expiry counts",
		rule: "A session at or past ExpiresAt is absent, also for an ID in its grace.",
		run: func(f *fixture) {
			old := f.create("anna")
			next := renewed(old, f.clock.Now(), 5*time.Minute)
			next.ExpiresAt = f.clock.Now().Add(time.Minute)
			f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
			f.clock.Set(next.ExpiresAt)
			f.wantGone(next, "a successor that expired")
			f.wantAbsent(old.ID, "an ID in its grace whose successor expired")
			_, err := f.store.Delete(f.ctx, old.ID, revoked)
			f.want(err, session.ErrNotFound, "Delete of an ID in its grace whose successor expired")
		},
	},
	{
		name: "a manager validates until the end and no longer",
		rule: "Validate answers ErrNotFound from ExpiresAt and from Deadline on; use postpones the first and never the second.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.IdleTimeout, c.Lifetime = 10*time.Minute, time.Hour })
			idleToken, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			usedToken, used, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			f.clock.Set(s.ExpiresAt.Add(-1))
			_, err = m.Get(f.ctx, s.ID)
			f.want(err, nil, "Get 1 ns before ExpiresAt")
			f.clock.Set(s.ExpiresAt.Add(-time.Second))
			_, err = m.Validate(f.ctx, usedToken)
			f.want(err, nil, "Validate a second before ExpiresAt")
			f.clock.Set(s.ExpiresAt)
			_, err = m.Validate(f.ctx, idleToken)
			f.want(err, session.ErrNotFound, "Validate at ExpiresAt")
			for f.clock.Now().Before(used.Deadline.Add(-5 * time.Minute)) {
				f.clock.Advance(5 * time.Minute)
				_, err = m.Validate(f.ctx, usedToken)
				f.want(err, nil, "Validate of a session in use, %s before its deadline", used.Deadline.Sub(f.clock.Now()))
			}
			f.clock.Set(used.Deadline.Add(-1))
			_, err = m.Validate(f.ctx, usedToken)
			f.want(err, nil, "Validate 1 ns before Deadline")
			f.clock.Set(used.Deadline)
			_, err = m.Validate(f.ctx, usedToken)
			f.want(err, session.ErrNotFound, "Validate at Deadline")
			f.clock.Set(used.CreatedAt)
			_, err = m.Validate(f.ctx, usedToken)
			f.want(err, session.ErrNotFound, "Validate after the clock jumped back")
		},
	},
}
