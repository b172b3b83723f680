// Config: which servers, and how to talk to them; its defaults and its bounds.

package memcachestore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// Config says which Memcached servers keep the sessions. The zero value of every
// field is its default, and the zero Config is the server at localhost:11211. It
// prints without its secrets, whatever the verb.
type Config struct {
	// Servers are the addresses of the servers, at most 256: host:port, or the absolute
	// path of a Unix socket (memcached -s), which goes without TLS. Each user is on one of
	// them, chosen by the address and the user: every node must name
	// them alike, in any order. They beat Host and Port.
	Servers []string

	// Host and Port are the address of the only server: localhost and 11211 by
	// default.
	Host string
	Port int

	// Username and Password let the client in where the servers ask for it (ASCII
	// authentication: memcached --auth-file, 1.5.15 and later). They go over the
	// wire as they are: use TLS. Both or none, without blanks, together at most 250
	// bytes.
	Username string
	Password string

	// Credentials, where set, is asked for the user and the password of every new
	// connection, for those that change. It beats Username and Password. It has
	// ConnectTimeout to answer; its error makes the connection fail, and must show no
	// secret. Two empty texts are none.
	Credentials func(context.Context) (username, password string, err error)

	// TLS turns on TLS (memcached --enable-ssl) and says whom to trust: by default
	// the system's authorities and the host of the address, TLS 1.2 and later.
	TLS *tls.Config

	// PoolSize is how many connections there are to a server at most: 10 by
	// default, 1 to 1024. Where all are busy, a call waits for its context.
	PoolSize int

	// ConnectTimeout bounds Open and the making of a connection: 10 seconds by
	// default, 1 millisecond to 5 minutes. Once open, a new connection is given up
	// after a second even if ConnectTimeout is longer.
	ConnectTimeout time.Duration

	// Prefix begins every key: "crudadmin:" by default. Two applications on one
	// server must differ in it. Printable ASCII without blanks, at most 128 bytes.
	Prefix string

	// MaxItem is the servers' item size limit in bytes (memcached -I): 1 MiB by
	// default as it is theirs, 64 KiB to 16 MiB, the same on every node. It decides
	// how many sessions a user can have, see Traits.MaxPerUser. Open refuses a
	// server whose limit is lower.
	MaxItem int

	// Lazy makes Open return without a connection, for servers that may come
	// later: the first call makes it.
	Lazy bool

	// Now is the clock; time.Now by default.
	Now func() time.Time

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session.memcached.
	Logger *slog.Logger
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

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	setDefault(&c.Host, defaultHost)
	setDefault(&c.Port, defaultPort)
	setDefault(&c.PoolSize, defaultPoolSize)
	setDefault(&c.ConnectTimeout, defaultConnectTimeout)
	setDefault(&c.Prefix, defaultPrefix)
	setDefault(&c.MaxItem, defaultMaxItem)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate reports every field that is out of its bounds, in one error.
func (c Config) validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	between := func(field string, n, least, most int) {
		if n < least || n > most {
			wrong("%s: %d, want %d to %d", field, n, least, most)
		}
	}
	if len(c.Servers) > maxServers {
		wrong("Servers: %d addresses, want at most %d", len(c.Servers), maxServers)
	} else {
		for i, addr := range c.Servers {
			if !settings.IsHostPort(addr) && !settings.IsSocket(addr) {
				wrong("Servers[%d]: %q, want host:port or the absolute path of a Unix socket", i, clip.Value(maskAddress(addr)))
			} else if isSocket(addr) && c.TLS != nil {
				wrong("TLS: set, but Servers[%d] is a Unix socket, which goes without", i)
			} else if slices.Contains(c.Servers[:i], addr) {
				wrong("Servers[%d]: %q, which stands there twice", i, addr)
			}
		}
	}
	if !settings.IsHost(c.Host) {
		wrong("Host: %q, want a host name or an IP address without a port", clip.Value(maskAddress(c.Host)))
	}
	between("Port", c.Port, 1, 65535)
	between("PoolSize", c.PoolSize, 1, maxPoolSize)
	if c.ConnectTimeout < minConnectTimeout || c.ConnectTimeout > maxConnectTimeout {
		wrong("ConnectTimeout: %s, want %s to %s", c.ConnectTimeout, minConnectTimeout, maxConnectTimeout)
	}
	if len(c.Prefix) > maxPrefix || strings.ContainsFunc(c.Prefix, func(r rune) bool { return r <= ' ' || r > '~' }) {
		wrong("Prefix: %d bytes, want printable ASCII without blanks, at most %d bytes", len(c.Prefix), maxPrefix)
	}
	between("MaxItem", c.MaxItem, minMaxItem, maxMaxItem)
	errs = append(errs, c.validateCredentials()...)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("memcachestore: configuration:\n%w", errors.Join(errs...))
}

func (c Config) validateCredentials() (errs []error) {
	if c.Credentials != nil {
		return nil
	}
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	blank := func(r rune) bool { return r <= ' ' || r == 0x7f }
	switch {
	case c.Username != "" && c.Password == "":
		wrong("Password: empty, but Username is set")
	case c.Username == "" && c.Password != "":
		wrong("Username: empty, but Password is set")
	}
	if strings.ContainsFunc(c.Username, blank) || strings.Contains(c.Username, ":") {
		wrong("Username: %d bytes with a blank, a control character or a colon, which the servers cannot take", len(c.Username))
	}
	if strings.ContainsFunc(c.Password, blank) {
		wrong("Password: it has a blank or a control character, which the servers cannot take")
	}
	if n := len(c.Username) + len(c.Password); n > maxCredentials {
		wrong("Username, Password: %d bytes together, want at most %d", n, maxCredentials)
	}
	return errs
}

// addresses returns the servers.
func (c Config) addresses() []string {
	if len(c.Servers) > 0 {
		return c.Servers
	}
	return []string{net.JoinHostPort(c.Host, strconv.Itoa(c.Port))}
}
