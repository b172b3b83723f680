// FromMap: a configuration from decoded JSON, YAML or the like.

package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// FromMap reads a configuration from a map with the keys url, host, port, db,
// username, password, sentinels, master_name, sentinel_username,
// sentinel_password, cluster, tls, ca_file, pool_size, connect_timeout, near_cache,
// near_cache_size, prefix and lazy. Addresses are a list or a text with commas,
// connect_timeout and near_cache are in seconds or a text such as "500ms", tls is a bool, and ca_file a PEM file with
// the authorities to trust instead of the system's. Every unknown key and every
// value of a wrong type is named in the error; bounds are for Open to check.
func FromMap(m map[string]any) (Config, error) {
	var c Config
	var tlsOn bool
	var caFile string
	fields := map[string]func(any) error{
		"url":               into(&c.URL, asText),
		"host":              into(&c.Host, asText),
		"port":              into(&c.Port, asInt),
		"db":                into(&c.DB, asInt),
		"username":          into(&c.Username, asText),
		"password":          into(&c.Password, asText),
		"sentinels":         into(&c.Sentinels, asList),
		"master_name":       into(&c.MasterName, asText),
		"sentinel_username": into(&c.SentinelUsername, asText),
		"sentinel_password": into(&c.SentinelPassword, asText),
		"cluster":           into(&c.Cluster, asList),
		"tls":               into(&tlsOn, asBool),
		"ca_file":           into(&caFile, asText),
		"pool_size":         into(&c.PoolSize, asInt),
		"connect_timeout":   into(&c.ConnectTimeout, asSeconds),
		"near_cache":        into(&c.NearCache, asSeconds),
		"near_cache_size":   into(&c.NearCacheSize, asInt),
		"prefix":            into(&c.Prefix, asText),
		"lazy":              into(&c.Lazy, asBool),
	}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(m)) {
		set, ok := fields[key]
		if !ok {
			errs = append(errs, fmt.Errorf("%q is not known, want one of %s", clip(key), strings.Join(slices.Sorted(maps.Keys(fields)), ", ")))
			continue
		}
		if err := set(m[key]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	if tlsOn || caFile != "" {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if caFile != "" {
		if err := trust(c.TLS, caFile); err != nil {
			errs = append(errs, fmt.Errorf("ca_file: %w", err))
		}
	}
	if len(errs) > 0 {
		return Config{}, fmt.Errorf("redisstore: configuration map:\n%w", errors.Join(errs...))
	}
	return c, nil
}

func trust(conf *tls.Config, file string) error {
	pem, err := os.ReadFile(file) // the operator's own file
	if err != nil {
		return err
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return nil
}

// into returns a function that reads a value into field.
func into[T any](field *T, read func(any) (T, error)) func(any) error {
	return func(v any) error {
		got, err := read(v)
		if err == nil {
			*field = got
		}
		return err
	}
}

// Errors of these show the type only: a value may be a secret.

func asText(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("%T, want a text", v)
}

func asBool(v any) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, fmt.Errorf("%T, want true or false", v)
}

func asInt(v any) (int, error) {
	switch n := v.(type) {
	case int:
		return n, nil
	case int64:
		return int(n), nil
	case float64: // what encoding/json makes of numbers
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int(n), nil
		}
		return 0, fmt.Errorf("%v, want a whole number", n)
	}
	return 0, fmt.Errorf("%T, want a whole number", v)
}

func asSeconds(v any) (time.Duration, error) {
	var n float64
	switch d := v.(type) {
	case time.Duration:
		return d, nil
	case string:
		parsed, err := time.ParseDuration(d)
		if err != nil {
			return 0, fmt.Errorf("%q, want seconds or a duration such as 500ms", clip(d))
		}
		return parsed, nil
	case int:
		n = float64(d)
	case int64:
		n = float64(d)
	case float64:
		n = d
	default:
		return 0, fmt.Errorf("%T, want seconds or a duration such as 500ms", v)
	}
	if math.IsNaN(n) || math.Abs(n) > math.MaxInt64/float64(time.Second) {
		return 0, fmt.Errorf("%v seconds, too many", n)
	}
	return time.Duration(n * float64(time.Second)), nil
}

func asList(v any) ([]string, error) {
	switch l := v.(type) {
	case []string:
		return slices.Clone(l), nil
	case string:
		parts := strings.Split(l, ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		return parts, nil
	case []any:
		out := make([]string, len(l))
		for i, one := range l {
			var err error
			if out[i], err = asText(one); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("%T, want a list of host:port", v)
}
