// Secret: a password or a key on its way into a configuration.

package config

import (
	"fmt"
	"log/slog"
)

// Secret is a password, a key, or an address with a password in it. It prints as ***,
// and as nothing where it is empty, through fmt, log/slog, encoding/json and whatever
// else asks a value for its text, also as a field of other values.
//
// A constant is a Secret as it stands (Password: "…"), anything else by conversion:
// config.Secret(os.Getenv("REDIS_PASSWORD")). The conversion back, string(secret), is
// where it comes out.
//
// What a Secret cannot hide, because fmt then asks no value how it wants to be printed:
// the verbs %p and %w, which are mistakes here, and fields that are not exported.
type Secret string

const masked = "***"

// mask is what is shown.
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
