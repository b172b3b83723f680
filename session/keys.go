// The keys derived from the secret key: for tags, the check in a token, CSRF tokens, known devices
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

// newToken makes a token that begins with the tag, or with a random one if the tag is zero.
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
	check := k.checkOf(t.ID())
	copy(t.raw[tagSize+secretSize:], check[:])
	return t, nil
}

// open returns the ID of a token that was made with this key, and false for any other. It keeps
// made-up tokens away from the store; the session itself is guarded by the token's 256 random bits.
func (k *keys) open(t *Token) (ID, bool) {
	id := t.ID()
	check := k.checkOf(id)
	return id, subtle.ConstantTimeCompare(check[:], t.raw[tagSize+secretSize:]) == 1
}

// Genuine reports whether the token was made with this manager's key. It does not ask the store:
// Validate says whether the token opens a session.
func (m *Manager) Genuine(token Token) bool {
	_, genuine := m.keys.open(&token)
	return genuine
}

// checkOf is AES, a pseudorandom function, of half the hash in the ID: hash, then MAC. Validate
// needs the hash in any case, and with AES instructions the check costs a tenth of an HMAC.
func (k *keys) checkOf(id ID) [checkSize]byte {
	block := [aes.BlockSize]byte(id[tagSize:])
	k.check.Encrypt(block[:], block[:])
	return [checkSize]byte(block[:])
}
