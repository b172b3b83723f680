// Examples of a panel by environment variables, and of logging by component.

package crudadmin_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// A panel that takes everything from environment variables but the database it
// shows: with SESSION_BACKEND=redis and REDIS_HOST its sessions are in Redis.
func ExampleConfigFromEnv() {
	ctx := context.Background()
	env, err := crudadmin.ConfigFromEnv(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := backend.FromEnv(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	env.Logger = slog.New(env.LogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if env.AdminDB, err = sqlite.Open(ctx, env.AdminDatabase); err != nil {
		log.Fatal(err)
	}
	sessions.DB = env.AdminDB // for SESSION_BACKEND=database
	if env.Sessions, err = backend.Open(ctx, sessions); err != nil {
		log.Fatal(err)
	}
	if env.DB, err = sql.Open("sqlite", "shop.db"); err != nil { // your database, your driver
		log.Fatal(err)
	}
	panel, err := crudadmin.New(ctx, env.Config)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(panel.Run(ctx)) }()
	http.Handle(env.MountPath+"/", panel)
	log.Fatal(http.ListenAndServe("127.0.0.1:8000", nil))
}

// All that is wrong is in one error, by variable and without secrets.
func ExampleConfigFromEnv_wrong() {
	variables := map[string]string{"ENVIRONMENT": "production", "ADMIN_SECRET_KEY": "too short", "MAX_SESSIONS_PER_USER": "0"}
	_, err := crudadmin.ConfigFromEnv(func(name string) string { return variables[name] })
	fmt.Println(err)
	// Output:
	// environment variables:
	//   ADMIN_SECRET_KEY: it has 9 bytes, want at least 32 random ones: make one with "crudadmin secret"
	//   MAX_SESSIONS_PER_USER: "0", want a whole number from 1 to 1000, or the word unlimited
}

// Debug logging of the sessions alone. Redis is a part of them and can have a
// level of its own.
func ExampleEnvConfig_LogHandler() {
	variables := map[string]string{"LOG_LEVEL": "warn,session=debug,session.redis=info"}
	env, err := crudadmin.ConfigFromEnv(func(name string) string { return variables[name] })
	if err != nil {
		log.Fatal(err)
	}
	logger := slog.New(env.LogHandler(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug, // the least of all
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	logger.With("component", "session").Debug("shown")
	logger.With("component", "session.redis").Debug("not shown")
	logger.With("component", "session.redis").Info("shown")
	logger.With("component", "panel").Info("not shown")
	// Output:
	// level=DEBUG msg=shown component=session
	// level=INFO msg=shown component=session.redis
}
