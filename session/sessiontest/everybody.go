// Endings that were asked for: everybody's in one call, and those whose client has
// gone away.

package sessiontest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var everybodyChecks = []check{
	{
		name: "everybody's sessions end in one call",
		rule: "RevokeAll ends all sessions, also the anonymous ones, but those in keep, and returns how many; sessions that are made after that live on. Where Traits do not say ListAll it is ErrUnsupported.",
		run: func(f *fixture) {
			var heard int
			var mu sync.Mutex
			m := f.manager(f.store, func(c *session.Config) {
				c.MaxPerUser = session.Unlimited
				c.OnEvent = func(_ context.Context, e session.Event) {
					mu.Lock()
					defer mu.Unlock()
					if e.Kind == session.EventEnded && e.Ending == revoked {
						heard += e.Count
					}
				}
			})
			var tokens []session.Token
			make := func(user string) (session.Token, session.Session) {
				f.Helper()
				token, s, err := m.Create(f.ctx, session.NewSession{UserID: user})
				f.must(err, "Create")
				return token, s
			}
			mine, kept := make("root")
			many := f.times(session.MaxPage+10, 40)
			if !f.traits.ListAll {
				many = 3
			}
			for i := range many {
				if i%7 == 0 {
					f.clock.Advance(time.Second) // else many are of one moment
				}
				token, _ := make([]string{"anna", "bert", ""}[i%3])
				tokens = append(tokens, token)
			}
			f.clock.Advance(time.Second)
			renewed, _, err := m.Renew(f.ctx, tokens[0])
			f.must(err, "Renew")
			n, err := m.RevokeAll(f.ctx, revoked, kept.ID)
			if !f.traits.ListAll {
				f.want(err, session.ErrUnsupported, "RevokeAll, where Traits do not say ListAll")
				_, err = m.Validate(f.ctx, tokens[1])
				f.want(err, nil, "Validate after a RevokeAll that did nothing")
				return
			}
			f.must(err, "RevokeAll")
			if n != len(tokens) || heard != n {
				f.Errorf("RevokeAll ended %d sessions, events tell of %d, want %d", n, heard, len(tokens))
			}
			for _, token := range append(tokens, renewed) {
				_, err := m.Validate(f.ctx, token)
				f.want(err, session.ErrNotFound, "Validate after RevokeAll")
			}
			_, err = m.Validate(f.ctx, mine)
			f.want(err, nil, "Validate of the session kept")
			after, _ := make("anna") // at the same instant of the clock
			n, err = f.manager(f.other).RevokeAll(f.ctx, revoked, kept.ID, after.ID())
			if err != nil || n != 0 {
				f.Errorf("RevokeAll of nothing: %d, %v", n, err)
			}
			_, err = m.Validate(f.ctx, after)
			f.want(err, nil, "Validate of a session made after RevokeAll")
		},
	},
	{
		name: "no session slips through while everybody's end",
		rule: "RevokeAll: every session that was there when the call began has ended, under whatever ID, when it returns nil.",
		run: func(f *fixture) {
			if !f.traits.ListAll {
				f.Skip("Traits do not say ListAll")
			}
			for _, change := range []struct {
				name string
				do   func(m *session.Manager, t session.Token) (session.Token, session.Session, error)
			}{
				{"renewed", func(m *session.Manager, t session.Token) (session.Token, session.Session, error) {
					return m.Renew(f.ctx, t)
				}},
				{"elevated", func(m *session.Manager, t session.Token) (session.Token, session.Session, error) {
					return m.Elevate(f.ctx, t, "anna")
				}},
			} {
				gate := NewGate(f.store)
				slow, fast := f.manager(gate), f.manager(f.other)
				var tokens []session.Token
				for range 4 {
					token, _, err := fast.Create(f.ctx, session.NewSession{UserID: "anna"})
					f.must(err, "Create")
					tokens = append(tokens, token)
					f.clock.Advance(time.Second)
				}
				finished := make(chan struct{})
				held := gate.Hold("List", After)
				var ended error
				go func() {
					defer close(finished)
					_, ended = slow.RevokeAll(f.ctx, revoked)
				}()
				held.Await(f.TB, finished)
				for _, token := range tokens[:3] { // the page that was read has them under other IDs
					next, _, err := change.do(fast, token)
					f.must(err, "a session %s meanwhile", change.name)
					tokens = append(tokens, next)
				}
				held.Release()
				<-finished
				f.must(ended, "RevokeAll")
				for _, token := range tokens {
					_, err := fast.Validate(f.ctx, token)
					f.want(err, session.ErrNotFound, "Validate, after RevokeAll, of a session %s meanwhile", change.name)
				}
				f.wantListLen(fast.User("anna"), 0)
			}
		},
	},
	{
		name: "an ending that was asked for happens though the client goes away",
		rule: "What ends sessions goes on if ctx is canceled, because a client that has gone away has not taken back what it asked for.",
		run: func(f *fixture) {
			for _, e := range append(endingsOf(f), struct {
				name string
				end  func(context.Context, *session.Manager, session.Token, session.ID) error
			}{"a rotation", func(ctx context.Context, m *session.Manager, t session.Token, _ session.ID) error {
				_, _, err := m.Elevate(ctx, t, "anna")
				return err
			}}) {
				for _, method := range []string{"", "Get", "Delete", "DeleteUser", "Rotate", "List"} { // "": gone before it began
					gate := NewGate(f.store)
					m, other := f.manager(gate), f.manager(f.other)
					token, s, err := other.Create(f.ctx, session.NewSession{UserID: "anna"})
					f.must(err, "Create")
					ctx, leave := context.WithCancel(f.ctx)
					finished := make(chan struct{})
					var held *Held
					if method == "" {
						leave()
					} else {
						held = gate.Hold(method, Before)
					}
					var ended error
					go func() {
						defer close(finished)
						ended = e.end(ctx, m, token, s.ID)
					}()
					if held != nil {
						select {
						case <-held.reached:
							leave()
							held.Release()
						case <-finished: // without this call
						}
					}
					<-finished
					leave()
					what := e.name + " whose client left at " + method
					f.want(ended, nil, "%s", what)
					_, err = other.Validate(f.ctx, token)
					f.want(err, session.ErrNotFound, "Validate after %s", what)
					_, err = other.RevokeUser(f.ctx, "anna", revoked)
					f.must(err, "RevokeUser")
				}
			}
		},
	},
	{
		name: "everybody's sessions end with the receipt of the store",
		rule: "RevokeAll: a PartialError is the receipt of Logout.",
		run: func(f *fixture) {
			if !f.traits.ListAll {
				f.Skip("Traits do not say ListAll")
			}
			m := f.manager(partial{f.store})
			_, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			n, err := m.RevokeAll(f.ctx, revoked)
			f.want(err, session.ErrPartial, "RevokeAll")
			if n != 1 || errors.Is(err, session.ErrUnavailable) {
				f.Errorf("RevokeAll ended %d, want 1: %v", n, err)
			}
			f.wantGone(s, "after RevokeAll")
		},
	},
}

// endingsOf are the ways to end a session, everybody's included where the store can
// list.
func endingsOf(f *fixture) []struct {
	name string
	end  func(context.Context, *session.Manager, session.Token, session.ID) error
} {
	type way = struct {
		name string
		end  func(context.Context, *session.Manager, session.Token, session.ID) error
	}
	var all []way
	for _, e := range endings {
		all = append(all, way{e.name, e.end})
	}
	if f.traits.ListAll {
		all = append(all, way{"a revocation of all", func(ctx context.Context, m *session.Manager, _ session.Token, _ session.ID) error {
			_, err := m.RevokeAll(ctx, revoked)
			return err
		}})
	}
	return all
}
