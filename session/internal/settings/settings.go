// Package settings reads and checks the values that the configurations of the stores on servers
// have in common: values of maps, host names, credentials. Errors show only the type of a value,
// because the value may be a secret.
package settings

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// Read gives each value of a map to the function of its key. A key without a function, and a value
// that its function refuses, is an error that names the key.
func Read(m map[string]any, fields map[string]func(any) error) (errs []error) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		set, ok := fields[key]
		if !ok {
			errs = append(errs, fmt.Errorf("%q is not known, want one of %s", clip.Value(key), strings.Join(slices.Sorted(maps.Keys(fields)), ", ")))
			continue
		}
		if err := set(m[key]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errs
}

// Into returns a function that reads a value into field.
func Into[T any](field *T, read func(any) (T, error)) func(any) error {
	return func(v any) error {
		got, err := read(v)
		if err == nil {
			*field = got
		}
		return err
	}
}

// Text reads a text.
func Text(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("%T, want a text", v)
}

// Secret reads a text that must not be shown.
func Secret(v any) (config.Secret, error) {
	text, err := Text(v)
	return config.Secret(text), err
}

// Bool reads true or false.
func Bool(v any) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, fmt.Errorf("%T, want true or false", v)
}

// Int reads a whole number.
func Int(v any) (int, error) {
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

// Seconds reads a number of seconds, or a duration such as "500ms".
func Seconds(v any) (time.Duration, error) {
	var n float64
	switch d := v.(type) {
	case time.Duration:
		return d, nil
	case string:
		parsed, err := time.ParseDuration(d)
		if err != nil {
			return 0, fmt.Errorf("%q, want seconds or a duration such as 500ms", clip.Value(d))
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

// List reads a list, or a text with commas.
func List(v any) ([]string, error) {
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
			if out[i], err = Text(one); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("%T, want a list of host:port", v)
}

// IsHost reports whether text could be a host name or an IP address.
func IsHost(text string) bool {
	if net.ParseIP(text) != nil {
		return true
	}
	return text != "" && len(text) <= 253 && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("/\\@:?#[]%\"'", r)
	})
}

// IsHostPort reports whether text could be a host name or an IP address with a port.
func IsHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || !IsHost(host) {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535 && port == strconv.Itoa(n)
}

// MaxSocket is the longest path of a Unix socket in bytes (unix(7): 108 with the
// zero at its end).
const MaxSocket = 107

// IsSocket reports whether text could be the path of a Unix socket.
func IsSocket(text string) bool {
	return filepath.IsAbs(text) && len(text) <= MaxSocket && !strings.ContainsFunc(text, unicode.IsControl)
}

// MaskAddress hides the part of an address before an @, which may be a password in the wrong field.
// The host behind the @ stays.
func MaskAddress(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, _, isURL := strings.Cut(text[:at], "://")
	if !isURL {
		return masked + text[at:]
	}
	return scheme + "://" + masked + text[at:]
}

const masked = "***"

// MaskAddresses is MaskAddress of each.
func MaskAddresses(texts []string) []string {
	out := slices.Clone(texts)
	for i, text := range texts {
		out[i] = MaskAddress(text)
	}
	return out
}

// AskCredentials calls a function that returns a user and a password, and waits for it no longer
// than ctx. Its errors begin with the field's name.
func AskCredentials(ctx context.Context, ask func(context.Context) (username, password string, err error)) (username, password string, err error) {
	type pair struct {
		username, password string
		err                error
	}
	told := make(chan pair, 1)
	go func() {
		var p pair
		p.username, p.password, p.err = ask(ctx)
		told <- p
	}()
	select {
	case p := <-told:
		if p.err != nil {
			return "", "", fmt.Errorf("Credentials: %w", p.err)
		}
		return p.username, p.password, nil
	case <-ctx.Done():
		return "", "", fmt.Errorf("Credentials: no answer in time: %w", context.Cause(ctx))
	}
}

// Credentials reads a function that returns a user and a password.
func Credentials(v any) (func(context.Context) (username, password string, err error), error) {
	if f, ok := v.(func(context.Context) (string, string, error)); ok {
		return f, nil
	}
	return nil, fmt.Errorf("%T, want a func(context.Context) (username, password string, err error)", v)
}
