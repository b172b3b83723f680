// Masking: a configuration prints without its secrets, whatever prints it.

package redisstore

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

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
