// A Cluster of three masters against one server, on one machine.

package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// TestCluster measures the same operations on both.
func TestCluster(t *testing.T) {
	needsMeasure(t)
	begun := began()
	open := func(cfg redisstore.Config) *grown {
		cfg.PoolSize, cfg.Logger = poolSize, discard()
		g := &grown{size: known, m: manage(t, must[*redisstore.Store](t)(redisstore.Open(t.Context(), cfg)), session.Config{})}
		g.fill(t, g.m, 8, nil)
		return g
	}
	one := open(redisstore.Config{URL: config.Secret(testserver.Redis(t, testserver.RedisOptions{}).URL())}) // with a log of writes, like the masters
	three := open(redisstore.Config{Cluster: testserver.StartRedisCluster(t, 3, 0).Addrs()})
	table := newTable("operation", "clients", "one server µs", "p99 µs", "three masters µs", "p99 µs", "time ÷ one server")
	for _, name := range growing("Redis") {
		for _, clients := range []int{1, 8, 64} {
			if clients > 8 && strings.HasSuffix(name, "page") { // 64 pages at once take a second
				continue
			}
			costs := race(clients, work{do: one.operation(t, one.m, name)}, work{do: three.operation(t, three.m, name)})
			quotient := costs[1].nanoseconds / costs[0].nanoseconds
			table.add(name, clients, micros(costs[0].nanoseconds), micros(costs[0].p99), micros(costs[1].nanoseconds), micros(costs[1].p99), fmt.Sprintf("%.2f", quotient))
			figure(t, fmt.Sprintf("cluster/%s/%d", name, clients), quotient)
		}
	}
	publish(t, "cluster", begun+table.String())
}
