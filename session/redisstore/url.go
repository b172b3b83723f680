// URL: redis://, rediss:// and unix://, read strictly: a part that is not understood is an error.

package redisstore

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// applyURL takes c.URL apart into the other fields. Its errors name the part that is wrong, and
// show no part in which a password may be.
func (c *Config) applyURL() error {
	text := string(c.URL)
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return wrongURL("want redis://host:port/db, rediss:// for TLS, or unix:///path for a socket")
	}
	switch scheme {
	case "redis":
	case "unix":
		return c.applySocket(rest)
	case "rediss":
		if c.TLS == nil {
			c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	default:
		return wrongURL("scheme %q, want redis, rediss (TLS) or unix (a socket)", clip.Value(scheme))
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 && strings.Contains(rest[end:], "@") {
		return wrongURL("an @ behind the host: in a user name or password write / ? # @ as %%2F %%3F %%23 %%40")
	}
	if strings.Contains(rest, "#") {
		return wrongURL("a # is not allowed, as a part of a value it is %%23")
	}
	rest, query, _ := strings.Cut(rest, "?")
	if query != "" {
		key, _, _ := strings.Cut(query, "=")
		key, _, _ = strings.Cut(key, "&")
		return wrongURL("query key %q is not known: set the fields of the configuration instead", clip.Value(key))
	}
	authority, path, _ := strings.Cut(rest, "/")
	c.Socket = ""
	authority, err := c.applyUser(authority)
	if err != nil {
		return err
	}
	if err := c.applyAuthority(authority); err != nil {
		return err
	}
	if path == "" {
		return nil
	}
	return c.applyDB(path)
}

// wrongURL is an error of Config.URL. Its callers show no part in which a password may be.
func wrongURL(format string, args ...any) error {
	return &config.FieldError{Field: "URL", Problem: fmt.Sprintf(format, args...)}
}

// applyUser reads user:password@ and returns the rest.
func (c *Config) applyUser(authority string) (rest string, err error) {
	c.Username, c.Password, c.DB = "", "", 0
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return authority, nil
	}
	name, secret, _ := strings.Cut(authority[:at], ":")
	if c.Username, err = url.PathUnescape(name); err != nil {
		return "", wrongURL("the user name has a wrong %% escape")
	}
	password, err := url.PathUnescape(secret)
	if err != nil {
		return "", wrongURL("the password has a wrong %% escape")
	}
	c.Password = config.Secret(password)
	return authority[at+1:], nil
}

// applySocket reads user:password@/path?db=number.
func (c *Config) applySocket(text string) error {
	text, query, _ := strings.Cut(text, "?")
	authority, path, ok := strings.Cut(text, "/")
	switch {
	case !ok:
		return wrongURL("want an absolute path behind unix://, as in unix:///run/redis/redis.sock")
	case strings.Contains(path, "@") || strings.Contains(query, "@") || strings.ContainsAny(text+query, "#"):
		return wrongURL("an @ or # behind the host: in a user name, password or path write / ? # @ as %%2F %%3F %%23 %%40")
	}
	authority, err := c.applyUser(authority)
	if err != nil {
		return err
	}
	if authority != "" {
		return wrongURL("a host behind unix://: want three slashes, as in unix:///run/redis/redis.sock")
	}
	if c.Socket, err = url.PathUnescape("/" + path); err != nil {
		return wrongURL("the path has a wrong %% escape")
	}
	if query == "" {
		return nil
	}
	key, value, _ := strings.Cut(query, "=")
	if key != "db" {
		return wrongURL("query key %q is not known, want db", clip.Value(key))
	}
	return c.applyDB(value)
}

// applyDB reads the number of a database.
func (c *Config) applyDB(text string) error {
	db, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(db) != text || db < 0 || db > maxDB {
		return wrongURL("database %q, want 0 to %d", clip.Value(text), maxDB)
	}
	c.DB = db
	return nil
}

// applyAuthority reads host, host:port, [IPv6] or [IPv6]:port.
func (c *Config) applyAuthority(text string) error {
	var host, port string
	var hasPort bool
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return wrongURL("host %q, want a closing bracket", clip.Value(text))
		}
		host = text[1:end]
		if after := text[end+1:]; after != "" {
			if port, hasPort = strings.CutPrefix(after, ":"); !hasPort {
				return wrongURL("%q behind the host, want :port", clip.Value(after))
			}
		}
		if !strings.Contains(host, ":") {
			return wrongURL("host %q, want an IPv6 address in brackets", clip.Value(host))
		}
	} else if host, port, hasPort = strings.Cut(text, ":"); strings.Contains(port, ":") {
		return wrongURL("more than one colon in the host: want host:port, [IPv6]:port, and an @ behind a password")
	}
	if host == "" {
		host = defaultHost
	}
	if !settings.IsHost(host) {
		return wrongURL("host %q, want a host name or an IP address", clip.Value(host))
	}
	c.Host, c.Port = host, defaultPort
	if !hasPort {
		return nil
	}
	if strings.Trim(port, "-0123456789") != "" { // it may be a password without its @
		return wrongURL("the port is not a number, want 1 to 65535")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != port {
		return wrongURL("port %q, want 1 to 65535", clip.Value(port))
	}
	c.Port = n
	return nil
}
