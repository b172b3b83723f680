// Examples of sessions in Redis. They are compiled; those that reach a server are not run.

package redisstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func ExampleOpen() {
	store, err := redisstore.Open(context.Background(), redisstore.Config{
		URL: config.Secret(os.Getenv("REDIS_URL")), // rediss://panel:password@redis.example.com:6379/0
	})
	if err != nil {
		fmt.Println(err) // session.ErrUnavailable: later, perhaps; session.ErrMisconfigured: never
		return
	}
	defer store.Close()
	manager, err := session.New(store, session.Config{SecretKey: config.Secret(os.Getenv("SECRET_KEY"))})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = manager.Run(context.Background())
}

// A configuration file says which Redis it is. Wrong fields are told all at once.
func ExampleFromMap() {
	var file map[string]any
	if err := json.Unmarshal([]byte(`{"host": "redis", "port": 70000, "db": -1, "connect_timeout": "500ms"}`), &file); err != nil {
		panic(err)
	}
	cfg, err := redisstore.FromMap(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Host, cfg.ConnectTimeout)
	fmt.Println(cfg.Validate())
	// Output:
	// redis 500ms
	// redisstore: configuration:
	// Port: 70000, want 1 to 65535
	// DB: -1, want 0 to 65535
}

// A program asks what its servers promise, and how many sessions they hold.
func ExampleStore_Health() {
	ctx := context.Background()
	store, err := redisstore.Open(ctx, redisstore.Config{Host: "redis.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	health, err := store.Health(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, warning := range health.Warnings {
		fmt.Println(warning) // such as: redis …: maxmemory-policy is allkeys-lru: …
	}
	fmt.Println(store.Stored(ctx))
}

// Redis as the cache in front of a database.
func ExampleStore_Cache() {
	ctx := context.Background()
	redis, err := redisstore.Open(ctx, redisstore.Config{Host: "redis.example.com", Lazy: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Close()
	db, err := sqlite.Open(ctx, "admin.db")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	var cfg hybridstore.Config
	database, err := sqlstore.Open(ctx, db, sqlstore.Config{Changes: true, Grace: cfg.Grace()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer database.Close()
	store, err := hybridstore.New(database, redis.Cache(), cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Traits().Name)
}
