// FromMap: a configuration from decoded JSON, YAML or the like.

package memcachestore

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

// FromMap reads a configuration from a map with the keys servers, host, port,
// username, password, tls, ca_file, pool_size, connect_timeout, prefix, max_item
// and lazy. Servers are a list or a text with commas, connect_timeout is in
// seconds or a text such as "500ms", tls is a bool, and ca_file a PEM file with
// the authorities to trust instead of the system's. Every unknown key and every
// value of a wrong type is named in the error; bounds are for Open to check.
func FromMap(m map[string]any) (Config, error) {
	var c Config
	var tlsOn bool
	var caFile string
	fields := map[string]func(any) error{
		"servers":         into(&c.Servers, list),
		"host":            into(&c.Host, text),
		"port":            into(&c.Port, integer),
		"username":        into(&c.Username, text),
		"password":        into(&c.Password, text),
		"tls":             into(&tlsOn, boolean),
		"ca_file":         into(&caFile, text),
		"pool_size":       into(&c.PoolSize, integer),
		"connect_timeout": into(&c.ConnectTimeout, seconds),
		"prefix":          into(&c.Prefix, text),
		"max_item":        into(&c.MaxItem, integer),
		"lazy":            into(&c.Lazy, boolean),
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
		return Config{}, fmt.Errorf("memcachestore: configuration map:\n%w", errors.Join(errs...))
	}
	return c, nil
}

func trust(conf *tls.Config, file string) error {
	pem, err := os.ReadFile(file)
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

func text(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("%T, want a text", v)
}

func boolean(v any) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, fmt.Errorf("%T, want true or false", v)
}

func integer(v any) (int, error) {
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

func seconds(v any) (time.Duration, error) {
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
		return 0, fmt.Errorf("%v seconds, want %s to %s", n, minConnectTimeout, maxConnectTimeout)
	}
	return time.Duration(n * float64(time.Second)), nil
}

func list(v any) ([]string, error) {
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
			if out[i], err = text(one); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("%T, want a list of host:port", v)
}
