// What is derived from the secret key: tags, the check in a token, CSRF tokens
// and the names of counters.

package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
)

// keys are independent keys for each purpose.
type keys struct {
	tag, csrf, login, count, device []byte

	check cipher.Block
}

func deriveKeys(secret []byte) (*keys, error) {
	var k keys
	var check []byte
	for _, key := range []struct {
		dst     *[]byte
		purpose string
		size    int
	}{
		{&k.tag, "tag", 32},
		{&k.csrf, "csrf", 32},
		{&k.login, "login", 32},
		{&k.count, "count", 32},
		{&k.device, "device", 32},
		{&check, "check", 16},
	} {
		derived, err := hkdf.Key(sha256.New, secret, nil, "crudadmin/session/"+key.purpose, key.size)
		if err != nil {
			return nil, fmt.Errorf("session: derive key: %w", err)
		}
		*key.dst = derived
	}
	block, err := aes.NewCipher(check)
	if err != nil {
		return nil, fmt.Errorf("session: derive key: %w", err)
	}
	k.check = block
	return &k, nil
}

// mac is HMAC-SHA-256 over the parts, each behind its length.
func mac(key []byte, parts ...string) [sha256.Size]byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:", len(p))
		_, _ = io.WriteString(h, p)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (k *keys) userTag(userID string) Tag {
	sum := mac(k.tag, userID)
	return Tag(sum[:tagSize])
}

// newToken makes a token under the tag; a zero tag asks for a random one.
func (k *keys) newToken(random io.Reader, tag Tag) (Token, error) {
	var t Token
	copy(t.raw[:], tag[:])
	fresh := t.raw[tagSize : tagSize+secretSize]
	if tag == (Tag{}) {
		fresh = t.raw[:tagSize+secretSize]
	}
	if _, err := io.ReadFull(random, fresh); err != nil {
		return Token{}, fmt.Errorf("session: read random bytes: %w", err)
	}
	sum := k.checksum(&t)
	copy(t.raw[tagSize+secretSize:], sum[:])
	return t, nil
}

// genuine reports whether the token was made with this key. It keeps made-up
// tokens away from the store; what guards the session are its 256 random bits.
func (k *keys) genuine(t *Token) bool {
	sum := k.checksum(t)
	return subtle.ConstantTimeCompare(sum[:], t.raw[tagSize+secretSize:]) == 1
}

// checksum is CBC-MAC over the tag and the secret. On messages of one fixed
// length CBC-MAC is a pseudorandom function (Bellare, Kilian and Rogaway, 2000),
// and with AES instructions it costs a tenth of an HMAC.
func (k *keys) checksum(t *Token) [checkSize]byte {
	var message [3 * aes.BlockSize]byte
	copy(message[:], t.raw[:tagSize+secretSize])
	var state [aes.BlockSize]byte
	for i := 0; i < len(message); i += aes.BlockSize {
		subtle.XORBytes(state[:], state[:], message[i:i+aes.BlockSize])
		k.check.Encrypt(state[:], state[:])
	}
	return [checkSize]byte(state[:checkSize])
}
