// Primaries that die under a store that stays open, and callers that go away.

package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// TestSentinelFailoverLong: the store finds the new primary by itself, what had been
// replicated is there, and meanwhile the answer is unavailable.
func TestSentinelFailoverLong(t *testing.T) {
	testserver.LongForm(t)
	servers := testserver.StartRedisSentinel(t)
	s := open(t, redisstore.Config{Sentinels: servers.Addrs(), MasterName: servers.Name})
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	do(t, servers.Primary(), "WAIT", "1", "5000")
	failedOver := make(chan struct{})
	var unavailable, valid int
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-failedOver:
				return
			default:
			}
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			_, err := s.Get(ctx, one.ID)
			cancel()
			switch {
			case err == nil:
				valid++
			case errors.Is(err, session.ErrUnavailable):
				unavailable++
			default:
				t.Errorf("during the failover: %v", err)
				return
			}
		}
	})
	servers.Failover()
	close(failedOver)
	watching.Wait()
	t.Logf("during the failover: %d valid, %d unavailable", valid, unavailable)
	eventually(t, "service from the new primary", func() error { _, err := s.Get(t.Context(), one.ID); return err })
	if err := s.Touch(t.Context(), session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Second), ExpiresAt: one.ExpiresAt}); err != nil {
		t.Errorf("a write on the new primary: %v", err)
	}
}

// TestClusterMasterDiesLong: the others' sessions are served on, and the dead one's
// by its replica.
func TestClusterMasterDiesLong(t *testing.T) {
	testserver.LongForm(t)
	cluster := testserver.StartRedisCluster(t, 3, 3)
	clock := sessiontest.NewClock()
	s := open(t, redisstore.Config{Cluster: cluster.Addrs(), Now: clock.Now})
	var all []session.Session
	for p := range 64 {
		one := newSession("ada", session.Tag{byte(4 * p)})
		if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	dies := cluster.MasterOf(cluster.SlotOf(recordKey("crudadmin:", all[0].ID)))
	hit := map[session.ID]bool{}
	for _, one := range all {
		hit[one.ID] = cluster.MasterOf(cluster.SlotOf(recordKey("crudadmin:", one.ID))) == dies
	}
	for _, node := range cluster.Nodes[:3] {
		do(t, node, "WAIT", "1", "5000")
	}
	dies.Kill()
	for _, one := range all {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := s.Get(ctx, one.ID)
		cancel()
		if !hit[one.ID] && err != nil {
			t.Errorf("a session on another master: %v", err)
		}
		if hit[one.ID] && err != nil && !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("a session on the dead master: %v, want ErrUnavailable", err)
		}
	}
	eventually(t, "service from the replica", func() error {
		for _, one := range all {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := s.Get(ctx, one.ID)
			cancel()
			if err != nil {
				return err
			}
		}
		return nil
	})
	if page, err := s.List(t.Context(), session.Query{Limit: 100}); err != nil || len(page.Sessions) != len(all) {
		t.Errorf("%d sessions are listed, want %d; %v", len(page.Sessions), len(all), err)
	}
	dies = cluster.MasterOf(cluster.SlotOf(recordKey("crudadmin:", all[0].ID)))
	theirs := 0
	for _, one := range all {
		if cluster.MasterOf(cluster.SlotOf(recordKey("crudadmin:", one.ID))) == dies {
			theirs++
		}
	}
	dies.Freeze() // its replica is gone: nobody takes over
	clock.Advance(24 * time.Hour)
	if n, err := s.Sweep(t.Context(), 1000); n != len(all)-theirs || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("with a server frozen %d were swept, want %d and ErrUnavailable; %v", n, len(all)-theirs, err)
	}
}

// TestCallersGoAway: 10,000 calls that are cancelled leave nothing behind, and no
// answer reaches another call.
func TestCallersGoAway(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), PoolSize: 4})
	var all []session.Session
	for i := range 16 {
		all = append(all, newSession(fmt.Sprint("user", i), session.Tag{byte(i)}))
		if _, err := s.Create(t.Context(), all[i], session.Admission{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		_, _ = s.Get(t.Context(), all[0].ID)
	}
	goroutines, clients := runtime.NumGoroutine(), connections(t, server)
	var callers sync.WaitGroup
	for w := range 16 {
		callers.Go(func() {
			for i := range 10_000 / 16 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%2 == 0 {
					go cancel()
				}
				got, err := s.Get(ctx, all[w].ID)
				cancel()
				if err == nil && got != all[w] {
					t.Error("another session's answer")
				}
				if err != nil && !errors.Is(err, session.ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	eventually(t, "goroutines and connections", func() error {
		if n, c := runtime.NumGoroutine(), connections(t, server); n > goroutines || c > clients {
			return fmt.Errorf("%d goroutines, were %d; %d connections, were %d", n, goroutines, c, clients)
		}
		return nil
	})
}
