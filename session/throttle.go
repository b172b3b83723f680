// The login throttle: what is counted, and what is let through.

package session

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Login is one try to sign in.
type Login struct {
	// Account is the account's canonical name: the same text for every spelling
	// that would sign in to it. Unknown accounts are throttled like known ones.
	Account string

	// IP is the client's address, from a source that can be trusted. What is counted is its
	// network: an IPv4 address, an IPv6 /48. All clients without an address count as one network,
	// for which there is no bound over all accounts.
	IP netip.Addr

	// Device is the text that an earlier Attempt.Succeed of this browser returned, empty if there
	// is none. A text that the manager did not make counts as empty.
	Device string

	// Epoch is any text that changes with each new password, reset, disabling and change of role of
	// the account, such as a number in the account's row. A device that became known under another
	// epoch is unknown. Read Epoch before Attempt; for an unknown account use that of a new one.
	Epoch string

	// Unlocks is any text that changes when the account's failures are to be forgotten: when
	// somebody unlocks the account, and with a new password. A program that stores no such text
	// uses the time of the last password.
	Unlocks string
}

// Attempt is a login that was let through. It counts as a failure until Succeed or Cancel is
// called, so that a thousand attempts in parallel are not all let through before the first has
// failed.
type Attempt struct {
	m     *Manager
	login Login
	known bool // let through as a known device

	mu       sync.Mutex
	standing []standing // the counters that count the attempt as a failure
}

// standing is a counter that counts the attempt as a failure.
type standing struct {
	key    string
	clears bool // a success clears it
}

// firstPace is how long a network waits after its first failure for an account that is under
// attack. Each further failure doubles it (see CountRule.Apart).
const firstPace = time.Second

// Attempt lets a login through or refuses it: a *ThrottledError says for how long at least. Call it
// before you look at the password.
//
// A known device is let through while it has failed fewer than Throttle.Failures times, and all
// devices of the account fewer than Throttle.FailuresOfDevices. Anybody, a device that is held back
// too, is let through while the network has failed fewer than Throttle.FailuresPerAddress times
// over all accounts and fewer than Throttle.Failures times for this one. So a network that has not
// failed for an account may try its password whatever others did to the account, and nobody can
// lock the owner out from elsewhere. Failures of others only make a network wait that has failed
// itself: see Throttle.FailuresPerAccount.
func (m *Manager) Attempt(ctx context.Context, l Login) (*Attempt, error) {
	a := &Attempt{m: m, login: l}
	wait, err := a.admit(ctx)
	if err == nil && wait == 0 {
		return a, nil
	}
	if undo := a.Cancel(ctx); undo != nil && err == nil {
		err = undo
	}
	if err != nil {
		return nil, err
	}
	m.emit(ctx, Event{Kind: EventThrottled, Account: l.Account, IP: l.IP})
	return nil, &ThrottledError{RetryAfter: wait}
}

// Known reports whether the attempt was let through because it comes from a known device: one on
// which somebody has signed in to the account in its present epoch (see Login.Epoch). It says
// nothing about the password.
func (a *Attempt) Known() bool { return a.known }

func (a *Attempt) admit(ctx context.Context) (wait time.Duration, err error) {
	nonce, known := a.m.knownDevice(a.login)
	if !known {
		return a.byNetwork(ctx)
	}
	held, err := a.byDevice(ctx, nonce)
	if err != nil || held == 0 {
		a.known = err == nil
		return 0, err
	}
	if err := a.Cancel(ctx); err != nil {
		return 0, err
	}
	wait, err = a.byNetwork(ctx)
	return min(wait, held), err
}

// byDevice counts the attempt for the known device, and in all other counters of failures.
func (a *Attempt) byDevice(ctx context.Context, nonce string) (wait time.Duration, err error) {
	t := a.m.cfg.Throttle
	for _, c := range []struct {
		standing
		rule CountRule
	}{
		{standing{a.counter("device", nonce), true}, CountRule{Limit: t.Failures}},
		{standing{a.counter("devices"), false}, CountRule{Limit: t.FailuresOfDevices}},
		{standing{a.network(), false}, CountRule{Limit: t.FailuresPerAddress, Always: true}},
		{standing{a.pair(), true}, CountRule{Limit: t.Failures, Always: true}},
		{standing{a.counter("account"), false}, CountRule{Limit: t.FailuresPerAccount, Always: true}},
	} {
		if wait, err = a.count(ctx, c.standing, c.rule); err != nil || wait > 0 && !c.rule.Always {
			return wait, err
		}
	}
	return 0, nil
}

// byNetwork counts the attempt for the network, and for the account.
func (a *Attempt) byNetwork(ctx context.Context) (wait time.Duration, err error) {
	t := a.m.cfg.Throttle
	wait, err = a.count(ctx, standing{a.network(), false}, CountRule{Limit: t.FailuresPerAddress})
	if err != nil || wait > 0 {
		return wait, err
	}
	rule := CountRule{Limit: t.Failures}
	failures, err := a.m.Failures(ctx, a.login)
	if err != nil {
		return 0, err
	}
	if failures >= t.FailuresPerAccount {
		rule.Pace = firstPace
		a.alert(ctx, failures)
	}
	wait, err = a.count(ctx, standing{a.pair(), true}, rule)
	if err != nil || wait > 0 {
		return wait, err
	}
	_, err = a.count(ctx, standing{a.counter("account"), false}, CountRule{Limit: t.FailuresPerAccount, Always: true})
	return 0, err
}

// alert emits EventAlert, once in a window: somebody guesses passwords of the account.
func (a *Attempt) alert(ctx context.Context, failures int) {
	ctx, end := a.m.bound(ctx)
	defer end.release()
	wait, err := a.m.store.Count(ctx, a.counter("alert"), CountRule{Limit: 1, Window: a.m.cfg.Throttle.Window})
	if err == nil && wait == 0 {
		a.m.emit(ctx, Event{Kind: EventAlert, Account: a.login.Account, IP: a.login.IP, Count: failures})
	}
}

// Failures returns how many failed logins of the account are counted within Throttle.Window,
// attempts under way among them. It counts up to twice Throttle.FailuresPerAccount. Of l it uses
// Account and Unlocks only.
func (m *Manager) Failures(ctx context.Context, l Login) (int, error) {
	ctx, end := m.bound(ctx)
	defer end.release()
	n, err := m.store.Counted(ctx, m.counter("account", l.Account, l.Unlocks), m.cfg.Throttle.Window)
	if err != nil {
		return 0, fmt.Errorf("session: count failed logins: %w", err)
	}
	return n, nil
}

// Succeed clears the counters of the network for the account and of the device, takes the attempt
// off all others, and returns a text for the browser to keep for KnownDeviceLifetime. With it the
// device is known at the account's next login. Succeed does its work although ctx has ended, and a
// second call changes nothing.
func (a *Attempt) Succeed(ctx context.Context) (device string, err error) {
	if err := a.settle(ctx, true); err != nil {
		return "", err
	}
	return a.m.newDevice(a.login.Account, a.login.Epoch)
}

// Rebind says that this login has changed the account's epoch, by setting a new password for
// example. The device that Succeed returns then belongs to the new epoch.
func (a *Attempt) Rebind(epoch string) { a.login.Epoch = epoch }

// Cancel takes the attempt back: the password was never checked, for example because a database was
// down. It does its work although ctx has ended. After Succeed it changes nothing.
func (a *Attempt) Cancel(ctx context.Context) error { return a.settle(ctx, false) }

// settle takes the attempt off the counters that count it, once each.
func (a *Attempt) settle(ctx context.Context, success bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.standing) == 0 {
		return nil
	}
	ctx, end := a.m.bound(context.WithoutCancel(ctx))
	defer end.release()
	for len(a.standing) > 0 {
		last := a.standing[len(a.standing)-1]
		n := 1
		if success && last.clears {
			n = -1
		}
		if err := a.m.store.Uncount(ctx, last.key, n); err != nil {
			return fmt.Errorf("session: uncount login attempts: %w", err)
		}
		a.standing = a.standing[:len(a.standing)-1]
	}
	return nil
}

// count counts the attempt as a failure, and remembers the counter.
func (a *Attempt) count(ctx context.Context, s standing, rule CountRule) (wait time.Duration, err error) {
	if s.key == "" {
		return 0, nil
	}
	rule.Window = a.m.cfg.Throttle.Window
	ctx, end := a.m.bound(ctx)
	defer end.release()
	wait, err = a.m.store.Count(ctx, s.key, rule)
	if err != nil {
		return 0, fmt.Errorf("session: count login attempts: %w", err)
	}
	if wait == 0 || rule.Always {
		a.mu.Lock()
		a.standing = append(a.standing, s)
		a.mu.Unlock()
	}
	return wait, nil
}

// counter names a counter of the account.
func (a *Attempt) counter(kind string, of ...string) string {
	return a.m.counter(kind, append([]string{a.login.Account, a.login.Unlocks}, of...)...)
}

// pair names the counter of the account and the network together.
func (a *Attempt) pair() string { return a.counter("pair", network(a.login.IP)) }

// network names the counter of the network over all accounts, "" if there is none.
func (a *Attempt) network() string {
	if !a.login.IP.IsValid() {
		return ""
	}
	return a.m.counter("network", network(a.login.IP))
}

// counter makes the name of a counter, of one length. The account cannot be read in it.
func (m *Manager) counter(kind string, of ...string) string {
	sum := mac(m.keys.count, append([]string{kind}, of...)...)
	return hex.EncodeToString(sum[:16])
}

// network is the range of addresses that one client can easily have: one IPv4 address, or one IPv6
// /48 (RFC 6177 section 2: sites get up to that much).
func network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(48); err == nil {
			return p.String()
		}
	}
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}
