// FromMap: a configuration from decoded JSON, YAML or the like.

package redisstore

import (
	"errors"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/trust"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// FromMap reads a configuration from a map with the keys url, socket, host, port, db, username,
// password, credentials, sentinels, master_name, sentinel_username, sentinel_password, cluster,
// tls, ca_file, pool_size, connect_timeout, near_cache, near_cache_size, prefix and lazy. Addresses
// are a list or a text with commas, connect_timeout and near_cache are in seconds or a text such as
// "500ms", tls is a bool, and ca_file a PEM file with the authorities to trust instead of the
// system's; credentials, which only a map made by a program has, is a function as in Config. Every
// unknown key and every value of a wrong type is named in the error; Open checks their bounds.
func FromMap(m map[string]any) (Config, error) {
	var c Config
	var tlsOn bool
	var caFile string
	fields := map[string]func(any) error{
		"url":               settings.Into(&c.URL, settings.Secret),
		"socket":            settings.Into(&c.Socket, settings.Text),
		"host":              settings.Into(&c.Host, settings.Text),
		"port":              settings.Into(&c.Port, settings.Int),
		"db":                settings.Into(&c.DB, settings.Int),
		"username":          settings.Into(&c.Username, settings.Text),
		"password":          settings.Into(&c.Password, settings.Secret),
		"credentials":       settings.Into(&c.Credentials, settings.Credentials),
		"sentinels":         settings.Into(&c.Sentinels, settings.List),
		"master_name":       settings.Into(&c.MasterName, settings.Text),
		"sentinel_username": settings.Into(&c.SentinelUsername, settings.Text),
		"sentinel_password": settings.Into(&c.SentinelPassword, settings.Secret),
		"cluster":           settings.Into(&c.Cluster, settings.List),
		"tls":               settings.Into(&tlsOn, settings.Bool),
		"ca_file":           settings.Into(&caFile, settings.Text),
		"pool_size":         settings.Into(&c.PoolSize, settings.Int),
		"connect_timeout":   settings.Into(&c.ConnectTimeout, settings.Seconds),
		"near_cache":        settings.Into(&c.NearCache, settings.Seconds),
		"near_cache_size":   settings.Into(&c.NearCacheSize, settings.Int),
		"prefix":            settings.Into(&c.Prefix, settings.Text),
		"lazy":              settings.Into(&c.Lazy, settings.Bool),
	}
	errs := settings.Read(m, fields)
	var err error
	if c.TLS, err = trust.TLS(tlsOn, caFile); err != nil {
		errs = append(errs, fmt.Errorf("ca_file: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, fmt.Errorf("redisstore: configuration map:\n%w", err)
	}
	return c, nil
}
