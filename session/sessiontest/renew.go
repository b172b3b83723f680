// Renew: a token that is only old. Its answer may be lost, so the old one is good
// until the new one was used.

package sessiontest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// unused returns what Rotate puts in the place of s where nobody has used it yet; the
// ID that finds it is previous.
func unused(s session.Session, previous session.ID, now time.Time) session.Session {
	next := renewed(s, now, 0)
	next.Previous, next.PreviousUntil = previous, s.Deadline
	return next
}

// firstUse is what tells a store that a session was used under its new ID.
func firstUse(s session.Session, now time.Time) session.Seen {
	return session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle), PreviousUntil: now.Add(grace)}
}

// after returns s as it is after seen.
func after(s session.Session, seen session.Seen) session.Session {
	s.LastActivity, s.ExpiresAt, s.PreviousUntil = seen.LastActivity, seen.ExpiresAt, seen.PreviousUntil
	return s
}

var renewChecks = []check{
	{
		name: "an ID finds a successor that nobody has used for as long as it lives",
		rule: "Rotate: Get and Delete of old reach next until next.PreviousUntil, which is Deadline while nobody has used it.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				old := f.create(user)
				next := unused(old, old.ID, f.clock.Now())
				f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
				for next.ExpiresAt.Before(next.Deadline) {
					f.clock.Set(next.ExpiresAt.Add(-time.Microsecond))
					now := f.clock.Now()
					f.wantAlias(old.ID, next, "an ID whose successor nobody has used")
					next.LastActivity, next.ExpiresAt = now, now.Add(idle)
					if next.ExpiresAt.After(next.Deadline) {
						next.ExpiresAt = next.Deadline
					}
					f.must(f.other.Touch(f.ctx, session.Seen{ID: next.ID, LastActivity: now, ExpiresAt: next.ExpiresAt}), "Touch")
				}
				f.clock.Set(next.Deadline.Add(-time.Microsecond))
				f.wantAlias(old.ID, next, "an ID at the end of the session's life")
				if user != "" {
					f.wantList(userOf(user), []session.Session{next}, "one session, under two IDs")
				}
				f.clock.Set(next.Deadline)
				f.wantGone(old, "the old ID at the deadline")
				f.wantGone(next, "the session at the deadline")
			}
		},
	},
	{
		name: "the first use begins the grace of the ID before",
		rule: "Touch, TouchAll: if seen.PreviousUntil is set and the session is Unused, its PreviousUntil becomes that.",
		run: func(f *fixture) {
			for i, user := range []string{"anna", "", "bert"} {
				old := f.create(user)
				next := unused(old, old.ID, f.clock.Now())
				f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
				seen := firstUse(next, f.clock.Advance(10*time.Minute))
				if i == 2 {
					absent, err := f.other.TouchAll(f.ctx, []session.Seen{seen})
					f.must(err, "TouchAll")
					if len(absent) != 0 {
						f.Errorf("TouchAll of a first use names a live session as absent")
					}
				} else {
					f.must(f.other.Touch(f.ctx, seen), "Touch")
				}
				next = after(next, seen)
				f.wantLive(next, "a session used for the first time")
				f.clock.Set(next.PreviousUntil.Add(-1))
				f.wantAlias(old.ID, next, "the ID before, 1 ns before the end of its grace")
				f.clock.Set(next.PreviousUntil)
				f.wantGone(old, "the ID before, at the end of its grace")
				f.wantLive(next, "the session after the grace")
			}
		},
	},
	{
		name: "only the first use counts",
		rule: "Touch: of a session that was used PreviousUntil stays.",
		run: func(f *fixture) {
			first := f.create("anna")
			second := unused(first, first.ID, f.clock.Now())
			f.must(f.store.Rotate(f.ctx, first.ID, second), "Rotate")
			seen := firstUse(second, f.clock.Advance(time.Minute))
			f.must(f.store.Touch(f.ctx, seen), "Touch")
			second = after(second, seen)
			again := firstUse(second, f.clock.Advance(time.Second))
			f.must(f.other.Touch(f.ctx, again), "Touch again")
			again.PreviousUntil = second.PreviousUntil
			second = after(second, again)
			f.wantLive(second, "a session used twice")

			graced := renewed(f.create("anna"), f.clock.Now(), grace)
			f.must(f.store.Rotate(f.ctx, graced.Previous, graced), "Rotate with a grace")
			plain := f.create("anna")
			for _, s := range []session.Session{graced, plain} {
				seen := firstUse(s, f.clock.Advance(time.Second))
				_, err := f.other.TouchAll(f.ctx, []session.Seen{seen})
				f.must(err, "TouchAll")
				f.must(f.store.Touch(f.ctx, seen), "Touch")
				seen.PreviousUntil = s.PreviousUntil
				f.wantLive(after(s, seen), "a session whose grace runs, or that has none")
			}
		},
	},
	{
		name: "a renewal replaces the successor that nobody has used",
		rule: "Rotate: if next.Previous is the Previous of old, next takes the place of a successor that nobody has used, and that ID reaches next then; old is absent at once.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				old := f.create(user)
				lost := unused(old, old.ID, f.clock.Now())
				f.must(f.store.Rotate(f.ctx, old.ID, lost), "Rotate")
				again := unused(lost, old.ID, f.clock.Advance(10*time.Minute))
				f.must(f.other.Rotate(f.ctx, lost.ID, again), "Rotate of the successor")
				f.wantGone(lost, "the successor that was replaced")
				f.wantLive(again, "the one in its place")
				f.wantAlias(old.ID, again, "the ID before both")
				third := unused(again, old.ID, f.clock.Advance(time.Minute))
				f.must(f.store.Rotate(f.ctx, again.ID, third), "Rotate once more")
				f.wantGone(again, "the second one")
				if user != "" {
					f.wantList(userOf(user), []session.Session{third}, "after three renewals of one session")
				}
				seen := firstUse(third, f.clock.Now())
				f.must(f.store.Touch(f.ctx, seen), "Touch")
				f.clock.Set(seen.PreviousUntil)
				f.wantGone(old, "the ID before, after the grace")
				f.wantLive(after(third, seen), "the session")
			}
		},
	},
	{
		name: "a successor that was used is not replaced",
		rule: "Rotate: an old that is not Unused is ErrConflict where next.Previous is its Previous, as is any other next.Previous.",
		run: func(f *fixture) {
			old := f.create("anna")
			next := unused(old, old.ID, f.clock.Now())
			f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
			stranger := unused(next, newID(old.ID.Tag()), f.clock.Now())
			f.want(f.store.Rotate(f.ctx, next.ID, stranger), session.ErrConflict, "Rotate for an ID that was never before it")
			f.wantAbsent(stranger.ID, "the successor of a Rotate that failed")
			seen := firstUse(next, f.clock.Now())
			f.must(f.store.Touch(f.ctx, seen), "Touch")
			next = after(next, seen)
			again := unused(next, old.ID, f.clock.Now())
			f.want(f.other.Rotate(f.ctx, next.ID, again), session.ErrConflict, "Rotate of one that was used, for the ID before")
			f.want(f.other.Rotate(f.ctx, old.ID, again), session.ErrConflict, "Rotate of the ID before")
			f.wantAbsent(again.ID, "the successor of a Rotate that failed")
			f.wantLive(next, "the session")
			f.wantAlias(old.ID, next, "the ID before, in its grace")
			plain := f.create("bert")
			f.want(f.store.Rotate(f.ctx, plain.ID, unused(plain, newID(plain.ID.Tag()), f.clock.Now())), session.ErrConflict, "Rotate of one that was never renewed, for another ID")
			f.wantLive(plain, "a session not rotated")
		},
	},
	{
		name: "a first use and a replacement never both succeed",
		rule: "Rotate replaces a successor that nobody has used, in one step.",
		run: func(f *fixture) {
			for range f.times(30, 10) {
				old := f.create("anna")
				next := unused(old, old.ID, f.clock.Now())
				f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
				seen := firstUse(next, f.clock.Now())
				rivals := []session.Session{unused(next, old.ID, f.clock.Now()), unused(next, old.ID, f.clock.Now())}
				errs := make([]error, 3)
				together(3, func(i int) {
					store := f.handles()[i%len(f.handles())]
					if i == 2 {
						errs[i] = store.Touch(f.ctx, seen)
					} else {
						errs[i] = store.Rotate(f.ctx, next.ID, rivals[i])
					}
				})
				live := after(next, seen)
				won := 0
				for i, err := range errs {
					switch {
					case err == nil:
						won++
						if i < 2 {
							live = rivals[i]
						}
					case !errors.Is(err, session.ErrNotFound):
						f.want(err, session.ErrConflict, "one of two replacements and a first use")
					}
				}
				if won != 1 {
					f.Fatalf("%d of two replacements and a first use succeeded, want exactly one: %v", won, errs)
				}
				f.wantLive(live, "the session after the race")
				f.wantAlias(old.ID, live, "the ID before, after the race")
				f.wantList(userOf("anna"), []session.Session{live}, "after the race")
				_, err := f.store.Delete(f.ctx, old.ID, revoked)
				f.must(err, "Delete")
			}
		},
	},
	{
		name: "an ID is never absent while its successor is replaced",
		rule: "Rotate: next takes the place of a successor that nobody has used in one step: the ID before reaches the one or the other.",
		run: func(f *fixture) {
			old := f.create("anna")
			next := unused(old, old.ID, f.clock.Now())
			f.must(f.store.Rotate(f.ctx, old.ID, next), "Rotate")
			var over atomic.Bool
			together(4, func(i int) {
				store := f.handles()[i%len(f.handles())]
				if i > 0 {
					for !over.Load() {
						_, err := store.Get(f.ctx, old.ID)
						f.want(err, nil, "Get of an ID whose successor is being replaced")
						if err != nil {
							return
						}
					}
					return
				}
				defer over.Store(true)
				for range f.times(40, 15) {
					again := unused(next, old.ID, f.clock.Now())
					if err := store.Rotate(f.ctx, next.ID, again); err != nil {
						f.Errorf("Rotate of a successor that nobody has used: %v", err)
						return
					}
					next = again
				}
			})
			f.wantAlias(old.ID, next, "the ID before, after many replacements")
		},
	},
	{
		name: "any of its IDs ends a renewed session",
		rule: "A revocation by any of them ends all.",
		run: func(f *fixture) {
			for i := range 3 {
				old := f.create("anna")
				lost := unused(old, old.ID, f.clock.Now())
				f.must(f.store.Rotate(f.ctx, old.ID, lost), "Rotate")
				next := unused(lost, old.ID, f.clock.Now())
				f.must(f.store.Rotate(f.ctx, lost.ID, next), "Rotate of the successor")
				switch i {
				case 0, 1:
					ended, err := f.other.Delete(f.ctx, []session.ID{old.ID, next.ID}[i], revoked)
					f.must(err, "Delete")
					if ended.ID != next.ID {
						f.Errorf("Delete returned %s, want the one successor", ended.ID)
					}
				case 2:
					n, err := f.other.DeleteUser(f.ctx, userOf("anna"), revoked)
					if err != nil || n != 1 {
						f.Errorf("DeleteUser ended %d sessions, %v; want one: it has two IDs", n, err)
					}
				}
				for _, s := range []session.Session{old, lost, next} {
					f.wantGone(s, "an ID of a session that ended")
				}
				f.wantListLen(userOf("anna"), 0)
			}
		},
	},
	{
		name: "a renewed session takes one place, and is kept by either ID",
		rule: "DeleteUser spares those whose IDs, or whose Previous while that finds them, are in keep. A limit counts sessions, not IDs.",
		run: func(f *fixture) {
			mates := []session.Session{f.create("anna"), f.create("anna"), f.create("anna")}
			now := f.clock.Advance(time.Second)
			for i := range 2 {
				next := unused(mates[i], mates[i].ID, now)
				f.must(f.store.Rotate(f.ctx, mates[i].ID, next), "Rotate")
				mates[i] = next
			}
			graced := renewed(mates[2], now, grace)
			f.must(f.store.Rotate(f.ctx, mates[2].ID, graced), "Rotate")
			mates[2] = graced
			fourth := f.record("anna")
			evicted, err := f.other.Create(f.ctx, fourth, session.Admission{Limit: 4})
			f.must(err, "Create")
			if len(evicted) != 0 {
				f.Errorf("Create beside three renewed sessions evicted %d, where four are allowed", len(evicted))
			}
			n, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked, mates[0].Previous, mates[1].ID, mates[2].Previous)
			if err != nil || n != 1 {
				f.Errorf("DeleteUser ended %d, %v; want the one that is not kept by any ID", n, err)
			}
			f.wantList(userOf("anna"), mates, "after a DeleteUser that spares three")
			f.clock.Set(graced.PreviousUntil)
			n, err = f.other.DeleteUser(f.ctx, userOf("anna"), revoked, mates[0].Previous, mates[2].Previous)
			if err != nil || n != 2 {
				f.Errorf("DeleteUser ended %d, %v; want 2: one is not in keep, of one the grace is over", n, err)
			}
			f.wantList(userOf("anna"), mates[:1], "after a DeleteUser that spares one")
		},
	},
	{
		name: "a lost answer of a renewal signs nobody out",
		rule: "Renew: the old token is valid until RenewGrace after the new one was first used; if it never is, for as long as the session lives. A renewal asked for with the old token replaces the one that nobody has used.",
		run:  lostAnswer,
	},
	{
		name: "a request from before a renewal replaces nothing, however slow it is",
		rule: "RenewFor: a request that arrived earlier than RenewGrace after a renewal is not a sign that the renewal's answer was lost: it gets ErrConflict and replaces nothing, however late it asks.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) {
				c.RenewEvery, c.RenewGrace, c.IdleTimeout, c.Lifetime = 10*time.Minute, grace, time.Hour, 4*time.Hour
			})
			old, _, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			f.clock.Advance(10 * time.Minute)
			early := f.clock.Now()
			held, _, err := m.Renew(f.ctx, old)
			f.must(err, "Renew")
			f.clock.Advance(20 * time.Minute)
			for _, arrived := range []time.Time{{}, early.Add(-time.Hour), early, early.Add(grace - time.Microsecond)} {
				_, _, err = m.RenewFor(f.ctx, old, arrived)
				f.want(err, session.ErrConflict, "RenewFor a request that arrived %s after the renewal", arrived.Sub(early))
			}
			_, err = m.Peek(f.ctx, held)
			f.must(err, "the token whose answer arrived")
			_, _, err = m.RenewFor(f.ctx, old, early.Add(grace))
			f.must(err, "RenewFor a request that arrived when the grace was over")
			_, err = m.Peek(f.ctx, held)
			f.want(err, session.ErrNotFound, "the token that was replaced")
		},
	},
	{
		name: "the first use of a renewed token costs one call more, once",
		rule: "First use is recorded: the first validation of a renewed token may cost one call more. To look at a session is no use.",
		run: func(f *fixture) {
			rules := func(c *session.Config) {
				c.RenewEvery, c.RenewGrace, c.TouchInterval = 10*time.Minute, grace, 5*time.Minute
			}
			gate := NewGate(f.store)
			m := f.manager(gate, rules)
			old, _, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			f.clock.Advance(10 * time.Minute)
			token, next, err := m.Renew(f.ctx, old)
			f.must(err, "Renew")
			if !next.Unused() {
				f.Errorf("a session just renewed is not Unused")
			}
			cost := func(want int, what string, t session.Token, call func(session.Token) (session.Session, error)) session.Session {
				f.Helper()
				before := gate.Calls()
				s, err := call(t)
				f.must(err, "%s", what)
				if n := gate.Calls() - before; n != want {
					f.Errorf("%s cost %d store calls, want %d", what, n, want)
				}
				return s
			}
			validate := func(t session.Token) (session.Session, error) { return m.Validate(f.ctx, t) }
			cost(1, "Validate with the old token", old, validate)
			cost(1, "Peek with the new token", token, func(t session.Token) (session.Session, error) { return m.Peek(f.ctx, t) })
			cost(1, "Get of the new ID", token, func(t session.Token) (session.Session, error) { return m.Get(f.ctx, t.ID()) })
			s := cost(2, "the first Validate with the new token", token, validate)
			if want := f.clock.Now().Add(grace); s.Unused() || !s.PreviousUntil.Equal(want) {
				f.Errorf("after the first use PreviousUntil is %s, want %s", s.PreviousUntil, want)
			}
			f.wantLive(s, "a session used for the first time")
			f.clock.Advance(time.Second)
			cost(1, "the second Validate with the new token", token, validate)
			cost(1, "Validate with the old token in its grace", old, validate)
		},
	},
	{
		name: "of renewals one succeeds, and none within the grace after",
		rule: "Renew: of many callers with one token one succeeds; the others get ErrConflict, and so does one who comes within RenewGrace after another.",
		run: func(f *fixture) {
			rules := func(c *session.Config) { c.RenewEvery, c.RenewGrace = 10*time.Minute, grace }
			managers := []*session.Manager{f.manager(f.store, rules), f.manager(f.other, rules)}
			old, _, err := managers[0].Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			var last session.Token
			for range 3 {
				f.clock.Advance(10 * time.Minute)
				tokens := make([]session.Token, 6)
				var won atomic.Int32
				together(len(tokens), func(i int) {
					token, _, err := managers[i%2].Renew(f.ctx, old)
					if err == nil {
						won.Add(1)
						tokens[i] = token
					} else {
						f.want(err, session.ErrConflict, "Renew beside others")
					}
				})
				if n := won.Load(); n != 1 {
					f.Fatalf("%d of 6 parallel renewals succeeded, want exactly 1", n)
				}
				f.clock.Advance(grace - time.Microsecond)
				_, _, err = managers[0].Renew(f.ctx, old)
				f.want(err, session.ErrConflict, "Renew while the answer of another may be on its way")
				if !last.IsZero() {
					_, err = managers[1].Peek(f.ctx, last)
					f.want(err, session.ErrNotFound, "Peek with the token of a renewal that was replaced")
				}
				for _, t := range tokens {
					if !t.IsZero() {
						last = t
					}
				}
				_, err = managers[1].Peek(f.ctx, last)
				f.want(err, nil, "Peek with the token of the last renewal")
				f.wantListLen(managers[0].User("anna"), 1)
			}
		},
	},
	{
		name: "a change of rights beside a renewal succeeds, and all tokens before are dead",
		rule: "Rotate: the old token is dead before the new one is returned. Of many callers with one token one succeeds.",
		run: func(f *fixture) {
			for _, method := range []string{"Get", "Rotate"} {
				rules := func(c *session.Config) { c.RenewEvery, c.RenewGrace = 10*time.Minute, grace }
				gate := NewGate(f.store)
				slow, fast := f.manager(gate, rules), f.manager(f.other, rules)
				old, s, err := fast.Create(f.ctx, session.NewSession{UserID: "anna"})
				f.must(err, "Create")
				f.clock.Advance(10 * time.Minute)
				when := Before
				if method == "Get" {
					when = After
				}
				finished := make(chan struct{})
				held := gate.Hold(method, when)
				var changed session.Token
				var flown error
				go func() {
					defer close(finished)
					changed, _, flown = slow.Elevate(f.ctx, old, "anna")
				}()
				held.Await(f.TB, finished)
				renewal, _, err := fast.Renew(f.ctx, old)
				held.Release()
				<-finished
				f.must(err, "the renewal")
				f.must(flown, "the change of rights that was at %s when the renewal was made", method)
				for _, t := range []session.Token{old, renewal} {
					_, err := fast.Validate(f.ctx, t)
					f.want(err, session.ErrNotFound, "Validate of a token from before the change of rights")
				}
				got, err := fast.Validate(f.ctx, changed)
				f.must(err, "Validate of the new token")
				if got.Lineage == s.Lineage {
					f.Errorf("the lineage outlived a change of rights")
				}
				f.wantListLen(fast.User("anna"), 1)
				_, err = fast.RevokeUser(f.ctx, "anna", revoked)
				f.must(err, "RevokeUser")
			}
		},
	},
}

// lostAnswer is a browser that never gets the answers of its renewals, but the last.
func lostAnswer(f *fixture) {
	rules := func(c *session.Config) {
		c.RenewEvery, c.RenewGrace, c.IdleTimeout, c.Lifetime = 10*time.Minute, grace, 30*time.Minute, 4*time.Hour
	}
	m, other := f.manager(f.store, rules), f.manager(f.other, rules)
	old, made, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
	f.must(err, "Create")
	var answers []session.Token
	renewals := 0
	for f.clock.Now().Add(25 * time.Minute).Before(made.Deadline) {
		f.clock.Advance(4 * time.Minute) // far beyond the grace, within the idle timeout
		s, err := other.Validate(f.ctx, old)
		f.must(err, "Validate with the old token, %d lost answers later", renewals)
		if !s.LastActivity.Equal(f.clock.Now()) || s.Lineage != made.Lineage {
			f.Errorf("a use of the old token did not move the session on")
		}
		if m.RenewDue(s) {
			token, _, err := m.Renew(f.ctx, old)
			f.must(err, "Renew with the old token")
			answers = append(answers, token)
			renewals++
		}
	}
	if renewals < 10 {
		f.Fatalf("%d renewals in 4 hours, want one each 12 minutes", renewals)
	}
	f.wantListLen(m.User("anna"), 1)
	for i, token := range answers[:len(answers)-1] {
		_, err := m.Validate(f.ctx, token)
		f.want(err, session.ErrNotFound, "Validate with the token of lost answer %d, which was replaced", i)
	}
	last := answers[len(answers)-1]
	_, err = m.Validate(f.ctx, last)
	f.must(err, "Validate with the token that has arrived")
	f.clock.Advance(grace - time.Microsecond)
	_, err = other.Validate(f.ctx, old)
	f.want(err, nil, "Validate with the old token in its grace")
	_, _, err = m.Renew(f.ctx, old)
	f.want(err, session.ErrConflict, "Renew with the old token when the new one was used")
	f.clock.Advance(time.Microsecond)
	_, err = other.Validate(f.ctx, old)
	f.want(err, session.ErrNotFound, "Validate with the old token after its grace")
	_, _, err = m.Renew(f.ctx, old)
	f.want(err, session.ErrNotFound, "Renew with the old token after its grace")
	_, err = other.Validate(f.ctx, last)
	f.want(err, nil, "Validate with the new token after the grace of the old one")
}
