// Examples that need no server, and what they share.

package backend_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// exampleKey stands for the 32 random bytes that "crudadmin secret" prints.
var exampleKey = config.Secret(rand.Text() + rand.Text())

// Memory is the default and needs nothing.
func Example_memory() {
	ctx := context.Background()
	store, err := backend.Open(ctx, backend.Config{}) // or Kind: backend.Memory
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	sessions, err := session.New(store, session.Config{SecretKey: exampleKey})
	if err != nil {
		log.Fatal(err)
	}
	token, _, err := sessions.Create(ctx, session.NewSession{UserID: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	found, err := sessions.Validate(ctx, token)
	fmt.Println(store.Traits().Name, found.UserID, err)
	// Output: memory ann <nil>
}

// A store in the database keeps sessions over restarts, and ended ones as
// history.
func Example_database() {
	ctx := context.Background()
	db := exampleDatabase()
	defer db.Close()
	store, err := backend.Open(ctx, backend.Config{Kind: backend.Database, DB: db})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	traits := store.Traits()
	fmt.Println(traits.Name, traits.Durable, traits.History)
	// Output: sqlite true true
}

// Hybrid sessions want a server to be fast and a database to be sure: memory and a
// database alone are refused.
func Example_hybrid() {
	cfg, err := backend.FromEnv(getenv(map[string]string{"SESSION_BACKEND": "redis", "TRACK_SESSIONS_IN_DB": "true"}))
	fmt.Println(cfg.Kind, cfg.TrackInDB, err)
	_, err = backend.FromEnv(getenv(map[string]string{"SESSION_BACKEND": "memory", "TRACK_SESSIONS_IN_DB": "true"}))
	fmt.Println(err)
	// Output:
	// redis true <nil>
	// environment variables:
	//   TRACK_SESSIONS_IN_DB: true, but SESSION_BACKEND is memory: it is for redis and memcached
}

// Development, staging and production differ in their variables alone.
func ExampleFromEnv() {
	for _, variables := range []map[string]string{
		{},
		{"ENVIRONMENT": "staging", "ADMIN_SECRET_KEY": string(exampleKey), "SESSION_BACKEND": "redis"},
		{
			"ENVIRONMENT": "production", "ADMIN_SECRET_KEY": string(exampleKey), "SESSION_BACKEND": "redis",
			"REDIS_HOST": "redis.example.com", "REDIS_PORT": "6379", "REDIS_PASSWORD": "secure-redis-password",
			"REDIS_DB": "0", "REDIS_POOL_SIZE": "20", "REDIS_CONNECT_TIMEOUT": "10",
		},
		{"ENVIRONMENT": "production", "SESSION_BACKEND": "redis"},
	} {
		cfg, err := backend.FromEnv(getenv(variables)) // in a program: os.Getenv
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(cfg.Kind, cfg.Redis.Host, cfg.Redis.PoolSize, cfg.Warnings)
	}
	// Output:
	// memory  0 []
	// redis  0 [REDIS_HOST: production does not guess where Redis is: set REDIS_HOST or REDIS_URL]
	// redis redis.example.com 20 []
	// environment variables:
	//   ADMIN_SECRET_KEY: production needs a key of its own: make one with "crudadmin secret" and set it
	//   REDIS_HOST: production does not guess where Redis is: set REDIS_HOST or REDIS_URL
}

// A program reads the variables once and opens whatever they name.
func ExampleFromEnv_program() {
	ctx := context.Background()
	cfg, err := backend.FromEnv(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	cfg.DB = exampleDatabase() // for SESSION_BACKEND=database
	store, err := backend.Open(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
}

// Everything that is wrong is in one error, by field and without secrets.
func ExampleOpen_validation() {
	_, err := backend.Open(context.Background(), backend.Config{
		Kind:  backend.Redis,
		Redis: redisstore.Config{Port: 70000, ConnectTimeout: -5 * time.Second, Username: "ann"},
	})
	fmt.Println(err)
	// Output:
	// backend: configuration:
	// Redis.Port: 70000, want 1 to 65535
	// Redis.ConnectTimeout: -5s, want 1ms to 5m0s
	// Redis.Password: empty, but Username is set
}

// A server that is not there is ErrUnavailable, and the program chooses what to do.
func ExampleOpen_errors() {
	ctx := context.Background()
	cfg := backend.Config{
		Kind:  backend.Redis,
		Redis: redisstore.Config{Host: "127.0.0.1", Port: 1, ConnectTimeout: time.Second},
		DB:    exampleDatabase(),
	}
	store, err := backend.Open(ctx, cfg)
	if errors.Is(err, session.ErrUnavailable) {
		fmt.Println("Redis is not there, the database it is")
		cfg.Kind = backend.Database
		store, err = backend.Open(ctx, cfg)
	}
	if err != nil { // a wrong password or a wrong field: mend it
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(store.Traits().Name)
	// Output:
	// Redis is not there, the database it is
	// sqlite
}

// Fallback does the same, logs a warning, and says so in the store's traits.
func ExampleOpen_fallback() {
	store, err := backend.Open(context.Background(), backend.Config{
		Kind:     backend.Redis,
		Redis:    redisstore.Config{Host: "127.0.0.1", Port: 1, ConnectTimeout: time.Second},
		Fallback: backend.Memory,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(store.Traits().Notes[0])
	// Output:
	// The configured store, redis, did not answer at start: memory is used until the next start, and sessions in redis are not seen.
}

// A configuration can be printed and logged: its secrets stay in it.
func ExampleConfig_printed() {
	cfg := backend.Config{
		Kind: backend.Redis, SecretKey: exampleKey, Prefix: "shop:",
		Redis: redisstore.Config{Host: "redis.example.com", Username: "ann", Password: "secret123"},
	}
	text := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg)
	fmt.Println(strings.Contains(text, "redis.example.com"), strings.Contains(text, "secret123"))
	// Output: true false
}

// How long sessions live, how many a user may have, and how often expired ones
// are removed.
func Example_limits() {
	ctx := context.Background()
	store, err := backend.Open(ctx, backend.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	sessions, err := session.New(store, session.Config{
		SecretKey:     exampleKey,
		IdleTimeout:   30 * time.Minute,
		Lifetime:      12 * time.Hour,
		MaxPerUser:    2, // the third ends the first; RefuseOverLimit would refuse it
		SweepInterval: 15 * time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() { _ = sessions.Run(running) }() // removes expired sessions every SweepInterval

	var first session.Token
	for i := range 3 {
		token, _, err := sessions.Create(ctx, session.NewSession{UserID: "ann"})
		if err != nil {
			log.Fatal(err)
		}
		if i == 0 {
			first = token
		}
	}
	mine, err := sessions.UserSessions(ctx, "ann")
	_, gone := sessions.Validate(ctx, first)
	fmt.Println(len(mine), err, errors.Is(gone, session.ErrNotFound))
	// Output: 2 <nil> true
}

// The users who are signed in, and since when nothing was heard of them.
func Example_metrics() {
	ctx := context.Background()
	now := time.Now()
	clock := func() time.Time { return now }
	store, err := backend.Open(ctx, backend.Config{Now: clock})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	sessions, err := session.New(store, session.Config{SecretKey: exampleKey, Now: clock})
	if err != nil {
		log.Fatal(err)
	}
	_, made, err := sessions.Create(ctx, session.NewSession{UserID: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	now = now.Add(10 * time.Minute)

	mine, err := sessions.UserSessions(ctx, "ann")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ann has %d live sessions\n", len(mine))
	found, err := sessions.Get(ctx, made.ID) // Validate would mark it as seen now
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("last active %s ago, %s old\n", sessions.Now().Sub(found.LastActivity), sessions.Now().Sub(found.CreatedAt))
	// Output:
	// ann has 1 live sessions
	// last active 10m0s ago, 10m0s old
}

// Whether the store answers.
func Example_health() {
	ctx := context.Background()
	store, err := backend.Open(ctx, backend.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.Ping(ctx); err != nil { // it matches session.ErrUnavailable
		fmt.Println("the session store does not answer:", err)
		return
	}
	fmt.Println("the session store answers")
	// Output: the session store answers
}

// getenv returns the variables as os.Getenv would.
func getenv(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// exampleDir is a folder that TestMain makes and removes.
var exampleDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "crudadmin-backend-")
	if err != nil {
		log.Fatal(err)
	}
	exampleDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

// exampleDatabase is the program's database.
func exampleDatabase() *sql.DB {
	db, err := sqlite.Open(context.Background(), filepath.Join(exampleDir, "admin.db"))
	if err != nil {
		log.Fatal(err)
	}
	return db
}
