// Tag, Token and ID: the names of a session in the cookie, in the stores and on the screen.

package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const (
	tagSize    = 8
	secretSize = 32 // 256 bits from crypto/rand (ASVS 5.0, 7.2.3 asks for 128)
	checkSize  = 8

	tokenSize = tagSize + secretSize + checkSize

	// TokenLength is the number of characters of a token in its cookie.
	TokenLength = tokenSize * 8 / 6
)

// Tag ties a user's sessions together: 8 bytes of HMAC-SHA-256(key, UserID),
// random for an anonymous session. It begins every token and every ID, so that
// a store finds a user's sessions and their index in one place.
type Tag [tagSize]byte

// Partition is the first byte of the tag: one of the 256 parts into which
// stores divide their indexes (the hash tag on a Redis Cluster, a shard in
// memory).
func (t Tag) Partition() byte { return t[0] }

// String returns the tag in hexadecimal.
func (t Tag) String() string { return hex.EncodeToString(t[:]) }

// Token is the secret in the cookie: a tag, 32 random bytes, and 8 bytes by
// which the manager recognizes its own tokens without asking the store. It
// prints as a placeholder whatever the verb; only Reveal shows it.
type Token struct{ raw [tokenSize]byte }

// tokenText is canonical: each token has exactly one text.
var tokenText = base64.RawURLEncoding.Strict()

// ParseToken reads the text of a cookie. A text that is not a token's is ErrMalformed.
// Manager.Validate says whether the token opens a session.
func ParseToken(text string) (Token, error) {
	if len(text) != TokenLength {
		return Token{}, fmt.Errorf("%w token: %d characters, want %d", ErrMalformed, len(text), TokenLength)
	}
	var buf [TokenLength]byte
	copy(buf[:], text)
	var t Token
	// Decode skips line breaks, so the count matters as much as the error.
	if n, err := tokenText.Decode(t.raw[:], buf[:]); err != nil || n != tokenSize {
		return Token{}, fmt.Errorf("%w token: not base64url", ErrMalformed)
	}
	return t, nil
}

// Reveal returns the token's text. Use it for the cookie and nothing else.
func (t Token) Reveal() string { return tokenText.EncodeToString(t.raw[:]) }

// ID returns the ID that belongs to the token, whether or not a manager made the token.
func (t Token) ID() ID {
	var id ID
	copy(id[:tagSize], t.raw[:tagSize])
	sum := sha256.Sum256(t.raw[:tagSize+secretSize])
	copy(id[tagSize:], sum[:])
	return id
}

// IsZero reports whether t is the zero Token, which opens nothing.
func (t Token) IsZero() bool { return t == Token{} }

const hiddenToken = "session.Token(hidden)"

// String returns a placeholder.
func (t Token) String() string { return hiddenToken }

// Format writes a placeholder for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenToken)) }

// MarshalText returns a placeholder.
func (t Token) MarshalText() ([]byte, error) { return []byte(hiddenToken), nil }

// LogValue returns a placeholder.
func (t Token) LogValue() slog.Value { return slog.StringValue(hiddenToken) }

// IDSize is the length of an ID in bytes.
const IDSize = tagSize + sha256.Size

// ID names a session: its tag, and the SHA-256 of its token's tag and secret. It may be stored,
// logged and shown; presented as a token it opens nothing.
type ID [IDSize]byte

// ParseID reads the text that ID.String wrote. Anything else is ErrMalformed.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != hex.EncodedLen(IDSize) {
		return ID{}, fmt.Errorf("%w session ID: %d characters, want %d", ErrMalformed, len(text), hex.EncodedLen(IDSize))
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return ID{}, fmt.Errorf("%w session ID: not hexadecimal", ErrMalformed)
	}
	return id, nil
}

// Tag returns the tag the ID begins with.
func (id ID) Tag() Tag { return Tag(id[:tagSize]) }

// IsZero reports whether id is the zero ID, which names no session.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the ID in hexadecimal, 80 characters.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText returns the ID in hexadecimal.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
