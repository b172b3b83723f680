// Faults: contexts that have ended, and records that cannot be read.

package sessiontest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// promptly is how long a call may take whose context has ended before it began.
// The contract says 50 ms; a test machine may be busy.
const promptly = time.Second

var faultChecks = []check{
	{
		name: "a call whose context has ended is unavailable, never an answer",
		rule: "A method that cannot reach its server returns an error that matches ErrUnavailable; no error ever becomes valid, and none becomes invalid. After any error but ErrIndeterminate nothing was done.",
		run: func(f *fixture) {
			cancelled, cancel := context.WithCancel(f.ctx)
			cancel()
			expired, cancel := context.WithDeadline(f.ctx, time.Now().Add(-time.Hour))
			defer cancel()
			f.endedContext(cancelled, "cancelled")
			f.endedContext(expired, "past its deadline")
		},
	},
	{
		name: "a manager whose context has ended says unavailable",
		rule: "Every question has one of three answers: valid, invalid or unavailable. An error never becomes valid, and unavailable never becomes invalid.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			token, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			ctx, cancel := context.WithCancel(f.ctx)
			cancel()
			for range f.times(100, 20) {
				if _, err := m.Validate(ctx, token); err != nil || !f.mayAnswer() {
					f.wantUnavailable(err, "Validate, context cancelled")
				}
			}
			_, err = m.Validate(f.ctx, token)
			f.want(err, nil, "Validate after many that were cancelled")
			f.wantLive(s, "the session after many cancelled validations")
		},
	},
	{
		name:   "a record that cannot be decoded ends that one session",
		rule:   "A record that cannot be decoded ends that one session, with a logged warning; it never breaks a list and never ends another.",
		run:    undecodable,
		spoils: true,
	},
	{
		name:   "a record of a newer format is unavailable and left alone",
		rule:   "A record of a newer format is ErrUnavailable and is left alone.",
		run:    newerFormat,
		spoils: true,
	},
}

// mayAnswer reports whether the store may answer without asking anybody.
func (f *fixture) mayAnswer() bool { return f.traits.Local || f.traits.MaxStale > 0 }

// wantUnavailable fails the check unless err says that nobody knows.
func (f *fixture) wantUnavailable(err error, what string, args ...any) {
	f.Helper()
	if errors.Is(err, context.Canceled) && !errors.Is(err, session.ErrNotFound) {
		return // the caller went away by itself
	}
	f.want(err, session.ErrUnavailable, what, args...)
	if errors.Is(err, session.ErrNotFound) {
		f.Errorf(what+": the error matches ErrNotFound too", args...)
	}
}

// endedContext calls every method with a context that has ended. done says
// whether the call did its work, by looking with a context that has not.
func (f *fixture) endedContext(ctx context.Context, how string) {
	f.Helper()
	now := f.clock.Advance(time.Minute)
	live := func(id session.ID) bool { _, err := f.other.Get(f.ctx, id); return err == nil }
	s := func() session.Session { return f.create("anna") }
	made, touched, updated, rotated, deleted := f.record("anna"), s(), s(), s(), s()
	restored, next := f.record("anna"), renewed(rotated, now, grace)
	later := session.Seen{ID: touched.ID, LastActivity: now.Add(time.Second), ExpiresAt: now.Add(idle + time.Second)}
	field := func(id session.ID) session.Session { s, _ := f.other.Get(f.ctx, id); return s }
	for _, call := range []struct {
		method string
		call   func() error
		done   func() bool // nil for a method that only reads
	}{
		{"Create", func() error { _, err := f.store.Create(ctx, made, session.Admission{Limit: 100}); return err }, func() bool { return live(made.ID) }},
		{"Get", func() error {
			got, err := f.store.Get(ctx, touched.ID)
			if err == nil && got.ID != touched.ID || err != nil && got != (session.Session{}) {
				f.Errorf("Get, context %s, returned a session beside the error %v", how, err)
			}
			return err
		}, nil},
		{"Touch", func() error { return f.store.Touch(ctx, later) }, func() bool { return field(touched.ID).LastActivity.Equal(later.LastActivity) }},
		{"TouchAll", func() error {
			later := later
			later.LastActivity = later.LastActivity.Add(time.Second)
			_, err := f.store.TouchAll(ctx, []session.Seen{later})
			return err
		}, func() bool { return field(touched.ID).LastActivity.Equal(later.LastActivity.Add(time.Second)) }},
		{"Update", func() error { return f.store.Update(ctx, updated.ID, 1, session.Metadata{}) }, func() bool { return field(updated.ID).Version == 2 }},
		{"Rotate", func() error { return f.store.Rotate(ctx, rotated.ID, next) }, func() bool { return live(next.ID) }},
		{"Restore", func() error { return f.store.Restore(ctx, restored) }, func() bool { return live(restored.ID) }},
		{"Delete", func() error { _, err := f.store.Delete(ctx, deleted.ID, revoked); return err }, func() bool { return !live(deleted.ID) }},
		{"List", func() error { _, err := f.store.List(ctx, session.Query{User: userOf("anna")}); return err }, nil},
		{"Sweep", func() error { _, err := f.store.Sweep(ctx, 10); return err }, nil},
		{"Count", func() error {
			_, err := f.store.Count(ctx, "k"+how, session.CountRule{Limit: 1, Window: window})
			return err
		}, func() bool {
			wait, err := f.other.Count(f.ctx, "k"+how, session.CountRule{Limit: 1, Window: window})
			return err == nil && wait > 0
		}},
		{"Counted", func() error { _, err := f.store.Counted(ctx, "k"+how, window); return err }, nil},
		{"Uncount", func() error { return f.store.Uncount(ctx, "k"+how, 1) }, func() bool {
			wait, err := f.other.Count(f.ctx, "k"+how, session.CountRule{Limit: 1, Window: window})
			return err == nil && wait == 0
		}},
		{"Ping", func() error { return f.store.Ping(ctx) }, nil},
		{"DeleteUser", func() error { _, err := f.store.DeleteUser(ctx, userOf("anna"), revoked); return err }, func() bool { return !live(touched.ID) }},
	} {
		began := time.Now()
		err := call.call()
		if took := time.Since(began); took > promptly {
			f.Errorf("%s, context %s, took %s", call.method, how, took)
		}
		if err == nil && !f.mayAnswer() {
			f.Errorf("%s, context %s: no error, want ErrUnavailable", call.method, how)
		}
		if err != nil {
			f.wantUnavailable(err, "%s, context %s", call.method, how)
		}
		if call.done == nil || errors.Is(err, session.ErrIndeterminate) {
			continue
		}
		if done := call.done(); done != (err == nil) {
			f.Errorf("%s, context %s: error %v, but done is %t", call.method, how, err, done)
		}
	}
	_, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked)
	f.must(err, "DeleteUser after calls whose context had ended")
}

// undecodable spoils a record in every way, lets each method meet it first, and
// looks whether everybody else is well.
func undecodable(f *fixture) {
	if f.h.Poison == nil {
		f.Skip("Harness.Poison is nil")
	}
	meets := map[string]func(s session.Session) error{
		"Get": func(s session.Session) error { _, err := f.store.Get(f.ctx, s.ID); return err },
		"Touch": func(s session.Session) error {
			return f.store.Touch(f.ctx, session.Seen{ID: s.ID, LastActivity: s.LastActivity, ExpiresAt: s.ExpiresAt})
		},
		"TouchAll": func(s session.Session) error {
			_, err := f.store.TouchAll(f.ctx, []session.Seen{{ID: s.ID, LastActivity: s.LastActivity, ExpiresAt: s.ExpiresAt}})
			return err
		},
		"Update": func(s session.Session) error { return f.store.Update(f.ctx, s.ID, s.Version, session.Metadata{}) },
		"Delete": func(s session.Session) error { _, err := f.store.Delete(f.ctx, s.ID, revoked); return err },
		"List": func(s session.Session) error {
			_, err := f.store.List(f.ctx, session.Query{User: s.User()})
			return err
		},
		"Sweep": func(session.Session) error { _, err := f.store.Sweep(f.ctx, 100); return err },
		"Create": func(s session.Session) error {
			extra := f.record(s.UserID)
			_, err := f.store.Create(f.ctx, extra, session.Admission{Limit: 3})
			_, _ = f.store.Delete(f.ctx, extra.ID, revoked)
			return err
		},
	}
	for _, p := range []Poison{Garbage, Truncated, Empty, Oversized, OtherRecord} {
		for method, meet := range meets {
			victim := f.create("anna")
			f.clock.Advance(time.Microsecond)
			sibling, stranger, nobody := f.create("anna"), f.create("bert"), f.create("")
			what := string(p) + ", met by " + method
			if !f.h.Poison(f.TB, f.store, victim.ID, p) {
				f.Logf("this store cannot hold the poison %q", p)
				_, _ = f.store.Delete(f.ctx, victim.ID, revoked)
			} else if err := meet(victim); err != nil {
				f.want(err, session.ErrNotFound, "%s: %s", what, method)
			}
			f.wantAbsent(victim.ID, "%s", what)
			f.wantLive(sibling, "%s: another session of the user", what)
			f.wantLive(stranger, "%s: another user's session", what)
			f.wantLive(nobody, "%s: an anonymous session", what)
			f.wantList(userOf("anna"), []session.Session{sibling}, "%s", what)
			if f.traits.ListAll {
				all, err := listAll(f.ctx, f.store, session.Query{Limit: 2})
				f.must(err, "%s: everybody's list", what)
				if d := diffIDs(idsOf(all), idsOf([]session.Session{sibling, stranger, nobody})); d != "" {
					f.Errorf("%s: everybody's list: %s", what, d)
				}
			}
			for _, s := range []session.Session{sibling, stranger, nobody} {
				_, err := f.store.Delete(f.ctx, s.ID, revoked)
				f.must(err, "%s: Delete of another session", what)
			}
			_, err := f.store.DeleteUser(f.ctx, userOf("anna"), revoked)
			f.must(err, "%s: DeleteUser", what)
		}
	}
}

func newerFormat(f *fixture) {
	if f.h.Poison == nil {
		f.Skip("Harness.Poison is nil")
	}
	victim, sibling, stranger := f.create("anna"), f.create("anna"), f.create("bert")
	if !f.h.Poison(f.TB, f.store, victim.ID, NewerFormat) {
		f.Skip("this store has no formats")
	}
	now := f.clock.Now()
	for range 2 {
		for i, store := range f.handles() {
			_, err := store.Get(f.ctx, victim.ID)
			f.wantUnavailable(err, "Get on %s of a record of a newer format", handleName(i))
		}
		err := f.store.Touch(f.ctx, session.Seen{ID: victim.ID, LastActivity: now, ExpiresAt: now.Add(idle)})
		f.wantNotEnded(err, "Touch")
		_, err = f.store.TouchAll(f.ctx, []session.Seen{{ID: victim.ID, LastActivity: now, ExpiresAt: now.Add(idle)}})
		f.wantNotEnded(err, "TouchAll")
		f.wantNotEnded(f.store.Update(f.ctx, victim.ID, victim.Version, victim.Metadata), "Update")
		_, err = f.store.Sweep(f.ctx, 100)
		f.wantNotEnded(err, "Sweep")
		all, err := listAll(f.ctx, f.store, session.Query{User: userOf("anna")})
		f.wantNotEnded(err, "List")
		if err == nil && !slices.Contains(idsOf(all), sibling.ID) {
			f.Errorf("a list with a record of a newer format misses another session")
		}
		// One item may hold all of a user's sessions.
		_, err = f.store.Get(f.ctx, sibling.ID)
		f.wantNotEnded(err, "Get of another session of the user")
		f.wantLive(stranger, "another user's session")
	}
}

// wantNotEnded fails the check if err is anything but nil or unavailable.
func (f *fixture) wantNotEnded(err error, method string) {
	f.Helper()
	if err != nil {
		f.wantUnavailable(err, "%s with a record of a newer format", method)
	}
}
