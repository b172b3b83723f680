// The conformance suite on every way to run Redis: with a password, with an ACL
// user over TLS, watched by Sentinels, as a Cluster.

package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.StopShared()
	if code == 0 {
		if left := leaked(testserver.Guard); left != "" {
			fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked returns the goroutines of the store and its client that are still there
// after the time, empty if there are none.
func leaked(patience time.Duration) string {
	for until := time.Now().Add(patience); ; {
		buf := make([]byte, 1<<20)
		var left []string
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "rueidis") || strings.Contains(stack, "redisstore.(*Store)") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(until) {
			return strings.Join(left, "\n\n")
		}
		runtime.Gosched()
	}
}

// prefixes gives every check of the suite keys of its own.
var prefixes atomic.Int64

func prefix() string { return fmt.Sprintf("p%d:", prefixes.Add(1)) }

// short is harness with less repetition.
func short(next func(testing.TB) world) sessiontest.Harness {
	h := harness(next)
	h.Short = true
	return h
}

// TestConnectionsLong runs the suite on the other ways to run a server, and to be connected with
// it.
func TestConnectionsLong(t *testing.T) {
	testserver.LongForm(t)
	t.Run("a password", conformancePassword)
	t.Run("TLS and an ACL user", conformanceTLSAndACL)
	t.Run("a near-cache", conformanceNearCache)
	t.Run("Sentinels", conformanceSentinel)
}

func conformancePassword(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t, testserver.RedisOptions{Password: "p@ss/w:rd?#%"})
	sessiontest.Run(t, short(func(testing.TB) world {
		return single(server, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix()})
	}))
}

func conformanceTLSAndACL(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t, testserver.RedisOptions{Username: "panel", Password: "secret", TLS: true})
	sessiontest.Run(t, short(func(testing.TB) world {
		return single(server, redisstore.Config{URL: config.Secret(server.URL()), TLS: server.TLS.Config, Prefix: prefix()})
	}))
}

// conformanceNearCache is with one handle: it sees its own changes at once,
// and another's, or a look behind its back, within MaxStale only.
func conformanceNearCache(t *testing.T) {
	t.Parallel()
	h := short(func(t testing.TB) world {
		server, prefix := testserver.SharedRedis(t)
		return single(server, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, NearCache: time.Minute})
	})
	h.Second = func(_ testing.TB, first session.Store, _ func() time.Time) session.Store { return first }
	h.Poison = nil
	sessiontest.Run(t, h)
}

// conformanceSentinel fails over twice between checks: what follows runs on
// the other server.
func conformanceSentinel(t *testing.T) {
	t.Parallel()
	servers := testserver.StartRedisSentinel(t)
	checks := 0
	sessiontest.Run(t, short(func(t testing.TB) world {
		if checks++; checks == 20 || checks == 40 {
			dead := servers.Failover()
			dead.Restart(false)
		}
		return world{
			cfg:   redisstore.Config{Sentinels: servers.Addrs(), MasterName: servers.Name, Prefix: prefix()},
			nodes: func() []*testserver.RedisServer { return []*testserver.RedisServer{servers.Primary()} },
			of:    func(string) *testserver.RedisServer { return servers.Primary() },
		}
	}))
}

// TestConformanceCluster moves slots of the keys in use from master to master all
// the time. The short form has themes in which keys of several slots take part, the long one all.
func TestConformanceCluster(t *testing.T) {
	t.Parallel()
	conformanceOfCluster(t, "limit", "list")
}

func TestConformanceClusterLong(t *testing.T) {
	testserver.LongForm(t)
	conformanceOfCluster(t)
}

func conformanceOfCluster(t *testing.T, themes ...string) {
	t.Helper()
	cluster := testserver.StartRedisCluster(t, 3, 0)
	masters := cluster.Nodes[:3]
	ctx, stop := context.WithCancel(t.Context())
	moved := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			slot := cluster.SlotOf(fmt.Sprintf("{%02x}", n%256))
			if to := masters[n%len(masters)]; to != cluster.MasterOf(slot) {
				cluster.MigrateSlot(slot, to)
			}
			n++
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
		moved <- n
	}()
	h := harness(func(testing.TB) world {
		return world{
			cfg:   redisstore.Config{Cluster: cluster.Addrs(), Prefix: prefix()},
			nodes: func() []*testserver.RedisServer { return masters },
			of:    func(key string) *testserver.RedisServer { return cluster.MasterOf(cluster.SlotOf(key)) },
		}
	})
	h.Themes, h.Short = themes, themes != nil
	sessiontest.Run(t, h)
	stop()
	if n := <-moved; n < 20 {
		t.Errorf("only %d slots were moved during the run", n)
	}
}
