// The basic rules: what was stored comes back, what is absent is absent.

package sessiontest

import (
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var recordChecks = []check{
	{
		name: "get returns every field as it was stored",
		rule: "Create inserts s; Get returns the live session. Times are UTC, exact to the microsecond.",
		run: func(f *fixture) {
			for name, s := range f.variety() {
				f.insert(s, session.Admission{})
				f.wantLive(s, "%s", name)
				if s.UserID == "" {
					continue
				}
				for _, listed := range f.listUser(s.User()) {
					if d := diff(listed, s); d != "" {
						f.Errorf("%s: List returned another session than was stored: %s", name, d)
					}
				}
				got, err := f.store.Delete(f.ctx, s.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "%s: Delete", name)
				got.EndedAt, got.Ending = time.Time{}, session.Ending{}
				if d := diff(got, s); d != "" {
					f.Errorf("%s: Delete returned another session than was stored: %s", name, d)
				}
			}
		},
	},
	{
		name: "get returns the session asked for and no other",
		rule: "Get returns the live session of that ID; Validate(t) returns t's record and no other.",
		run: func(f *fixture) {
			var all []session.Session
			for _, user := range []string{"anna", "anna", "bert", "", ""} {
				all = append(all, f.create(user))
			}
			for _, s := range all {
				f.wantLive(s, "one of five")
			}
		},
	},
	{
		name: "what never was is absent and is not created",
		rule: "Touch, Update and Rotate of an absent session return ErrNotFound; nothing is inserted except by Create, Rotate and Restore.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				f.wantGone(f.record(user), "a session of "+quoted(user)+" that never was")
			}
			n, err := f.store.DeleteUser(f.ctx, userOf("anna"), session.Ending{Reason: session.ReasonRevoked})
			f.must(err, "DeleteUser of a user without sessions")
			if n != 0 {
				f.Errorf("DeleteUser of a user without sessions ended %d", n)
			}
		},
	},
	{
		name: "create of a known ID is a conflict",
		rule: "An ID that is already there is ErrConflict; after any error there is no session, no index entry and nobody evicted.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				first := f.create(user)
				second := f.record(user)
				second.ID = first.ID
				second.UserAgent = "another"
				for _, store := range f.handles() {
					_, err := store.Create(f.ctx, second, session.Admission{})
					f.want(err, session.ErrConflict, "Create of an ID that is there")
				}
				f.wantLive(first, "the session that was there first")
			}
			f.wantListLen(userOf("anna"), 1)
		},
	},
	{
		name: "delete ends the session and returns it as it was",
		rule: "Delete ends the session and returns it as it was; ErrNotFound if it was absent. What ended stays ended.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				s, stays := f.create(user), f.create(user)
				got, err := f.other.Delete(f.ctx, s.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "Delete")
				got.EndedAt, got.Ending = time.Time{}, session.Ending{}
				if d := diff(got, s); d != "" {
					f.Errorf("Delete returned another session than was stored: %s", d)
				}
				f.wantGone(s, "a deleted session of "+quoted(user))
				f.wantLive(stays, "another session of the same user")
			}
		},
	},
	{
		name: "of many deletes exactly one gets the session",
		rule: "Of many callers of Delete exactly one gets the session.",
		run: func(f *fixture) {
			for range f.times(20, 5) {
				s := f.create("anna")
				var got atomic.Int32
				together(8, func(i int) {
					store := f.handles()[i%len(f.handles())]
					switch _, err := store.Delete(f.ctx, s.ID, session.Ending{Reason: session.ReasonLogout}); {
					case err == nil:
						got.Add(1)
					default:
						f.want(err, session.ErrNotFound, "Delete beside others")
					}
				})
				if n := got.Load(); n != 1 {
					f.Fatalf("%d of 8 callers got the session, want exactly 1", n)
				}
				f.wantAbsent(s.ID, "after the deletes")
			}
		},
	},
	{
		name: "what is written is visible to every process",
		rule: "What is written is visible, to every process that shares the store, from the moment the method returned.",
		run: func(f *fixture) {
			for range f.times(10, 3) {
				s := f.create("anna")
				f.wantLive(s, "after Create")
				now := f.clock.Advance(time.Minute)
				f.must(f.other.Touch(f.ctx, session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}), "Touch")
				s.LastActivity, s.ExpiresAt = now, now.Add(idle)
				f.wantLive(s, "after Touch on the other handle")
				s.Metadata = session.StoredMetadata(`{"step":2}`)
				f.must(f.store.Update(f.ctx, s.ID, s.Version, s.Metadata), "Update")
				s.Version++
				f.wantLive(s, "after Update")
				next := successor(s, now)
				f.must(f.other.Rotate(f.ctx, s.ID, next), "Rotate")
				f.wantLive(next, "after Rotate on the other handle")
				f.wantAbsent(s.ID, "the old ID after Rotate on the other handle")
				_, err := f.store.Delete(f.ctx, next.ID, session.Ending{Reason: session.ReasonLogout})
				f.must(err, "Delete")
				f.wantAbsent(next.ID, "after Delete")
			}
		},
	},
	{
		name: "users whose tags collide stay apart",
		rule: "A user is the name and the tag: the tag is 64 bits, so two users may share one. Names differ by every byte.",
		run: func(f *fixture) {
			// Spellings that a careless collation takes for one name.
			names := []string{"anna", "Anna", "anna ", "änna", "a\u0308nna"}
			tag := tagOf("anna")
			all := map[string]session.Session{}
			for _, name := range names {
				s := f.record(name)
				copy(s.ID[:], tag[:])
				if evicted := f.insert(s, session.Admission{Limit: 1}); len(evicted) != 0 {
					f.Errorf("Create for %q evicted a session of another user with the same tag", name)
				}
				all[name] = s
			}
			for _, name := range names {
				f.wantList(session.User{ID: name, Tag: tag}, []session.Session{all[name]}, "%q among users with one tag", name)
			}
			n, err := f.store.DeleteUser(f.ctx, session.User{ID: "Anna", Tag: tag}, session.Ending{Reason: session.ReasonRevoked})
			f.must(err, "DeleteUser")
			if n != 1 {
				f.Errorf("DeleteUser ended %d sessions, want 1", n)
			}
			f.wantAbsent(all["Anna"].ID, "the user revoked")
			for _, name := range names {
				if name != "Anna" {
					f.wantLive(all[name], "%q, who shares the tag of the user revoked", name)
				}
			}
		},
	},
	{
		name: "traits are constant and ping answers",
		rule: "Traits says what the store is and is constant. Ping reports whether the store can answer.",
		run: func(f *fixture) {
			f.want(f.store.Ping(f.ctx), nil, "Ping")
			a, b := f.store.Traits(), f.store.Traits()
			if a.Name == "" {
				f.Errorf("Traits.Name is empty")
			}
			if a.Name != b.Name || a.Local != b.Local || a.Shared != b.Shared || a.Durable != b.Durable || a.ListAll != b.ListAll ||
				a.History != b.History || a.ExactLimit != b.ExactLimit || a.MaxPerUser != b.MaxPerUser || a.MaxStale != b.MaxStale || a.SweepBatch != b.SweepBatch {
				f.Errorf("Traits are %+v, then %+v", a, b)
			}
			if a.Shared && f.h.Second == nil {
				f.Errorf("Traits say Shared, so Harness.Second must open a second handle")
			}
		},
	},
	{
		name: "the report says something and its counters stay",
		rule: "Report tells how the store is doing, and asks no server. The names of its Counters are always the same, in the same order, each once.",
		run: func(f *fixture) {
			tell := f.store.Traits().Report
			if tell == nil {
				return
			}
			names := func() (all []string) {
				for _, c := range tell().Counters {
					if strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz_") != "" || c.Name == "" || slices.Contains(all, c.Name) {
						f.Errorf("a counter's name is %q among %q, want letters and underscores, each name once", c.Name, all)
					}
					all = append(all, c.Name)
				}
				return all
			}
			if r := tell(); r.Warning == "" && r.Detail == "" {
				f.Errorf("the report of a store that has one says nothing")
			}
			before := names()
			f.wantLive(f.create("anna"), "a session")
			f.create("")
			for range 3 {
				if after := names(); !slices.Equal(before, after) {
					f.Errorf("the counters were %q and are %q", before, after)
				}
			}
		},
	},
}

// variety returns sessions that are hard to store, by what is hard.
func (f *fixture) variety() map[string]session.Session {
	now := f.clock.Now()
	odd := now.Truncate(time.Second).Add(999_999 * time.Microsecond)
	large := `{"v":"` + strings.Repeat("x", session.MaxMetadata-len(`{"v":""}`)) + `"}`
	all := map[string]session.Session{}
	add := func(name, user string, change func(*session.Session)) {
		s := f.record(user)
		change(&s)
		all[name] = s
	}
	add("an ordinary session", "anna", func(*session.Session) {})
	add("an anonymous session", "", func(*session.Session) {})
	add("a session that says nothing", "nobody", func(s *session.Session) {
		s.IP, s.UserAgent, s.Device, s.Metadata = netip.Addr{}, "", session.Device{}, session.Metadata{}
	})
	add("an anonymous session that says nothing", "", func(s *session.Session) {
		s.IP, s.UserAgent, s.Device, s.Metadata = netip.Addr{}, "", session.Device{}, session.Metadata{}
	})
	add("an IPv6 address", "six", func(s *session.Session) { s.IP = netip.MustParseAddr("2001:db8::ff00:42:8329") })
	add("the unspecified address", "zero", func(s *session.Session) { s.IP = netip.IPv4Unspecified() })
	add("microseconds", "micro", func(s *session.Session) {
		s.CreatedAt, s.LastActivity, s.RotatedAt = odd, odd.Add(time.Microsecond), odd.Add(2*time.Microsecond)
		s.ExpiresAt, s.Deadline = odd.Add(idle+3*time.Microsecond), odd.Add(lifetime+5*time.Microsecond)
	})
	add("the longest life", "old", func(s *session.Session) {
		s.ExpiresAt, s.Deadline = now.Add(400*24*time.Hour), now.Add(400*24*time.Hour)
	})
	add("every script", "Ελένη 愛 😀 \u202eabc", func(s *session.Session) {
		s.UserAgent = "Ωmega/1.0 (日本語; 😀) \\ ' \" % _"
		s.Device = session.Device{Browser: "Ωmega", Version: "1", OS: "日本", Name: "😀", Kind: "mobile"}
		s.Metadata = session.StoredMetadata(`{"名":"😀","q":"' \" \\ \u0000 \n","n":1e400,"f":0.1,"z":0,"a":1}`)
	})
	add("a user ID that is syntax elsewhere", "o'hara\";--\n\r\t%s:{x}*?[a]\x01\x7f", func(*session.Session) {})
	add("the longest texts", strings.Repeat("é", session.MaxUserID/2)+"x", func(s *session.Session) {
		s.UserAgent = strings.Repeat("w", session.MaxUserAgent)
		text := strings.Repeat("ü", session.MaxDeviceText/2)
		s.Device = session.Device{Browser: text, Version: text, OS: text, Name: text, Kind: "desktop"}
		s.Metadata = session.StoredMetadata(large)
	})
	add("extreme bytes", "bytes", func(s *session.Session) {
		s.Lineage = session.Lineage{0, 0xff, '\n', '\r', 0, ' ', ':', 0x80}
		for i := range s.ID[8:] {
			s.ID[8+i] = [...]byte{0, 0xff, '\n', '\r', ' ', '}', '{', 0x80}[i%8]
		}
		s.Version = 1 << 40
	})
	return all
}

func quoted(user string) string {
	if user == "" {
		return "nobody"
	}
	return user
}

// wantListLen fails the check unless the user has n live sessions.
func (f *fixture) wantListLen(u session.User, n int) {
	f.Helper()
	if got := len(f.listUser(u)); got != n {
		f.Errorf("%q has %d live sessions, want %d", u.ID, got, n)
	}
}
