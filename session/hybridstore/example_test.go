// An example: memory in front of SQLite, for one process.

package hybridstore_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "hybrid")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "admin.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	cfg := hybridstore.Config{Logger: slog.New(slog.DiscardHandler)}
	truth, err := sqlstore.Open(ctx, db, sqlstore.Config{Changes: true, Grace: cfg.Grace()})
	if err != nil {
		log.Fatal(err)
	}
	defer truth.Close()
	cache, err := memstore.NewCache(memstore.CacheConfig{})
	if err != nil {
		log.Fatal(err)
	}
	store, err := hybridstore.New(truth, cache, cfg)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := session.New(store, session.Config{SecretKey: "32 random bytes, from `crudadmin secret`", Logger: cfg.Logger})
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- manager.Run(ctx) }() // follows the log, writes activity, sweeps

	token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		log.Fatal(err)
	}
	if err := manager.Logout(ctx, token); err != nil {
		log.Fatal(err)
	}
	page, err := manager.List(ctx, session.Query{Ended: true})
	if err != nil {
		log.Fatal(err)
	}
	if store.Health().CacheDown {
		fmt.Println("the cache does not answer: sessions are read from the database")
	}
	for _, s := range page.Sessions {
		fmt.Println(s.UserID, "ended:", s.Ending.Reason)
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// ada ended: logout
	// <nil>
}
