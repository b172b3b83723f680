// This file tests the single Redis server: start, talk, freeze, kill, restart.

package testserver_test

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestRedisKillAndRestart(t *testing.T) {
	t.Parallel()
	r := testserver.Redis(t, testserver.RedisOptions{})
	mustDo(t, r, "SET", "k", "v")

	r.Kill()
	if _, err := r.Do("PING"); err == nil {
		t.Fatal("a killed server answered")
	}
	r.Restart(false)
	if got := mustDo(t, r, "GET", "k"); got != "v" {
		t.Fatalf("after Restart(false) GET k = %v, want v", got)
	}
	r.Restart(true)
	if _, err := r.Do("GET", "k"); !errors.Is(err, testserver.ErrNil) {
		t.Fatalf("after Restart(true) GET k: %v, want %v", err, testserver.ErrNil)
	}
}

func TestRedisFreeze(t *testing.T) {
	t.Parallel()
	r := testserver.Redis(t, testserver.RedisOptions{})
	conn, err := net.Dial("tcp", r.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ping := func() error {
		if err := conn.SetDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return err
		}
		_, err := conn.Read(make([]byte, 64))
		return err
	}
	r.Freeze()
	if err := ping(); !isTimeout(err) {
		t.Fatalf("PING on a frozen server: %v, want a timeout", err)
	}
	r.Thaw()
	if got := mustDo(t, r, "PING"); got != "PONG" {
		t.Fatalf("PING after Thaw = %v", got)
	}
}

func TestRedisPassword(t *testing.T) {
	t.Parallel()
	r := testserver.Redis(t, testserver.RedisOptions{Password: `p@ss "w%rd`})
	mustDo(t, r, "PING")
	open := *r
	open.Password = ""
	if _, err := open.Do("PING"); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Fatalf("PING without the password: %v, want NOAUTH", err)
	}
}

func TestRedisACL(t *testing.T) {
	t.Parallel()
	r := testserver.Redis(t, testserver.RedisOptions{Username: "app", Password: "secret"})
	if got := mustDo(t, r, "ACL", "WHOAMI"); got != "app" {
		t.Fatalf("ACL WHOAMI = %v, want app", got)
	}
	byDefault := *r
	byDefault.Username = ""
	if _, err := byDefault.Do("PING"); err == nil {
		t.Fatal("the default user was let in")
	}
	if want := "redis://app:secret@" + r.Addr + "/0"; r.URL() != want {
		t.Fatalf("URL() = %s, want %s", r.URL(), want)
	}
}

func TestRedisTLS(t *testing.T) {
	t.Parallel()
	r := testserver.Redis(t, testserver.RedisOptions{TLS: true, Password: "secret"})
	mustDo(t, r, "PING")
	if !strings.HasPrefix(r.URL(), "rediss://:secret@") {
		t.Fatalf("URL() = %s", r.URL())
	}
	wrongName := r.TLS.Config.Clone()
	wrongName.ServerName = "redis.example"
	for name, conf := range map[string]*tls.Config{"wrong authority": r.TLS.WrongConfig, "wrong name": wrongName} {
		if conn, err := tls.Dial("tcp", r.Addr, conf); err == nil {
			conn.Close()
			t.Errorf("%s: the handshake succeeded", name)
		}
	}
}

func TestRedisConfig(t *testing.T) {
	t.Parallel()
	r := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory 3mb"}})
	if info := mustDo(t, r, "INFO", "memory"); !strings.Contains(info.(string), "maxmemory:3145728\r\n") {
		t.Fatalf("maxmemory is not 3 MiB:\n%s", info)
	}
}

func TestSharedRedis(t *testing.T) {
	t.Parallel()
	a, aPrefix := testserver.SharedRedis(t)
	b, bPrefix := testserver.SharedRedis(t)
	if a.Addr != b.Addr {
		t.Fatalf("two shared servers: %s and %s", a.Addr, b.Addr)
	}
	if aPrefix == bPrefix {
		t.Fatalf("one prefix for two tests: %s", aPrefix)
	}
	mustDo(t, a, "PING")
}

func mustDo(t *testing.T, r *testserver.RedisServer, args ...string) any {
	t.Helper()
	reply, err := r.Do(args...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return reply
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
