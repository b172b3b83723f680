// Tests of the log of changes.

package sqlstore

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// numbered opens a store that numbers its changes.
func numbered(t *testing.T, e engine) *Store {
	t.Helper()
	s, err := Open(t.Context(), e.connect(t), Config{Changes: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func entries(t *testing.T, s *Store, from int64, most int) []session.Change {
	t.Helper()
	all, now := entriesAt(t, s, from, most)
	if away := time.Since(now).Abs(); away > time.Minute {
		t.Errorf("the database's time is %s away", away)
	}
	return all
}

func entriesAt(t *testing.T, s *Store, from int64, most int) (all []session.Change, now time.Time) {
	t.Helper()
	all, now, err := s.Changes(t.Context(), from, most)
	if err != nil {
		t.Fatal(err)
	}
	return all, now
}

// TestChanges: whatever ends or changes a session takes the next number.
func TestChanges(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		ctx := t.Context()
		plain := open(t, e.connect(t), nil)
		if _, _, err := plain.Changes(ctx, 0, 10); !errors.Is(err, session.ErrUnsupported) {
			t.Errorf("without Config.Changes: %v", err)
		}
		s := numbered(t, e)
		now := time.Now()
		var want []session.Change
		expect := func(id session.ID, final bool) { want = append(want, session.Change{ID: id, Final: final}) }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		a, b, c, d := made("anna", now), made("anna", now.Add(time.Second)), made("anna", now.Add(2*time.Second)), made("anna", now.Add(3*time.Second))
		_, err := s.Create(ctx, a, session.Admission{Limit: 1})
		must(err)
		_, err = s.Create(ctx, b, session.Admission{Limit: 1})
		must(err)
		expect(a.ID, true)
		must(s.Update(ctx, b.ID, 1, session.StoredMetadata(`{"a":1}`)))
		expect(b.ID, false)
		if err := s.Update(ctx, b.ID, 1, session.Metadata{}); !errors.Is(err, session.ErrConflict) {
			t.Errorf("conflict: %v", err)
		}
		c.Version, c.Previous, c.PreviousUntil = 2, b.ID, now.Add(time.Minute)
		must(s.Rotate(ctx, b.ID, c))
		expect(b.ID, false)
		d.Version = 2
		must(s.Rotate(ctx, c.ID, d))
		expect(c.ID, true)
		must(s.Touch(ctx, session.Seen{ID: d.ID, LastActivity: now.Add(time.Minute), ExpiresAt: now.Add(40 * time.Minute)}))
		_, err = s.Delete(ctx, d.ID, session.Ending{Reason: session.ReasonLogout})
		must(err)
		expect(d.ID, true)
		_, err = s.Delete(ctx, d.ID, session.Ending{Reason: session.ReasonLogout})
		if !errors.Is(err, session.ErrNotFound) {
			t.Errorf("again: %v", err)
		}
		f := made("anna", now)
		_, err = numberedLater(t, e).Create(ctx, f, session.Admission{})
		must(err)
		_, err = numberedLater(t, e).DeleteUser(ctx, f.User(), session.Ending{Reason: session.ReasonRevoked})
		must(err)
		expect(f.ID, true)

		all := entries(t, s, 0, 100)
		if len(all) != 1+len(want) || all[0].Seq != 1 || all[0].ID != (session.ID{}) {
			t.Fatalf("the log has %d entries, want %d", len(all), 1+len(want))
		}
		for i, w := range want {
			got := all[1+i]
			if got.Seq != int64(2+i) || got.ID != w.ID || got.Final != w.Final || got.Mark == all[i].Mark {
				t.Errorf("entry %d: %+v, want %+v", i, got, w)
			}
		}
		if part := entries(t, s, 3, 2); len(part) != 2 || part[0] != all[2] || part[1] != all[3] {
			t.Errorf("from 3, two: %v", part)
		}
		if newest := entries(t, s, 0, 2); len(newest) != 2 || newest[1] != all[len(all)-1] {
			t.Errorf("the newest two: %v", newest)
		}
		if none := entries(t, s, 99, 2); len(none) != 0 {
			t.Errorf("beyond the end: %v", none)
		}
		_, err = s.Sweep(ctx, 10)
		must(err)
	})
}

// numberedLater opens a store that was not told to number, in a database that is.
func numberedLater(t *testing.T, e engine) *Store { return open(t, e.connect(t), nil) }

// TestChangesInOrder: a number is visible only when all lower ones are.
func TestChangesInOrder(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		s, other := numbered(t, e), numbered(t, e)
		const writers, each = 4, 25
		var writing sync.WaitGroup
		done := make(chan struct{})
		for i := range writers {
			store := []*Store{s, other}[i%2]
			writing.Go(func() {
				for range each {
					one := made(string(rune('a'+i)), time.Now())
					if _, err := store.Create(t.Context(), one, session.Admission{}); err != nil {
						t.Error(err)
					} else if _, err := store.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		go func() { writing.Wait(); close(done) }()
		head, over := int64(1), false
		for last := false; !last; {
			select {
			case <-done:
				last = true
			default:
			}
			for _, got := range entries(t, s, head+1, 1000) {
				if got.Seq != head+1 {
					over = true
				}
				head = got.Seq
			}
		}
		if over || head != 1+writers*each {
			t.Errorf("the log was read up to %d, want %d; gap: %t", head, 1+writers*each, over)
		}
	})
}

// TestGrace: what has expired is swept after the grace, and until then takes late
// activity, unless something ended it first.
func TestGrace(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		ctx := t.Context()
		const grace = 10 * time.Second
		now := time.Now().Truncate(time.Microsecond)
		at := now
		s, err := Open(ctx, e.connect(t), Config{Changes: true, Grace: grace, Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		brief := func(user string) session.Session {
			n := made(user, at)
			n.ExpiresAt = at.Add(time.Minute)
			if _, err := s.Create(ctx, n, session.Admission{}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		revive := func(n session.Session, seen time.Time) bool {
			t.Helper()
			absent, err := s.TouchLate(ctx, []session.Seen{{ID: n.ID, LastActivity: seen, ExpiresAt: seen.Add(time.Hour)}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Get(ctx, n.ID)
			if (err == nil) != (len(absent) == 0) {
				t.Errorf("absent %v, but Get says %v", absent, err)
			}
			return err == nil
		}
		last := func() session.Change { all, _ := entriesAt(t, s, 0, 1); return all[0] }
		why := session.Ending{Reason: session.ReasonRevoked}

		anna, bert, carl, dora, emil := brief("anna"), brief("bert"), brief("carl"), brief("dora"), brief("emil")
		seen := at.Add(59 * time.Second)
		at = at.Add(time.Minute)
		if absent, err := s.TouchAll(ctx, []session.Seen{{ID: anna.ID, LastActivity: seen, ExpiresAt: seen.Add(time.Hour)}}); err != nil || len(absent) != 1 {
			t.Errorf("TouchAll of what has expired: %v, %v", absent, err)
		}
		if revive(anna, at) {
			t.Error("what had expired when it was seen is live")
		}
		at = at.Add(grace - time.Microsecond)
		if n, err := s.Sweep(ctx, 10); n != 0 || err != nil {
			t.Errorf("a sweep within the grace: %d, %v", n, err)
		}
		if !revive(anna, seen) {
			t.Error("activity that was seen before the expiry is lost")
		}
		if _, err := s.Delete(ctx, bert.ID, why); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Delete of what has expired: %v", err)
		}
		if got := last(); got.ID != bert.ID || !got.Final {
			t.Errorf("Delete of what has expired is not in the log: %v", got)
		}
		if n, err := s.DeleteUser(ctx, carl.User(), why); n != 0 || err != nil {
			t.Errorf("DeleteUser: %d, %v", n, err)
		}
		if got := last(); got.ID != carl.ID || !got.Final {
			t.Errorf("DeleteUser of what has expired is not in the log: %v", got)
		}
		if n, err := s.DeleteUser(ctx, emil.User(), why, emil.ID); n != 0 || err != nil {
			t.Errorf("DeleteUser of all others: %d, %v", n, err)
		}
		next := made("dora", at)
		if evicted, err := s.Create(ctx, next, session.Admission{Limit: 1}); err != nil || len(evicted) != 0 {
			t.Errorf("Create beside what has expired: %v, %v", evicted, err)
		}
		for _, n := range []session.Session{bert, carl, dora} {
			if revive(n, seen) {
				t.Errorf("%s is back after its end", n.UserID)
			}
		}
		if !revive(emil, seen) {
			t.Error("what DeleteUser was to keep is lost")
		}
		page, err := s.List(ctx, session.Query{User: bert.User(), Ended: true})
		if err != nil || len(page.Sessions) != 1 || page.Sessions[0].Ending.Reason != session.ReasonIdleTimeout || !page.Sessions[0].EndedAt.Equal(bert.ExpiresAt) {
			t.Errorf("the history of what was ended after its expiry: %+v, %v", page.Sessions, err)
		}
		late := brief("anna")
		seen = at.Add(59 * time.Second)
		at = late.ExpiresAt.Add(grace)
		if n, err := s.Sweep(ctx, 10); n != 1 || err != nil {
			t.Errorf("a sweep after the grace: %d, %v", n, err)
		}
		if revive(late, seen) {
			t.Error("what was swept is back")
		}
	})
}
