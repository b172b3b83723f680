// Config: which store, its defaults and its bounds.

package backend

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// Kind is a kind of store.
type Kind string

// The kinds.
const (
	Memory    Kind = "memory"    // in this process; the default
	Redis     Kind = "redis"     // Config.Redis
	Memcached Kind = "memcached" // Config.Memcached
	Database  Kind = "database"  // Config.DB
)

// Config says which store keeps the sessions. The zero Config is memory. It
// prints without its secrets, whatever the verb.
type Config struct {
	// Kind is the kind of store: Memory by default.
	Kind Kind

	// Redis is the configuration where Kind or Fallback is Redis.
	Redis redisstore.Config

	// Memcached is the configuration where Kind or Fallback is Memcached.
	Memcached memcachestore.Config

	// TrackInDB keeps the sessions in DB, with Redis or Memcached, whichever Kind is,
	// as the cache in front of it: hybrid. The cache may be down, also at start; the
	// history of sessions is kept. It does not go with Redis.NearCache.
	TrackInDB bool

	// Hybrid is the configuration where TrackInDB is set: how stale, how often, and
	// whether records are believed for longer while DB is down.
	Hybrid hybridstore.Config

	// DB is the database where Kind or Fallback is Database, or TrackInDB is set:
	// SQLite, PostgreSQL, MySQL or MariaDB. The caller keeps it and closes it after the store.
	DB *sql.DB

	// SecretKey is the key of the sessions, session.Config.SecretKey: here only
	// Prefix is derived from it. Empty, or at least 32 bytes.
	SecretKey []byte

	// Rules are the timeouts and limits of the sessions that FromEnv read, with the
	// SecretKey, for session.New. Open does not look at them.
	Rules session.Config

	// Prefix begins every key on Redis and Memcached, so that applications that
	// share a server never meet. By default "crudadmin:", 8 hexadecimal digits
	// derived from SecretKey, and ":". Redis.Prefix and Memcached.Prefix, where
	// set, win.
	Prefix string

	// Fallback is the kind to open if the server of Kind does not answer at start;
	// none by default. Sessions do not move between the two, and other nodes may
	// have reached the first: it is for staying up, not for staying signed in.
	Fallback Kind

	// Now is the clock; time.Now by default.
	Now func() time.Time

	// Logger gets warnings; slog.Default() by default. Records carry a component
	// that begins with "session".
	Logger *slog.Logger

	// Warnings are sentences that Open logs: what FromEnv found odd but allowed.
	Warnings []string
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() (Config, error) {
	if c.Kind == "" {
		c.Kind = Memory
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Prefix == "" && len(c.SecretKey) >= session.MinSecretKey {
		prefix, err := prefixOf(c.SecretKey)
		if err != nil {
			return c, err
		}
		c.Prefix = prefix
	}
	setDefault(&c.Redis.Prefix, c.Prefix)
	setDefault(&c.Memcached.Prefix, c.Prefix)
	setDefault(&c.Redis.Logger, c.Logger)
	setDefault(&c.Memcached.Logger, c.Logger)
	if c.Redis.Now == nil {
		c.Redis.Now = c.Now
	}
	if c.Memcached.Now == nil {
		c.Memcached.Now = c.Now
	}
	setDefault(&c.Hybrid.Logger, c.Logger)
	if c.Hybrid.Now == nil {
		c.Hybrid.Now = c.Now
	}
	return c, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// prefixOf derives the prefix of an application from its key: two keys, two
// prefixes, and the prefix tells nothing of the key.
func prefixOf(key []byte) (string, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "prefix", 4)
	if err != nil {
		return "", fmt.Errorf("backend: derive the prefix: %w", err)
	}
	return "crudadmin:" + hex.EncodeToString(derived) + ":", nil
}

// validate reports every field that is wrong, in one error.
func (c Config) validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	const kinds = "memory, redis, memcached or database"
	if !c.Kind.known() {
		wrong("Kind: %q, want %s", string(c.Kind), kinds)
	}
	if c.Fallback != "" && !c.Fallback.known() {
		wrong("Fallback: %q, want %s", string(c.Fallback), kinds)
	}
	if c.Fallback == c.Kind {
		wrong("Fallback: %s, which is Kind: want another one, or none", c.Fallback)
	}
	if n := len(c.SecretKey); n > 0 && n < session.MinSecretKey {
		wrong("SecretKey: %d bytes, want none or at least %d random ones; make them with: crudadmin secret", n, session.MinSecretKey)
	}
	if (c.uses(Database) || c.TrackInDB) && c.DB == nil {
		wrong("DB: nil, want the database of the sessions")
	}
	if c.TrackInDB {
		if c.Kind.known() && !c.Kind.caches() {
			wrong("TrackInDB: true, but Kind is %s: it is for redis and memcached", c.Kind)
		}
		if c.Redis.NearCache > 0 {
			wrong("Redis.NearCache: %s, but TrackInDB is set: want one of them", c.Redis.NearCache)
		}
		for _, err := range parts(c.Hybrid.Validate()) {
			wrong("Hybrid.%w", err)
		}
	}
	if c.uses(Redis) {
		for _, err := range checkRedis(c.Redis) {
			wrong("Redis.%w", err)
		}
	}
	if c.uses(Memcached) {
		for _, err := range checkMemcached(c.Memcached) {
			wrong("Memcached.%w", err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("backend: configuration:\n%w", errors.Join(errs...))
}

func (k Kind) known() bool {
	return k == Memory || k == Redis || k == Memcached || k == Database
}

// caches reports whether the kind can stand in front of a database.
func (k Kind) caches() bool { return k == Redis || k == Memcached }

func (c Config) uses(k Kind) bool { return c.Kind == k || c.Fallback == k }

// checkRedis returns what is wrong with a configuration, field by field. It asks
// no server: a lazy store checks its configuration and connects later.
func checkRedis(c redisstore.Config) []error {
	c.Lazy = true
	store, err := redisstore.Open(context.Background(), c)
	if err != nil {
		return parts(err)
	}
	return closed(store)
}

// checkMemcached is checkRedis for Memcached.
func checkMemcached(c memcachestore.Config) []error {
	c.Lazy = true
	store, err := memcachestore.Open(context.Background(), c)
	if err != nil {
		return parts(err)
	}
	return closed(store)
}

func closed(store session.Store) []error {
	if err := store.Close(); err != nil {
		return []error{err}
	}
	return nil
}

// parts returns the errors that a configuration's error joins, each of which
// begins with its field.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if joined, ok := e.(interface{ Unwrap() []error }); ok {
			return joined.Unwrap()
		}
	}
	return []error{err}
}
