// Secret: a password or a key on its way into a configuration.

package config

import (
	"fmt"
	"log/slog"
)

// Secret is a password, a key, or an address with a password in it. It prints as ***, and as
// nothing where it is empty, through fmt, log/slog, encoding/json and other packages that call
// Format, LogValue or MarshalText, also as a field of other values.
//
// A constant can be used as a Secret (Password: "…"), other strings are converted:
// config.Secret(os.Getenv("REDIS_PASSWORD")). The conversion back, string(secret), returns the
// text.
//
// A Secret cannot hide itself from the verbs %p and %w, which are mistakes here, nor in fields that
// are not exported: fmt then does not call Format.
type Secret string

const masked = "***"

// mask is the text that is shown.
func (s Secret) mask() string {
	if s == "" {
		return ""
	}
	return masked
}

// Format writes *** for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.mask())) }

// MarshalText returns ***, in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.mask()), nil }

// LogValue returns ***.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.mask()) }
