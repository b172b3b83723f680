// Redis: failover, resharding, a full server, refusals.

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

const (
	sentinelRow = "Sentinel: the primary fails over"
	masterRow   = "Cluster: a master dies"
	slotRow     = "Cluster: slots move (MOVED, ASK, TRYAGAIN)"
	fullRow     = "full, nothing may be evicted"
	evictionRow = "evicts when it is full"
	refusalsRow = "READONLY, LOADING, MISCONF, NOAUTH, WRONGPASS, CLUSTERDOWN"
)

// redisAs is a subject on Redis, alone or as a cache, with a configuration of its own.
func redisAs(cfg func() redisstore.Config, asCache bool) Subject {
	open := func(t testing.TB, now func() time.Time) *redisstore.Store {
		c := cfg()
		c.Now = now
		if c.Logger == nil {
			c.Logger = quiet
		}
		s := must[*redisstore.Store](t)(redisstore.Open(context.Background(), c))
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	if !asCache {
		return Subject{Name: "redis", Keeps: true, Open: func(t testing.TB, _ string, now func() time.Time) session.Store {
			return open(t, now)
		}}
	}
	s := hybridCache("hybrid", func(testing.TB) Server { return Server{} }, func(t testing.TB, _ string) hybridstore.Cache {
		return open(t, nil).Cache()
	})
	return s
}

// asCaches runs a test for Redis alone and for Redis as a cache.
func asCaches(t *testing.T, test func(t *testing.T, column string, asCache bool)) {
	t.Helper()
	for _, column := range []string{"redis", "hybrid: cache (redis)"} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			asCache := column != "redis"
			if asCache && !whole() {
				t.Skip("in the long form")
			}
			test(t, column, asCache)
		})
	}
}

// started makes what Subject.Start does beside the server: the database of a hybrid.
func started(t testing.TB, s Subject) Subject {
	if s.Start != nil {
		s.Start(t)
	}
	return s
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	asCaches(t, func(t *testing.T, column string, asCache bool) {
		servers := testserver.StartRedisSentinel(t)
		s := started(t, redisAs(func() redisstore.Config {
			return redisstore.Config{Sentinels: servers.Addrs(), MasterName: servers.Name}
		}, asCache))
		try(t, sentinelRow, column, s, Server{}, func(c *cell) {
			// What was acknowledged and not yet replicated may be lost.
			c.outage(outage{begin: func() {}, end: func() { servers.Failover() }, loses: !asCache})
		})
	})
}

func TestClusterMaster(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t, 3, 3)
	s := redisAs(func() redisstore.Config { return redisstore.Config{Cluster: cluster.Addrs()} }, false)
	try(t, masterRow, "redis", s, Server{}, func(c *cell) {
		var dead *testserver.RedisServer
		slot := cluster.SlotOf("{00}")
		c.outage(outage{
			begin: func() { dead = cluster.MasterOf(slot); dead.Kill() },
			end: func() {
				if !c.eventually(4*patience, func() bool { return tookOver(cluster, dead) }) {
					c.Fatal("no replica took over")
				}
				dead.Restart(false)
			},
			gone: true, partly: true, loses: true, nodes: 3,
		})
	})
}

// tookOver reports whether every node that lives sees every slot served, and by
// somebody else.
func tookOver(cluster *testserver.RedisCluster, dead *testserver.RedisServer) bool {
	_, port, _ := strings.Cut(dead.Addr, ":")
	for _, node := range cluster.Nodes {
		if node == dead {
			continue
		}
		info, err := node.Do("CLUSTER", "INFO")
		text, _ := info.(string)
		slots, failed := node.Do("CLUSTER", "SLOTS")
		if err != nil || failed != nil || !strings.Contains(text, "cluster_slots_ok:16384") || strings.Contains(fmt.Sprint(slots), "127.0.0.1 "+port+" ") {
			return false
		}
	}
	return true
}

func TestClusterSlots(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t, 3, 0)
	s := redisAs(func() redisstore.Config { return redisstore.Config{Cluster: cluster.Addrs()} }, false)
	try(t, slotRow, "redis", s, Server{}, func(c *cell) {
		c.outage(outage{
			begin: func() {},
			end: func() { // every partition moves, its keys in two steps
				for p := range 256 {
					slot := cluster.SlotOf(fmt.Sprintf("{%02x}", p))
					to := cluster.Nodes[p%3]
					if cluster.MasterOf(slot) == to {
						to = cluster.Nodes[(p+1)%3]
					}
					m := cluster.StartMigration(slot, to)
					m.MoveKeys(2)
					m.MoveKeys(-1)
					m.Finish()
				}
			},
			slow: true,
		})
	})
}

func TestRedisFull(t *testing.T) {
	t.Parallel()
	asCaches(t, func(t *testing.T, column string, asCache bool) {
		r := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory-policy noeviction"}})
		s := started(t, redisAs(func() redisstore.Config { return redisstore.Config{URL: config.Secret(r.URL())} }, asCache))
		try(t, fullRow, column, s, Server{Addr: r.Addr}, func(c *cell) {
			c.open(false)
			site, v := c.newSite(), c.newVictims()
			c.follow(v.touched.ID)
			before := c.count()
			c.harm(func() { must[any](c)(r.Do("CONFIG", "SET", "maxmemory", "1")) })
			c.full(v, asCache)
			c.harm(func() { must[any](c)(r.Do("CONFIG", "SET", "maxmemory", "0")) })
			c.recovered(site, false)
			c.settle()
			c.grown(before, "afterwards")
			c.clean()
		})
	})
}

// full: what a server says that has no room, and what it must still do.
func (c *cell) full(v *victims, asCache bool) {
	c.Helper()
	n := c.record(v.user)
	e := c.ledger.begin(op{Kind: "create", User: v.user.ID, ID: n.ID})
	evicted, err := within(unhurried, func(ctx context.Context) ([]session.ID, error) {
		return c.store.Create(ctx, n, session.Admission{Limit: 20})
	})
	c.ledger.end(e, outcomeOf(err), err, evicted)
	if !asCache && (!errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate)) || asCache && err != nil {
		c.Errorf("Create on a full server: %v; only a cache: %t", err, asCache)
	}
	if _, err := c.get(unhurried, v.touched.ID); err != nil {
		c.Errorf("Get on a full server: %v", err)
	}
	e = c.ledger.begin(op{Kind: "delete", User: v.user.ID, ID: v.deleted.ID})
	_, err = within(4*maxStale, func(ctx context.Context) (session.Session, error) {
		return c.store.Delete(ctx, v.deleted.ID, session.Ending{Reason: session.ReasonRevoked})
	})
	c.ledger.end(e, outcomeOf(err), err, nil)
	if err != nil {
		c.Errorf("Delete on a full server: %v", err)
	}
	_, _ = c.get(unhurried, v.deleted.ID)
	e = c.ledger.begin(op{Kind: "deleteUser", User: v.family.ID})
	_, err = within(4*maxStale, func(ctx context.Context) (int, error) {
		return c.store.DeleteUser(ctx, v.family, session.Ending{Reason: session.ReasonRevoked})
	})
	c.ledger.end(e, outcomeOf(err), err, nil)
	if err != nil {
		c.Errorf("DeleteUser on a full server: %v", err)
	}
	c.ledger.report(c, "on a full server")
}

func TestRedisEviction(t *testing.T) {
	t.Parallel()
	asCaches(t, func(t *testing.T, column string, asCache bool) {
		r := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory-policy allkeys-random"}})
		var log bytes.Buffer
		s := started(t, redisAs(func() redisstore.Config {
			return redisstore.Config{URL: config.Secret(r.URL()), Logger: slog.New(slog.NewTextHandler(&log, nil))}
		}, asCache))
		try(t, evictionRow, column, s, Server{Addr: r.Addr}, func(c *cell) {
			c.open(false)
			if !strings.Contains(log.String(), "maxmemory-policy is allkeys-random") {
				c.Errorf("the log at start says nothing of the policy: %s", log.String())
			}
			site := c.newSite()
			var all []session.Session
			for range c.times(400, 100) {
				all = append(all, c.create(c.user()))
			}
			if !asCache {
				c.ledger.doubt() // what is evicted is signed out
			}
			c.harm(func() { must[any](c)(r.Do("CONFIG", "SET", "maxmemory", "1")) })
			for _, one := range all {
				_, _ = c.get(unhurried, one.ID)
			}
			c.harm(func() { must[any](c)(r.Do("CONFIG", "SET", "maxmemory", "0")) })
			c.recovered(site, !asCache)
			c.settle()
			c.clean()
		})
	})
}

// refusal is a way in which Redis refuses, and what ends it.
type refusal struct {
	word    string
	also    string // what the client says instead where it knows before it asks
	options testserver.RedisOptions
	config  func(addr string) redisstore.Config
	begin   func(t testing.TB, r *testserver.RedisServer)
	end     func(t testing.TB, r *testserver.RedisServer)
	reads   bool // are still answered
	passes  bool // soon: the client waits for it as long as its caller does
}

func do(t testing.TB, r *testserver.RedisServer, args ...string) {
	t.Helper()
	if _, err := r.Do(args...); err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

// password changes the server's password and cuts everybody off.
func password(t testing.TB, r *testserver.RedisServer, text string) {
	do(t, r, "CONFIG", "SET", "requirepass", text)
	r.Password = text
	do(t, r, "CLIENT", "KILL", "TYPE", "normal")
}

func refusals(t testing.TB) []refusal {
	plain := func(addr string) redisstore.Config { return redisstore.Config{URL: config.Secret("redis://" + addr)} }
	loaded := make(chan struct{})
	dumps := filepath.Join(t.TempDir(), "dumps")
	if err := os.Mkdir(dumps, 0o700); err != nil {
		t.Fatal(err)
	}
	return []refusal{
		{
			word: "READONLY", config: plain,
			begin: func(t testing.TB, r *testserver.RedisServer) { do(t, r, "REPLICAOF", "127.0.0.1", "1") },
			end:   func(t testing.TB, r *testserver.RedisServer) { do(t, r, "REPLICAOF", "NO", "ONE") },
		},
		{
			word: "MISCONF", config: plain, reads: true,
			options: testserver.RedisOptions{Config: []string{"appendonly no", "save 3600 1", fmt.Sprintf("dir %q", dumps)}},
			begin: func(t testing.TB, r *testserver.RedisServer) {
				if err := os.RemoveAll(dumps); err != nil {
					t.Fatal(err)
				}
				do(t, r, "BGSAVE")
				until(t, func() bool { return says(r, "persistence", "rdb_last_bgsave_status:err") })
			},
			end: func(t testing.TB, r *testserver.RedisServer) {
				do(t, r, "CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
			},
		},
		{
			word: "NOAUTH", config: plain,
			begin: func(t testing.TB, r *testserver.RedisServer) { password(t, r, "new") },
			end:   func(t testing.TB, r *testserver.RedisServer) { password(t, r, "") },
		},
		{
			word: "WRONGPASS", options: testserver.RedisOptions{Password: "old"},
			config: func(addr string) redisstore.Config {
				return redisstore.Config{URL: config.Secret("redis://:old@" + addr)}
			},
			begin: func(t testing.TB, r *testserver.RedisServer) { password(t, r, "new") },
			end:   func(t testing.TB, r *testserver.RedisServer) { password(t, r, "old") },
		},
		{
			word: "LOADING", config: plain, passes: true,
			// A dump that takes long to read: ten milliseconds a key, each of which is
			// long enough for the server to say between two that it is loading.
			options: testserver.RedisOptions{Config: []string{
				"appendonly no", `save ""`, "key-load-delay 10000", "loading-process-events-interval-bytes 1024",
			}},
			begin: func(t testing.TB, r *testserver.RedisServer) {
				filler := []string{"MSET"}
				for i := range 400 {
					filler = append(filler, fmt.Sprint("filler", i), strings.Repeat("x", 2048))
				}
				do(t, r, filler...)
				do(t, r, "SAVE")
				r.Kill()
				go func() { defer close(loaded); r.Restart(false) }() // returns when it has
				until(t, func() bool { return says(r, "persistence", "loading:1") })
			},
			end: func(testing.TB, *testserver.RedisServer) { <-loaded },
		},
		{
			word: "CLUSTERDOWN", also: "the slot has no redis node", options: testserver.RedisOptions{Config: []string{"cluster-enabled yes"}},
			config: func(addr string) redisstore.Config { return redisstore.Config{Cluster: []string{addr}} },
			begin:  func(t testing.TB, r *testserver.RedisServer) { do(t, r, "CLUSTER", "DELSLOTSRANGE", "0", "16383") },
			end: func(t testing.TB, r *testserver.RedisServer) {
				do(t, r, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
			},
		},
	}
}

// says reports whether a section of INFO has the text.
func says(r *testserver.RedisServer, section, text string) bool {
	info, _ := r.Do("INFO", section)
	return strings.Contains(fmt.Sprint(info), text)
}

// until polls until ok.
func until(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the fault cannot be made")
		}
	}
}

func TestRedisRefuses(t *testing.T) {
	t.Parallel()
	asCaches(t, func(t *testing.T, column string, asCache bool) {
		var worst Result
		for _, f := range refusals(t) {
			t.Run(f.word, func(t *testing.T) {
				r := testserver.Redis(t, f.options)
				if f.word == "CLUSTERDOWN" {
					f.end(t, r)
					until(t, func() bool {
						text, _ := r.Do("CLUSTER", "INFO")
						return strings.Contains(fmt.Sprint(text), "cluster_state:ok")
					})
				}
				s := started(t, redisAs(func() redisstore.Config { return f.config(r.Addr) }, asCache))
				m := observe(t, &s, &Server{Addr: r.Addr}, func(c *cell) { c.refused(f, r, asCache) })
				worst.Recovery, worst.Clean = max(worst.Recovery, m.Recovery), m.Clean
			})
		}
		note(Result{Row: refusalsRow, Subject: column, Violation: t.Failed(), Measured: worst.Measured})
	})
}

// refused goes through one of the ways in which a server refuses.
func (c *cell) refused(f refusal, r *testserver.RedisServer, asCache bool) {
	c.Helper()
	c.open(false)
	site, v := c.newSite(), c.newVictims()
	c.follow(v.touched.ID)
	before := c.count()
	c.harm(func() { f.begin(c, r) })
	if asCache {
		if how := c.try(v.createOp(), func(ctx context.Context) error {
			_, err := c.store.Create(ctx, v.made, session.Admission{})
			return err
		}); how != done {
			c.Errorf("Create while the cache says %s: %s", f.word, how)
		}
		c.served(v.touched.ID)
	} else if !f.passes {
		c.named(v, f)
	}
	given := unhurried
	if f.passes {
		given = deadline
	}
	if _, err := c.get(given, v.touched.ID); (err != nil) != (!f.reads && !asCache) {
		c.Errorf("Get while the server says %s: %v", f.word, err)
	}
	c.probe(v, true)
	c.visit(site, false)
	c.harm(func() { f.end(c, r) })
	c.recovered(site, false)
	c.settle()
	c.grown(before, "afterwards")
	c.clean()
}

// named fails the check unless a write soon says why it is unavailable: the first may
// meet a connection that the server has cut.
func (c *cell) named(v *victims, f refusal) {
	c.Helper()
	var last error
	if !c.eventually(patience, func() bool {
		c.try(v.createOp(), func(ctx context.Context) error {
			_, last = c.store.Create(ctx, v.made, session.Admission{})
			return last
		})
		return errors.Is(last, session.ErrUnavailable) && (strings.Contains(last.Error(), f.word) || f.also != "" && strings.Contains(last.Error(), f.also))
	}) {
		c.Errorf("Create: %v, want ErrUnavailable that names %s", last, f.word)
	}
}

func (v *victims) createOp() op { return op{Kind: "create", User: v.made.UserID, ID: v.made.ID} }
