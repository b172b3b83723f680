// The budget: statements per operation, and the indexes they walk.

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
)

// serial makes IDs differ.
var serial atomic.Int64

// made returns a session of the user that is not stored yet.
func made(user string, at time.Time) session.Session {
	var s session.Session
	token := fmt.Sprintf("%d/%d", at.UnixNano(), serial.Add(1))
	copy(s.ID[:], "tag of "+user+"........")
	copy(s.ID[8:], fmt.Sprintf("%32s", token))
	at = at.UTC().Truncate(time.Microsecond)
	s.UserID, s.Version = user, 1
	s.CreatedAt, s.LastActivity, s.RotatedAt = at, at, at
	s.ExpiresAt, s.Deadline = at.Add(30*time.Minute), at.Add(12*time.Hour)
	return s
}

func TestStatementsPerOperation(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		ctx := t.Context()
		var ears spy
		s := open(t, ears.connect(t, e), nil)
		now := time.Now()
		a := made("anna", now)
		begin, lock := strings.Join(firstWords(s.db.Engine.Begin()), " "), ""
		if s.dialect.lock != "" {
			lock = " SELECT"
		}
		within := func(work string) string { return begin + lock + " " + work + " COMMIT" }
		seen := session.Seen{ID: a.ID, LastActivity: now.Add(time.Minute), ExpiresAt: now.Add(40 * time.Minute)}
		next := made("anna", now)
		for _, step := range []struct {
			what string
			do   func() error
			want string
		}{
			{"create without a limit", func() error { _, err := s.Create(ctx, made("bert", now), session.Admission{}); return err }, "INSERT"},
			{"create under a limit", func() error { _, err := s.Create(ctx, a, session.Admission{Limit: 1}); return err }, within("INSERT SELECT")},
			{"validate", func() error { _, err := s.Get(ctx, a.ID); return err }, "SELECT"},
			{"validate what is not there", func() error {
				if _, err := s.Get(ctx, next.ID); !errors.Is(err, session.ErrNotFound) {
					return fmt.Errorf("%w, want ErrNotFound", err)
				}
				return nil
			}, "SELECT SELECT"},
			{"touch", func() error { return s.Touch(ctx, seen) }, "UPDATE"},
			{"touch of a batch", func() error { _, err := s.TouchAll(ctx, []session.Seen{seen, {ID: next.ID}}); return err }, begin + " UPDATE SELECT COMMIT"},
			{"update", func() error { return s.Update(ctx, a.ID, 1, session.StoredMetadata(`{"a":1}`)) }, "UPDATE"},
			{"a page", func() error { _, err := s.List(ctx, session.Query{}); return err }, "SELECT"},
			{"a user's page", func() error { _, err := s.List(ctx, session.Query{User: a.User()}); return err }, "SELECT"},
			{"history", func() error { _, err := s.List(ctx, session.Query{Ended: true}); return err }, "SELECT"},
			{"rotate", func() error { next.Version = 2; return s.Rotate(ctx, a.ID, next) }, within("UPDATE INSERT")},
			{"create that evicts", func() error { _, err := s.Create(ctx, made("anna", now), session.Admission{Limit: 1}); return err }, within("INSERT SELECT UPDATE")},
			{"revoke a user", func() error { _, err := s.DeleteUser(ctx, a.User(), session.Ending{}); return err }, within("UPDATE")},
			{"count", func() error {
				_, err := s.Count(ctx, "key", session.CountRule{Limit: 5, Window: time.Minute})
				return err
			}, within("DELETE SELECT INSERT")},
			{"counted", func() error { _, err := s.Counted(ctx, "key", time.Minute); return err }, "SELECT"},
			{"sweep of nothing", func() error { _, err := s.Sweep(ctx, 1000); return err }, strings.Join([]string{within("UPDATE"), within("DELETE"), within("DELETE")}, " ")},
			{"ping", func() error { return s.Ping(ctx) }, "SELECT"},
		} {
			ears.forget()
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			if got := ears.verbs(); got != step.want {
				t.Errorf("%s: %s, want %s", step.what, got, step.want)
			}
		}
		last := made("anna", now)
		if _, err := s.Create(ctx, last, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		ears.forget()
		if _, err := s.Delete(ctx, last.ID, session.Ending{}); err != nil {
			t.Fatal(err)
		}
		if got, want := ears.verbs(), within("SELECT UPDATE"); got != want {
			t.Errorf("revoke: %s, want %s", got, want)
		}
	})
}

func firstWords(statements []string) []string {
	var words []string
	for _, statement := range statements {
		words = append(words, strings.Fields(statement)[0])
	}
	return words
}

// TestIndexes asks each engine how it would run what runs on large tables.
func TestIndexes(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := e.connect(t)
		s := open(t, db, nil)
		fill(t, s, 6000)
		now := micro(time.Now())
		user := made("user 7", time.Now())
		tag := user.ID.Tag()
		cursor := session.Cursor{At: time.Now(), ID: user.ID}
		type plan struct {
			text string
			args []any
		}
		plans := map[string]plan{
			"validate":           {byID, []any{user.ID[:], now}},
			"validate in grace":  {byPrevious, []any{user.ID[:], now, now}},
			"touch":              {s.dialect.touch(), []any{now, now, user.ID[:], now}},
			"first use":          {s.dialect.touching(setUsed), []any{now, now, now, user.ID[:], now}},
			"a user's over":      {over, []any{tag[:], user.UserID, now, user.ID[:], 4}},
			"a user's end":       {endUser, []any{now, "", "", emptyMetadata, tag[:], user.UserID, now}},
			"a counter's events": {newestEvents, []any{[]byte("key 7"), 5}},
		}
		for _, step := range s.sweeps() {
			plans["sweep: "+step.statement] = plan{step.statement, append(step.args, sweepBatch)}
		}
		for name, q := range map[string]session.Query{
			"page": {}, "a user's page": {User: user.User()}, "history": {Ended: true}, "a user's history": {User: user.User(), Ended: true},
		} {
			for _, after := range []bool{false, true} {
				text, args := list(&q, now, 51, cursor, after)
				plans[fmt.Sprintf("%s, after a cursor: %t", name, after)] = plan{text, args}
			}
		}
		walk := explain(t, db, s.dialect, "SELECT id FROM crudadmin_sessions WHERE ip = ?", []any{"192.0.2.7"})
		if !noIndex[s.db.Engine].MatchString(walk) {
			t.Fatalf("a walk of the whole table is not seen as one:\n%s", walk)
		}
		for name, p := range plans {
			got := explain(t, db, s.dialect, p.text, p.args)
			if strings.HasPrefix(name, "a user's") && s.dialect == &postgresql {
				got = strings.ReplaceAll(got, "Sort ", "") // cheaper than the index's order for the few rows of a user
			}
			if bad := noIndex[s.db.Engine].FindString(got); bad != "" {
				t.Errorf("%s: %q in the plan:\n%s\n%s", name, bad, p.text, got)
			}
		}
	})
}

// noIndex matches plans that walk a table or sort it.
var noIndex = map[sqldb.Engine]*regexp.Regexp{
	"sqlite":     regexp.MustCompile(`SCAN crudadmin_\w+\n|SCAN crudadmin_\w+$|TEMP B-TREE`),
	"postgresql": regexp.MustCompile(`Seq Scan|Sort `),
	"mysql":      regexp.MustCompile(`type=ALL|Using filesort`),
}

func explain(t *testing.T, db *sql.DB, d *dialect, text string, args []any) string {
	t.Helper()
	prefix := "EXPLAIN "
	if d == &sqlite {
		prefix = "EXPLAIN QUERY PLAN "
	}
	rows, err := db.QueryContext(t.Context(), prefix+d.engine.Bind(text), args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range into {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			if d == &mysql {
				fmt.Fprintf(&plan, "%s=%s ", name, values[i].String)
			} else if i == len(names)-1 {
				plan.WriteString(values[i].String)
			}
		}
		plan.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// fill stores n sessions of n/10 users, half of them ended, and as many events.
func fill(t *testing.T, s *Store, n int) {
	t.Helper()
	start := time.Now().Add(-10 * time.Minute)
	err := s.transact(t.Context(), "fill", func(tx tx) error {
		const batch = 50 // rows of a statement
		for first := 0; first < n; first += batch {
			var rows, events []any
			most := min(batch, n-first)
			for i := first; i < first+most; i++ {
				one := made(fmt.Sprintf("user %d", i%(n/10)), start.Add(time.Duration(i)*time.Millisecond))
				tag := fmt.Sprintf("%08d", i%(n/10))
				copy(one.ID[:], tag)
				row, err := encode(&one)
				if err != nil {
					return err
				}
				if i%2 == 0 {
					row[columnCount-3], row[columnCount-2] = micro(one.CreatedAt.Add(time.Second)), "logout"
				}
				rows = append(rows, row...)
				events = append(events, fmt.Appendf(nil, "key %d", i%(n/10)), i, micro(start), micro(start.Add(time.Hour)))
			}
			if _, err := tx.Exec(t.Context(), insert+strings.Repeat(", "+placeholders(columnCount), most-1), rows...); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), insertEvent+strings.Repeat(", "+placeholders(4), most-1), events...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	analyze := []string{"ANALYZE crudadmin_sessions", "ANALYZE crudadmin_session_events"}
	switch s.dialect {
	case &mysql:
		analyze = []string{"ANALYZE TABLE crudadmin_sessions, crudadmin_session_events"}
	case &sqlite:
		analyze = nil // its plans must be right without statistics
	}
	for _, statement := range analyze {
		if _, err := s.db.Pool.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
