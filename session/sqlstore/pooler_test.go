// PgBouncer, for real: what a pooler may do to statements, and when the store refuses.

package sqlstore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// TestPgBouncer opens the store through PgBouncer in the ways that pgx sends statements: it works
// for two processes of many callers on two connections to the server, or Open says what to set.
// The short form has what pgx does by default and what Open says, the long one each way.
func TestPgBouncer(t *testing.T) {
	pgBouncer(t, "session/cache_statement", "transaction/cache_statement", "transaction/exec")
}

func TestPgBouncerLong(t *testing.T) {
	testserver.LongForm(t)
	pgBouncer(t)
}

// pgBouncer runs these of the ways; none is all.
func pgBouncer(t *testing.T, only ...string) {
	t.Helper()
	const refused, works = false, true
	for pool, modes := range map[string]map[string]bool{
		"session": {"cache_statement": works, "cache_describe": works, "describe_exec": works, "exec": works, "simple_protocol": works},
		"transaction": {
			"cache_statement": refused, "cache_describe": works, "describe_exec": refused, "exec": works, "simple_protocol": works,
		},
	} {
		for mode, want := range modes {
			if len(only) > 0 && !slices.Contains(only, pool+"/"+mode) {
				continue
			}
			t.Run(pool+"/"+mode, func(t *testing.T) {
				t.Parallel()
				postgres := testserver.SharedPostgres(t)
				servers := 2
				if pool == "session" { // each client has one
					servers = 20
				}
				e := engine{"pgx", testserver.PgBouncer(t, postgres, pool, servers).URL() + "&default_query_exec_mode=" + mode}
				for _, conns := range []int{8, 1} {
					db := e.connect(t)
					db.SetMaxOpenConns(conns)
					s, err := Open(t.Context(), db, Config{Logger: slog.New(slog.DiscardHandler)})
					if want == refused {
						if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
							t.Errorf("%d connections: %v, want ErrMisconfigured and what to set", conns, err)
						}
						continue
					}
					if err != nil {
						t.Fatalf("%d connections: %v", conns, err)
					}
					if conns == 1 {
						_ = s.Close()
						continue
					}
					other := e.connect(t)
					other.SetMaxOpenConns(8)
					work(t, s, open(t, other, nil))
				}
				direct := engine{"pgx", postgres.URL()}.connect(t)
				var locks int
				if err := direct.QueryRow("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&locks); err != nil || locks != 0 {
					t.Errorf("%d advisory locks are left behind, %v", locks, err)
				}
			})
		}
	}
}

// work lets eight callers of each store make, validate, touch and end sessions.
func work(t *testing.T, stores ...*Store) {
	t.Helper()
	var crowd sync.WaitGroup
	for n, s := range stores {
		for w := range 8 {
			crowd.Go(func() {
				for i := range 15 {
					one := sample(fmt.Sprint("user", n, w), time.Now(), byte(16*n+w), byte(i))
					_, err := s.Create(t.Context(), one, session.Admission{Limit: 3})
					got, readErr := s.Get(t.Context(), one.ID)
					_, countErr := s.Count(t.Context(), one.UserID, session.CountRule{Limit: 100, Window: time.Minute})
					touchErr := s.Touch(t.Context(), session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Second), ExpiresAt: one.ExpiresAt})
					_, deleteErr := s.Delete(t.Context(), one.ID, session.Ending{Reason: session.ReasonLogout})
					if err := errors.Join(err, readErr, countErr, touchErr, deleteErr); err != nil || got.UserID != one.UserID {
						t.Errorf("user %q: %v", got.UserID, err)
						return
					}
				}
			})
		}
	}
	crowd.Wait()
}

// sample is a session with texts from all over the world.
func sample(user string, now time.Time, n ...byte) session.Session {
	now = now.UTC().Truncate(time.Microsecond)
	s := session.Session{
		UserID: user, CreatedAt: now, LastActivity: now, RotatedAt: now, ExpiresAt: now.Add(time.Hour), Deadline: now.Add(2 * time.Hour), Version: 1,
		UserAgent: "Ärger 漢字 🦊",
	}
	_, _ = rand.Read(s.ID[:])
	copy(s.ID[:], n)
	return s
}

// TestPoolersAtStart: ten processes make the tables of an empty database through a
// pooler at once.
func TestPoolersAtStart(t *testing.T) {
	t.Parallel()
	e := engine{"pgx", testserver.PgBouncer(t, testserver.SharedPostgres(t), "transaction", 3).URL() + "&default_query_exec_mode=exec"}
	var crowd sync.WaitGroup
	for range 10 {
		db := e.connect(t)
		crowd.Go(func() {
			s, err := Open(t.Context(), db, Config{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	crowd.Wait()
}

// TestPoolersAreTold: two open connections that are one, and a connection that becomes
// another, tell a pooler; servers alone are not taken for one.
func TestPoolersAreTold(t *testing.T) {
	t.Parallel()
	postgres := testserver.SharedPostgres(t)
	for what, c := range map[string]struct {
		url  string
		want bool
	}{
		"direct":           {postgres.URL(), false},
		"session":          {testserver.PgBouncer(t, postgres, "session", 8).URL(), false},
		"transaction":      {testserver.PgBouncer(t, postgres, "transaction", 8).URL(), true},
		"transaction, one": {testserver.PgBouncer(t, postgres, "transaction", 1).URL(), true},
		"statement":        {testserver.PgBouncer(t, postgres, "statement", 8).URL(), true},
	} {
		for _, mode := range []string{"exec", "cache_statement"} {
			for _, conns := range []int{0, 1, 2} {
				db := (engine{"pgx", c.url + "&default_query_exec_mode=" + mode}).connect(t)
				db.SetMaxOpenConns(conns)
				if got, err := pooled(t.Context(), db); got != c.want || err != nil {
					t.Errorf("%s, %s, %d connections: %t, %v, want %t", what, mode, conns, got, err, c.want)
				}
				_ = db.Close()
			}
		}
	}
}

// TestTogether: which modes of the driver need the same connection twice.
func TestTogether(t *testing.T) {
	t.Parallel()
	url := testserver.SharedPostgres(t).URL()
	for mode, want := range map[string]bool{"cache_statement": false, "describe_exec": false, "cache_describe": true, "exec": true, "simple_protocol": true} {
		db := (engine{"pgx", url + "&default_query_exec_mode=" + mode}).connect(t)
		for try := range 3 {
			if got, err := together(t.Context(), db); got != want || err != nil {
				t.Errorf("%s, try %d: %t, %v, want %t", mode, try, got, err, want)
			}
		}
	}
}
