// Credentials that change while the store works.

package redisstore_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// TestRotatedPassword changes the password and closes all connections under load:
// each of those who validate meets no more failures than connections were closed.
func TestRotatedPassword(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	var password atomic.Value
	var asked atomic.Int64
	rotate := func(next string) {
		do(t, server, "ACL", "SETUSER", "panel", "reset", "on", ">"+next, "~*", "&*", "+@all")
		password.Store(next)
		do(t, server, "CLIENT", "KILL", "USER", "panel")
	}
	rotate("first")
	s := open(t, redisstore.Config{URL: config.Secret("redis://stale:stale@" + server.Addr), Credentials: func(context.Context) (string, string, error) {
		asked.Add(1)
		return "panel", password.Load().(string), nil
	}})
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	const workers, rotations = 8, 5
	var crowd sync.WaitGroup
	var answered [workers]atomic.Int64
	var failures atomic.Int64
	stop := make(chan struct{})
	for w := range workers {
		crowd.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Get(t.Context(), one.ID); err != nil {
					failures.Add(1)
				} else {
					answered[w].Add(1)
				}
			}
		})
	}
	everybody := func() { // has had 20 answers more
		var before [workers]int64
		for w := range before {
			before[w] = answered[w].Load()
		}
		eventually(t, "answers for everybody", func() error {
			for w := range before {
				if answered[w].Load() < before[w]+20 {
					return errors.New("not yet")
				}
			}
			return nil
		})
	}
	for _, next := range strings.Fields("second third fourth fifth sixth")[:rotations] {
		everybody()
		rotate(next)
	}
	everybody()
	close(stop)
	crowd.Wait()
	t.Logf("%d failures of %d callers in %d rotations, credentials asked for %d times", failures.Load(), workers, rotations, asked.Load())
	if n := failures.Load(); n > workers*rotations {
		t.Errorf("%d failures, want at most one for each caller and rotation", n)
	}
	if asked.Load() < rotations {
		t.Errorf("credentials were asked for %d times, want once for each new connection", asked.Load())
	}
}

// TestCredentialsThatFail: their error is told, and a function that does not come
// back holds nobody up beyond ConnectTimeout.
func TestCredentialsThatFail(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{Password: "right"})
	open := func(f func(context.Context) (string, string, error)) error {
		_, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret(server.URL()), Credentials: f, ConnectTimeout: time.Second, Logger: slog.New(slog.DiscardHandler)})
		return err
	}
	if err := open(func(context.Context) (string, string, error) { return "", "", errors.New("the token service is down") }); !errors.Is(err, session.ErrUnavailable) ||
		!strings.Contains(err.Error(), "Credentials: the token service is down") {
		t.Errorf("an error: %v", err)
	}
	release := make(chan struct{})
	defer close(release)
	if err := open(func(context.Context) (string, string, error) { <-release; return "", "", nil }); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("no answer: %v", err)
	}
	if err := open(func(context.Context) (string, string, error) { return "", "wrong-canary", nil }); !errors.Is(err, session.ErrMisconfigured) || strings.Contains(err.Error(), "canary") {
		t.Errorf("a wrong password: %v", err)
	}
	if err := open(func(context.Context) (string, string, error) { return "", "right", nil }); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

// TestCredentialsAreNotForSentinels, which have a password of their own.
func TestCredentialsAreNotForSentinels(t *testing.T) {
	servers := testserver.StartRedisSentinel(t)
	do(t, servers.Primary(), "ACL", "SETUSER", "panel", "on", ">right", "~*", "&*", "+@all")
	for _, sentinel := range servers.Sentinels {
		do(t, sentinel, "ACL", "SETUSER", "watcher", "on", ">also right", "~*", "&*", "+@all")
		do(t, sentinel, "ACL", "SETUSER", "default", "off")
	}
	s := open(t, redisstore.Config{
		Sentinels: servers.Addrs(), MasterName: servers.Name, SentinelUsername: "watcher", SentinelPassword: "also right",
		Credentials: func(context.Context) (string, string, error) { return "panel", "right", nil },
	})
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
