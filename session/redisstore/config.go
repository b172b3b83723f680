// Config: which server, and how to talk to it; its defaults and its bounds.

package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// Config says which Redis keeps the sessions. The zero value of every field is
// its default, and the zero Config is the server at localhost:6379. It prints
// without its secrets, whatever the verb.
type Config struct {
	// URL is redis://[user[:password]@]host[:port][/db], for TLS rediss://, or
	// unix://[user[:password]@]/path[?db=number] for a Unix socket. Escapes (%40) are
	// decoded; an address in brackets is IPv6. It beats Host, Port, Socket, DB, Username
	// and Password.
	URL string

	// Socket is the absolute path of the Unix socket of a server on this machine,
	// at most 107 bytes (unix(7)), and beats Host and Port. It goes without TLS,
	// Sentinels and Cluster.
	Socket string

	// Host and Port are the server's address: localhost and 6379 by default.
	Host string
	Port int

	// DB is the number of the database: 0 by default, 0 to 65535. A Cluster has
	// only 0.
	DB int

	// Username and Password let the client in. Password alone is the server's
	// requirepass, both are a user of its ACL (Redis 6 and later).
	Username string
	Password string

	// Credentials, where set, is asked for the user and the password of every new
	// connection, for those that change: tokens of an identity service, passwords that
	// are rotated. It beats Username and Password, also those of URL. It has ConnectTimeout
	// to answer; its error makes the connection fail, and must show no secret. An empty
	// user with a password is the default user. Sentinels are not asked with it.
	Credentials func(context.Context) (username, password string, err error)

	// Sentinels are the addresses (host:port) of the Sentinels that watch the
	// primary MasterName. They beat Host and Port. SentinelUsername and
	// SentinelPassword are for the Sentinels themselves.
	Sentinels        []string
	MasterName       string
	SentinelUsername string
	SentinelPassword string

	// Cluster are the addresses (host:port) of some nodes of a Redis Cluster; the
	// others are found through them. They beat Host and Port.
	Cluster []string

	// TLS turns on TLS, which rediss:// does too, and says whom to trust: by
	// default the system's authorities and the host of the address, TLS 1.2 and
	// later.
	TLS *tls.Config

	// PoolSize is how many connections there are to a server at most: 10 by
	// default, 1 to 256. Calls of many goroutines share a connection, so they are
	// no bound on those, and fewer connections answer faster: one is made for
	// four processors (GOMAXPROCS), in powers of two.
	PoolSize int

	// ConnectTimeout bounds the making of a connection: 10 seconds by default, 1
	// millisecond to 5 minutes.
	ConnectTimeout time.Duration

	// NearCache keeps records that were read in this process for so long at most,
	// so that most reads ask nobody: 0, the default, keeps none; 100 milliseconds
	// to 1 minute. It is Traits.MaxStale: what this process ends is ended here at
	// once, what another ends is forgotten here as soon as the server says so
	// (usually within milliseconds), and at the latest after that time. It needs
	// client-side caching (Redis 6 and RESP3).
	NearCache time.Duration

	// NearCacheSize bounds the memory of NearCache in bytes, some 1,500
	// for a session: 16 MiB by default, 1 MiB to 1 GiB.
	NearCacheSize int

	// Prefix begins every key: "crudadmin:" by default. Two applications on one
	// server must differ in it. Printable ASCII without braces, at most 128
	// bytes.
	Prefix string

	// Lazy makes Open return without a connection, for a server that may come
	// later: the first call makes it.
	Lazy bool

	// Now is the clock; time.Now by default.
	Now func() time.Time

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session.redis.
	Logger *slog.Logger
}

// Defaults and bounds of Config.
const (
	defaultHost           = "localhost"
	defaultPort           = 6379
	defaultPoolSize       = 10
	defaultConnectTimeout = 10 * time.Second
	defaultPrefix         = "crudadmin:"
	defaultNearCacheSize  = 16 << 20

	maxDB             = 65535
	maxPoolSize       = 256
	minConnectTimeout = time.Millisecond
	maxConnectTimeout = 5 * time.Minute
	maxPrefix         = 128
	minNearCache      = 100 * time.Millisecond
	maxNearCache      = time.Minute
	minNearCacheSize  = 1 << 20
	maxNearCacheSize  = 1 << 30
	maxNodes          = 1000
)

// withDefaults takes the URL apart and fills in what is zero.
func (c Config) withDefaults() (Config, error) {
	var err error
	if c.URL != "" {
		err = c.applyURL()
	}
	setDefault(&c.Host, defaultHost)
	setDefault(&c.Port, defaultPort)
	setDefault(&c.PoolSize, defaultPoolSize)
	setDefault(&c.ConnectTimeout, defaultConnectTimeout)
	setDefault(&c.Prefix, defaultPrefix)
	setDefault(&c.NearCacheSize, defaultNearCacheSize)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, err
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate reports every field that is out of its bounds, in one error. urlErr
// is what was wrong with the URL.
func (c Config) validate(urlErr error) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	between := func(field string, n, least, most int) {
		if n < least || n > most {
			wrong("%s: %d, want %d to %d", field, n, least, most)
		}
	}
	if urlErr != nil {
		errs = append(errs, urlErr)
	}
	if !settings.IsHost(c.Host) {
		wrong("Host: %q, want a host name or an IP address without a port", maskURL(c.Host))
	}
	between("Port", c.Port, 1, 65535)
	between("DB", c.DB, 0, maxDB)
	between("PoolSize", c.PoolSize, 1, maxPoolSize)
	if c.ConnectTimeout < minConnectTimeout || c.ConnectTimeout > maxConnectTimeout {
		wrong("ConnectTimeout: %s, want %s to %s", c.ConnectTimeout, minConnectTimeout, maxConnectTimeout)
	}
	if c.NearCache != 0 && (c.NearCache < minNearCache || c.NearCache > maxNearCache) {
		wrong("NearCache: %s, want 0 (off) or %s to %s", c.NearCache, minNearCache, maxNearCache)
	}
	between("NearCacheSize", c.NearCacheSize, minNearCacheSize, maxNearCacheSize)
	if len(c.Prefix) > maxPrefix || strings.ContainsFunc(c.Prefix, func(r rune) bool {
		return r < ' ' || r > '~' || r == '{' || r == '}'
	}) {
		wrong("Prefix: %d bytes, want printable ASCII without braces, at most %d bytes", len(c.Prefix), maxPrefix)
	}
	if c.Username != "" && c.Password == "" {
		wrong("Password: empty, but Username is set")
	}
	if c.SentinelUsername != "" && c.SentinelPassword == "" {
		wrong("SentinelPassword: empty, but SentinelUsername is set")
	}
	errs = append(errs, c.validateSocket()...)
	errs = append(errs, c.validateNodes()...)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("redisstore: configuration:\n%w", errors.Join(errs...))
}

// validateSocket looks at the path of a Unix socket and at what does not go with it.
func (c Config) validateSocket() (errs []error) {
	if c.Socket == "" {
		return nil
	}
	if !settings.IsSocket(c.Socket) {
		errs = append(errs, fmt.Errorf("Socket: %q, want an absolute path of at most %d bytes", clip.Value(maskURL(c.Socket)), settings.MaxSocket))
	}
	if c.TLS != nil {
		errs = append(errs, errors.New("TLS: set, but Socket is too, which goes without"))
	}
	if len(c.Sentinels) > 0 || len(c.Cluster) > 0 {
		errs = append(errs, errors.New("Socket: set, but Sentinels or Cluster are too: want one"))
	}
	return errs
}

// validateNodes looks at the lists of servers.
func (c Config) validateNodes() (errs []error) {
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, list := range []struct {
		field string
		addrs []string
	}{{"Sentinels", c.Sentinels}, {"Cluster", c.Cluster}} {
		if len(list.addrs) > maxNodes {
			wrong("%s: %d addresses, want at most %d", list.field, len(list.addrs), maxNodes)
			continue
		}
		for i, addr := range list.addrs {
			if !settings.IsHostPort(addr) {
				wrong("%s[%d]: %q, want host:port", list.field, i, maskURL(addr))
			}
		}
	}
	switch {
	case len(c.Sentinels) > 0 && len(c.Cluster) > 0:
		wrong("Sentinels, Cluster: both are set, want one")
	case len(c.Sentinels) > 0 && c.MasterName == "":
		wrong("MasterName: empty, want the name by which the Sentinels know the primary")
	case len(c.Sentinels) == 0 && c.MasterName != "":
		wrong("Sentinels: empty, but MasterName is set")
	case len(c.Cluster) > 0 && c.DB != 0:
		wrong("DB: %d, want 0: a Cluster has no other", c.DB)
	}
	return errs
}

// addresses returns the servers to connect to first.
func (c Config) addresses() []string {
	switch {
	case len(c.Sentinels) > 0:
		return c.Sentinels
	case len(c.Cluster) > 0:
		return c.Cluster
	case c.Socket != "":
		return []string{c.Socket}
	default:
		return []string{net.JoinHostPort(c.Host, strconv.Itoa(c.Port))}
	}
}

// where names the servers in errors.
func (c Config) where() string { return strings.Join(c.addresses(), ", ") }
