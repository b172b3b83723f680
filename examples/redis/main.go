// Command redis serves a panel whose sessions are in Redis, so that a restart signs
// nobody out and any number of nodes can serve it:
//
//	ADMIN_SECRET_KEY=$(crudadmin secret) REDIS_URL=redis://:password@localhost:6379/0 go run ./examples/redis shop.db
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: redis FILE.db")
	}
	ctx := context.Background()
	env, err := crudadmin.ConfigFromEnv(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	env.Sessions, err = backend.Open(ctx, backend.Config{
		Kind:      backend.Redis,
		SecretKey: env.SecretKey, // the prefix of the keys is derived from it
		Redis:     redisstore.Config{URL: config.Secret(os.Getenv("REDIS_URL"))},
	})
	if errors.Is(err, session.ErrUnavailable) {
		log.Fatal("Redis is not there. Start it, or set REDIS_URL: ", err)
	}
	if err != nil {
		log.Fatal(err)
	}
	if env.DB, err = sqlite.OpenData(ctx, os.Args[1], false); err != nil {
		log.Fatal(err)
	}
	if env.AdminDB, err = sqlite.Open(ctx, env.AdminDatabase); err != nil {
		log.Fatal(err)
	}
	panel, err := crudadmin.New(ctx, env.Config)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(panel.Run(ctx)) }()
	fmt.Println("http://127.0.0.1:8000" + strings.TrimSuffix(env.MountPath, "/") + "/")
	server := &http.Server{Addr: "127.0.0.1:8000", Handler: panel, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
