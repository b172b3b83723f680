// What checks share: records to store, answers to expect, goroutines that start
// at one moment.

package sessiontest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session"
)

// The lifetimes of a record that a check does not care about.
const (
	idle     = 30 * time.Minute
	lifetime = 12 * time.Hour
)

// tagOf returns the tag of a user; an anonymous one is random.
func tagOf(user string) session.Tag {
	sum := sha256.Sum256([]byte("tag of " + user))
	if user == "" {
		_, _ = rand.Read(sum[:])
	}
	return session.Tag(sum[:len(session.Tag{})])
}

// userOf returns the user as stores see it.
func userOf(user string) session.User {
	return session.User{ID: user, Tag: tagOf(user)}
}

// newID returns a fresh ID under the tag.
func newID(tag session.Tag) session.ID {
	var id session.ID
	_, _ = rand.Read(id[:])
	copy(id[:], tag[:])
	return id
}

// record returns a session of the user that begins now and is not stored yet.
func (f *fixture) record(user string) session.Session {
	return recordAt(user, f.clock.Now())
}

func recordAt(user string, now time.Time) session.Session {
	now = now.Truncate(time.Microsecond)
	s := session.Session{
		ID:           newID(tagOf(user)),
		UserID:       user,
		CreatedAt:    now,
		LastActivity: now,
		ExpiresAt:    now.Add(idle),
		Deadline:     now.Add(lifetime),
		RotatedAt:    now,
		IP:           netip.MustParseAddr("192.0.2.7"),
		UserAgent:    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		Device:       session.Device{Browser: "Firefox", Version: "128.0", OS: "Linux", Kind: "desktop"},
		Metadata:     session.StoredMetadata(`{"cart":[1,2]}`),
		Version:      1,
	}
	_, _ = rand.Read(s.Lineage[:])
	return s
}

// create stores a new session of the user, under no limit.
func (f *fixture) create(user string) session.Session {
	f.Helper()
	s := f.record(user)
	f.insert(s, session.Admission{})
	return s
}

// insert stores s and returns the evicted sessions.
func (f *fixture) insert(s session.Session, a session.Admission) []session.ID {
	f.Helper()
	evicted, err := f.store.Create(f.ctx, s, a)
	if err != nil {
		f.Fatalf("Create under %+v: %v", a, err)
	}
	return evicted
}

// want fails the check unless err matches target; a nil target wants no error.
func (f *fixture) want(err, target error, what string, args ...any) {
	f.Helper()
	if !errors.Is(err, target) {
		f.Errorf("%s: error %v, want %v", fmt.Sprintf(what, args...), err, target)
	}
}

// must fails and ends the check if err is not nil.
func (f *fixture) must(err error, what string, args ...any) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", fmt.Sprintf(what, args...), err)
	}
}

// wantLive fails the check unless both handles return exactly this session.
func (f *fixture) wantLive(want session.Session, what string, args ...any) {
	f.Helper()
	for i, store := range f.handles() {
		got, err := store.Get(f.ctx, want.ID)
		if err != nil {
			f.Errorf("%s: Get on %s: %v, want the session", fmt.Sprintf(what, args...), handleName(i), err)
		} else if d := diff(got, want); d != "" {
			f.Errorf("%s: Get on %s returned another session than it should: %s", fmt.Sprintf(what, args...), handleName(i), d)
		}
	}
}

// wantAbsent fails the check if either handle finds the session.
func (f *fixture) wantAbsent(id session.ID, what string, args ...any) {
	f.Helper()
	for i, store := range f.handles() {
		if _, err := store.Get(f.ctx, id); !errors.Is(err, session.ErrNotFound) {
			f.Errorf("%s: Get on %s: error %v, want ErrNotFound", fmt.Sprintf(what, args...), handleName(i), err)
		}
	}
}

// wantGone is wantAbsent for every method: nothing finds the session and
// nothing brings it back.
func (f *fixture) wantGone(s session.Session, what string) {
	f.Helper()
	now := f.clock.Now()
	seen := session.Seen{ID: s.ID, LastActivity: now, ExpiresAt: now.Add(idle)}
	for i, store := range f.handles() {
		where := what + ", on " + handleName(i)
		_, err := store.Get(f.ctx, s.ID)
		f.want(err, session.ErrNotFound, "%s: Get", where)
		f.want(store.Touch(f.ctx, seen), session.ErrNotFound, "%s: Touch", where)
		absent, err := store.TouchAll(f.ctx, []session.Seen{seen})
		f.want(err, nil, "%s: TouchAll", where)
		if !slices.Equal(absent, []session.ID{s.ID}) {
			f.Errorf("%s: TouchAll names %d absent sessions, want this one", where, len(absent))
		}
		err = store.Update(f.ctx, s.ID, s.Version, session.StoredMetadata(`{"back":true}`))
		f.want(err, session.ErrNotFound, "%s: Update", where)
		next := successor(s, now)
		f.want(store.Rotate(f.ctx, s.ID, next), session.ErrNotFound, "%s: Rotate", where)
		_, err = store.Delete(f.ctx, s.ID, session.Ending{Reason: session.ReasonLogout})
		f.want(err, session.ErrNotFound, "%s: Delete", where)
		f.wantAbsent(s.ID, "%s: afterwards", where)
		f.wantAbsent(next.ID, "%s: the successor of a Rotate that failed", where)
	}
	if s.UserID == "" {
		return
	}
	for _, listed := range f.listUser(s.User()) {
		if listed.ID == s.ID {
			f.Errorf("%s: the user's list still has it", what)
		}
	}
}

func (f *fixture) handles() []session.Store {
	if f.other == f.store {
		return []session.Store{f.store}
	}
	return []session.Store{f.store, f.other}
}

func handleName(i int) string {
	return [...]string{"the first handle", "the second handle"}[i]
}

// successor returns what Rotate puts in the place of s, without grace.
func successor(s session.Session, now time.Time) session.Session {
	next := s
	next.ID = newID(s.ID.Tag())
	next.LastActivity, next.RotatedAt = now, now
	next.Previous, next.PreviousUntil = session.ID{}, time.Time{}
	_, _ = rand.Read(next.Lineage[:])
	return next
}

// renewed returns what Rotate puts in the place of s, with a grace.
func renewed(s session.Session, now time.Time, grace time.Duration) session.Session {
	next := successor(s, now)
	next.Lineage = s.Lineage
	next.Previous, next.PreviousUntil = s.ID, now.Add(grace)
	return next
}

// listUser returns all of a user's live sessions, by pages of the largest size.
func (f *fixture) listUser(u session.User) []session.Session {
	f.Helper()
	all, err := listAll(f.ctx, f.store, session.Query{User: u, Limit: session.MaxPage})
	f.must(err, "List of %q", u.ID)
	return all
}

// maxPages ends a walk over pages that never end.
const maxPages = 2000

// listAll walks over all pages of q.
func listAll(ctx context.Context, store session.Store, q session.Query) ([]session.Session, error) {
	var all []session.Session
	for range maxPages {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Sessions...)
		if page.Next == "" {
			return all, nil
		}
		q.Cursor = page.Next
	}
	return nil, fmt.Errorf("%d pages and no end", maxPages)
}

// wantList fails the check unless the user's live sessions are exactly these,
// in any order.
func (f *fixture) wantList(u session.User, want []session.Session, what string, args ...any) {
	f.Helper()
	if d := diffIDs(idsOf(f.listUser(u)), idsOf(want)); d != "" {
		f.Errorf("%s: the user's list: %s", fmt.Sprintf(what, args...), d)
	}
}

func idsOf(sessions []session.Session) []session.ID {
	ids := make([]session.ID, len(sessions))
	for i := range sessions {
		ids[i] = sessions[i].ID
	}
	return ids
}

// diffIDs says how two sets of IDs differ; empty if they do not.
func diffIDs(got, want []session.ID) string {
	count := map[session.ID]int{}
	for _, id := range got {
		count[id]++
	}
	for _, id := range want {
		count[id]--
	}
	missing, extra := 0, 0
	for _, n := range count {
		missing += max(0, -n)
		extra += max(0, n)
	}
	if missing == 0 && extra == 0 {
		return ""
	}
	return fmt.Sprintf("%d sessions, want %d; %d missing, %d that should not be there", len(got), len(want), missing, extra)
}

// diff says in which fields two sessions differ; empty if they do not.
func diff(got, want session.Session) string {
	var fields []string
	field := func(name string, same bool, got, want any) {
		if !same {
			fields = append(fields, fmt.Sprintf("%s is %v, want %v", name, shown(got), shown(want)))
		}
	}
	when := func(name string, got, want time.Time) {
		field(name, got.Equal(want), got, want)
		field(name+".Location", got.Location() == time.UTC, got.Location(), time.UTC)
	}
	field("ID", got.ID == want.ID, got.ID, want.ID)
	field("UserID", got.UserID == want.UserID, got.UserID, want.UserID)
	field("Lineage", got.Lineage == want.Lineage, got.Lineage, want.Lineage)
	when("CreatedAt", got.CreatedAt, want.CreatedAt)
	when("LastActivity", got.LastActivity, want.LastActivity)
	when("ExpiresAt", got.ExpiresAt, want.ExpiresAt)
	when("Deadline", got.Deadline, want.Deadline)
	when("RotatedAt", got.RotatedAt, want.RotatedAt)
	field("Previous", got.Previous == want.Previous, got.Previous, want.Previous)
	when("PreviousUntil", got.PreviousUntil, want.PreviousUntil)
	field("IP", got.IP == want.IP, got.IP, want.IP)
	field("UserAgent", got.UserAgent == want.UserAgent, got.UserAgent, want.UserAgent)
	field("Device", got.Device == want.Device, got.Device, want.Device)
	field("Metadata", got.Metadata == want.Metadata, got.Metadata, want.Metadata)
	field("Version", got.Version == want.Version, got.Version, want.Version)
	when("EndedAt", got.EndedAt, want.EndedAt)
	field("Ending", got.Ending == want.Ending, got.Ending, want.Ending)
	if len(fields) == 0 {
		return ""
	}
	return fmt.Sprint(fields)
}

// shown shortens what would fill the screen.
func shown(v any) string {
	return clip.Text(fmt.Sprintf("%+v", v), 200)
}

// together runs n functions at once, all released at one moment, and waits for
// them. Inside, a check fails by Errorf only.
func together(n int, do func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	start := make(chan struct{})
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			do(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}
