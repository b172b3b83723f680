// Config: which server, and how to talk to it; its defaults and its bounds.

package redisstore

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// Config says which Redis keeps the sessions. The zero value of every field is
// its default, and the zero Config is the server at localhost:6379. It prints
// without its secrets, whatever the verb.
type Config struct {
	// URL is redis://[user[:password]@]host[:port][/db], for TLS rediss://, or
	// unix://[user[:password]@]/path[?db=number] for a Unix socket. Escapes (%40) are decoded; an
	// address in brackets is IPv6. Where URL is set, Host, Port, Socket, DB, Username and Password
	// are not used.
	URL config.Secret

	// Socket is the absolute path of the Unix socket of a server on this machine, at most 107 bytes
	// (unix(7)). Where it is set, Host and Port are not used. It cannot be combined with TLS,
	// Sentinels or Cluster.
	Socket string

	// Host and Port are the server's address: localhost and 6379 by default.
	Host string
	Port int

	// DB is the number of the database: 0 by default, 0 to 65535. A Cluster has
	// only 0.
	DB int

	// Username and Password authenticate the client. Password alone is the server's requirepass;
	// both together are a user of its ACL (Redis 6 and later).
	Username string
	Password config.Secret

	// Credentials, where set, is asked for the user and the password of every new connection, for
	// credentials that change: tokens of an identity service, passwords that are rotated. Username
	// and Password, those of URL too, are not used then. It must answer within ConnectTimeout. Its
	// error makes the connection fail, and must show no secret. An empty user with a password is
	// the default user. Sentinels do not get these credentials.
	Credentials func(context.Context) (username, password string, err error) `json:"-"`

	// Sentinels are the addresses (host:port) of the Sentinels that watch the primary MasterName.
	// Where they are set, Host and Port are not used. SentinelUsername and SentinelPassword are for
	// the Sentinels themselves.
	Sentinels        []string
	MasterName       string
	SentinelUsername string
	SentinelPassword config.Secret

	// Cluster are the addresses (host:port) of some nodes of a Redis Cluster; the others are found
	// through them. Where they are set, Host and Port are not used.
	Cluster []string

	// TLS turns on TLS, as rediss:// does, and says which certificates to trust: by default those
	// of the system's authorities for the host of the address, with TLS 1.2 or later.
	TLS *tls.Config `json:"-"`

	// Prefix begins every key: "crudadmin:" by default. Two applications on one
	// server must differ in it. Printable ASCII without braces, at most 128
	// bytes.
	Prefix string

	// PoolSize is the most connections that are made to a server: 10 by default, 1 to 256. It is a
	// bound, and does not make the store open that many: calls of many goroutines share a
	// connection, and fewer connections answer faster. The store opens one for every four
	// processors (GOMAXPROCS), in powers of two, and one at least.
	PoolSize int

	// ConnectTimeout bounds the making of a connection: 10 seconds by default, 1
	// millisecond to 5 minutes.
	ConnectTimeout time.Duration

	// NearCache is how long this process keeps records that it has read, so that most reads do not
	// ask the server: 0, the default, keeps none; 100 milliseconds to 1 minute. It is
	// Traits.MaxStale. A session that this process ends is ended here at once. One that another
	// process ends is ended here as soon as the server says so, usually within milliseconds, and
	// after that time at the latest. It needs client-side caching (Redis 6 and RESP3).
	NearCache time.Duration

	// NearCacheSize bounds the memory of NearCache in bytes, of which a session takes some 1,500:
	// 16 MiB by default, 1 MiB to 1 GiB.
	NearCacheSize int

	// Lazy makes Open return without a connection, for a server that may come
	// later: the first call makes it.
	Lazy bool

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session.redis.
	Logger *slog.Logger `json:"-"`
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

// withDefaults takes the URL apart and sets each field that is zero to its default.
func (c Config) withDefaults() (Config, error) {
	var err error
	if c.URL != "" {
		err = c.applyURL()
	}
	c.Host = cmp.Or(c.Host, defaultHost)
	c.Port = cmp.Or(c.Port, defaultPort)
	c.PoolSize = cmp.Or(c.PoolSize, defaultPoolSize)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, defaultConnectTimeout)
	c.Prefix = cmp.Or(c.Prefix, defaultPrefix)
	c.NearCacheSize = cmp.Or(c.NearCacheSize, defaultNearCacheSize)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c, err
}

// Validate returns nil, or one error with a config.FieldError for each field that is
// wrong. It asks no server. Open calls it.
func (c Config) Validate() error {
	c, err := c.withDefaults()
	var check fields.Check
	check.Add(err)
	if !settings.IsHost(c.Host) {
		check.Wrong("Host", shownAddress(c.Host), "want a host name or an IP address without a port")
	}
	check.Int("Port", c.Port, 1, 65535)
	check.Int("DB", c.DB, 0, maxDB)
	check.Int("PoolSize", c.PoolSize, 1, maxPoolSize)
	check.Duration("ConnectTimeout", c.ConnectTimeout, minConnectTimeout, maxConnectTimeout)
	if c.NearCache != 0 && (c.NearCache < minNearCache || c.NearCache > maxNearCache) {
		check.Wrong("NearCache", c.NearCache.String(), "want 0 (off) or %s to %s", minNearCache, maxNearCache)
	}
	check.Int("NearCacheSize", c.NearCacheSize, minNearCacheSize, maxNearCacheSize)
	if len(c.Prefix) > maxPrefix || strings.ContainsFunc(c.Prefix, func(r rune) bool {
		return r < ' ' || r > '~' || r == '{' || r == '}'
	}) {
		check.Wrong("Prefix", fmt.Sprintf("%d bytes", len(c.Prefix)), "want printable ASCII without braces, at most %d bytes", maxPrefix)
	}
	if c.Username != "" && c.Password == "" {
		check.Wrong("Password", "empty", "but Username is set")
	}
	if c.SentinelUsername != "" && c.SentinelPassword == "" {
		check.Wrong("SentinelPassword", "empty", "but SentinelUsername is set")
	}
	c.checkSocket(&check)
	c.checkNodes(&check)
	return check.Err("redisstore")
}

// checkSocket checks the path of a Unix socket, and the fields that cannot be combined with it.
func (c Config) checkSocket(check *fields.Check) {
	if c.Socket == "" {
		return
	}
	if !settings.IsSocket(c.Socket) {
		check.Wrong("Socket", shownAddress(c.Socket), "want an absolute path of at most %d bytes", settings.MaxSocket)
	}
	if c.TLS != nil {
		check.Wrong("TLS", "set", "but Socket is set too, for which there is no TLS")
	}
	if len(c.Sentinels) > 0 || len(c.Cluster) > 0 {
		check.Wrong("Socket", "set", "but Sentinels or Cluster are too: want one")
	}
}

// checkNodes checks the lists of servers.
func (c Config) checkNodes(check *fields.Check) {
	for _, list := range []struct {
		field string
		addrs []string
	}{{"Sentinels", c.Sentinels}, {"Cluster", c.Cluster}} {
		if len(list.addrs) > maxNodes {
			check.Wrong(list.field, fmt.Sprintf("%d addresses", len(list.addrs)), "want at most %d", maxNodes)
			continue
		}
		for i, addr := range list.addrs {
			if !settings.IsHostPort(addr) {
				check.Wrong(fmt.Sprintf("%s[%d]", list.field, i), shownAddress(addr), "want host:port")
			}
		}
	}
	switch {
	case len(c.Sentinels) > 0 && len(c.Cluster) > 0:
		check.Add(&config.FieldError{Field: "Sentinels", Others: []string{"Cluster"}, Value: "both are set", Problem: "want one"})
	case len(c.Sentinels) > 0 && c.MasterName == "":
		check.Wrong("MasterName", "empty", "want the name by which the Sentinels know the primary")
	case len(c.Sentinels) == 0 && c.MasterName != "":
		check.Wrong("Sentinels", "empty", "but MasterName is set")
	case len(c.Cluster) > 0 && c.DB != 0:
		check.Wrong("DB", strconv.Itoa(c.DB), "want 0: a Cluster has no other")
	}
}

// shownAddress is an address in an error.
func shownAddress(text string) string { return fields.Quote(settings.MaskAddress(text)) }

// shown is the configuration without passwords in its addresses. The fields for passwords hide them
// themselves.
func (c Config) shown() any {
	type plain Config // has no methods
	c.Host, c.Socket = settings.MaskAddress(c.Host), settings.MaskAddress(c.Socket)
	c.Sentinels, c.Cluster = settings.MaskAddresses(c.Sentinels), settings.MaskAddresses(c.Cluster)
	return plain(c)
}

// Format writes the configuration without secrets, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), c.shown())
}

// MarshalJSON returns the configuration without secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.shown()) }

// LogValue returns the configuration without secrets.
func (c Config) LogValue() slog.Value { return slog.AnyValue(c.shown()) }

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
