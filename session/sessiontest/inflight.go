// Revocation against requests in flight: a request that began before the session
// ended must not bring it back.

package sessiontest

import (
	"context"
	"errors"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// flight is a request that is held at one call while the session ends.
type flight struct {
	name   string
	method string
	when   Moment
	begin  func(ctx context.Context, m *session.Manager, t session.Token, id session.ID) (session.Token, error)

	// graceless means that a successor made before the end lives on if only the
	// old ID is revoked: it is another session's ID by then.
	graceless bool
}

func validate(ctx context.Context, m *session.Manager, t session.Token, _ session.ID) (session.Token, error) {
	_, err := m.Validate(ctx, t)
	return t, err
}

func update(ctx context.Context, m *session.Manager, t session.Token, id session.ID) (session.Token, error) {
	_, err := m.Update(ctx, id, func(md *session.Metadata) error { return session.NewKey[int]("late").Set(md, 1) })
	return t, err
}

func renew(ctx context.Context, m *session.Manager, t session.Token, _ session.ID) (session.Token, error) {
	next, _, err := m.Renew(ctx, t)
	return next, err
}

func rotate(ctx context.Context, m *session.Manager, t session.Token, _ session.ID) (session.Token, error) {
	next, _, err := m.Elevate(ctx, t, "anna")
	return next, err
}

var flights = []flight{
	{name: "a validation that has read", method: "Get", when: After, begin: validate},
	{name: "a validation about to touch", method: "Touch", when: Before, begin: validate},
	{name: "a validation that has touched", method: "Touch", when: After, begin: validate},
	{name: "an update that has read", method: "Get", when: After, begin: update},
	{name: "an update about to write", method: "Update", when: Before, begin: update},
	{name: "an update that has written", method: "Update", when: After, begin: update},
	{name: "a renewal that has read", method: "Get", when: After, begin: renew},
	{name: "a renewal about to write", method: "Rotate", when: Before, begin: renew},
	{name: "a renewal that has written", method: "Rotate", when: After, begin: renew},
	{name: "a rotation that has read", method: "Get", when: After, begin: rotate},
	{name: "a rotation about to write", method: "Rotate", when: Before, begin: rotate},
	{name: "a rotation that has written", method: "Rotate", when: After, begin: rotate, graceless: true},
}

// endings are the ways to end a session from another node.
var endings = []struct {
	name string
	end  func(ctx context.Context, m *session.Manager, t session.Token, id session.ID) error
	one  bool // ends the session of that ID, not all of the user's
}{
	{"a logout", func(ctx context.Context, m *session.Manager, t session.Token, _ session.ID) error {
		return m.Logout(ctx, t)
	}, true},
	{"a revocation", func(ctx context.Context, m *session.Manager, _ session.Token, id session.ID) error {
		return m.Revoke(ctx, id, revoked)
	}, true},
	{"a revocation of the user", func(ctx context.Context, m *session.Manager, _ session.Token, _ session.ID) error {
		_, err := m.RevokeUser(ctx, "anna", revoked)
		return err
	}, false},
}

var inflightChecks = flightChecks()

func flightChecks() []check {
	var all []check
	for _, fl := range flights {
		all = append(all, check{
			name: fl.name + " does not bring the session back",
			rule: "After Revoke returns nil, no Validate begun later, on any node, answers valid. Touch, Update and Rotate of an absent session return ErrNotFound: what ended stays ended.",
			run:  fl.run,
		})
	}
	return append(all, besideChecks...)
}

func (fl flight) run(f *fixture) {
	for _, e := range endings {
		if e.one && fl.graceless {
			continue
		}
		what := e.name + " during " + fl.name
		gate := NewGate(f.store)
		slow, fast := f.manager(gate), f.manager(f.other)
		token, s, err := slow.Create(f.ctx, session.NewSession{UserID: "anna"})
		f.must(err, "Create")
		f.clock.Advance(5 * time.Minute) // a validation touches

		var got struct {
			token session.Token
			err   error
		}
		finished := make(chan struct{})
		held := gate.Hold(fl.method, fl.when)
		go func() {
			defer close(finished)
			got.token, got.err = fl.begin(f.ctx, slow, token, s.ID)
		}()
		held.Await(f.TB, finished)
		ended := e.end(f.ctx, fast, token, s.ID)
		held.Release()
		<-finished
		f.want(ended, nil, "%s: the ending itself", what)
		if fl.when == Before || fl.method == "Get" {
			f.want(got.err, session.ErrNotFound, "%s: the request in flight", what)
		}
		for _, m := range []*session.Manager{slow, fast} {
			for _, t := range []session.Token{token, got.token} {
				_, err = m.Validate(f.ctx, t)
				f.want(err, session.ErrNotFound, "%s: Validate begun later", what)
			}
		}
		f.wantGone(s, what)
		live, err := listAll(f.ctx, f.other, session.Query{User: fast.User("anna")})
		f.must(err, "List")
		if len(live) != 0 {
			f.Errorf("%s: the user's list still has %d sessions", what, len(live))
		}
	}
}

// besideChecks race store calls with each other, all released at one moment.
var besideChecks = []check{
	beside("touches", func(f *fixture, store session.Store, s session.Session, _ session.Session) error {
		return store.Touch(f.ctx, session.Seen{ID: s.ID, LastActivity: s.LastActivity.Add(time.Second), ExpiresAt: s.ExpiresAt.Add(time.Second)})
	}),
	beside("batches of touches", func(f *fixture, store session.Store, s session.Session, _ session.Session) error {
		absent, err := store.TouchAll(f.ctx, []session.Seen{{ID: s.ID, LastActivity: s.LastActivity.Add(time.Second), ExpiresAt: s.ExpiresAt.Add(time.Second)}})
		if err == nil && len(absent) == 1 {
			return session.ErrNotFound
		}
		return err
	}),
	beside("updates", func(f *fixture, store session.Store, s session.Session, _ session.Session) error {
		return store.Update(f.ctx, s.ID, s.Version, session.StoredMetadata(`{"late":1}`))
	}),
	beside("renewals", func(f *fixture, store session.Store, s session.Session, next session.Session) error {
		return store.Rotate(f.ctx, s.ID, next)
	}),
}

// beside makes the check that a session stays dead that ended while calls of one
// kind were on their way.
func beside(calls string, call func(f *fixture, store session.Store, s, next session.Session) error) check {
	return check{
		name: calls + " at the moment of an ending do not bring the session back",
		rule: "Nothing is ever inserted except by Create, Rotate and Restore: what ended stays ended.",
		run: func(f *fixture) {
			for round := range f.times(40, 12) {
				s := f.create("anna")
				nexts := []session.Session{renewed(s, f.clock.Now(), grace), renewed(s, f.clock.Now(), grace), renewed(s, f.clock.Now(), grace)}
				together(len(nexts)+1, func(i int) {
					store := f.handles()[i%len(f.handles())]
					if i < len(nexts) {
						err := call(f, store, s, nexts[i])
						if err != nil && !errors.Is(err, session.ErrNotFound) {
							f.want(err, session.ErrConflict, "one of the %s", calls)
						}
						return
					}
					if round%2 == 0 {
						_, err := store.Delete(f.ctx, s.ID, revoked)
						f.want(err, nil, "Delete beside %s", calls)
					} else {
						n, err := store.DeleteUser(f.ctx, userOf("anna"), revoked)
						f.want(err, nil, "DeleteUser beside %s", calls)
						if n != 1 {
							f.Errorf("DeleteUser beside %s ended %d sessions, want 1", calls, n)
						}
					}
				})
				f.wantGone(s, "a session that ended beside "+calls)
				for _, next := range nexts {
					f.wantAbsent(next.ID, "a successor of a session that ended")
				}
				f.wantListLen(userOf("anna"), 0)
			}
		},
	}
}
