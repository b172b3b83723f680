// The limit of live sessions per user: which session goes, which sign-in is refused, and that it
// holds at every moment.

package sessiontest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var limitChecks = []check{
	{
		name: "the oldest go first",
		rule: "Where there is no place the oldest, by CreatedAt, then ID, are ended with LimitReached and their IDs returned.",
		run: func(f *fixture) {
			var all []session.Session
			for i := range 6 {
				s := f.record("anna") // three at one instant, three at another
				f.insert(s, session.Admission{})
				all = append(all, s)
				if i == 2 {
					f.clock.Advance(time.Microsecond)
				}
			}
			sortOldest(all[:3])
			sortOldest(all[3:])
			other := f.create("bert")
			for i := range 3 {
				f.clock.Advance(time.Microsecond)
				s := f.record("anna")
				evicted := f.insert(s, session.Admission{Limit: 6})
				if len(evicted) != 1 || evicted[0] != all[i].ID {
					f.Errorf("Create over the limit evicted %d sessions, want 1, the oldest by CreatedAt, then ID", len(evicted))
				}
				f.wantAbsent(all[i].ID, "the oldest")
				all = append(all, s)
				f.wantList(userOf("anna"), all[i+1:], "after %d evictions", i+1)
			}
			evicted := f.insert(f.record("anna"), session.Admission{Limit: 2})
			if d := diffIDs(evicted, idsOf(all[3:len(all)-1])); d != "" {
				f.Errorf("Create under a limit lowered to 2 evicted: %s", d)
			}
			f.wantListLen(userOf("anna"), 2)
			f.wantLive(other, "another user's session")
		},
	},
	{
		name: "activity and rotation keep a session's place in the line",
		rule: "The oldest are ended by CreatedAt, then ID; Rotate keeps CreatedAt, and an ID in its grace takes no place.",
		run: func(f *fixture) {
			a := f.create("anna")
			f.clock.Advance(time.Second)
			b := f.create("anna")
			now := f.clock.Advance(time.Second)
			f.must(f.store.Touch(f.ctx, session.Seen{ID: a.ID, LastActivity: now, ExpiresAt: now.Add(idle)}), "Touch")
			next := renewed(a, now, time.Minute)
			f.must(f.store.Rotate(f.ctx, a.ID, next), "Rotate")
			c := f.record("anna")
			if evicted := f.insert(c, session.Admission{Limit: 3}); len(evicted) != 0 {
				f.Errorf("Create of the third of three evicted %d sessions", len(evicted))
			}
			f.clock.Advance(time.Second)
			d := f.record("anna")
			if evicted := f.insert(d, session.Admission{Limit: 3}); len(evicted) != 1 || evicted[0] != next.ID {
				f.Errorf("Create of the fourth of three did not evict the one that signed in first")
			}
			f.wantAbsent(a.ID, "the ID in its grace, its successor evicted")
			f.wantList(userOf("anna"), []session.Session{b, c, d}, "after the eviction")
		},
	},
	{
		name: "refuse does nothing over the limit",
		rule: "With Refuse, where there is no place nothing is done and the error is ErrLimit.",
		run: func(f *fixture) {
			rule := session.Admission{Limit: 2, Refuse: true}
			a, b := f.record("anna"), f.record("anna")
			f.insert(a, rule)
			f.insert(b, rule)
			late := f.record("anna")
			for _, store := range f.handles() {
				evicted, err := store.Create(f.ctx, late, rule)
				f.want(err, session.ErrLimit, "Create of the third of two")
				if len(evicted) != 0 {
					f.Errorf("a refused Create evicted %d sessions", len(evicted))
				}
			}
			f.wantGone(late, "a session refused")
			f.wantLive(a, "the first of two")
			f.wantLive(b, "the second of two")
			_, err := f.store.Delete(f.ctx, a.ID, session.Ending{Reason: session.ReasonLogout})
			f.must(err, "Delete")
			f.insert(late, rule)
			f.wantList(userOf("anna"), []session.Session{b, late}, "after a place came free")
		},
	},
	{
		name: "expired sessions take no place",
		rule: "Expired sessions take no place.",
		run: func(f *fixture) {
			for _, refuse := range []bool{false, true} {
				user := map[bool]string{false: "anna", true: "bert"}[refuse]
				rule := session.Admission{Limit: 2, Refuse: refuse}
				brief := f.record(user)
				brief.ExpiresAt = brief.CreatedAt.Add(time.Minute)
				f.insert(brief, rule)
				f.clock.Advance(30 * time.Second)
				stays := f.record(user)
				f.insert(stays, rule)
				f.clock.Advance(30 * time.Second) // brief ends at this instant
				s := f.record(user)
				evicted, err := f.store.Create(f.ctx, s, rule)
				f.must(err, "Create where one of two has expired")
				if len(evicted) != 0 {
					f.Errorf("Create where one of two has expired evicted %d sessions", len(evicted))
				}
				f.wantList(userOf(user), []session.Session{stays, s}, "after one expired")
			}
		},
	},
	{
		name: "the evicted are dead when create returns",
		rule: "The evicted are dead when Create returns.",
		run: func(f *fixture) {
			for range f.times(10, 3) {
				old := f.create("anna")
				f.clock.Advance(time.Microsecond)
				s := f.record("anna")
				evicted, err := f.store.Create(f.ctx, s, session.Admission{Limit: 1})
				_, got := f.other.Get(f.ctx, old.ID)
				f.must(err, "Create")
				f.want(got, session.ErrNotFound, "Get of the evicted, right after Create")
				if len(evicted) != 1 || evicted[0] != old.ID {
					f.Errorf("Create names %d evicted sessions, want the one", len(evicted))
				}
				f.wantGone(old, "the evicted")
				_, err = f.store.Delete(f.ctx, s.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "Delete")
			}
		},
	},
	{
		name: "anonymous sessions have no limit",
		rule: "An anonymous session has no limit.",
		run: func(f *fixture) {
			tag := tagOf("")
			var all []session.Session
			for i := range 6 {
				s := f.record("")
				if i%2 == 0 {
					copy(s.ID[:], tag[:]) // even where tags collide
				}
				if evicted := f.insert(s, session.Admission{Limit: 1, Refuse: i >= 4}); len(evicted) != 0 {
					f.Errorf("Create of an anonymous session evicted %d", len(evicted))
				}
				all = append(all, s)
			}
			for _, s := range all {
				f.wantLive(s, "an anonymous session")
			}
		},
	},
	{
		name: "a create that fails evicts nobody",
		rule: "After any error but ErrIndeterminate there is no session, no index entry and nobody evicted.",
		run: func(f *fixture) {
			a := f.create("anna")
			f.clock.Advance(time.Microsecond)
			b := f.create("anna")
			again := f.record("anna")
			again.ID = b.ID
			evicted, err := f.store.Create(f.ctx, again, session.Admission{Limit: 2})
			f.want(err, session.ErrConflict, "Create of an ID that is there, at the limit")
			if len(evicted) != 0 {
				f.Errorf("a failed Create evicted %d sessions", len(evicted))
			}
			f.wantLive(a, "the oldest")
			f.wantLive(b, "the newest")
			f.wantList(userOf("anna"), []session.Session{a, b}, "after a failed Create")
		},
	},
	{
		name: "of parallel creates all but the limit are reported evicted once",
		rule: "Create counts, evicts and inserts in one step.",
		run: func(f *fixture) {
			const limit = 3
			for range f.times(5, 3) {
				all := make([]session.Session, 24)
				for i := range all {
					all[i] = f.record("anna")
				}
				var mu sync.Mutex
				times := map[session.ID]int{}
				together(len(all), func(i int) {
					evicted, err := f.handles()[i%len(f.handles())].Create(f.ctx, all[i], session.Admission{Limit: limit})
					f.want(err, nil, "Create beside others")
					mu.Lock()
					defer mu.Unlock()
					for _, id := range evicted {
						times[id]++
					}
				})
				live := f.listUser(userOf("anna"))
				if len(live) != limit {
					f.Fatalf("%d live sessions after %d parallel creates under a limit of %d", len(live), len(all), limit)
				}
				for _, s := range live {
					times[s.ID]++
				}
				for _, s := range all {
					if times[s.ID] != 1 {
						f.Fatalf("a session was reported evicted or found live %d times, want once", times[s.ID])
					}
				}
				_, err := f.store.DeleteUser(f.ctx, userOf("anna"), session.Ending{Reason: session.ReasonRevoked})
				f.must(err, "DeleteUser")
			}
		},
	},
	{
		name: "of parallel creates under refuse exactly the limit succeed",
		rule: "Create counts, refuses and inserts in one step.",
		run: func(f *fixture) {
			const limit = 3
			for range f.times(5, 3) {
				var admitted atomic.Int32
				together(24, func(i int) {
					switch _, err := f.handles()[i%len(f.handles())].Create(f.ctx, f.record("anna"), session.Admission{Limit: limit, Refuse: true}); {
					case err == nil:
						admitted.Add(1)
					default:
						f.want(err, session.ErrLimit, "Create beside others")
					}
				})
				if n := admitted.Load(); n != limit {
					f.Fatalf("%d of 24 parallel creates were admitted under a limit of %d", n, limit)
				}
				f.wantListLen(userOf("anna"), limit)
				_, err := f.store.DeleteUser(f.ctx, userOf("anna"), session.Ending{Reason: session.ReasonRevoked})
				f.must(err, "DeleteUser")
			}
		},
	},
	{
		name: "a thousand parallel logins never pass the limit",
		rule: "A user's live sessions never exceed the limit, at any moment, under 1,000 parallel logins from two processes; the evicted are dead before the new token is handed out.",
		run:  thousandLogins,
	},
}

// thousandLogins signs one user in many times at once through two managers, while
// an observer lists.
func thousandLogins(f *fixture) {
	if !f.traits.ExactLimit {
		f.Skip("Traits do not say ExactLimit")
	}
	const limit = 5
	logins := f.times(1000, 100)
	managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
	user := managers[0].User("anna")

	tokens := make([]session.Token, logins)
	stop, stopped := make(chan struct{}), make(chan struct{})
	looks, most := 0, 0
	go func() {
		defer close(stopped)
		for {
			page, err := f.other.List(f.ctx, session.Query{User: user, Limit: session.MaxPage})
			f.want(err, nil, "List during the logins")
			looks, most = looks+1, max(most, len(page.Sessions))
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	together(logins, func(i int) {
		token, _, err := managers[i%2].Create(f.ctx, session.NewSession{UserID: "anna"})
		f.want(err, nil, "login %d", i)
		tokens[i] = token
	})
	close(stop)
	<-stopped
	if most > limit {
		f.Errorf("an observer saw %d live sessions at one moment, want at most %d", most, limit)
	}
	valid := 0
	for i, token := range tokens {
		if _, err := managers[i%2].Validate(f.ctx, token); err == nil {
			valid++
		} else {
			f.want(err, session.ErrNotFound, "Validate after the logins")
		}
	}
	if valid != limit {
		f.Errorf("%d of %d tokens are valid after the logins, want %d", valid, logins, limit)
	}
	f.wantListLen(user, limit)
	f.Logf("an observer looked %d times and saw at most %d", looks, most)
}
