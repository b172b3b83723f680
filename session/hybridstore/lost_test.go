// What is promised when servers die, freeze, are cut off, and come back empty or
// with old contents.

package hybridstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// warm asks each node for each session until the cache answers for all.
func warm(t testing.TB, nodes []*session.Manager, asked []*atomic.Int64, tokens []session.Token) {
	t.Helper()
	await(t, "all sessions are in the cache", func() bool {
		var questions int64
		for i, m := range nodes {
			before := asked[i].Load()
			for _, token := range tokens {
				_, err := m.Validate(t.Context(), token)
				if errors.Is(err, session.ErrNotFound) {
					t.Fatal(err)
				}
				if err != nil { // the machine is busy
					questions++
				}
			}
			questions += asked[i].Load() - before
		}
		return questions == 0
	})
}

// TestCacheLost: flushing and restarting the cache under load, empty or with old
// contents, logs out nobody and brings back nobody.
func TestCacheLost(t *testing.T) {
	for name, start := range map[string]func(*testing.T) (func(testing.TB) hybridstore.Cache, []func()){
		"redis": func(t *testing.T) (func(testing.TB) hybridstore.Cache, []func()) {
			server := testserver.Redis(t, testserver.RedisOptions{})
			flush := func() {
				if _, err := server.Do("FLUSHALL"); err != nil {
					t.Error(err)
				}
			}
			return redisAt(server, "p:"), []func(){flush, func() { server.Restart(true) }, func() { server.Restart(false) }}
		},
		"memcached": func(t *testing.T) (func(testing.TB) hybridstore.Cache, []func()) {
			server := testserver.Memcached(t, testserver.MemcachedOptions{})
			flush := func() {
				if _, err := server.Do("flush_all"); err != nil {
					t.Error(err)
				}
			}
			return memcachedAt(server, "p:"), []func(){flush, server.Restart, flush}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache, losses := start(t)
			loseCache(t, pair{postgres(t), cache}, losses)
		})
	}
}

func loseCache(t *testing.T, p pair, losses []func()) {
	nodes := make([]*session.Manager, 2)
	for i := range nodes {
		s, _ := p.node(t, fast(), true)
		nodes[i] = manager(t, s)
	}
	const users = 20
	var tokens []session.Token
	for i := range users {
		tokens = append(tokens, login(t, nodes[i%2], fmt.Sprint("user", i)))
	}
	live := tokens[:users/2]
	var revoked, asked atomic.Int64 // revoked: how many of the other half
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, m := range nodes {
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				asked.Add(1)
				if _, err := m.Validate(context.Background(), live[i%len(live)]); errors.Is(err, session.ErrNotFound) {
					t.Error("a user was logged out")
				}
				dead := int(revoked.Load())
				if dead == 0 {
					continue
				}
				if _, err := m.Validate(context.Background(), tokens[users/2+i%dead]); err == nil {
					t.Error("a revoked session is back")
				}
			}
		})
	}
	for i := range users / 2 {
		if err := nodes[i%2].Logout(t.Context(), tokens[users/2+i]); err != nil {
			t.Fatal(err)
		}
		revoked.Add(1)
		if i%2 == 0 && i/2 < len(losses) {
			losses[i/2]()
		}
		before := asked.Load()
		await(t, "load", func() bool { return asked.Load() > before+40 })
	}
	close(stop)
	load.Wait()
}

// nowhere is a cache that cannot be reached: the node is cut off from it.
func nowhere(t testing.TB, kind string) hybridstore.Cache {
	t.Helper()
	if kind == "memcached" {
		s, err := memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{"127.0.0.1:1"}, Lazy: true, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s.Cache()
	}
	s, err := redisstore.Open(t.Context(), redisstore.Config{Host: "127.0.0.1", Port: 1, Lazy: true, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Cache()
}

// TestRevokedWithoutTheCache: 100 sessions are revoked while the cache is frozen,
// killed, or cut off from the node that revokes. None of them is valid on any node
// after Revoke has returned nil, or later than MaxStale after it returned a
// receipt, also when the cache is back with its old contents. The short form has each of these
// three with one of the caches, and asks less often; the long one has them with both.
func TestRevokedWithoutTheCache(t *testing.T) {
	revokedWithoutTheCache(t, 4*time.Millisecond, outage{"redis", "killed, back with old contents"}, outage{"memcached", "cut off"})
}

func TestRevokedWithoutTheCacheLong(t *testing.T) {
	testserver.LongForm(t)
	revokedWithoutTheCache(t, time.Millisecond,
		outage{"redis", "frozen"}, outage{"redis", "killed, back with old contents"}, outage{"redis", "cut off"},
		outage{"memcached", "frozen"}, outage{"memcached", "killed"}, outage{"memcached", "cut off"})
}

// outage is a kind of cache, and what befalls it.
type outage struct{ kind, what string }

// revokedWithoutTheCache asks each node for one session every so often.
func revokedWithoutTheCache(t *testing.T, every time.Duration, cases ...outage) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.kind+" "+c.what, func(t *testing.T) {
			t.Parallel()
			var cache func(testing.TB) hybridstore.Cache
			var fail, mend, keep func()
			if c.kind == "redis" {
				server := testserver.Redis(t, testserver.RedisOptions{})
				cache = redisAt(server, "p:")
				keep = func() {
					if _, err := server.Do("SAVE"); err != nil {
						t.Fatal(err)
					}
				}
				fail, mend = server.Freeze, server.Thaw
				if c.what == "killed, back with old contents" {
					fail, mend = server.Kill, func() { server.Restart(false) }
				}
			} else {
				server := testserver.Memcached(t, testserver.MemcachedOptions{})
				cache = memcachedAt(server, "p:")
				keep, fail, mend = func() {}, server.Freeze, server.Thaw
				if c.what == "killed" {
					fail, mend = server.Kill, server.Restart
				}
			}
			p := pair{postgres(t), cache}
			var nodes []*session.Manager
			var stores []*hybridstore.Store
			var asked []*atomic.Int64
			for range 2 {
				s, questions := p.node(t, fast(), true)
				nodes, stores, asked = append(nodes, manager(t, s)), append(stores, s), append(asked, questions)
			}
			revoker := nodes[0]
			if c.what == "cut off" {
				s, _ := pair{p.db, func(t testing.TB) hybridstore.Cache { return nowhere(t, c.kind) }}.node(t, fast(), true)
				revoker, fail, mend = manager(t, s), func() {}, func() {}
			}
			revokeUnderFire(t, every, revoker, nodes, asked, stores, keep, fail, mend)
		})
	}
}

func revokeUnderFire(t *testing.T, every time.Duration, revoker *session.Manager, nodes []*session.Manager, asked []*atomic.Int64, stores []*hybridstore.Store, keep, fail, mend func()) {
	const n = 100
	var tokens []session.Token
	for i := range n {
		tokens = append(tokens, login(t, nodes[i%2], fmt.Sprint("user", i)))
	}
	warm(t, nodes, asked, tokens)
	keep()
	fail()

	var dead [n]atomic.Pointer[time.Time] // from when on a valid answer is wrong
	judge := func(m *session.Manager, i int) {
		from := dead[i].Load()
		began := time.Now()
		if _, err := m.Validate(context.Background(), tokens[i]); err == nil && from != nil && began.After(*from) {
			t.Errorf("session %d is valid %s after it must not be", i, began.Sub(*from))
		}
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, m := range nodes {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(every):
					judge(m, i%n)
				}
			}
		})
	}
	var revoking sync.WaitGroup
	var partial atomic.Int64
	turns := make(chan struct{}, 50)
	for i := range n {
		turns <- struct{}{}
		revoking.Go(func() {
			defer func() { <-turns }()
			for {
				budget := 20 * time.Second
				if i%2 == 0 { // not long enough to be sure
					budget = time.Second
				}
				ctx, cancel := context.WithTimeout(context.Background(), budget)
				err := revoker.Revoke(ctx, tokens[i].ID(), session.Ending{Reason: session.ReasonRevoked})
				at := time.Now()
				cancel()
				receipt, ok := errors.AsType[*session.PartialError](err)
				switch {
				case errors.Is(err, session.ErrUnavailable): // nothing is said: ask again
					continue
				case ok:
					partial.Add(1)
					at = at.Add(receipt.Within)
				case err != nil:
					t.Errorf("Revoke: %v", err)
				}
				dead[i].Store(&at)
				return
			}
		})
	}
	revoking.Wait()
	mend()
	for i, s := range stores {
		await(t, "the cache is used again", func() bool {
			judge(nodes[i], 0)
			st := s.Health()
			return st.Following && !st.CacheDown
		})
	}
	for range 2 {
		for i := range n {
			for _, m := range nodes {
				judge(m, i)
			}
		}
	}
	close(stop)
	all.Wait()
	for i := range n { // and at last everybody says so
		at := dead[i].Load()
		await(t, "the receipts are due", func() bool { return time.Now().After(*at) })
		for _, m := range nodes {
			if _, err := m.Validate(t.Context(), tokens[i]); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("session %d after its end: %v", i, err)
			}
		}
	}
	t.Logf("%d of %d revocations were receipts", partial.Load(), n)
}

// briefly asks for at most two seconds.
func briefly(m *session.Manager, token session.Token) (session.Session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return m.Validate(ctx, token)
}

// TestDatabaseDown: PostgreSQL is killed or frozen under load. Nobody is logged out, no
// revocation that was acknowledged is lost, none is acknowledged by the cache
// alone, and whoever is in the cache goes on for as long as is published: MaxStale,
// or longer with Degraded. The short form kills it, and asks less often than the long one.
func TestDatabaseDown(t *testing.T) {
	databaseDown(t, 6*time.Millisecond, "killed", "killed, degraded")
}

func TestDatabaseDownLong(t *testing.T) {
	testserver.LongForm(t)
	databaseDown(t, time.Millisecond, "killed", "killed, degraded", "frozen, degraded")
}

// databaseDown asks each node for two sessions every so often, in these outages.
func databaseDown(t *testing.T, every time.Duration, outages ...string) {
	t.Helper()
	server := testserver.Postgres(t)
	db := databaseAt(t, server.URL())
	for _, c := range []struct {
		name       string
		degraded   time.Duration
		fail, mend func()
	}{
		{"killed", 0, server.Kill, server.Restart},
		{"killed, degraded", time.Minute, server.Kill, server.Restart},
		{"frozen, degraded", time.Minute, server.Freeze, server.Thaw},
	} {
		if !slices.Contains(outages, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			degraded := c.degraded
			redis, prefix := testserver.SharedRedis(t)
			cfg := fast()
			cfg.MaxStale, cfg.Degraded = 1500*time.Millisecond, degraded
			p := pair{db, redisAt(redis, prefix)}
			var nodes []*session.Manager
			var asked []*atomic.Int64
			for range 2 {
				s, questions := p.node(t, cfg, true)
				nodes, asked = append(nodes, manager(t, s)), append(asked, questions)
			}
			const n = 20
			var tokens []session.Token
			for i := range n {
				tokens = append(tokens, login(t, nodes[i%2], fmt.Sprint("user", i)))
			}
			warm(t, nodes, asked, tokens)
			gone, live := tokens[:n/2], tokens[n/2:]
			for _, token := range gone[1:] {
				if err := nodes[0].Logout(t.Context(), token); err != nil {
					t.Fatal(err)
				}
			}

			stop := make(chan struct{})
			var load sync.WaitGroup
			var killed, back atomic.Pointer[time.Time]
			var valid, unavailable atomic.Int64 // answers to questions of the outage
			for _, m := range nodes {
				load.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						case <-time.After(every):
						}
						began, down := time.Now(), killed.Load()
						_, err := briefly(m, live[i%len(live)])
						// A busy machine passes the time that the cache has for an answer.
						for tries := 0; err != nil && degraded > 0 && down != nil && tries < 20; tries++ {
							_, err = briefly(m, live[i%len(live)])
						}
						switch outage := down != nil && back.Load() == nil; {
						case errors.Is(err, session.ErrNotFound):
							t.Error("a user was logged out")
						case err == nil && outage && degraded == 0 && began.After(down.Add(cfg.MaxStale)):
							t.Errorf("valid %s after the database died, MaxStale is %s", began.Sub(*down), cfg.MaxStale)
						case err != nil && outage && degraded > 0:
							t.Errorf("a session that is in the cache: %v", err)
						case err == nil && outage:
							valid.Add(1)
						case err != nil && outage:
							unavailable.Add(1)
						}
						if _, err := briefly(m, gone[1+i%(len(gone)-1)]); err == nil {
							t.Error("a revoked session is back")
						}
					}
				})
			}
			c.fail()
			at := time.Now()
			killed.Store(&at)
			bounded, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			if err := nodes[0].Logout(bounded, gone[0]); err == nil || !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("a revocation without the database: %v, want unavailable", err)
			}
			if _, _, err := nodes[1].Create(bounded, session.NewSession{UserID: "late"}); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("a login without the database: %v, want unavailable", err)
			}
			cancel()
			await(t, "the outage lasts longer than MaxStale", func() bool {
				if degraded > 0 {
					return time.Since(at) > cfg.MaxStale+500*time.Millisecond && valid.Load() > 100
				}
				return unavailable.Load() > 20
			})
			now := time.Now()
			back.Store(&now)
			c.mend()
			for _, m := range nodes {
				await(t, "the database is used again", func() bool {
					_, err := briefly(m, live[0])
					return err == nil
				})
			}
			close(stop)
			load.Wait()
			for _, m := range nodes {
				for i, token := range tokens[1:] { // what became of the first nobody was told
					if _, err := m.Validate(t.Context(), token); (err == nil) != (i+1 >= n/2) {
						t.Errorf("session %d after the restart: %v", i+1, err)
					}
				}
			}
			t.Logf("in the outage %d valid, %d unavailable", valid.Load(), unavailable.Load())
		})
	}
}
