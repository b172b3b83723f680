// FromEnv: the configuration from environment variables.

package backend

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/internal/trust"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// FromEnv reads the configuration of the store from the variables that getenv
// returns, such as os.Getenv: ENVIRONMENT, ADMIN_SECRET_KEY, SESSION_BACKEND,
// SESSION_PREFIX, SESSION_LOCAL_CACHE_SECONDS, TRACK_SESSIONS_IN_DB, REDIS_…,
// MEMCACHED_…, and into Config.Rules SESSION_TIMEOUT_MINUTES,
// SESSION_MAX_LIFETIME_MINUTES, MAX_SESSIONS_PER_USER, SESSION_LIMIT_POLICY,
// CLEANUP_INTERVAL_MINUTES and STORE_TIMEOUT_MS; docs/operations.md has each with
// its default and its range.
//
// All variables are checked, also those of stores that SESSION_BACKEND does not
// name, and everything wrong is in one error, by variable and without secrets.
// What production refuses, staging gets as a warning. A variable of a feature that
// this version does not have is refused. REDIS_URL beats the single
// variables of the server, REDIS_SENTINELS and REDIS_CLUSTER beat its host and
// port, and MEMCACHED_SERVERS beats MEMCACHED_HOST and MEMCACHED_PORT. It sets no
// DB: for the kind Database, and for TrackInDB, the caller does.
func FromEnv(getenv func(string) string) (Config, error) {
	r := reader{environ.NewReader(getenv)}
	r.Environment() // a wrong one is told even where nothing depends on it
	cfg := Config{
		Rules:     r.SessionRules(),
		Kind:      Kind(r.Word("SESSION_BACKEND", string(Memory), string(Redis), string(Memcached), string(Database))),
		SecretKey: config.Secret(r.SecretKey()),
		Prefix:    r.Text("SESSION_PREFIX"),
		Redis:     r.redis(),
		Memcached: r.memcached(),
		TrackInDB: r.Bool("TRACK_SESSIONS_IN_DB", false),
	}
	cfg.Rules.SecretKey = cfg.SecretKey
	r.crossCheck(cfg)
	r.RefuseUnbuilt(environ.UnbuiltOfSessions)
	if err := r.Err(); err != nil {
		return Config{}, err
	}
	cfg.Warnings = r.Warnings
	return cfg, nil
}

// reader reads the variables of the stores.
type reader struct{ *environ.Reader }

// The variable of each field that one sets.
var (
	redisVariables = map[string]string{
		"URL": "REDIS_URL", "Socket": "REDIS_URL", "Host": "REDIS_HOST", "Port": "REDIS_PORT", "DB": "REDIS_DB",
		"Username": "REDIS_USERNAME", "Password": "REDIS_PASSWORD",
		"Sentinels": "REDIS_SENTINELS", "MasterName": "REDIS_SENTINEL_MASTER", "Cluster": "REDIS_CLUSTER", "TLS": "REDIS_TLS",
		"PoolSize": "REDIS_POOL_SIZE", "ConnectTimeout": "REDIS_CONNECT_TIMEOUT",
		"NearCache": "SESSION_LOCAL_CACHE_SECONDS", "Prefix": "SESSION_PREFIX",
	}
	memcachedVariables = map[string]string{ //nolint:gosec // names of variables
		"Servers": "MEMCACHED_SERVERS", "Host": "MEMCACHED_HOST", "Port": "MEMCACHED_PORT",
		"Username": "MEMCACHED_USERNAME", "Password": "MEMCACHED_PASSWORD", "TLS": "MEMCACHED_TLS",
		"PoolSize": "MEMCACHED_POOL_SIZE", "Prefix": "SESSION_PREFIX",
	}
)

// The bounds of numbers are those of the stores, in the units of the variables.
func (r reader) redis() redisstore.Config {
	cfg := redisstore.Config{
		URL:            config.Secret(r.Text("REDIS_URL")),
		Host:           r.Text("REDIS_HOST"),
		Port:           r.Int("REDIS_PORT", 0, 1, 65535, ""),
		DB:             r.Int("REDIS_DB", 0, 0, 65535, ""),
		Username:       r.Text("REDIS_USERNAME"),
		Password:       config.Secret(r.Text("REDIS_PASSWORD")),
		Sentinels:      r.List("REDIS_SENTINELS"),
		MasterName:     r.Text("REDIS_SENTINEL_MASTER"),
		Cluster:        r.List("REDIS_CLUSTER"),
		Prefix:         r.Text("SESSION_PREFIX"),
		PoolSize:       r.Int("REDIS_POOL_SIZE", 0, 1, 256, ""),
		ConnectTimeout: time.Duration(r.Int("REDIS_CONNECT_TIMEOUT", 0, 1, 300, "")) * time.Second,
		NearCache:      time.Duration(r.Int("SESSION_LOCAL_CACHE_SECONDS", 0, 0, 60, "")) * time.Second,
	}
	if cfg.URL == "" && cfg.Username != "" && cfg.Password == "" {
		r.Wrong("REDIS_PASSWORD", "empty, but REDIS_USERNAME is set")
	}
	if cfg.MasterName != "" && cfg.Sentinels == nil {
		r.Wrong("REDIS_SENTINELS", "empty, but REDIS_SENTINEL_MASTER is set")
	}
	on, caFile := r.Bool("REDIS_TLS", false), r.Text("REDIS_CA_FILE")
	if r.Text("REDIS_TLS") != "" && !on {
		if strings.HasPrefix(string(cfg.URL), "rediss:") {
			r.Wrong("REDIS_TLS", "false, but REDIS_URL is rediss://, which is TLS: unset one")
		}
		if caFile != "" {
			r.Wrong("REDIS_TLS", "false, but REDIS_CA_FILE is set, which is for TLS: unset one")
		}
	}
	var err error
	if cfg.TLS, err = trust.TLS(on, caFile); err != nil {
		r.Wrong("REDIS_CA_FILE", "%w", err)
	}
	r.blame(redisVariables, cfg.Validate())
	cfg.Prefix = "" // Config.Prefix holds it
	return cfg
}

func (r reader) memcached() memcachestore.Config {
	cfg := memcachestore.Config{
		Servers:  r.List("MEMCACHED_SERVERS"),
		Host:     r.Text("MEMCACHED_HOST"),
		Port:     r.Int("MEMCACHED_PORT", 0, 1, 65535, ""),
		Username: r.Text("MEMCACHED_USERNAME"),
		Password: config.Secret(r.Text("MEMCACHED_PASSWORD")),
		Prefix:   r.Text("SESSION_PREFIX"),
		PoolSize: r.Int("MEMCACHED_POOL_SIZE", 0, 1, 1024, ""),
	}
	if cfg.Username != "" && cfg.Password == "" {
		r.Wrong("MEMCACHED_PASSWORD", "empty, but MEMCACHED_USERNAME is set")
	}
	if cfg.Username == "" && cfg.Password != "" {
		r.Wrong("MEMCACHED_USERNAME", "empty, but MEMCACHED_PASSWORD is set")
	}
	cfg.TLS, _ = trust.TLS(r.Bool("MEMCACHED_TLS", false), "") // without a file there is no error
	r.blame(memcachedVariables, cfg.Validate())
	cfg.Prefix = ""
	return cfg
}

// blame notes what is wrong with a store's fields on the variables that set them.
func (r reader) blame(variables map[string]string, err error) {
	for _, wrong := range config.Fields(err) {
		var names []string
		for _, field := range append([]string{wrong.Field}, wrong.Others...) {
			name, index := field, ""
			if at := strings.IndexByte(field, '['); at >= 0 {
				name, index = field[:at], field[at:]
			}
			if variable := variables[name]; variable != "" {
				names = append(names, variable+index)
			}
		}
		if names == nil {
			r.Wrong("SESSION_BACKEND", "%w", wrong)
			continue
		}
		r.Wrong(strings.Join(names, ", "), "%s", wrong.Text())
	}
}

// crossCheck judges variables that are right alone.
func (r reader) crossCheck(cfg Config) {
	if cfg.TrackInDB {
		if !cfg.Kind.caches() {
			r.Wrong("TRACK_SESSIONS_IN_DB", "true, but SESSION_BACKEND is %s: it is for redis and memcached", cfg.Kind)
		}
		if cfg.Redis.NearCache > 0 {
			r.Wrong("SESSION_LOCAL_CACHE_SECONDS", "%g, but TRACK_SESSIONS_IN_DB is true: unset one", cfg.Redis.NearCache.Seconds())
		}
	}
	if cfg.Redis.NearCache > 0 && cfg.Kind != Redis {
		r.Wrong("SESSION_LOCAL_CACHE_SECONDS", "%g, but SESSION_BACKEND is %s: it is for redis", cfg.Redis.NearCache.Seconds(), cfg.Kind)
	}
	where := map[Kind]string{ // the variable that says where the servers are
		Redis:     r.firstSet("REDIS_URL", "REDIS_SENTINELS", "REDIS_CLUSTER", "REDIS_HOST"),
		Memcached: r.firstSet("MEMCACHED_SERVERS", "MEMCACHED_HOST"),
	}
	if cfg.Kind == Redis && where[Redis] == "" {
		r.Discourage("REDIS_HOST", "production does not guess where Redis is: set REDIS_HOST or REDIS_URL")
	}
	for _, kind := range []Kind{Redis, Memcached} {
		if name := where[kind]; name != "" && cfg.Kind != kind {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s: it is set, but SESSION_BACKEND is %s: %s is not used", name, cfg.Kind, kind))
		}
	}
}

// firstSet is the first of the variables that is set.
func (r reader) firstSet(names ...string) string {
	for _, name := range names {
		if r.Text(name) != "" {
			return name
		}
	}
	return ""
}
