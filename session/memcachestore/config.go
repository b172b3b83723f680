// Config: which servers, and how to talk to them; its defaults and its bounds.

package memcachestore

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// Config says which Memcached servers keep the sessions. The zero value of every
// field is its default, and the zero Config is the server at localhost:11211. It
// prints without its secrets, whatever the verb.
type Config struct {
	// Servers are the addresses of the servers, at most 256: host:port, or the absolute path of a
	// Unix socket (memcached -s), which cannot be combined with TLS. Each user is on one of them,
	// chosen by the address and the user: every node must write the addresses alike, in any order.
	// Where Servers is set, Host and Port are not used.
	Servers []string

	// Host and Port are the address of the only server: localhost and 11211 by
	// default.
	Host string
	Port int

	// Username and Password authenticate the client to servers that ask for it (ASCII
	// authentication: memcached --auth-file, 1.5.15 and later). They are sent in clear text: use
	// TLS. Set both or neither, without blanks, together at most 250 bytes.
	Username string
	Password config.Secret

	// Credentials, where set, is asked for the user and the password of every new connection, for
	// credentials that change. Username and Password are not used then. It must answer within
	// ConnectTimeout. Its error makes the connection fail, and must show no secret. If both texts
	// are empty the client does not authenticate.
	Credentials func(context.Context) (username, password string, err error) `json:"-"`

	// TLS turns on TLS (memcached --enable-ssl) and says which certificates to trust: by default
	// those of the system's authorities for the host of the address, with TLS 1.2 or later.
	TLS *tls.Config `json:"-"`

	// Prefix begins every key: "crudadmin:" by default. Two applications on one
	// server must differ in it. Printable ASCII without blanks, at most 128 bytes.
	Prefix string

	// PoolSize is the most connections that are made to a server: 10 by default, 1 to 1024. While
	// all are busy, calls wait, no longer than their contexts.
	PoolSize int

	// ConnectTimeout bounds Open and the making of a connection: 10 seconds by
	// default, 1 millisecond to 5 minutes. Once open, a new connection is given up
	// after a second even if ConnectTimeout is longer.
	ConnectTimeout time.Duration

	// MaxItem is the servers' item size limit in bytes (memcached -I): 1 MiB by default, as it is
	// for the servers, 64 KiB to 16 MiB, the same on every node. It decides how many sessions a
	// user can have, see Traits.MaxPerUser. Open refuses a server whose limit is lower.
	MaxItem int

	// Lazy makes Open return without a connection, for servers that may come
	// later: the first call makes it.
	Lazy bool

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session.memcached.
	Logger *slog.Logger `json:"-"`
}

// Defaults and bounds of Config.
const (
	defaultHost           = "localhost"
	defaultPort           = 11211
	defaultPoolSize       = 10
	defaultConnectTimeout = 10 * time.Second
	defaultPrefix         = "crudadmin:"
	defaultMaxItem        = 1 << 20

	maxServers        = 256
	maxPoolSize       = 1024
	minConnectTimeout = time.Millisecond
	maxConnectTimeout = 5 * time.Minute
	maxPrefix         = 128 // a key has at most 250 bytes, of which a counter's takes 66
	minMaxItem        = 64 << 10
	maxMaxItem        = 16 << 20
	maxCredentials    = 250 // a line of the server's auth file has at most 256 bytes
)

// withDefaults sets each field that is zero to its default.
func (c Config) withDefaults() Config {
	c.Host = cmp.Or(c.Host, defaultHost)
	c.Port = cmp.Or(c.Port, defaultPort)
	c.PoolSize = cmp.Or(c.PoolSize, defaultPoolSize)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, defaultConnectTimeout)
	c.Prefix = cmp.Or(c.Prefix, defaultPrefix)
	c.MaxItem = cmp.Or(c.MaxItem, defaultMaxItem)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Validate returns nil, or one error with a config.FieldError for each field that is
// wrong. It asks no server. Open calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check fields.Check
	if len(c.Servers) > maxServers {
		check.Wrong("Servers", fmt.Sprintf("%d addresses", len(c.Servers)), "want at most %d", maxServers)
	} else {
		for i, addr := range c.Servers {
			field, shown := fmt.Sprintf("Servers[%d]", i), fields.Quote(settings.MaskAddress(addr))
			if !settings.IsHostPort(addr) && !settings.IsSocket(addr) {
				check.Wrong(field, shown, "want host:port or the absolute path of a Unix socket")
			} else if isSocket(addr) && c.TLS != nil {
				check.Wrong("TLS", "set", "but %s is a Unix socket, for which there is no TLS", field)
			} else if slices.Contains(c.Servers[:i], addr) {
				check.Wrong(field, shown, "which is in the list twice")
			}
		}
	}
	if !settings.IsHost(c.Host) {
		check.Wrong("Host", fields.Quote(settings.MaskAddress(c.Host)), "want a host name or an IP address without a port")
	}
	check.Int("Port", c.Port, 1, 65535)
	check.Int("PoolSize", c.PoolSize, 1, maxPoolSize)
	check.Duration("ConnectTimeout", c.ConnectTimeout, minConnectTimeout, maxConnectTimeout)
	if len(c.Prefix) > maxPrefix || strings.ContainsFunc(c.Prefix, func(r rune) bool { return r <= ' ' || r > '~' }) {
		check.Wrong("Prefix", fmt.Sprintf("%d bytes", len(c.Prefix)), "want printable ASCII without blanks, at most %d bytes", maxPrefix)
	}
	check.Int("MaxItem", c.MaxItem, minMaxItem, maxMaxItem)
	c.checkCredentials(&check)
	return check.Err("memcachestore")
}

func (c Config) checkCredentials(check *fields.Check) {
	if c.Credentials != nil {
		return
	}
	blank := func(r rune) bool { return r <= ' ' || r == 0x7f }
	switch {
	case c.Username != "" && c.Password == "":
		check.Wrong("Password", "empty", "but Username is set")
	case c.Username == "" && c.Password != "":
		check.Wrong("Username", "empty", "but Password is set")
	}
	if strings.ContainsFunc(c.Username, blank) || strings.Contains(c.Username, ":") {
		check.Wrong("Username", fmt.Sprintf("%d bytes", len(c.Username)), "with a blank, a control character or a colon, which the servers cannot take")
	}
	if strings.ContainsFunc(string(c.Password), blank) {
		check.Wrong("Password", "", "it has a blank or a control character, which the servers cannot take")
	}
	if n := len(c.Username) + len(c.Password); n > maxCredentials {
		check.Add(&config.FieldError{Field: "Username", Others: []string{"Password"}, Value: fmt.Sprintf("%d bytes together", n), Problem: fmt.Sprintf("want at most %d", maxCredentials)})
	}
}

// shown is the configuration without passwords in its addresses. The fields for passwords hide them
// themselves.
func (c Config) shown() any {
	type plain Config // has no methods
	c.Host, c.Servers = settings.MaskAddress(c.Host), settings.MaskAddresses(c.Servers)
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

// addresses returns the servers.
func (c Config) addresses() []string {
	if len(c.Servers) > 0 {
		return c.Servers
	}
	return []string{net.JoinHostPort(c.Host, strconv.Itoa(c.Port))}
}
