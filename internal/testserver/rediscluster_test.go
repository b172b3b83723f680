// This file tests the Redis Cluster: slots, migration, the death of a master.

package testserver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestRedisClusterMigratesSlots(t *testing.T) {
	t.Parallel()
	c := testserver.StartRedisCluster(t, 3, 0)
	const key = "{a}1"
	slot := c.SlotOf(key)
	from := c.MasterOf(slot)
	to := c.Nodes[0]
	if to == from {
		to = c.Nodes[1]
	}
	mustDo(t, from, "SET", key, "v")
	mustDo(t, from, "SET", "{a}2", "v")

	if _, err := to.Do("GET", key); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("MOVED %d %s", slot, from.Addr)) {
		t.Fatalf("GET on the wrong master: %v, want MOVED", err)
	}
	m := c.StartMigration(slot, to)
	if _, err := from.Do("GET", "{a}absent"); err == nil || !strings.Contains(err.Error(), "ASK") {
		t.Fatalf("GET of an absent key during migration: %v, want ASK", err)
	}
	if n := m.MoveKeys(1); n != 1 {
		t.Fatalf("MoveKeys(1) = %d", n)
	}
	if _, err := from.Do("MGET", key, "{a}2"); err == nil || !strings.Contains(err.Error(), "TRYAGAIN") {
		t.Fatalf("MGET of a moved and an unmoved key: %v, want TRYAGAIN", err)
	}
	if n := m.MoveKeys(-1); n != 1 {
		t.Fatalf("MoveKeys(-1) = %d, want the one that is left", n)
	}
	m.Finish()
	if got := mustDo(t, to, "GET", key); got != "v" {
		t.Fatalf("GET on the new master = %v", got)
	}
	if c.MasterOf(slot) != to {
		t.Fatal("the slot did not change hands")
	}
}

func TestRedisClusterFailsOver(t *testing.T) {
	t.Parallel()
	c := testserver.StartRedisCluster(t, 3, 1)
	slot := c.SlotOf("k")
	master := c.MasterOf(slot)
	mustDo(t, master, "SET", "k", "v")
	mustDo(t, master, "WAIT", "1", "5000")
	master.Kill()
	next := master
	eventually(t, func() bool {
		next = c.MasterOf(slot)
		_, err := next.Do("GET", "k")
		return err == nil
	})
	if next == master {
		t.Fatal("a killed master serves")
	}
}
