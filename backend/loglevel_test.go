// Test of LOG_LEVEL: each store's debug records are its own component's.

package backend_test

import (
	"bytes"
	"database/sql"
	"log/slog"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/loglevel"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// TestLogLevelOfEachStore: with LOG_LEVEL=session.NAME=debug the log has the store's calls,
// and with that of another store it has none.
func TestLogLevelOfEachStore(t *testing.T) {
	t.Parallel()
	redisServer, prefix := testserver.SharedRedis(t)
	memcachedServer, memcachedPrefix := testserver.SharedMemcached(t)
	redis := redisstore.Config{URL: config.Secret(redisServer.URL()), Prefix: prefix}
	engine := func(driver, dsn string) *sql.DB {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	stores := map[string]backend.Config{
		"memory":     {},
		"redis":      {Kind: backend.Redis, Redis: redis},
		"memcached":  {Kind: backend.Memcached, Memcached: memcachestore.Config{Servers: []string{memcachedServer.Addr}, Prefix: memcachedPrefix}},
		"sqlite":     {Kind: backend.Database, DB: adminDB(t)},
		"postgresql": {Kind: backend.Database, DB: engine("pgx", testserver.SharedPostgres(t).URL())},
		"mysql":      {Kind: backend.Database, DB: engine("mysql", testserver.SharedMariaDB(t).DSN())},
		"hybrid":     {Kind: backend.Redis, TrackInDB: true, DB: adminDB(t), Redis: redis},
	}
	for name, cfg := range stores {
		for _, of := range []string{name, "another"} {
			var log bytes.Buffer
			levels, err := loglevel.Parse("warn,session." + of + "=debug")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Logger = slog.New(levels.Handler(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			m, err := session.New(open(t, cfg), session.Config{SecretKey: goodKey, Logger: cfg.Logger})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := m.Create(t.Context(), session.NewSession{UserID: "ann"}); err != nil {
				t.Fatal(err)
			}
			called := strings.Contains(log.String(), "level=DEBUG") && strings.Contains(log.String(), "component=session."+name+" ") && strings.Contains(log.String(), "call=create")
			if called != (of == name) {
				t.Errorf("%s with LOG_LEVEL=session.%s=debug: %s", name, of, log.String())
			}
		}
	}
}
