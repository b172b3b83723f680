// Masking: a configuration prints without its secrets, whatever prints it.

package memcachestore

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

const masked = "***"

// shown is what is shown of a configuration.
type shown struct {
	Servers        []string      `json:"servers,omitempty"`
	Host           string        `json:"host,omitempty"`
	Port           int           `json:"port,omitempty"`
	Username       string        `json:"username,omitempty"`
	Password       string        `json:"password,omitempty"`
	Credentials    bool          `json:"credentials,omitempty"`
	TLS            bool          `json:"tls"`
	PoolSize       int           `json:"pool_size,omitempty"`
	ConnectTimeout time.Duration `json:"connect_timeout,omitempty"`
	Prefix         string        `json:"prefix,omitempty"`
	MaxItem        int           `json:"max_item,omitempty"`
	Lazy           bool          `json:"lazy"`
}

func (c Config) shown() shown {
	s := shown{
		Host: maskAddress(c.Host), Port: c.Port, Username: c.Username, Credentials: c.Credentials != nil, TLS: c.TLS != nil, PoolSize: c.PoolSize,
		ConnectTimeout: c.ConnectTimeout, Prefix: c.Prefix, MaxItem: c.MaxItem, Lazy: c.Lazy,
	}
	if c.Password != "" {
		s.Password = masked
	}
	for _, addr := range c.Servers {
		s.Servers = append(s.Servers, maskAddress(addr))
	}
	return s
}

// String returns the configuration without secrets.
func (c Config) String() string { return fmt.Sprintf("%+v", c.shown()) }

// GoString returns the configuration without secrets.
func (c Config) GoString() string { return fmt.Sprintf("memcachestore.%#v", c.shown()) }

// Format writes the configuration without secrets, for every verb.
func (c Config) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = fmt.Fprint(f, c.GoString())
		return
	}
	_, _ = fmt.Fprint(f, c.String())
}

// MarshalJSON returns the configuration without secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.shown()) }

// LogValue returns the configuration without secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// maskAddress hides what stands before an @, which no address has: it may be a
// password.
func maskAddress(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		return masked + text[at:]
	}
	return text
}
