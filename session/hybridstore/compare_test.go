// Tests of drift: what differs between cache and database is found, counted, told
// and put right.

package hybridstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
)

func TestDrift(t *testing.T) {
	server, prefix := testserver.SharedRedis(t)
	p := pair{postgres(t), redisAt(server, prefix)}
	s, asked := p.node(t, fast(), false)
	s.CompareEvery(20 * time.Millisecond)
	m := manager(t, s)
	loop(t, s)
	await(t, "the node follows the log", func() bool { return s.Health().Following })
	same, ended, changed := login(t, m, "ada"), login(t, m, "bea"), login(t, m, "cleo")
	all := []session.Token{same, ended, changed}
	warm(t, []*session.Manager{m}, []*atomic.Int64{asked}, all)
	compared := s.Health().Compared
	await(t, "some are compared", func() bool { return s.Health().Compared >= compared+6 })
	if st := s.Health(); st.Drifted != 0 || st.Hits == 0 {
		t.Errorf("before anything differs: %+v", st)
	}
	if r := s.Traits().Report(); r.Warning != "" || !strings.Contains(r.Detail, "% of reads from the cache") || !strings.Contains(r.Detail, "0 differed; cache: ") {
		t.Errorf("the report: %+v", r)
	}

	// Somebody changes the tables by hand: the log of changes knows nothing of it.
	for _, c := range []struct {
		statement string
		token     session.Token
	}{
		{"UPDATE crudadmin_sessions SET ended_at = last_activity + 1, ended_reason = 'revoked' WHERE id = $1", ended},
		{"UPDATE crudadmin_sessions SET metadata = '{\"role\":\"viewer\"}', version = version + 1 WHERE id = $1", changed},
	} {
		id := c.token.ID()
		if _, err := p.db.ExecContext(t.Context(), c.statement, id[:]); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "both differences are found and put right", func() bool { st := s.Health(); return st.Drifted == 2 && st.Repaired == 2 })
	if _, err := m.Validate(t.Context(), ended); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the session that was ended by hand: %v", err)
	}
	if found, err := m.Validate(t.Context(), changed); err != nil || found.Metadata.String() != `{"role":"viewer"}` {
		t.Errorf("the session that was changed by hand: %s, %v", found.Metadata, err)
	}
	if _, err := m.Validate(t.Context(), same); err != nil {
		t.Errorf("the session that was left alone: %v", err)
	}
	warm(t, []*session.Manager{m}, []*atomic.Int64{asked}, []session.Token{same, changed})
	compared = s.Health().Compared
	await(t, "they are compared again", func() bool { return s.Health().Compared >= compared+6 })
	if st := s.Health(); st.Drifted != 2 {
		t.Errorf("after the repair %d differ, want the 2 that did", st.Drifted)
	}
}

// TestReportWarns: the report says what does not hold.
func TestReportWarns(t *testing.T) {
	p := pair{sqliteFile(t), func(t testing.TB) hybridstore.Cache { return nowhere(t, "redis") }}
	s, _ := p.node(t, fast(), false)
	warning := func() string { return s.Traits().Report().Warning }
	if got := warning(); !strings.Contains(got, "background work") {
		t.Errorf("without the loop: %q", got)
	}
	if r := s.Traits().Report(); !strings.Contains(r.Detail, "; cache: not connected yet; database: ") || r.Counters[len(r.Counters)-1].Name != "statements_prepared_anew" {
		t.Errorf("the report does not tell of what is below: %+v", r)
	}
	loop(t, s)
	m := manager(t, s)
	token := login(t, m, "ada")
	await(t, "the cache is found to be down", func() bool {
		_, _ = m.Validate(t.Context(), token)
		return strings.HasPrefix(warning(), "The cache does not answer")
	})
	if err := p.db.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the log is too old", func() bool { return !s.Health().Following })
}

// silent is a database whose report has no detail.
type silent struct{ hybridstore.Database }

func (silent) Traits() session.Traits {
	return session.Traits{SweepGrace: time.Hour, Report: func() session.Report { return session.Report{} }}
}

// TestReportOfADatabaseWithoutDetail: the report does not announce what is not there.
func TestReportOfADatabaseWithoutDetail(t *testing.T) {
	database, cache := parts(t, fast())
	s, err := hybridstore.New(silent{database}, cache, fast())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Traits().Report().Detail; !strings.Contains(got, "compared") || strings.Contains(got, "database:") {
		t.Errorf("the report's detail: %q", got)
	}
}

// switched is a cache that can be turned off.
type switched struct {
	hybridstore.Cache
	off atomic.Bool
}

func (c *switched) Get(ctx context.Context, id session.ID) ([]byte, *session.Session, error) {
	if c.off.Load() {
		return nil, nil, session.ErrUnavailable
	}
	return c.Cache.Get(ctx, id)
}

// TestCacheOutageIsLoggedOnce: an operator reads that the cache went and came back, in one line
// each.
func TestCacheOutageIsLoggedOnce(t *testing.T) {
	var lines bytes.Buffer
	cfg := fast()
	cfg.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelInfo}))
	truth, inner := parts(t, cfg)
	cache := &switched{Cache: inner}
	s, err := hybridstore.New(truth, cache, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // once the loop has ended
		if log := lines.String(); strings.Count(log, `level=WARN msg="the cache does not answer`) != 1 || strings.Count(log, `level=INFO msg="the cache answers again`) != 1 {
			t.Errorf("the log says:\n%s", log)
		}
	})
	loop(t, s)
	m := manager(t, s)
	token := login(t, m, "ada")
	status := func(down bool) func() bool {
		return func() bool {
			_, err := m.Validate(t.Context(), token)
			return err == nil && strings.HasPrefix(s.Traits().Report().Warning, "The cache does not answer") == down
		}
	}
	await(t, "the store serves", status(false))
	cache.off.Store(true)
	await(t, "the cache is found to be down", status(true))
	for range 20 {
		_ = status(true)()
	}
	cache.off.Store(false)
	await(t, "the cache is found to be back", status(false))
}
