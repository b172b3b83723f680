// Examples of sessions in the memory of one process.

package memstore_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

func ExampleNew() {
	ctx := context.Background()
	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{
		SecretKey: "make yours with: openssl rand -base64 32", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := manager.Validate(ctx, token)
	fmt.Println(s.UserID, err)
	// Output: ada <nil>
}

// Memory as the cache in front of a database, for one process: see hybridstore.New.
func ExampleNewCache() {
	cache, err := memstore.NewCache(memstore.CacheConfig{Max: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cache.Report().Detail)
	// Output: 0 of at most 10000 entries in memory
}
