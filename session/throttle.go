// The login throttle: failures counted per account, per device and per address,
// on the store, so that every node sees them.

package session

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// Login is one try to sign in.
type Login struct {
	// Account is the account's canonical name: the same text for every spelling
	// that would sign in to it. Unknown accounts are throttled like known ones.
	Account string

	// IP is the client's address, from a source that can be trusted.
	IP netip.Addr

	// Device is the text that an earlier Attempt.Succeed of this browser
	// returned, empty if there is none. Anything not genuine counts as empty.
	Device string
}

// Attempt is a login that was let through. It stands as a failure until
// Succeed or Cancel is called, so that a thousand attempts in parallel are not
// all let through before the first has failed.
type Attempt struct {
	m       *Manager
	login   Login
	account string // counter of the account, or of the known device
	address string // counter of the address; empty for a known device
}

// KnownDevice is how long a device counts as known after it signed in.
const KnownDevice = 180 * 24 * time.Hour

// Attempt lets a login through or refuses it: a *ThrottledError says for how
// long. Call it before any password is looked at.
func (m *Manager) Attempt(ctx context.Context, l Login) (*Attempt, error) {
	a := &Attempt{m: m, login: l}
	if nonce, ok := m.knownDevice(l); ok {
		a.account = m.counter("device", nonce)
	} else {
		a.account = m.counter("account", l.Account)
		if l.IP.IsValid() {
			a.address = m.counter("address", address(l.IP))
		}
	}
	t := m.cfg.Throttle
	if a.address != "" {
		if err := m.count(ctx, l, a.address, t.FailuresPerAddress); err != nil {
			return nil, err
		}
	}
	if err := m.count(ctx, l, a.account, t.Failures); err != nil {
		if a.address != "" && errors.Is(err, ErrThrottled) {
			// A refused attempt is no failure of the address.
			if undo := m.uncount(ctx, a.address, 1); undo != nil {
				return nil, undo
			}
		}
		return nil, err
	}
	return a, nil
}

// Succeed clears the account's counter, takes the attempt off the address's,
// and returns a text for the browser to keep (for KnownDevice) by which it is
// known at the account's next login.
func (a *Attempt) Succeed(ctx context.Context) (device string, err error) {
	if err := a.m.uncount(ctx, a.account, -1); err != nil {
		return "", err
	}
	if a.address != "" {
		if err := a.m.uncount(ctx, a.address, 1); err != nil {
			return "", err
		}
	}
	return a.m.newDevice(a.login.Account)
}

// Cancel takes the attempt back: the password was never judged, for example
// because a database was down.
func (a *Attempt) Cancel(ctx context.Context) error {
	if err := a.m.uncount(ctx, a.account, 1); err != nil {
		return err
	}
	if a.address == "" {
		return nil
	}
	return a.m.uncount(ctx, a.address, 1)
}

func (m *Manager) count(ctx context.Context, l Login, key string, limit int) error {
	ctx, end := m.bound(ctx)
	defer end.release()
	wait, err := m.store.Count(ctx, key, limit, m.cfg.Throttle.Window)
	if err != nil {
		return fmt.Errorf("session: count login attempts: %w", err)
	}
	if wait > 0 {
		m.emit(ctx, Event{Kind: EventThrottled, Account: l.Account, IP: l.IP})
		return &ThrottledError{RetryAfter: wait}
	}
	return nil
}

func (m *Manager) uncount(ctx context.Context, key string, n int) error {
	ctx, end := m.bound(ctx)
	defer end.release()
	if err := m.store.Uncount(ctx, key, n); err != nil {
		return fmt.Errorf("session: uncount login attempts: %w", err)
	}
	return nil
}

// counter names a counter: of one length, and without the account in clear.
func (m *Manager) counter(kind, of string) string {
	sum := mac(m.keys.count, kind, of)
	return hex.EncodeToString(sum[:16])
}

// address is what one client can easily have: one IPv4 address, one IPv6 /64.
func address(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

const (
	deviceNonce = 16
	deviceSize  = deviceNonce + 8 + 16
)

// newDevice makes the text of a known device: a nonce, when it was made, and a
// MAC over both and the account.
func (m *Manager) newDevice(account string) (string, error) {
	var raw [deviceSize]byte
	if _, err := io.ReadFull(m.cfg.Random, raw[:deviceNonce]); err != nil {
		return "", fmt.Errorf("session: read random bytes: %w", err)
	}
	binary.BigEndian.PutUint64(raw[deviceNonce:], uint64(m.now().UnixMicro()))
	sum := mac(m.keys.device, account, string(raw[:deviceNonce+8]))
	copy(raw[deviceNonce+8:], sum[:])
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// knownDevice returns the nonce of a genuine, recent device of the account.
func (m *Manager) knownDevice(l Login) (nonce string, ok bool) {
	if len(l.Device) != base64.RawURLEncoding.EncodedLen(deviceSize) {
		return "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(l.Device)
	if err != nil || len(raw) != deviceSize {
		return "", false
	}
	sum := mac(m.keys.device, l.Account, string(raw[:deviceNonce+8]))
	if !hmac.Equal(sum[:deviceSize-deviceNonce-8], raw[deviceNonce+8:]) {
		return "", false
	}
	made := time.UnixMicro(int64(binary.BigEndian.Uint64(raw[deviceNonce:])))
	if m.now().Sub(made) > KnownDevice {
		return "", false
	}
	return string(raw[:deviceNonce]), true
}
