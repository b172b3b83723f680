// This file tests Memcached: start, talk, authentication, TLS, freeze, kill, restart.

package testserver_test

import (
	"crypto/tls"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestMemcached(t *testing.T) {
	t.Parallel()
	m := testserver.Memcached(t, testserver.MemcachedOptions{})
	mustSay(t, m, "set k 0 0 1\r\nv", "STORED")
	mustSay(t, m, "get k", "VALUE k 0 1", "v")

	m.Freeze()
	conn, err := net.Dial("tcp", m.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("version\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 64)); !isTimeout(err) {
		t.Fatalf("version from a frozen server: %v, want a timeout", err)
	}
	m.Thaw()
	mustSay(t, m, "get k", "VALUE k 0 1", "v")

	m.Kill()
	if _, err := m.Do("version"); err == nil {
		t.Fatal("a killed server answered")
	}
	m.Restart()
	mustSay(t, m, "get k")
}

func TestMemcachedPassword(t *testing.T) {
	t.Parallel()
	m := testserver.Memcached(t, testserver.MemcachedOptions{Username: "app", Password: "secret"})
	mustSay(t, m, "set k 0 0 1\r\nv", "STORED")
	wrong := *m
	wrong.Password = "wrong"
	if _, err := wrong.Do("get k"); err == nil {
		t.Fatal("a wrong password was let in")
	}
	open := *m
	open.Username = ""
	if _, err := open.Do("get k"); err == nil {
		t.Fatal("a client without a password was let in")
	}
}

func TestMemcachedTLS(t *testing.T) {
	t.Parallel()
	m := testserver.Memcached(t, testserver.MemcachedOptions{TLS: true})
	mustSay(t, m, "set k 0 0 1\r\nv", "STORED")
	if conn, err := tls.Dial("tcp", m.Addr, m.TLS.WrongConfig); err == nil {
		conn.Close()
		t.Fatal("the wrong authority was accepted")
	}
}

func TestSharedMemcached(t *testing.T) {
	t.Parallel()
	a, aPrefix := testserver.SharedMemcached(t)
	b, bPrefix := testserver.SharedMemcached(t)
	if a.Addr != b.Addr || aPrefix == bPrefix {
		t.Fatalf("shared: %s %q and %s %q", a.Addr, aPrefix, b.Addr, bPrefix)
	}
}

func mustSay(t *testing.T, m *testserver.MemcachedServer, command string, want ...string) {
	t.Helper()
	got, err := m.Do(command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %q, want %q", command, got, want)
	}
}
