// Secret: a generated password on its way to the person it is for.

package account

import (
	"fmt"
	"log/slog"
)

const masked = "[secret]"

// Secret holds a password that must be shown once. It prints as [secret] through fmt, slog and
// encoding/json, also inside other values; only [Secret.Reveal] gives it out. The zero value is the
// empty secret.
type Secret struct {
	// A pointer, because fmt prints the fields of an unexported field without asking its methods.
	value *string
}

func newSecret(s string) Secret { return Secret{&s} }

// Reveal is the password itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String masks the secret.
func (s Secret) String() string { return masked }

// GoString masks the secret.
func (s Secret) GoString() string { return masked }

// Format masks the secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// MarshalText masks the secret, in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue masks the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }
