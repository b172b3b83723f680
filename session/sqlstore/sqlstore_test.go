// What is special here: history, poisoned columns, configuration.

package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// hands is a clock that is set by hand.
type hands struct{ time.Time }

func (h *hands) now() time.Time { return h.Time }

func TestEndedSessionsBecomeHistory(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		clock := &hands{time.Now().UTC().Truncate(time.Microsecond)}
		s := open(t, e.connect(t), clock.now)
		one := made("anna", clock.Time)
		one.Metadata = session.StoredMetadata(`{"token":"of another service"}`)
		idle, absolute := made("anna", clock.Time), made("bert", clock.Time)
		absolute.ExpiresAt = absolute.Deadline.Add(time.Hour) // is cut
		for _, n := range []session.Session{one, idle, absolute} {
			if _, err := s.Create(t.Context(), n, session.Admission{}); err != nil {
				t.Fatal(err)
			}
		}
		clock.Time = clock.Add(time.Second)
		got, err := s.Delete(t.Context(), one.ID, session.Ending{Reason: session.ReasonRevoked, By: strings.Repeat("ü", 200) + "\xff\x00"})
		if err != nil || got.Metadata != one.Metadata || !got.EndedAt.IsZero() {
			t.Errorf("Delete returned %+v, %v; want the session as it was", got, err)
		}
		clock.Time = clock.Add(24 * time.Hour)
		if n, err := s.Sweep(t.Context(), 1000); n != 2 || err != nil {
			t.Errorf("Sweep: %d, %v, want 2", n, err)
		}
		page, err := s.List(t.Context(), session.Query{Ended: true})
		if err != nil || len(page.Sessions) != 3 {
			t.Fatalf("history: %d sessions, %v", len(page.Sessions), err)
		}
		for i, want := range []struct {
			id     session.ID
			at     time.Time
			reason session.Reason
		}{
			{absolute.ID, absolute.Deadline, session.ReasonAbsoluteTimeout},
			{idle.ID, idle.ExpiresAt, session.ReasonIdleTimeout},
			{one.ID, one.CreatedAt.Add(time.Second), session.ReasonRevoked},
		} {
			got := page.Sessions[i]
			if got.ID != want.id || !got.EndedAt.Equal(want.at) || got.Ending.Reason != want.reason || got.Metadata != (session.Metadata{}) {
				t.Errorf("history %d: %+v, want ID %s, %s at %s and no metadata", i, got, want.id, want.reason, want.at)
			}
		}
		if by := page.Sessions[2].Ending.By; by != strings.Repeat("ü", 127) {
			t.Errorf("By: %q", by)
		}
	})
}

func TestOldHistoryAndCountsAreSweptInBatches(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		clock := &hands{time.Now().UTC()}
		var ears spy
		s := open(t, ears.connect(t, e), clock.now)
		const ended = 5 * sweepBatch
		fill(t, s, 2*ended)
		clock.Time = clock.Add(defaultKeepEnded - time.Hour)
		if n, err := s.Sweep(t.Context(), 1000); n != ended || err != nil {
			t.Fatalf("Sweep: %d, %v, want the %d expired", n, err, ended)
		}
		count := func(table string) (n int) {
			t.Helper()
			if err := s.db.Pool.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count("crudadmin_session_events"); n != 0 {
			t.Errorf("%d events of counters left", n)
		}
		if n := count("crudadmin_sessions"); n != 2*ended {
			t.Errorf("%d sessions in the history, want %d", n, 2*ended)
		}
		clock.Time = clock.Add(48 * time.Hour)
		ears.forget()
		const first = 6*sweepBatch + 1
		for _, want := range []int{first, 2*ended - first, 0} {
			n, err := s.Sweep(t.Context(), first)
			if n != want || err != nil {
				t.Errorf("Sweep: %d, %v, want %d", n, err, want)
			}
		}
		if n := count("crudadmin_sessions"); n != 0 {
			t.Errorf("%d sessions left", n)
		}
		if got, want := strings.Count(ears.verbs(), "COMMIT"), 2*ended/sweepBatch; got < want {
			t.Errorf("%d transactions, want at least %d of at most %d rows", got, want, sweepBatch)
		}
	})
}

func TestHistoryIsKeptUntilTheDeadline(t *testing.T) {
	clock := &hands{time.Now().UTC()}
	db := engines["sqlite"](t).connect(t)
	s, err := Open(t.Context(), db, Config{KeepEnded: time.Hour, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	one := made("anna", clock.Time)
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(t.Context(), one.ID, session.Ending{Reason: session.ReasonLogout}); err != nil {
		t.Fatal(err)
	}
	clock.Time = clock.Add(2 * time.Hour)
	if n, err := s.Sweep(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	one.ExpiresAt = one.Deadline
	if err := s.Restore(t.Context(), one); !errors.Is(err, session.ErrConflict) {
		t.Errorf("Restore of an ended session: %v, want ErrConflict", err)
	}
	clock.Time = one.Deadline
	if n, err := s.Sweep(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Sweep past the deadline: %d, %v, want 1", n, err)
	}
}

// TestPoisonedColumns puts into every column what does not belong there. SQLite
// is where a column can hold values of any type.
func TestPoisonedColumns(t *testing.T) {
	db := engines["sqlite"](t).connect(t)
	s := open(t, db, nil)
	for _, column := range strings.Split(strings.ReplaceAll(columns, "\n", " "), ", ") {
		column = strings.TrimSpace(column)
		for name, value := range map[string]any{
			"a huge text": strings.Repeat("x", 1<<20),
			"real":        1e300,
			"short bytes": []byte{0xff},
		} {
			if column == "ended_at" {
				continue // then it has ended
			}
			what := column + ", " + name
			well, ill := made("anna", time.Now()), made("anna", time.Now())
			for _, one := range []session.Session{well, ill} {
				if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
					t.Fatal(err)
				}
			}
			spoil(t, s, "UPDATE crudadmin_sessions SET "+column+" = ? WHERE id = ?", value, ill.ID[:])
			page, err := s.List(t.Context(), session.Query{Limit: 1})
			if err != nil {
				t.Errorf("%s: List: %v", what, err)
			}
			seen := len(page.Sessions)
			for page.Next != "" && err == nil {
				if page, err = s.List(t.Context(), session.Query{Limit: 1, Cursor: page.Next}); err != nil {
					t.Errorf("%s: List: %v", what, err)
				}
				seen += len(page.Sessions)
			}
			if seen != 1 && seen != 2 { // some values are fine in some columns
				t.Errorf("%s: %d sessions listed", what, seen)
			}
			if _, err := s.Get(t.Context(), ill.ID); seen == 1 && column != "format" && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: Get: %v, want ErrNotFound", what, err)
			}
			if _, err := s.Get(t.Context(), well.ID); err != nil {
				t.Errorf("%s: the session beside it: %v", what, err)
			}
			if _, err := s.List(t.Context(), session.Query{Ended: true}); err != nil {
				t.Errorf("%s: history: %v", what, err)
			}
			if _, err := s.db.Pool.ExecContext(t.Context(), "DELETE FROM crudadmin_sessions"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWarnsOfWhatCannotBeDecoded(t *testing.T) {
	var log strings.Builder
	s, err := Open(t.Context(), engines["sqlite"](t).connect(t), Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	one := made("anna", time.Now())
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	spoil(t, s, "UPDATE crudadmin_sessions SET ip = ? WHERE id = ?", "localhost", one.ID[:])
	if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	for _, want := range []string{"level=WARN", "component=session", one.ID.String(), "ip: not an address"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open(t.Context(), nil, Config{}); err == nil {
		t.Error("a nil database was taken")
	}
	db := engines["sqlite"](t).connect(t)
	for _, keep := range []time.Duration{-1, time.Minute, 11 * 365 * 24 * time.Hour} {
		if _, err := Open(t.Context(), db, Config{KeepEnded: keep}); err == nil || !strings.Contains(err.Error(), "KeepEnded: "+keep.String()) {
			t.Errorf("KeepEnded %s: %v", keep, err)
		}
	}
	for _, nowhere := range []engine{
		{"mysql", "app:secret@tcp(127.0.0.1:1)/test"},
		{"sqlite", "file:" + t.TempDir() + "/no/folder/admin.db"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
		defer cancel()
		_, err := Open(ctx, nowhere.connect(t), Config{})
		if !errors.Is(err, session.ErrUnavailable) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: %v, want ErrUnavailable", nowhere.driver, err)
		}
	}
}

func TestOneConnectionWillDo(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := e.connect(t)
		db.SetMaxOpenConns(1)
		ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
		defer cancel()
		s, err := Open(ctx, db, Config{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		one := made("anna", time.Now())
		if _, err := s.Create(ctx, one, session.Admission{Limit: 1}); err != nil {
			t.Fatal(err)
		}
		spoil(t, s, "UPDATE crudadmin_sessions SET ip = ? WHERE id = ?", "nowhere", one.ID[:])
		if page, err := s.List(ctx, session.Query{}); err != nil || len(page.Sessions) != 0 {
			t.Errorf("List: %d sessions, %v", len(page.Sessions), err)
		}
		if _, err := s.Sweep(ctx, 10); err != nil {
			t.Error(err)
		}
	})
}

func TestTraits(t *testing.T) {
	for name, durable := range map[string]bool{"OFF": false, "NORMAL": false, "FULL": true, "EXTRA": true} {
		e := engines["sqlite"](t)
		e.dsn = strings.Replace(e.dsn, "synchronous(FULL)", "synchronous("+name+")", 1)
		traits := open(t, e.connect(t), nil).Traits()
		if traits.Durable != durable || durable == (len(traits.Notes) > len(sqlite.notes)) {
			t.Errorf("synchronous=%s: durable %t, notes %q", name, traits.Durable, traits.Notes)
		}
	}
	each(t, func(t *testing.T, e engine) {
		traits := open(t, e.connect(t), nil).Traits()
		if !traits.Shared || !traits.ListAll || !traits.History || !traits.ExactLimit || traits.SweepBatch != sweepBatch {
			t.Errorf("%+v", traits)
		}
	})
}

func TestTouchAll(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		clock := &hands{time.Now().UTC().Truncate(time.Microsecond)}
		s := open(t, e.connect(t), clock.now)
		var seen []session.Seen
		var all []session.Session
		var want []session.ID
		for i := range 2*touchBatch + 50 {
			one := made("anna", clock.Time)
			all = append(all, one)
			// One in ten is absent, one in ten was seen before its last activity.
			at := clock.Add(time.Duration(i%10) * time.Minute)
			if i%10 == 2 {
				at = clock.Add(-time.Hour)
			}
			seen = append(seen, session.Seen{ID: one.ID, LastActivity: at, ExpiresAt: at.Add(30 * time.Minute)})
			if i%10 == 1 {
				want = append(want, one.ID)
				continue
			}
			if i%10 == 3 { // seen twice, the later first
				seen = append(seen, session.Seen{ID: one.ID, LastActivity: at.Add(-time.Second), ExpiresAt: at})
			}
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatal(err)
			}
		}
		absent, err := s.TouchAll(t.Context(), seen)
		if err != nil {
			t.Fatal(err)
		}
		byID := func(a, b session.ID) int { return bytes.Compare(a[:], b[:]) }
		slices.SortFunc(absent, byID)
		slices.SortFunc(want, byID)
		if !slices.Equal(absent, want) {
			t.Errorf("%d absent, want %d", len(absent), len(want))
		}
		for i, one := range all {
			got, err := s.Get(t.Context(), one.ID)
			if i%10 == 1 {
				if !errors.Is(err, session.ErrNotFound) {
					t.Fatalf("a touch made a session: %v", err)
				}
				continue
			}
			at := clock.Add(time.Duration(i%10) * time.Minute)
			if i%10 == 2 {
				at = clock.Time
			}
			if err != nil || !got.LastActivity.Equal(at) || !got.ExpiresAt.Equal(at.Add(30*time.Minute)) {
				t.Fatalf("session %d: last seen %s, expires %s, %v; want %s", i, got.LastActivity, got.ExpiresAt, err, at)
			}
		}
	})
}
