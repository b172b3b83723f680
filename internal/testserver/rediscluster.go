// This file holds a Redis Cluster: masters, their replicas, slots that move.

package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const clusterSlots = 16384

// RedisCluster is a running Redis Cluster. A dead master costs only its own
// slots, until its replica, if it has one, takes over after a second or two.
type RedisCluster struct {
	// Nodes are the masters as started, each with an equal share of the
	// slots, then the replicas: replica i follows master i modulo their number.
	Nodes []*RedisServer

	t testing.TB
}

// StartRedisCluster starts a Redis Cluster of this test alone, with replicas
// servers beside each master. A cluster needs a majority of its masters to live,
// so three is the least that stands the loss of one.
func StartRedisCluster(t testing.TB, masters, replicas int) *RedisCluster {
	t.Helper()
	c := &RedisCluster{t: t}
	for range masters * (1 + replicas) {
		c.Nodes = append(c.Nodes, Redis(t, RedisOptions{Config: []string{
			"cluster-enabled yes",
			"cluster-node-timeout 1000",
			"cluster-require-full-coverage no",
			"cluster-replica-validity-factor 0",
		}}))
	}
	check(t, c.form(masters))
	return c
}

// form introduces the nodes to each other and waits until all agree.
func (c *RedisCluster) form(masters int) error {
	for i, node := range c.Nodes {
		if i < masters {
			first, end := i*clusterSlots/masters, (i+1)*clusterSlots/masters
			args := []string{"CLUSTER", "ADDSLOTS"}
			for slot := first; slot < end; slot++ {
				args = append(args, strconv.Itoa(slot))
			}
			if _, err := node.Do(args...); err != nil {
				return err
			}
		}
		if _, err := node.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)); err != nil {
			return err
		}
		for _, other := range c.Nodes[:i] {
			host, port, err := net.SplitHostPort(other.Addr)
			if err != nil {
				return err
			}
			if _, err := node.Do("CLUSTER", "MEET", host, port); err != nil {
				return err
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for i, node := range c.Nodes[masters:] {
		id, err := c.Nodes[i%masters].id()
		if err != nil {
			return err
		}
		err = poll(ctx, func() error { // until the master is known here
			_, err := node.Do("CLUSTER", "REPLICATE", id)
			return err
		})
		if err != nil {
			return fmt.Errorf("replicate master %d: %w", i%masters, err)
		}
	}
	if err := poll(ctx, c.agree); err != nil {
		return fmt.Errorf("form a Redis Cluster: %w", err)
	}
	return nil
}

func (c *RedisCluster) agree() error {
	for _, node := range c.Nodes {
		info, err := node.text("CLUSTER", "INFO")
		if err != nil {
			return err
		}
		for _, want := range []string{
			"cluster_state:ok",
			fmt.Sprintf("cluster_slots_ok:%d", clusterSlots),
			fmt.Sprintf("cluster_known_nodes:%d", len(c.Nodes)),
		} {
			if !strings.Contains(info, want+"\r\n") {
				return fmt.Errorf("%s: no %s in\n%s", node.Addr, want, info)
			}
		}
		replication, err := node.text("INFO", "replication")
		if err != nil {
			return err
		}
		if strings.Contains(replication, "role:slave") && !strings.Contains(replication, "master_link_status:up") {
			return fmt.Errorf("%s: not yet in step with its master", node.Addr)
		}
	}
	return nil
}

// Addrs returns the addresses of all nodes as started.
func (c *RedisCluster) Addrs() []string {
	var addrs []string
	for _, node := range c.Nodes {
		addrs = append(addrs, node.Addr)
	}
	return addrs
}

// SlotOf returns the slot of a key.
func (c *RedisCluster) SlotOf(key string) int {
	c.t.Helper()
	var last error
	for _, node := range c.Nodes {
		reply, err := node.Do("CLUSTER", "KEYSLOT", key)
		if slot, ok := reply.(int64); ok {
			return int(slot)
		}
		last = err
	}
	c.t.Fatalf("slot of key %q: %v", key, last)
	return 0
}

// MasterOf returns the node that serves a slot, by the word of the first node
// that answers.
func (c *RedisCluster) MasterOf(slot int) *RedisServer {
	c.t.Helper()
	var last error
	for _, node := range c.Nodes {
		reply, err := node.Do("CLUSTER", "SLOTS")
		if err != nil {
			last = err
			continue
		}
		master, err := c.find(reply, slot)
		if err == nil {
			return master
		}
		last = err
	}
	c.t.Fatalf("master of slot %d: %v", slot, last)
	return nil
}

// find reads the reply of CLUSTER SLOTS: first slot, last slot, [host, port, …], …
func (c *RedisCluster) find(reply any, slot int) (*RedisServer, error) {
	ranges, _ := reply.([]any)
	for _, r := range ranges {
		fields, _ := r.([]any)
		if len(fields) < 3 {
			return nil, fmt.Errorf("odd slot range %v", r)
		}
		first, _ := fields[0].(int64)
		last, _ := fields[1].(int64)
		master, _ := fields[2].([]any)
		if slot < int(first) || slot > int(last) || len(master) < 2 {
			continue
		}
		addr := fmt.Sprintf("%v:%v", master[0], master[1])
		i := slices.IndexFunc(c.Nodes, func(n *RedisServer) bool { return n.Addr == addr })
		if i < 0 {
			return nil, fmt.Errorf("served by a stranger, %s", addr)
		}
		return c.Nodes[i], nil
	}
	return nil, errors.New("served by nobody")
}

// MigrateSlot moves a slot with all its keys to another master.
func (c *RedisCluster) MigrateSlot(slot int, to *RedisServer) {
	c.t.Helper()
	m := c.StartMigration(slot, to)
	m.MoveKeys(-1)
	m.Finish()
}

// SlotMigration is a slot on its way: its keys that moved, and those that never
// were, answer ASK on the old master; a command on moved and unmoved keys
// together answers TRYAGAIN.
type SlotMigration struct {
	c        *RedisCluster
	slot     string
	from, to *RedisServer
}

// StartMigration opens a slot on both masters and moves no key yet.
func (c *RedisCluster) StartMigration(slot int, to *RedisServer) *SlotMigration {
	c.t.Helper()
	m := &SlotMigration{c: c, slot: strconv.Itoa(slot), from: c.MasterOf(slot), to: to}
	if m.from == to {
		c.t.Fatalf("migrate slot %d: %s serves it already", slot, to.Addr)
	}
	c.must(to, "CLUSTER", "SETSLOT", m.slot, "IMPORTING", c.mustID(m.from))
	c.must(m.from, "CLUSTER", "SETSLOT", m.slot, "MIGRATING", c.mustID(to))
	return m
}

// MoveKeys moves up to n keys of the slot, all of them if n is negative, and
// returns how many it moved.
func (m *SlotMigration) MoveKeys(n int) int {
	m.c.t.Helper()
	const batch = 100
	host, port, err := net.SplitHostPort(m.to.Addr)
	check(m.c.t, err)
	moved := 0
	for n < 0 || moved < n {
		count := batch
		if n >= 0 {
			count = min(batch, n-moved)
		}
		keys, _ := m.c.must(m.from, "CLUSTER", "GETKEYSINSLOT", m.slot, strconv.Itoa(count)).([]any)
		if len(keys) == 0 {
			break
		}
		args := []string{"MIGRATE", host, port, "", "0", "5000", "KEYS"}
		for _, key := range keys {
			args = append(args, fmt.Sprint(key))
		}
		m.c.must(m.from, args...)
		moved += len(keys)
	}
	return moved
}

// Finish gives the slot to the new master; keys that did not move are lost.
func (m *SlotMigration) Finish() {
	m.c.t.Helper()
	id := m.c.mustID(m.to)
	for _, node := range []*RedisServer{m.to, m.from} { // in this order, or the slot is nobody's for a moment
		m.c.must(node, "CLUSTER", "SETSLOT", m.slot, "NODE", id)
	}
}

func (c *RedisCluster) must(node *RedisServer, args ...string) any {
	c.t.Helper()
	reply, err := node.Do(args...)
	if err != nil {
		c.t.Fatalf("%s: %s: %v", node.Addr, strings.Join(args, " "), err)
	}
	return reply
}

func (c *RedisCluster) mustID(node *RedisServer) string {
	c.t.Helper()
	id, err := node.id()
	check(c.t, err)
	return id
}

// id returns the node's name in the cluster.
func (r *RedisServer) id() (string, error) { return r.text("CLUSTER", "MYID") }

// text sends a command whose reply is a string.
func (r *RedisServer) text(args ...string) (string, error) {
	reply, err := r.Do(args...)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", r.Addr, strings.Join(args, " "), err)
	}
	text, ok := reply.(string)
	if !ok {
		return "", fmt.Errorf("%s: %s: odd reply %v", r.Addr, strings.Join(args, " "), reply)
	}
	return text, nil
}
