// Config: which store, its defaults and its bounds.

package backend

import (
	"cmp"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/fields"
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

	// DB is the database where Kind or Fallback is Database, or TrackInDB is set:
	// SQLite, PostgreSQL, MySQL or MariaDB. The caller keeps it and closes it after the store.
	DB *sql.DB `json:"-"`

	// SecretKey is the key of the sessions, session.Config.SecretKey: here only
	// Prefix is derived from it. Empty, or at least 32 bytes.
	SecretKey config.Secret

	// Prefix begins every key on Redis and Memcached, so that applications that
	// share a server never meet. By default "crudadmin:", 8 hexadecimal digits
	// derived from SecretKey, and ":". Redis.Prefix and Memcached.Prefix, where
	// set, win.
	Prefix string

	// Hybrid is the configuration where TrackInDB is set: how stale, how often, and
	// whether records are believed for longer while DB is down.
	Hybrid hybridstore.Config

	// Rules are the timeouts and limits of the sessions that FromEnv read, with the
	// SecretKey, for session.New. Open does not look at them.
	Rules session.Config

	// TrackInDB keeps the sessions in DB, with Redis or Memcached, whichever Kind is,
	// as the cache in front of it: hybrid. The cache may be down, also at start; the
	// history of sessions is kept. It does not go with Redis.NearCache.
	TrackInDB bool

	// Fallback is the kind to open if the server of Kind does not answer at start;
	// none by default. Sessions do not move between the two, and other nodes may
	// have reached the first: it is for staying up, not for staying signed in.
	Fallback Kind

	// Warnings are sentences that Open logs: what FromEnv found odd but allowed.
	Warnings []string

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets warnings; slog.Default() by default. Records carry a component
	// that begins with "session".
	Logger *slog.Logger `json:"-"`
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() (Config, error) {
	c.Kind = cmp.Or(c.Kind, Memory)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Prefix == "" && len(c.SecretKey) >= session.MinSecretKey {
		prefix, err := prefixOf([]byte(c.SecretKey))
		if err != nil {
			return c, err
		}
		c.Prefix = prefix
	}
	c.Redis.Prefix = cmp.Or(c.Redis.Prefix, c.Prefix)
	c.Memcached.Prefix = cmp.Or(c.Memcached.Prefix, c.Prefix)
	c.Redis.Logger = cmp.Or(c.Redis.Logger, c.Logger)
	c.Memcached.Logger = cmp.Or(c.Memcached.Logger, c.Logger)
	c.Hybrid.Logger = cmp.Or(c.Hybrid.Logger, c.Logger)
	for _, now := range []*func() time.Time{&c.Redis.Now, &c.Memcached.Now, &c.Hybrid.Now} {
		if *now == nil {
			*now = c.Now
		}
	}
	return c, nil
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

// Validate returns nil, or one error with a config.FieldError for each field that is
// wrong, those of the configurations in it that are used included. It asks no server,
// and does not look at Rules, which are for session.New. Open calls it.
func (c Config) Validate() error {
	c, err := c.withDefaults()
	if err != nil {
		return err
	}
	var check fields.Check
	const kinds = "want memory, redis, memcached or database"
	if !c.Kind.known() {
		check.Wrong("Kind", fields.Quote(string(c.Kind)), kinds)
	}
	if c.Fallback != "" && !c.Fallback.known() {
		check.Wrong("Fallback", fields.Quote(string(c.Fallback)), kinds)
	}
	if c.Fallback == c.Kind {
		check.Wrong("Fallback", string(c.Fallback), "which is Kind: want another one, or none")
	}
	if c.SecretKey != "" {
		check.Key("SecretKey", c.SecretKey, session.MinSecretKey)
	}
	if (c.uses(Database) || c.TrackInDB) && c.DB == nil {
		check.Wrong("DB", "nil", "want the database of the sessions")
	}
	if c.TrackInDB {
		if c.Kind.known() && !c.Kind.caches() {
			check.Wrong("TrackInDB", "true", "but Kind is %s: it is for redis and memcached", c.Kind)
		}
		check.Within("Hybrid", c.Hybrid.Validate())
	}
	if c.uses(Redis) {
		check.Within("Redis", c.Redis.Validate())
	}
	if c.TrackInDB && c.Redis.NearCache > 0 {
		check.Wrong("Redis.NearCache", c.Redis.NearCache.String(), "but TrackInDB is set: want one of them")
	}
	if c.uses(Memcached) {
		check.Within("Memcached", c.Memcached.Validate())
	}
	return check.Err("backend")
}

func (k Kind) known() bool {
	return k == Memory || k == Redis || k == Memcached || k == Database
}

// caches reports whether the kind can stand in front of a database.
func (k Kind) caches() bool { return k == Redis || k == Memcached }

func (c Config) uses(k Kind) bool { return c.Kind == k || c.Fallback == k }
