// Masking: a configuration prints without its secrets, whatever prints it.

package backend

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// shown is what is shown of a configuration: the stores in it mask their own.
type shown struct {
	Kind      Kind                  `json:"kind"`
	Fallback  Kind                  `json:"fallback,omitempty"`
	TrackInDB bool                  `json:"track_in_db,omitempty"`
	Prefix    string                `json:"prefix,omitempty"`
	SecretKey string                `json:"secret_key,omitempty"`
	Redis     *redisstore.Config    `json:"redis,omitempty"`
	Memcached *memcachestore.Config `json:"memcached,omitempty"`
}

func (c Config) shown() shown {
	s := shown{Kind: c.Kind, Fallback: c.Fallback, TrackInDB: c.TrackInDB, Prefix: c.Prefix}
	if s.Kind == "" {
		s.Kind = Memory
	}
	if len(c.SecretKey) > 0 {
		s.SecretKey = "***"
	}
	if c.uses(Redis) {
		s.Redis = &c.Redis
	}
	if c.uses(Memcached) {
		s.Memcached = &c.Memcached
	}
	return s
}

// String returns the configuration without secrets.
func (c Config) String() string {
	s := c.shown()
	text := fmt.Sprintf("{Kind:%s Fallback:%s Prefix:%s SecretKey:%s", s.Kind, s.Fallback, s.Prefix, s.SecretKey)
	if s.TrackInDB {
		text += " TrackInDB:true"
	}
	if s.Redis != nil {
		text += " Redis:" + s.Redis.String()
	}
	if s.Memcached != nil {
		text += " Memcached:" + s.Memcached.String()
	}
	return strings.TrimSpace(text) + "}"
}

// GoString returns the configuration without secrets.
func (c Config) GoString() string { return "backend.Config" + c.String() }

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
