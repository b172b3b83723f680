// Masking: a configuration prints without its secrets, whatever prints it.

package redisstore

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

const masked = "***"

func mask(secret string) string {
	if secret == "" {
		return ""
	}
	return masked
}

// shown is what is shown of a configuration.
type shown struct {
	URL              string        `json:"url,omitempty"`
	Socket           string        `json:"socket,omitempty"`
	Host             string        `json:"host,omitempty"`
	Port             int           `json:"port,omitempty"`
	DB               int           `json:"db"`
	Username         string        `json:"username,omitempty"`
	Password         string        `json:"password,omitempty"`
	Credentials      bool          `json:"credentials,omitempty"`
	Sentinels        []string      `json:"sentinels,omitempty"`
	MasterName       string        `json:"master_name,omitempty"`
	SentinelUsername string        `json:"sentinel_username,omitempty"`
	SentinelPassword string        `json:"sentinel_password,omitempty"`
	Cluster          []string      `json:"cluster,omitempty"`
	TLS              bool          `json:"tls"`
	PoolSize         int           `json:"pool_size,omitempty"`
	ConnectTimeout   time.Duration `json:"connect_timeout,omitempty"`
	NearCache        time.Duration `json:"near_cache,omitempty"`
	NearCacheSize    int           `json:"near_cache_size,omitempty"`
	Prefix           string        `json:"prefix,omitempty"`
	Lazy             bool          `json:"lazy"`
}

func (c Config) shown() shown {
	return shown{
		URL: c.shownURL(), Socket: maskURL(c.Socket), Host: maskURL(c.Host), Port: c.Port, DB: c.DB,
		Username: c.Username, Password: mask(c.Password), Credentials: c.Credentials != nil,
		Sentinels: maskURLs(c.Sentinels), MasterName: c.MasterName,
		SentinelUsername: c.SentinelUsername, SentinelPassword: mask(c.SentinelPassword),
		Cluster: maskURLs(c.Cluster), TLS: c.TLS != nil, PoolSize: c.PoolSize,
		ConnectTimeout: c.ConnectTimeout, NearCache: c.NearCache, NearCacheSize: c.NearCacheSize, Prefix: c.Prefix, Lazy: c.Lazy,
	}
}

// String returns the configuration without secrets.
func (c Config) String() string { return fmt.Sprintf("%+v", c.shown()) }

// GoString returns the configuration without secrets.
func (c Config) GoString() string { return fmt.Sprintf("redisstore.%#v", c.shown()) }

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

// shownURL returns the URL without what stands before its host. One that cannot be
// read may hold a secret anywhere.
func (c Config) shownURL() string {
	if c.URL == "" {
		return ""
	}
	if err := c.applyURL(); err != nil { // on a copy
		return masked
	}
	return maskURL(c.URL)
}

// maskURL hides what stands before the host of a URL, and all of a text that has
// an @ and is none.
func maskURL(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, _, ok := strings.Cut(text[:at], "://")
	if !ok {
		return masked + text[at:]
	}
	return scheme + "://" + masked + text[at:]
}

func maskURLs(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = maskURL(text)
	}
	return out
}
