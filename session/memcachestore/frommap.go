// FromMap: a configuration from decoded JSON, YAML or the like.

package memcachestore

import (
	"errors"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/trust"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// FromMap reads a configuration from a map with the keys servers, host, port, username, password,
// credentials, tls, ca_file, pool_size, connect_timeout, prefix, max_item and lazy. Servers are a
// list or a text with commas, connect_timeout is in seconds or a text such as "500ms", tls is a
// bool, and ca_file a PEM file with the authorities to trust instead of the system's; credentials,
// which only a map made by a program has, is a function as in Config. Every unknown key and every
// value of a wrong type is named in the error; Open checks their bounds.
func FromMap(m map[string]any) (Config, error) {
	var c Config
	var tlsOn bool
	var caFile string
	fields := map[string]func(any) error{
		"servers":         settings.Into(&c.Servers, settings.List),
		"host":            settings.Into(&c.Host, settings.Text),
		"port":            settings.Into(&c.Port, settings.Int),
		"username":        settings.Into(&c.Username, settings.Text),
		"password":        settings.Into(&c.Password, settings.Secret),
		"credentials":     settings.Into(&c.Credentials, settings.Credentials),
		"tls":             settings.Into(&tlsOn, settings.Bool),
		"ca_file":         settings.Into(&caFile, settings.Text),
		"pool_size":       settings.Into(&c.PoolSize, settings.Int),
		"connect_timeout": settings.Into(&c.ConnectTimeout, settings.Seconds),
		"prefix":          settings.Into(&c.Prefix, settings.Text),
		"max_item":        settings.Into(&c.MaxItem, settings.Int),
		"lazy":            settings.Into(&c.Lazy, settings.Bool),
	}
	errs := settings.Read(m, fields)
	var err error
	if c.TLS, err = trust.TLS(tlsOn, caFile); err != nil {
		errs = append(errs, fmt.Errorf("ca_file: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, fmt.Errorf("memcachestore: configuration map:\n%w", err)
	}
	return c, nil
}
