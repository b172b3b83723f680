// This file holds a Redis primary with a replica under three Sentinels.

package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"
)

// RedisSentinel is a running primary with one replica, watched by three
// Sentinels that take the primary for dead after 2 s without an answer. They
// ping once a second, and with less patience than that fail over to and fro.
type RedisSentinel struct {
	Name      string         // the name of the primary, for clients
	Nodes     []*RedisServer // the first primary and its replica; they may have changed places
	Sentinels []*RedisServer

	t testing.TB
}

// StartRedisSentinel starts the five servers, of this test alone.
func StartRedisSentinel(t testing.TB) *RedisSentinel {
	t.Helper()
	const name = "crudadmin"
	primary := Redis(t, RedisOptions{})
	host, port, err := net.SplitHostPort(primary.Addr)
	check(t, err)
	replica := Redis(t, RedisOptions{Config: []string{"replicaof " + host + " " + port}})
	s := &RedisSentinel{Name: name, Nodes: []*RedisServer{primary, replica}, t: t}

	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	// A Sentinel that meets a primary without its replica looks again only
	// after 10 s, so replication comes first.
	check(t, poll(ctx, func() error {
		role, err := replica.Do("ROLE")
		if list, _ := role.([]any); err == nil && (len(list) < 4 || list[3] != "connected") {
			return fmt.Errorf("replica: %v", role)
		}
		return err
	}))
	for range 3 {
		s.Sentinels = append(s.Sentinels, Redis(t, RedisOptions{sentinel: true, Config: []string{
			"sentinel monitor " + name + " " + host + " " + port + " 2",
			"sentinel down-after-milliseconds " + name + " 2000",
			"sentinel failover-timeout " + name + " 3000",
			"sentinel parallel-syncs " + name + " 1",
		}}))
	}
	check(t, poll(ctx, func() error {
		for _, sentinel := range s.Sentinels {
			others, err := sentinel.field("num-other-sentinels", name)
			if err != nil {
				return err
			}
			replicas, err := sentinel.field("num-slaves", name)
			if err != nil {
				return err
			}
			if others != "2" || replicas != "1" {
				return fmt.Errorf("%s knows %s other sentinels and %s replicas", sentinel.Addr, others, replicas)
			}
		}
		return nil
	}))
	return s
}

// Addrs returns the addresses of the Sentinels.
func (s *RedisSentinel) Addrs() []string {
	var addrs []string
	for _, sentinel := range s.Sentinels {
		addrs = append(addrs, sentinel.Addr)
	}
	return addrs
}

// Primary returns the node that the Sentinels call the primary.
func (s *RedisSentinel) Primary() *RedisServer {
	s.t.Helper()
	node, err := s.primary()
	check(s.t, err)
	return node
}

// Failover kills the primary, waits until its replica has been promoted and
// every Sentinel says so, and returns the dead one; it becomes the replica
// about 10 s after it is restarted. Failing over takes some seconds.
func (s *RedisSentinel) Failover() (dead *RedisServer) {
	s.t.Helper()
	dead = s.Primary()
	dead.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	check(s.t, poll(ctx, func() error {
		next, err := s.primary()
		if err != nil {
			return err
		}
		if next == dead {
			return errors.New("not yet failed over")
		}
		role, err := next.Do("ROLE")
		if list, _ := role.([]any); err == nil && (len(list) == 0 || list[0] != "master") {
			return fmt.Errorf("%s: role %v", next.Addr, role)
		}
		return err
	}))
	return dead
}

// primary asks all Sentinels, which must agree.
func (s *RedisSentinel) primary() (*RedisServer, error) {
	var found *RedisServer
	for _, sentinel := range s.Sentinels {
		reply, err := sentinel.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.Name)
		if err != nil {
			return nil, err
		}
		list, _ := reply.([]any)
		if len(list) != 2 {
			return nil, fmt.Errorf("%s: odd address %v", sentinel.Addr, reply)
		}
		addr := fmt.Sprintf("%v:%v", list[0], list[1])
		if found != nil && found.Addr != addr {
			return nil, fmt.Errorf("the Sentinels disagree: %s and %s", found.Addr, addr)
		}
		for _, node := range s.Nodes {
			if node.Addr == addr {
				found = node
			}
		}
		if found == nil {
			return nil, fmt.Errorf("%s: the primary is a stranger, %s", sentinel.Addr, addr)
		}
	}
	return found, nil
}

// field returns one field of SENTINEL MASTER.
func (r *RedisServer) field(field, primary string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	reply, err := r.do(ctx, "SENTINEL", "MASTER", primary)
	if err != nil {
		return "", err
	}
	list, _ := reply.([]any)
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] == field {
			return fmt.Sprint(list[i+1]), nil
		}
	}
	return "", fmt.Errorf("%s: SENTINEL MASTER has no %s", r.Addr, field)
}
