// Examples of sessions in Memcached. They are compiled; those that reach a server are not run.

package memcachestore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
)

func ExampleOpen() {
	store, err := memcachestore.Open(context.Background(), memcachestore.Config{
		Servers: []string{"10.0.0.1:11211", "10.0.0.2:11211"}, // the same on every node
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

// A configuration file says which servers there are.
func ExampleFromMap() {
	var file map[string]any
	if err := json.Unmarshal([]byte(`{"servers": "10.0.0.1:11211, 10.0.0.2:11211", "pool_size": 20}`), &file); err != nil {
		panic(err)
	}
	cfg, err := memcachestore.FromMap(file)
	fmt.Println(cfg.Servers, cfg.PoolSize, err)
	// Output: [10.0.0.1:11211 10.0.0.2:11211] 20 <nil>
}

// A program asks how full its servers are.
func ExampleStore_Health() {
	ctx := context.Background()
	store, err := memcachestore.Open(ctx, memcachestore.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	health := store.Health(ctx)
	for _, one := range health.Servers {
		fmt.Println(one.Addr, one.UsedBytes, "of", one.MaxBytes, "bytes,", one.Evictions, "evictions", one.Err)
	}
	for _, warning := range health.Warnings {
		fmt.Println(warning)
	}
}

// Memcached as the cache in front of a database: for hybridstore.New.
func ExampleStore_Cache() {
	store, err := memcachestore.Open(context.Background(), memcachestore.Config{Lazy: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	cache := store.Cache()
	fmt.Println(cache.Report().Detail)
	// Output: 1 server
}
