// FromEnv: the configuration from environment variables.

package backend

import (
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/environ"
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
		SecretKey: []byte(r.SecretKey()),
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

// setting is a variable that sets one key of a store's configuration map, and so
// one field of its Config.
type setting struct {
	variable, key, field string

	boolean     bool
	least, most int // of a number; most is 0 where it is none
}

// The numbers' bounds are those of the stores, in the units of the variables.
var redisSettings = []setting{
	{variable: "REDIS_URL", key: "url", field: "URL"},
	{variable: "REDIS_HOST", key: "host", field: "Host"},
	{variable: "REDIS_PORT", key: "port", field: "Port", least: 1, most: 65535},
	{variable: "REDIS_DB", key: "db", field: "DB", most: 65535},
	{variable: "REDIS_USERNAME", key: "username", field: "Username"},
	{variable: "REDIS_PASSWORD", key: "password", field: "Password"},
	{variable: "REDIS_POOL_SIZE", key: "pool_size", field: "PoolSize", least: 1, most: 256},
	{variable: "REDIS_CONNECT_TIMEOUT", key: "connect_timeout", field: "ConnectTimeout", least: 1, most: 300},
	{variable: "REDIS_SENTINELS", key: "sentinels", field: "Sentinels"},
	{variable: "REDIS_SENTINEL_MASTER", key: "master_name", field: "MasterName"},
	{variable: "REDIS_CLUSTER", key: "cluster", field: "Cluster"},
	{variable: "REDIS_TLS", key: "tls", field: "TLS", boolean: true},
	{variable: "REDIS_CA_FILE", key: "ca_file"},
	{variable: "SESSION_LOCAL_CACHE_SECONDS", key: "near_cache", field: "NearCache", most: 60},
	{variable: "SESSION_PREFIX", key: "prefix", field: "Prefix"},
}

var memcachedSettings = []setting{
	{variable: "MEMCACHED_SERVERS", key: "servers", field: "Servers"},
	{variable: "MEMCACHED_HOST", key: "host", field: "Host"},
	{variable: "MEMCACHED_PORT", key: "port", field: "Port", least: 1, most: 65535},
	{variable: "MEMCACHED_USERNAME", key: "username", field: "Username"},
	{variable: "MEMCACHED_PASSWORD", key: "password", field: "Password"},
	{variable: "MEMCACHED_POOL_SIZE", key: "pool_size", field: "PoolSize", least: 1, most: 1024},
	{variable: "MEMCACHED_TLS", key: "tls", field: "TLS", boolean: true},
	{variable: "SESSION_PREFIX", key: "prefix", field: "Prefix"},
}

// read returns the settings whose variables are set, as a configuration map.
func (r reader) read(settings []setting) map[string]any {
	values := map[string]any{}
	for _, s := range settings {
		text := r.Text(s.variable)
		switch {
		case text == "":
		case s.boolean:
			values[s.key] = r.Bool(s.variable, false)
		case s.most > 0:
			values[s.key] = r.Int(s.variable, 0, s.least, s.most, "")
		default:
			values[s.key] = text
		}
	}
	return values
}

func (r reader) redis() redisstore.Config {
	values := r.read(redisSettings)
	_, hasURL := values["url"]
	if !hasURL && values["username"] != nil && values["password"] == nil {
		r.Wrong("REDIS_PASSWORD", "empty, but REDIS_USERNAME is set")
	}
	if values["master_name"] != nil && values["sentinels"] == nil {
		r.Wrong("REDIS_SENTINELS", "empty, but REDIS_SENTINEL_MASTER is set")
	}
	if values["tls"] == false {
		if url, _ := values["url"].(string); strings.HasPrefix(url, "rediss:") {
			r.Wrong("REDIS_TLS", "false, but REDIS_URL is rediss://, which is TLS: unset one")
		}
		if values["ca_file"] != nil {
			r.Wrong("REDIS_TLS", "false, but REDIS_CA_FILE is set, which is for TLS: unset one")
		}
	}
	cfg, err := redisstore.FromMap(values)
	if err != nil {
		r.blame(redisSettings, parts(err))
		return cfg
	}
	r.blame(redisSettings, checkRedis(cfg))
	cfg.Prefix = "" // Config.Prefix holds it
	return cfg
}

func (r reader) memcached() memcachestore.Config {
	values := r.read(memcachedSettings)
	if values["username"] != nil && values["password"] == nil {
		r.Wrong("MEMCACHED_PASSWORD", "empty, but MEMCACHED_USERNAME is set")
	}
	if values["username"] == nil && values["password"] != nil {
		r.Wrong("MEMCACHED_USERNAME", "empty, but MEMCACHED_PASSWORD is set")
	}
	cfg, err := memcachestore.FromMap(values)
	if err != nil {
		r.blame(memcachedSettings, parts(err))
		return cfg
	}
	r.blame(memcachedSettings, checkMemcached(cfg))
	cfg.Prefix = ""
	return cfg
}

// blame notes a store's errors, which begin with the field or the key, on the
// variables that set it.
func (r reader) blame(settings []setting, errs []error) {
	for _, err := range errs {
		place, what, _ := strings.Cut(err.Error(), ": ")
		var variables []string
		for name := range strings.SplitSeq(place, ", ") {
			name, index, _ := strings.Cut(name, "[")
			for _, s := range settings {
				if name == s.field || name == s.key {
					if index != "" {
						index = "[" + index
					}
					variables = append(variables, s.variable+index)
				}
			}
		}
		if variables == nil {
			variables, what = []string{"SESSION_BACKEND"}, err.Error()
		}
		r.Wrong(strings.Join(variables, ", "), "%s", what)
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
