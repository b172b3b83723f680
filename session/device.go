// Known devices: browsers that have signed in to an account before.

package session

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// KnownDeviceLifetime is how long a device counts as known after it signed in, as long as
// the account's epoch lasts.
const KnownDeviceLifetime = 180 * 24 * time.Hour

const (
	deviceNonce = 16
	deviceSize  = deviceNonce + 8 + 16
)

// newDevice makes the text of a known device: a nonce, when it was made, and a
// MAC over both, the account and its epoch.
func (m *Manager) newDevice(account, epoch string) (string, error) {
	var raw [deviceSize]byte
	if _, err := io.ReadFull(m.cfg.Random, raw[:deviceNonce]); err != nil {
		return "", fmt.Errorf("session: read random bytes: %w", err)
	}
	binary.BigEndian.PutUint64(raw[deviceNonce:], uint64(m.now().UnixMicro()))
	sum := mac(m.keys.device, account, epoch, string(raw[:deviceNonce+8]))
	copy(raw[deviceNonce+8:], sum[:])
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// knownDevice returns the nonce of a device that is genuine, not too old, and of the account in its
// epoch.
func (m *Manager) knownDevice(l Login) (nonce string, ok bool) {
	if len(l.Device) != base64.RawURLEncoding.EncodedLen(deviceSize) {
		return "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(l.Device)
	if err != nil || len(raw) != deviceSize {
		return "", false
	}
	sum := mac(m.keys.device, l.Account, l.Epoch, string(raw[:deviceNonce+8]))
	if !hmac.Equal(sum[:deviceSize-deviceNonce-8], raw[deviceNonce+8:]) {
		return "", false
	}
	made := time.UnixMicro(int64(binary.BigEndian.Uint64(raw[deviceNonce:])))
	if m.now().Sub(made) > KnownDeviceLifetime {
		return "", false
	}
	return string(raw[:deviceNonce]), true
}
