// Examples of Redis and Memcached, and the test that runs what they show.

package backend_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// mustOpen opens the store and closes it again, as a program does at its end.
func mustOpen(cfg backend.Config) {
	store, err := backend.Open(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(store.Traits().Name)
}

// Redis by host, port and database; the zero Config is localhost:6379/0.
func Example_redis() {
	mustOpen(backend.Config{
		Kind:  backend.Redis,
		Redis: redisstore.Config{Host: "localhost", Port: 6379, DB: 0},
	})
}

// Redis by URL, which beats the single fields: without a password, with the
// server's password, and with a user of its ACL (Redis 6 and later). rediss:// is
// TLS.
func Example_redisURL() {
	for _, url := range []string{
		"redis://localhost:6379/0",
		"redis://:password123@localhost:6379/0",
		"redis://myuser:password123@redis.example.com:6379/1",
		"rediss://admin_user:p%40ss@redis.internal:6380/3",
	} {
		mustOpen(backend.Config{
			Kind:  backend.Redis,
			Redis: redisstore.Config{URL: config.Secret(url), Host: "ignored", Port: 9999},
		})
	}
}

// Redis by a map, such as decoded JSON or YAML: an unknown key is an error.
func Example_redisMap() {
	redis, err := redisstore.FromMap(map[string]any{
		"host": "localhost", "port": 6379, "db": 0, "password": "your-redis-password",
	})
	if err != nil {
		log.Fatal(err)
	}
	mustOpen(backend.Config{Kind: backend.Redis, Redis: redis})
}

// Redis with the server's password, as all versions know it.
func Example_redisPassword() {
	mustOpen(backend.Config{Kind: backend.Redis, Redis: redisstore.Config{Password: "password"}})
}

// Redis with a user of its ACL, Redis 6 and later.
func Example_redisACL() {
	mustOpen(backend.Config{Kind: backend.Redis, Redis: redisstore.Config{
		Host:     "redis.example.com",
		DB:       1,
		Username: "myapp_user",
		Password: "secure_password",
	}})
}

// Redis in production: the connections, the timeout and TLS.
func Example_redisProduction() {
	port, err := strconv.Atoi(os.Getenv("REDIS_PORT"))
	if err != nil {
		log.Fatal(err)
	}
	mustOpen(backend.Config{Kind: backend.Redis, Redis: redisstore.Config{
		Host:           os.Getenv("REDIS_HOST"),
		Port:           port,
		Username:       "redis_user",
		Password:       config.Secret(os.Getenv("REDIS_PASSWORD")),
		PoolSize:       20,
		ConnectTimeout: 10 * time.Second,
		TLS:            &tls.Config{MinVersion: tls.VersionTLS12},
	}})
}

// Redis for high availability: a primary that Sentinels watch, or a Cluster.
func Example_redisHighAvailability() {
	mustOpen(backend.Config{Kind: backend.Redis, Redis: redisstore.Config{
		Sentinels:  []string{"sentinel1.example.com:26379", "sentinel2.example.com:26379"},
		MasterName: "mymaster",
		Password:   config.Secret(os.Getenv("REDIS_PASSWORD")),
	}})
	mustOpen(backend.Config{Kind: backend.Redis, Redis: redisstore.Config{
		Cluster:  []string{"redis1.example.com:6379", "redis2.example.com:6379"},
		Password: config.Secret(os.Getenv("REDIS_PASSWORD")),
	}})
}

// Memcached by a list of servers, which beats host and port. Each user is on one
// of them.
func Example_memcached() {
	mustOpen(backend.Config{Kind: backend.Memcached, Memcached: memcachestore.Config{
		Servers: []string{"memcached1.example.com:11211", "memcached2.example.com:11211"},
		Host:    "ignored", Port: 9999,
	}})
}

// Memcached by host and port; the zero Config is localhost:11211.
func Example_memcachedHost() {
	mustOpen(backend.Config{
		Kind:      backend.Memcached,
		Memcached: memcachestore.Config{Host: "localhost", Port: 11211},
	})
}

// Memcached by a map: an unknown key is an error.
func Example_memcachedMap() {
	memcached, err := memcachestore.FromMap(map[string]any{"host": "localhost", "port": 11211})
	if err != nil {
		log.Fatal(err)
	}
	mustOpen(backend.Config{Kind: backend.Memcached, Memcached: memcached})
}

// Memcached in production: the connections, and a password.
func Example_memcachedProduction() {
	mustOpen(backend.Config{Kind: backend.Memcached, Memcached: memcachestore.Config{
		Host:     os.Getenv("MEMCACHED_HOST"),
		Username: "crudadmin",
		Password: config.Secret(os.Getenv("MEMCACHED_PASSWORD")),
		PoolSize: 15,
	}})
}

// TestEveryForm runs what the examples show on real servers.
func TestEveryForm(t *testing.T) {
	t.Parallel()
	plain := testserver.Redis(t, testserver.RedisOptions{})
	locked := testserver.Redis(t, testserver.RedisOptions{Password: "p@ss/word"})
	acl := testserver.Redis(t, testserver.RedisOptions{Username: "myuser", Password: "p@ss:word"})
	secure := testserver.Redis(t, testserver.RedisOptions{TLS: true, Password: "password123"})
	memcached := testserver.Memcached(t, testserver.MemcachedOptions{})
	lockedMemcached := testserver.Memcached(t, testserver.MemcachedOptions{Username: "crudadmin", Password: "password123"})

	host, port := split(t, plain.Addr)
	_, lockedPort := split(t, locked.Addr)
	_, aclPort := split(t, acl.Addr)
	_, securePort := split(t, secure.Addr)
	_, memcachedPort := split(t, memcached.Addr)
	_, lockedMemcachedPort := split(t, lockedMemcached.Addr)
	redisMap := func(m map[string]any) redisstore.Config {
		cfg, err := redisstore.FromMap(m)
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	memcachedMap := func(m map[string]any) memcachestore.Config {
		cfg, err := memcachestore.FromMap(m)
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	for form, cfg := range map[string]redisstore.Config{
		"object":             {Host: host, Port: port},
		"URL":                {URL: config.Secret(plain.URL()), Host: "ignored.invalid", Port: 9999},
		"URL, database":      {URL: config.Secret(fmt.Sprintf("redis://%s/3", plain.Addr))},
		"URL, password":      {URL: config.Secret(locked.URL())},
		"URL, user":          {URL: config.Secret(acl.URL())},
		"map":                redisMap(map[string]any{"host": host, "port": port, "db": 0}),
		"map, JSON's number": redisMap(map[string]any{"host": host, "port": float64(lockedPort), "password": "p@ss/word"}),
		"map, authority":     redisMap(map[string]any{"host": host, "port": securePort, "password": "password123", "ca_file": secure.TLS.CAFile}),
		"password":           {Host: host, Port: lockedPort, Password: "p@ss/word"},
		"user":               {Host: host, Port: aclPort, Username: "myuser", Password: "p@ss:word"},
		"pool":               {Host: host, Port: port, PoolSize: 50, ConnectTimeout: 30 * time.Second},
	} {
		signIn(t, "redis by "+form, backend.Config{Kind: backend.Redis, Redis: cfg, Prefix: "e:"})
	}
	for form, cfg := range map[string]memcachestore.Config{
		"servers":         {Servers: []string{memcached.Addr}, Host: "ignored.invalid", Port: 9999},
		"host and port":   {Host: host, Port: memcachedPort},
		"map":             memcachedMap(map[string]any{"host": host, "port": memcachedPort}),
		"pool and a user": {Host: host, Port: lockedMemcachedPort, Username: "crudadmin", Password: "password123", PoolSize: 15},
	} {
		signIn(t, "memcached by "+form, backend.Config{Kind: backend.Memcached, Memcached: cfg, Prefix: "e:"})
	}
}

// signIn makes a session on the store and finds it again.
func signIn(t *testing.T, what string, cfg backend.Config) {
	t.Helper()
	store, err := backend.Open(t.Context(), cfg)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer store.Close()
	m := manager(t, store)
	token, made, err := m.Create(t.Context(), session.NewSession{UserID: what})
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if found, err := m.Validate(t.Context(), token); err != nil || found.ID != made.ID {
		t.Errorf("%s: %v, %v", what, found.ID, err)
	}
}
