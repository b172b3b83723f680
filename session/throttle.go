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

	// IP is the client's address, from a source that can be trusted. What is
	// counted is its network: an IPv4 address, an IPv6 /48. Clients without an
	// address are one network, which has no bound over all accounts.
	IP netip.Addr

	// Device is the text that an earlier Attempt.Succeed of this browser
	// returned, empty if there is none. Anything not genuine counts as empty.
	Device string

	// Epoch is any text that changes when what the account was has ended: with a
	// new password, a reset, disabling and a change of role. A device that was
	// made under another epoch is an unknown one. Read it before Attempt; an
	// unknown account's is that of a new one.
	Epoch string

	// Unlocks is any text that changes when the account's failures are to be
	// forgotten: when somebody unlocks the account, and with a new password. A
	// program without a place for it uses the time of the last password.
	Unlocks string
}

// Attempt is a login that was let through. It stands as a failure until
// Succeed or Cancel is called, so that a thousand attempts in parallel are not
// all let through before the first has failed.
type Attempt struct {
	m     *Manager
	login Login
	known bool // let through as a known device

	mu       sync.Mutex
	standing []standing // what counts the attempt as a failure
}

// standing is a counter in which an attempt stands as a failure.
type standing struct {
	key    string
	clears bool // a success clears it
}

// firstPace is what a network waits after its first failure for an account that
// is being guessed at. Each further failure doubles it (see CountRule.Apart).
const firstPace = time.Second

// Attempt lets a login through or refuses it: a *ThrottledError says for how
// long, at least. Call it before any password is looked at.
//
// A known device is let through while it has failed fewer than Throttle.Failures
// times, and all devices of the account fewer than Throttle.FailuresOfDevices.
// Anybody, a device that is held back too, is let through while the network has
// failed fewer than Throttle.FailuresPerAddress times over all accounts and fewer
// than Throttle.Failures times for this one. So a network that has not failed for
// an account reaches its password whatever others did to the account, and nobody
// can shut its owner out from elsewhere. What others did only makes a network that
// has failed wait: see Throttle.FailuresPerAccount.
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

// Known reports whether the attempt was let through because it comes from a device on which
// somebody has signed in to the account before, since it is what it is now (see Login.Epoch). It
// says nothing about the password.
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

// byDevice counts the attempt for the known device, and for everything else that
// it would be a failure of.
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

// alert tells once in a window that the account is being guessed at.
func (a *Attempt) alert(ctx context.Context, failures int) {
	ctx, end := a.m.bound(ctx)
	defer end.release()
	wait, err := a.m.store.Count(ctx, a.counter("alert"), CountRule{Limit: 1, Window: a.m.cfg.Throttle.Window})
	if err == nil && wait == 0 {
		a.m.emit(ctx, Event{Kind: EventAlert, Account: a.login.Account, IP: a.login.IP, Count: failures})
	}
}

// Failures returns how many failed logins of the account are counted within
// Throttle.Window, attempts under way among them. It counts up to twice
// Throttle.FailuresPerAccount. It looks at Account and Unlocks alone.
func (m *Manager) Failures(ctx context.Context, l Login) (int, error) {
	ctx, end := m.bound(ctx)
	defer end.release()
	n, err := m.store.Counted(ctx, m.counter("account", l.Account, l.Unlocks), m.cfg.Throttle.Window)
	if err != nil {
		return 0, fmt.Errorf("session: count failed logins: %w", err)
	}
	return n, nil
}

// Succeed clears the counters of the network for the account and of the device,
// takes the attempt off all others, and returns a text for the browser to keep
// (for KnownDeviceLifetime) by which it is known at the account's next login. It is done
// also if ctx ends, and a second time changes nothing.
func (a *Attempt) Succeed(ctx context.Context) (device string, err error) {
	if err := a.settle(ctx, true); err != nil {
		return "", err
	}
	return a.m.newDevice(a.login.Account, a.login.Epoch)
}

// Rebind says that this success has changed the account's epoch, as a new password
// does: the device that Succeed returns belongs to the new one.
func (a *Attempt) Rebind(epoch string) { a.login.Epoch = epoch }

// Cancel takes the attempt back: the password was never judged, for example
// because a database was down. It is done also if ctx ends. After Succeed it
// changes nothing.
func (a *Attempt) Cancel(ctx context.Context) error { return a.settle(ctx, false) }

// settle takes the attempt off the counters in which it stands, each once.
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

// count counts the attempt as a failure, and remembers where.
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

// counter names a counter: of one length, and without the account in clear.
func (m *Manager) counter(kind string, of ...string) string {
	sum := mac(m.keys.count, append([]string{kind}, of...)...)
	return hex.EncodeToString(sum[:16])
}

// network is what one client can easily have: one IPv4 address, one IPv6 /48 (RFC
// 6177 section 2: sites get up to that much).
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
