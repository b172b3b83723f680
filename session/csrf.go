// CSRF tokens: bound to a session's lineage, masked on every page, stored
// nowhere.

package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// CSRFToken returns a token for the forms of a session, a new text at every call (so that
// compression of a page leaks nothing of it: BREACH). It is valid as long as the lineage: until the
// session ends or Elevate changes the session's rights.
func (m *Manager) CSRFToken(l Lineage) string {
	var buf [2 * sha256.Size]byte
	mask, masked := buf[:sha256.Size], buf[sha256.Size:]
	_, _ = rand.Read(mask) // never fails; the mask is not secret
	sum := mac(m.keys.csrf, string(l[:]))
	subtle.XORBytes(masked, mask, sum[:])
	return base64.RawURLEncoding.EncodeToString(buf[:])
}

// CheckCSRF returns nil if CSRFToken made the token for the same lineage, else ErrCSRF.
func (m *Manager) CheckCSRF(l Lineage, token string) error {
	var buf [2 * sha256.Size]byte
	if len(token) != base64.RawURLEncoding.EncodedLen(len(buf)) {
		return ErrCSRF
	}
	if n, err := base64.RawURLEncoding.Strict().Decode(buf[:], []byte(token)); err != nil || n != len(buf) {
		return ErrCSRF
	}
	var got [sha256.Size]byte
	subtle.XORBytes(got[:], buf[:sha256.Size], buf[sha256.Size:])
	want := mac(m.keys.csrf, string(l[:]))
	if !hmac.Equal(got[:], want[:]) {
		return ErrCSRF
	}
	return nil
}

// LoginLineage returns the lineage to which the CSRF token of a sign-in form is bound, where there
// is no session yet. nonce is a random text that the browser holds in a short-lived cookie.
func (m *Manager) LoginLineage(nonce string) Lineage {
	sum := mac(m.keys.login, nonce)
	return Lineage(sum[:len(Lineage{})])
}
