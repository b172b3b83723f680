// The store beside the model: random calls, the same on both, must have the same
// answers.

package sessiontest

import (
	"encoding/binary"
	"errors"
	"flag"
	"slices"
	"strconv"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/session"
)

var modelChecks = []check{{
	name: "random calls have the answers of the model",
	rule: "The contract as a whole: any sequence of calls has the answers that a model of one lock and a few maps has. A failure prints its seed; -rapid.seed replays it.",
	run: func(f *fixture) {
		settle()
		m := newModel(f.clock.Now)
		var made uint64
		all, _ := strconv.Atoi(flag.Lookup("rapid.checks").Value.String()) // 100 sequences, unless somebody says more
		sequences := f.times(all, all/5)
		failed := false // a sequence that failed is made smaller, in many more
		rapid.Check(f.TB, func(t *rapid.T) {
			if sequences--; sequences < 0 && f.short && !failed {
				return
			}
			failed = true
			(&machine{fixture: f, t: t, model: m, made: &made}).run()
			failed = false
		})
	},
}}

// settle sets rapid's flags, once: stores are certified side by side.
var settle = sync.OnceFunc(func() {
	_ = flag.Set("rapid.nofailfile", "true") // the seed that is printed is enough
	_ = flag.Set("rapid.shrinktime", "5s")
})

// machine is one random sequence of calls.
type machine struct {
	*fixture
	t     *rapid.T
	model *model
	made  *uint64      // IDs made so far, in all sequences
	ids   []session.ID // known, live or ended
}

const machineLife = 10 * time.Minute // the longest a session of a machine lives

var machineUsers = []string{"anna", "bert", ""}

func (m *machine) run() {
	// What the sequence before left behind expires.
	m.clock.Advance(machineLife)
	for _, store := range []session.Store{m.store, m.model} {
		for range maxPages {
			n, err := store.Sweep(m.ctx, 1000)
			m.same("Sweep", err, nil)
			if n < 1000 {
				break
			}
		}
	}
	m.t.Repeat(map[string]func(*rapid.T){
		"create":     m.create,
		"get":        m.get,
		"touch":      m.touch,
		"touchAll":   m.touchAll,
		"update":     m.update,
		"rotate":     m.rotate,
		"restore":    m.restore,
		"delete":     m.delete,
		"deleteUser": m.deleteUser,
		"list":       m.list,
		"sweep":      m.sweep,
		"count":      m.count,
		"advance": func(t *rapid.T) {
			m.clock.Advance(time.Duration(rapid.IntRange(1, 240).Draw(t, "seconds")) * time.Second)
		},
	})
	m.list(m.t)
}

// answer is the class of an error.
func answer(err error) error {
	for _, class := range []error{session.ErrNotFound, session.ErrConflict, session.ErrLimit, session.ErrMalformed, session.ErrUnavailable} {
		if errors.Is(err, class) {
			return class
		}
	}
	return err
}

func (m *machine) same(method string, got, want error) {
	m.t.Helper()
	if answer(got) != answer(want) { //nolint:errorlint // answer returns sentinels themselves
		m.t.Fatalf("%s: error %v, the model says %v", method, got, want)
	}
}

func (m *machine) sameIDs(what string, got, want []session.ID) {
	m.t.Helper()
	if d := diffIDs(got, want); d != "" {
		m.t.Fatalf("%s: %s", what, d)
	}
}

// newID returns an ID under the tag that no sequence has used. Its order among
// others is drawn, so that a seed replays.
func (m *machine) newID(tag session.Tag) session.ID {
	var id session.ID
	*m.made++
	copy(id[:], tag[:])
	id[len(tag)] = rapid.Byte().Draw(m.t, "order")
	binary.BigEndian.PutUint64(id[session.IDSize-8:], *m.made)
	return id
}

// id draws an ID: mostly a known one.
func (m *machine) id(t *rapid.T) session.ID {
	if len(m.ids) == 0 || rapid.IntRange(0, 19).Draw(t, "unknown") == 0 {
		return m.newID(tagOf("anna"))
	}
	return m.ids[rapid.IntRange(0, len(m.ids)-1).Draw(t, "id")]
}

func (m *machine) fresh(t *rapid.T) session.Session {
	s := m.record(rapid.SampledFrom(machineUsers).Draw(t, "user"))
	tag := s.ID.Tag()
	if s.UserID == "" {
		tag = session.Tag{rapid.Byte().Draw(t, "tag"), 1, 2, 3}
	}
	s.ID = m.newID(tag)
	s.ExpiresAt = s.CreatedAt.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "idle")) * time.Minute)
	s.Deadline = s.ExpiresAt.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "rest")) * time.Minute)
	return s
}

func (m *machine) create(t *rapid.T) {
	s := m.fresh(t)
	a := session.Admission{Limit: rapid.IntRange(0, 4).Draw(t, "limit"), Refuse: rapid.Bool().Draw(t, "refuse")}
	if a.Limit == 0 && m.traits.MaxPerUser > 0 {
		a.Limit = 4 // the store could be full before the model is
	}
	got, err := m.store.Create(m.ctx, s, a)
	want, wantErr := m.model.Create(m.ctx, s, a)
	m.same("Create", err, wantErr)
	m.sameIDs("Create evicted", got, want)
	m.ids = append(m.ids, s.ID)
}

func (m *machine) get(t *rapid.T) {
	id := m.id(t)
	got, err := m.other.Get(m.ctx, id)
	want, wantErr := m.model.Get(m.ctx, id)
	m.same("Get", err, wantErr)
	if d := diff(got, want); err == nil && d != "" {
		t.Fatalf("Get: %s", d)
	}
}

func (m *machine) seen(t *rapid.T) session.Seen {
	now := m.clock.Now()
	seen := session.Seen{
		ID:           m.id(t),
		LastActivity: now.Add(time.Duration(rapid.IntRange(-60, 0).Draw(t, "ago")) * time.Second),
		ExpiresAt:    now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "expires")) * time.Second),
	}
	if rapid.Bool().Draw(t, "first use") {
		seen.PreviousUntil = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "grace")) * time.Second)
	}
	return seen
}

func (m *machine) touch(t *rapid.T) {
	seen := m.seen(t)
	m.same("Touch", m.store.Touch(m.ctx, seen), m.model.Touch(m.ctx, seen))
}

func (m *machine) touchAll(t *rapid.T) {
	var batch []session.Seen
	for range rapid.IntRange(0, 4).Draw(t, "batch") {
		seen := m.seen(t)
		if !slices.ContainsFunc(batch, func(s session.Seen) bool { return s.ID == seen.ID }) {
			batch = append(batch, seen)
		}
	}
	got, err := m.other.TouchAll(m.ctx, batch)
	want, wantErr := m.model.TouchAll(m.ctx, batch)
	m.same("TouchAll", err, wantErr)
	m.sameIDs("TouchAll's absent", got, want)
}

// version draws the version of a session: mostly the right one.
func (m *machine) version(t *rapid.T, id session.ID) uint64 {
	s, _ := m.model.Get(m.ctx, id)
	if rapid.IntRange(0, 4).Draw(t, "stale") == 0 {
		return s.Version + 1
	}
	return s.Version
}

func (m *machine) update(t *rapid.T) {
	id := m.id(t)
	version := m.version(t, id)
	md := session.StoredMetadata(rapid.SampledFrom([]string{`{}`, `{"a":1}`, `{"b":"é"}`}).Draw(t, "metadata"))
	m.same("Update", m.store.Update(m.ctx, id, version, md), m.model.Update(m.ctx, id, version, md))
}

func (m *machine) rotate(t *rapid.T) {
	id := m.id(t)
	s, err := m.model.Get(m.ctx, id)
	if err != nil {
		s = m.record("anna")
		copy(s.ID[:], id[:])
	}
	now := m.clock.Now()
	next := successor(s, now)
	next.ID = m.newID(s.ID.Tag())
	next.Version = m.version(t, id)
	next.ExpiresAt = now.Add(2 * time.Minute)
	if next.ExpiresAt.After(next.Deadline) {
		next.ExpiresAt = next.Deadline
	}
	if how := rapid.IntRange(0, 3).Draw(t, "grace"); how > 0 {
		next.Previous, next.PreviousUntil = id, now.Add(grace)
		if how > 1 { // nobody has used it yet
			next.PreviousUntil = next.Deadline
		}
		if how == 3 && !s.Previous.IsZero() { // it takes the place of a successor
			next.Previous = s.Previous
		} else if now.Before(s.PreviousUntil) { // what becomes of the older ID is left open
			m.ids = slices.DeleteFunc(m.ids, func(known session.ID) bool { return known == s.Previous })
		}
	}
	m.same("Rotate", m.other.Rotate(m.ctx, id, next), m.model.Rotate(m.ctx, id, next))
	m.ids = append(m.ids, next.ID)
}

func (m *machine) restore(t *rapid.T) {
	s := m.fresh(t)
	if live, err := m.model.Get(m.ctx, m.id(t)); err == nil && rapid.Bool().Draw(t, "known") {
		s = live
	}
	m.same("Restore", m.store.Restore(m.ctx, s), m.model.Restore(m.ctx, s))
	m.ids = append(m.ids, s.ID)
}

func (m *machine) delete(t *rapid.T) {
	id := m.id(t)
	got, err := m.other.Delete(m.ctx, id, revoked)
	want, wantErr := m.model.Delete(m.ctx, id, revoked)
	m.same("Delete", err, wantErr)
	got.EndedAt, got.Ending = time.Time{}, session.Ending{}
	if d := diff(got, want); err == nil && d != "" {
		t.Fatalf("Delete: %s", d)
	}
}

func (m *machine) deleteUser(t *rapid.T) {
	user := userOf(rapid.SampledFrom([]string{"anna", "bert", "clara"}).Draw(t, "user"))
	var keep []session.ID
	for range rapid.IntRange(0, 2).Draw(t, "keep") {
		id := m.id(t)
		if s, err := m.model.Get(m.ctx, id); err != nil || s.ID == id { // whether keep follows a grace is left open
			keep = append(keep, id)
		}
	}
	got, err := m.store.DeleteUser(m.ctx, user, revoked, keep...)
	want, wantErr := m.model.DeleteUser(m.ctx, user, revoked, keep...)
	m.same("DeleteUser", err, wantErr)
	if got != want {
		t.Fatalf("DeleteUser ended %d, the model says %d", got, want)
	}
}

func (m *machine) list(t *rapid.T) {
	queries := []session.Query{{User: userOf("anna"), Limit: 3}, {User: userOf("bert")}}
	if m.traits.ListAll {
		queries = append(queries, session.Query{Limit: 4})
	}
	for _, q := range queries {
		got, err := listAll(m.ctx, m.store, q)
		m.same("List", err, nil)
		want, err := listAll(m.ctx, m.model, q)
		m.same("List of the model", err, nil)
		m.sameIDs("List", idsOf(got), idsOf(want))
		for i := range got {
			if d := diff(got[i], want[i]); d != "" {
				t.Fatalf("List, place %d: %s", i, d)
			}
		}
	}
}

// sweep compares no counts: a store may remove what expired when it meets it.
func (m *machine) sweep(t *rapid.T) {
	most := rapid.IntRange(1, 4).Draw(t, "max")
	n, err := m.store.Sweep(m.ctx, most)
	m.same("Sweep", err, nil)
	if n < 0 || n > most {
		t.Fatalf("Sweep of at most %d removed %d", most, n)
	}
}

func (m *machine) count(t *rapid.T) {
	key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
	if rapid.IntRange(0, 4).Draw(t, "uncount") == 0 {
		n := rapid.IntRange(-1, 2).Draw(t, "n")
		m.same("Uncount", m.store.Uncount(m.ctx, key, n), m.model.Uncount(m.ctx, key, n))
		return
	}
	rule := session.CountRule{
		Limit:  rapid.IntRange(1, 4).Draw(t, "limit"),
		Window: window,
		Pace:   rapid.SampledFrom([]time.Duration{0, 0, time.Second, 20 * time.Second}).Draw(t, "pace"),
		Always: rapid.IntRange(0, 3).Draw(t, "always") == 0,
	}
	got, err := m.other.Count(m.ctx, key, rule)
	want, wantErr := m.model.Count(m.ctx, key, rule)
	m.same("Count", err, wantErr)
	if got != want {
		t.Fatalf("Count under %+v: wait %s, the model says %s", rule, got, want)
	}
	many, err := m.store.Counted(m.ctx, key, window)
	wantMany, wantErr := m.model.Counted(m.ctx, key, window)
	m.same("Counted", err, wantErr)
	if many != wantMany {
		t.Fatalf("Counted after %+v: %d, the model says %d", rule, many, wantMany)
	}
}
