// The manager's rules on top of the store: rotation, CSRF tokens, events, and how
// many store calls a request costs.

package sessiontest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var shopCart = session.NewKey[[]string]("shop.cart")

var managerChecks = []check{
	{
		name: "a login carries the metadata over and kills the old token",
		rule: "Elevate at login: the old token is dead before the new one is returned, and metadata is carried over, exactly once.",
		run: func(f *fixture) {
			m, other := f.manager(f.store), f.manager(f.other)
			var md session.Metadata
			f.must(shopCart.Set(&md, []string{"apple"}), "Set")
			old, s, err := m.Create(f.ctx, session.NewSession{UserAgent: "ua", Metadata: md})
			f.must(err, "Create")
			f.clock.Advance(time.Minute)
			token, signedIn, err := other.Elevate(f.ctx, old, "anna")
			f.must(err, "Elevate")
			_, err = m.Validate(f.ctx, old)
			f.want(err, session.ErrNotFound, "Validate of the token from before the login")
			_, _, err = m.Elevate(f.ctx, old, "anna")
			f.want(err, session.ErrNotFound, "a second Elevate of the same token")
			got, err := m.Validate(f.ctx, token)
			f.must(err, "Validate")
			cart, _, err := shopCart.Get(got.Metadata)
			if err != nil || !slices.Equal(cart, []string{"apple"}) || got.UserID != "anna" || got.UserAgent != "ua" {
				f.Errorf("after the login the session is %+v", got)
			}
			if got.Lineage == s.Lineage || got.ID.Tag() != m.User("anna").Tag || !got.CreatedAt.Equal(signedIn.CreatedAt) {
				f.Errorf("after the login lineage, tag or CreatedAt are not the new session's")
			}
			f.wantListLen(m.User("anna"), 1)
		},
	},
	{
		name: "a login obeys the limit",
		rule: "Where the user changes, the old session ends first and a new one is made under the limit.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.MaxPerUser = 2 })
			strict := f.manager(f.other, func(c *session.Config) { c.MaxPerUser, c.RefuseOverLimit = 2, true })
			for range 3 {
				f.clock.Advance(time.Second)
				anonymous, _, err := m.Create(f.ctx, session.NewSession{})
				f.must(err, "Create")
				_, _, err = m.Elevate(f.ctx, anonymous, "anna")
				f.must(err, "Elevate")
			}
			f.wantListLen(m.User("anna"), 2)
			anonymous, _, err := strict.Create(f.ctx, session.NewSession{})
			f.must(err, "Create")
			_, _, err = strict.Elevate(f.ctx, anonymous, "anna")
			f.want(err, session.ErrLimit, "Elevate over the limit, with RefuseOverLimit")
			f.wantListLen(m.User("anna"), 2)
		},
	},
	{
		name: "of parallel logins with one token exactly one succeeds",
		rule: "Of many callers of Elevate with one token one succeeds; the others get ErrNotFound.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			for _, user := range []string{"", "anna"} { // the user changes, or stays
				old, _, err := managers[0].Create(f.ctx, session.NewSession{UserID: user})
				f.must(err, "Create")
				var won atomic.Int32
				together(8, func(i int) {
					switch _, _, err := managers[i%2].Elevate(f.ctx, old, "anna"); {
					case err == nil:
						won.Add(1)
					default:
						f.want(err, session.ErrNotFound, "Elevate beside others")
					}
				})
				if n := won.Load(); n != 1 {
					f.Errorf("%d of 8 parallel logins with one token succeeded, want exactly 1", n)
				}
				f.wantListLen(managers[0].User("anna"), 1)
				_, err = managers[0].RevokeUser(f.ctx, "anna", revoked)
				f.must(err, "RevokeUser")
			}
		},
	},
	{
		name: "a renewal beside a request in flight loses neither",
		rule: "Renew: requests already on their way with the old token land for RenewGrace.",
		run: func(f *fixture) {
			for _, fl := range []flight{
				{name: "a validation about to touch", method: "Touch", when: Before, begin: validate},
				{name: "an update about to write", method: "Update", when: Before, begin: update},
			} {
				rules := func(c *session.Config) { c.RenewEvery, c.RenewGrace = 10*time.Minute, grace }
				gate := NewGate(f.store)
				slow, fast := f.manager(gate, rules), f.manager(f.other, rules)
				token, s, err := slow.Create(f.ctx, session.NewSession{UserID: "anna"})
				f.must(err, "Create")
				f.clock.Advance(5 * time.Minute) // a validation touches
				finished := make(chan struct{})
				held := gate.Hold(fl.method, fl.when)
				var flown error
				go func() {
					defer close(finished)
					_, flown = fl.begin(f.ctx, slow, token, s.ID)
				}()
				held.Await(f.TB, finished)
				next, _, err := fast.Renew(f.ctx, token)
				held.Release()
				<-finished
				f.must(err, "%s: the renewal", fl.name)
				f.must(flown, "%s: the request in flight", fl.name)
				found, err := fast.Validate(f.ctx, next)
				f.must(err, "%s: Validate of the successor", fl.name)
				if fl.method == "Update" && found.Metadata == (session.Metadata{}) {
					f.Errorf("%s: what it wrote is lost", fl.name)
				}
			}
		},
	},
	{
		name: "a renewal keeps forms and requests on their way alive",
		rule: "Renew: forms that are open still post (the lineage stays), and requests on their way with the old token land for RenewGrace.",
		run: func(f *fixture) {
			rules := func(c *session.Config) { c.RenewEvery, c.RenewGrace = 10*time.Minute, grace }
			m, other := f.manager(f.store, rules), f.manager(f.other, rules)
			old, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			form := m.CSRFToken(s.Lineage)
			f.clock.Advance(10*time.Minute - time.Microsecond)
			if m.RenewDue(s) {
				f.Errorf("RenewDue 1 µs before RenewEvery has passed")
			}
			f.clock.Advance(time.Microsecond)
			if !m.RenewDue(s) {
				f.Errorf("RenewDue says no where RenewEvery has passed")
			}
			renewals := make([]session.Token, 6)
			var won atomic.Int32
			together(len(renewals), func(i int) {
				token, _, err := []*session.Manager{m, other}[i%2].Renew(f.ctx, old)
				if err == nil {
					won.Add(1)
					renewals[i] = token
				} else {
					f.want(err, session.ErrConflict, "Renew beside others")
				}
			})
			if n := won.Load(); n != 1 {
				f.Fatalf("%d of 6 parallel renewals succeeded, want exactly 1", n)
			}
			token := renewals[slices.IndexFunc(renewals, func(t session.Token) bool { return !t.IsZero() })]
			for _, t := range []session.Token{old, token} {
				got, err := other.Validate(f.ctx, t)
				f.must(err, "Validate within the grace")
				f.want(other.CheckCSRF(got.Lineage, form), nil, "CheckCSRF of a form from before the renewal")
				if m.RenewDue(got) {
					f.Errorf("RenewDue right after a renewal")
				}
			}
			f.clock.Advance(grace)
			_, err = m.Validate(f.ctx, old)
			f.want(err, session.ErrNotFound, "Validate of the old token after the grace")
			_, err = m.Validate(f.ctx, token)
			f.want(err, nil, "Validate of the new token after the grace")
		},
	},
	{
		name: "a logout with the old token in its grace ends the session",
		rule: "A revocation kills both tokens.",
		run: func(f *fixture) {
			m, other := f.manager(f.store), f.manager(f.other)
			for i := range 2 {
				old, _, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
				f.must(err, "Create")
				token, _, err := m.Renew(f.ctx, old)
				f.must(err, "Renew")
				f.must(other.Logout(f.ctx, []session.Token{old, token}[i]), "Logout")
				for _, t := range []session.Token{old, token} {
					_, err = m.Validate(f.ctx, t)
					f.want(err, session.ErrNotFound, "Validate after Logout")
				}
			}
		},
	},
	{
		name: "CSRF tokens follow the lineage",
		rule: "A CSRF token holds until the session ends or Elevate changes what it may do; each call gives a new text; another session's is refused.",
		run: func(f *fixture) {
			m, other := f.manager(f.store), f.manager(f.other)
			token, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			_, stranger, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			form := m.CSRFToken(s.Lineage)
			if form == m.CSRFToken(s.Lineage) {
				f.Errorf("two CSRF tokens of one session are the same text")
			}
			read, err := other.Validate(f.ctx, token)
			f.must(err, "Validate")
			f.want(other.CheckCSRF(read.Lineage, form), nil, "CheckCSRF on another node")
			f.want(other.CheckCSRF(stranger.Lineage, form), session.ErrCSRF, "CheckCSRF with another session's token")
			renewed, _, err := m.Renew(f.ctx, token)
			f.must(err, "Renew")
			read, err = other.Validate(f.ctx, renewed)
			f.must(err, "Validate")
			f.want(other.CheckCSRF(read.Lineage, form), nil, "CheckCSRF after a renewal")
			rotated, _, err := m.Elevate(f.ctx, renewed, "anna")
			f.must(err, "Elevate")
			read, err = other.Validate(f.ctx, rotated)
			f.must(err, "Validate")
			f.want(other.CheckCSRF(read.Lineage, form), session.ErrCSRF, "CheckCSRF after a rotation")
			f.want(other.CheckCSRF(read.Lineage, other.CSRFToken(read.Lineage)), nil, "CheckCSRF of a new token")
		},
	},
	{
		name: "everything that happens is an event, with the right ending",
		rule: "OnEvent is called for everything that happens to sessions, before the method that caused it returns.",
		run:  events,
	},
	{
		name: "between touches a validation is one call, with a touch two",
		rule: "Touch is throttled: between touches a validated request is one read. A revocation and a login are one call each.",
		run: func(f *fixture) {
			gate := NewGate(f.store)
			m := f.manager(gate, func(c *session.Config) { c.TouchInterval = time.Minute })
			calls := func(want int, what string, do func()) {
				f.Helper()
				before := gate.Calls()
				do()
				if n := gate.Calls() - before; n != want {
					f.Errorf("%s cost %d store calls, want %d", what, n, want)
				}
			}
			var token session.Token
			var s session.Session
			var err error
			calls(1, "Create", func() { token, s, err = m.Create(f.ctx, session.NewSession{UserID: "anna"}) })
			f.must(err, "Create")
			f.clock.Advance(time.Minute - time.Microsecond)
			calls(1, "Validate before TouchInterval has passed", func() { _, err = m.Validate(f.ctx, token) })
			f.must(err, "Validate")
			f.wantLive(s, "a session not touched yet")
			now := f.clock.Advance(time.Microsecond)
			calls(2, "Validate after TouchInterval", func() { s, err = m.Validate(f.ctx, token) })
			f.must(err, "Validate")
			if !s.LastActivity.Equal(now) || !s.ExpiresAt.Equal(now.Add(30*time.Minute)) {
				f.Errorf("after a touch LastActivity is %s and ExpiresAt %s, want %s and 30m later", s.LastActivity, s.ExpiresAt, now)
			}
			f.wantLive(s, "a session touched")
			calls(1, "Validate right after a touch", func() { _, err = m.Validate(f.ctx, token) })
			f.must(err, "Validate")
			calls(1, "Revoke", func() { err = m.Revoke(f.ctx, s.ID, revoked) })
			f.must(err, "Revoke")
			calls(1, "Validate of a dead token", func() { _, err = m.Validate(f.ctx, token) })
			f.want(err, session.ErrNotFound, "Validate of a dead token")
		},
	},
	{
		name: "flash messages are taken exactly once",
		rule: "TakeFlashes inside Manager.Update: each message is taken exactly once.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			_, s, err := managers[0].Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			together(6, func(i int) {
				_, err := managers[i%2].Update(f.ctx, s.ID, func(md *session.Metadata) error {
					return session.AddFlash(md, session.Flash{Kind: "notice", Text: string(rune('a' + i))})
				})
				f.want(err, nil, "Update that adds a message")
			})
			var mu sync.Mutex
			taken := map[string]int{}
			together(6, func(i int) {
				var got []session.Flash
				_, err := managers[i%2].Update(f.ctx, s.ID, func(md *session.Metadata) error {
					var err error
					got, err = session.TakeFlashes(md)
					return err
				})
				f.want(err, nil, "Update that takes the messages")
				mu.Lock()
				defer mu.Unlock()
				for _, flash := range got {
					taken[flash.Text]++
				}
			})
			for i := range 6 {
				if text := string(rune('a' + i)); taken[text] != 1 {
					f.Errorf("the message %q was taken %d times, want once", text, taken[text])
				}
			}
		},
	},
}

// events walks through a session's lives and compares what OnEvent heard.
func events(f *fixture) {
	var mu sync.Mutex
	var heard []session.Event
	rules := func(c *session.Config) {
		c.MaxPerUser = 2
		c.OnEvent = func(_ context.Context, e session.Event) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, e)
		}
	}
	m, quiet := f.manager(f.store, rules), f.manager(f.other)
	expect := func(what string, want ...session.Event) {
		f.Helper()
		mu.Lock()
		defer mu.Unlock()
		for i := range want {
			if want[i].Time.IsZero() {
				want[i].Time = f.clock.Now()
			}
		}
		if !slices.Equal(heard, want) {
			f.Errorf("%s: heard %+v, want %+v", what, heard, want)
		}
		heard = nil
	}
	created := func(s session.Session) session.Event {
		return session.Event{Kind: session.EventCreated, UserID: s.UserID, ID: s.ID, IP: s.IP}
	}
	ended := func(s session.Session, why session.Ending, n int) session.Event {
		return session.Event{Kind: session.EventEnded, UserID: s.UserID, ID: s.ID, Ending: why, Count: n}
	}
	create := func() (session.Token, session.Session) {
		f.Helper()
		f.clock.Advance(time.Second)
		token, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
		f.must(err, "Create")
		return token, s
	}
	_, a := create()
	expect("a login", created(a))
	tokenB, b := create()
	expect("a second login", created(b))
	_, c := create()
	expect("a login over the limit", ended(a, session.Ending{Reason: session.ReasonLimitReached}, 0), created(c))
	tokenB, b2, err := m.Elevate(f.ctx, tokenB, "anna")
	f.must(err, "Elevate")
	expect("a rotation", session.Event{Kind: session.EventElevated, UserID: "anna", ID: b2.ID})
	f.must(m.Logout(f.ctx, tokenB), "Logout")
	expect("a logout", ended(b2, session.Ending{Reason: session.ReasonLogout}, 1))
	f.must(m.Logout(f.ctx, tokenB), "Logout again")
	f.must(m.Revoke(f.ctx, a.ID, revoked), "Revoke of what ended")
	expect("endings of what had ended")
	f.must(m.Revoke(f.ctx, c.ID, revoked), "Revoke")
	expect("a revocation", ended(c, revoked, 1))
	_, d := create()
	_, e := create()
	expect("two logins", session.Event{Kind: session.EventCreated, UserID: "anna", ID: d.ID, Time: d.CreatedAt}, created(e))
	why := session.Ending{Reason: session.ReasonPasswordChanged}
	n, err := m.RevokeUser(f.ctx, "anna", why, e.ID)
	f.must(err, "RevokeUser")
	if n != 1 {
		f.Errorf("RevokeUser ended %d, want 1", n)
	}
	expect("a revocation of the user", session.Event{Kind: session.EventEnded, UserID: "anna", Ending: why, Count: 1})
	n, err = m.RevokeUser(f.ctx, "anna", why, e.ID)
	if err != nil || n != 0 {
		f.Errorf("RevokeUser of nothing: %d, %v", n, err)
	}
	expect("a revocation that ended nothing")
	if _, err := quiet.RevokeUser(f.ctx, "", why); !errors.Is(err, session.ErrMalformed) {
		f.Errorf("RevokeUser of nobody: %v, want ErrMalformed", err)
	}
}
