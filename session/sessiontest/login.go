// The login throttle on top of the store's counters.

package sessiontest

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// fail makes one attempt that stands as a failure.
func (f *fixture) fail(m *session.Manager, l session.Login, what string) {
	f.Helper()
	if _, err := m.Attempt(f.ctx, l); err != nil {
		f.Errorf("%s: %v, want to be let through", what, err)
	}
}

// refused makes one attempt that must be refused for wait.
func (f *fixture) refused(m *session.Manager, l session.Login, wait time.Duration, what string) {
	f.Helper()
	_, err := m.Attempt(f.ctx, l)
	f.want(err, session.ErrThrottled, "%s", what)
	var throttled *session.ThrottledError
	if errors.As(err, &throttled) && throttled.RetryAfter != wait {
		f.Errorf("%s: RetryAfter is %s, want %s", what, throttled.RetryAfter, wait)
	}
}

func (f *fixture) succeed(m *session.Manager, l session.Login, what string) (device string) {
	f.Helper()
	attempt, err := m.Attempt(f.ctx, l)
	f.must(err, "%s", what)
	device, err = attempt.Succeed(f.ctx)
	f.must(err, "%s: Succeed", what)
	return device
}

func addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

const throttleWindow = 15 * time.Minute

var loginChecks = []check{
	{
		name: "five failures in the window and no sixth",
		rule: "5 failures in 15 minutes are let through; a ThrottledError says for how long the next is refused. The window slides.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			login := session.Login{Account: "anna", IP: addr(1)}
			for i := range 5 {
				f.fail(managers[i%2], login, "one of five failures")
				f.clock.Advance(time.Minute)
			}
			f.refused(managers[0], login, 10*time.Minute, "the sixth")
			f.refused(managers[1], login, 10*time.Minute, "the seventh, on another node")
			f.fail(managers[1], session.Login{Account: "bert", IP: addr(1)}, "another account from the same address")
			f.clock.Advance(10*time.Minute - time.Microsecond)
			f.refused(managers[0], login, time.Microsecond, "1 µs before the first failure leaves the window")
			f.clock.Advance(time.Microsecond)
			f.fail(managers[1], login, "when the first failure has left the window")
			f.refused(managers[0], login, time.Minute, "right after")
		},
	},
	{
		name: "a success clears the account's counter",
		rule: "Succeed clears the account's counter and takes the attempt off the address's.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.Throttle.FailuresPerAddress = 9 })
			login := session.Login{Account: "anna", IP: addr(1)}
			for range 4 {
				f.fail(m, login, "one of four failures")
			}
			f.succeed(m, login, "the fifth attempt, which succeeds")
			for range 5 {
				f.fail(m, login, "one of five failures after the success")
			}
			f.refused(m, login, throttleWindow, "the sixth after the success")
		},
	},
	{
		name: "an address is throttled over all accounts",
		rule: "FailuresPerAddress bounds one client address, one /64 for IPv6, over all accounts; a refused attempt is no failure of the address.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.Throttle.FailuresPerAddress = 10 })
			for _, ips := range [][2]string{{"192.0.2.1", "::ffff:192.0.2.1"}, {"2001:db8::1", "2001:db8::ffff:1"}} {
				one, same := netip.MustParseAddr(ips[0]), netip.MustParseAddr(ips[1])
				for i := range 10 {
					f.fail(m, session.Login{Account: fmt.Sprint("of ", one, i), IP: []netip.Addr{one, same}[i%2]}, "one of ten failures of one address")
				}
				f.refused(m, session.Login{Account: "another", IP: same}, throttleWindow, "the eleventh of the address")
				f.fail(m, session.Login{Account: fmt.Sprint("of ", one, 0), IP: addr(int(one.As16()[15]))}, "another address")
			}
			// Refusals by the account leave the address alone.
			busy := session.Login{Account: "busy", IP: addr(77)}
			for range 5 {
				f.fail(m, busy, "one of five failures of one account")
			}
			for range 20 {
				f.refused(m, busy, throttleWindow, "a refusal by the account")
			}
			for i := range 5 {
				f.fail(m, session.Login{Account: fmt.Sprint("other ", i), IP: addr(77)}, "another account from the address")
			}
			f.refused(m, session.Login{Account: "one more", IP: addr(77)}, throttleWindow, "the eleventh failure of the address")
		},
	},
	{
		name: "a flood does not lock out a known device",
		rule: "A device that has signed in to the account before has a counter of its own, so that a flood from elsewhere does not lock its owner out.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			home := session.Login{Account: "anna", IP: addr(1)}
			home.Device = f.succeed(m, home, "the owner's first login")
			for i := range 40 {
				_, err := m.Attempt(f.ctx, session.Login{Account: "anna", IP: addr(100 + i)})
				if err != nil {
					f.want(err, session.ErrThrottled, "an attempt of the flood")
				}
			}
			f.refused(m, session.Login{Account: "anna", IP: addr(1)}, throttleWindow, "the owner without the device")
			stolen := home
			stolen.Account = "bert"
			for range 5 {
				f.fail(m, stolen, "a device of another account, which counts as none")
			}
			f.refused(m, stolen, throttleWindow, "a device of another account, which counts as none")
			forged := home
			if forged.Device = "A" + home.Device[1:]; forged.Device == home.Device {
				forged.Device = "B" + home.Device[1:]
			}
			f.refused(m, forged, throttleWindow, "a device made up")
			f.succeed(m, home, "the owner on the known device, during the flood")
			for range 5 {
				f.fail(m, home, "one of five failures on the known device")
			}
			f.refused(m, home, throttleWindow, "the sixth failure on the known device")
			f.clock.Advance(session.KnownDevice + time.Second)
			for range 5 {
				f.fail(m, home, "a device forgotten after KnownDevice")
			}
			f.refused(m, session.Login{Account: "anna"}, throttleWindow, "the account, which a forgotten device counts for")
		},
	},
	{
		name: "of a thousand parallel attempts exactly five are let through",
		rule: "An attempt stands as a failure until Succeed or Cancel is called, so that a thousand attempts in parallel are not all let through before the first has failed.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			var through atomic.Int32
			together(f.times(1000, 60), func(i int) {
				_, err := managers[i%2].Attempt(f.ctx, session.Login{Account: "anna"})
				if err == nil {
					through.Add(1)
				} else {
					f.want(err, session.ErrThrottled, "Attempt beside others")
				}
			})
			if n := through.Load(); n != 5 {
				f.Errorf("%d parallel attempts were let through, want exactly 5", n)
			}
		},
	},
	{
		name: "cancel takes the attempt back",
		rule: "Cancel takes the attempt back: the password was never judged.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.Throttle.FailuresPerAddress = 5 })
			login := session.Login{Account: "anna", IP: addr(1)}
			for range 12 {
				attempt, err := m.Attempt(f.ctx, login)
				f.must(err, "Attempt")
				f.must(attempt.Cancel(f.ctx), "Cancel")
			}
			for range 5 {
				f.fail(m, login, "one of five failures after many that were cancelled")
			}
			f.refused(m, login, throttleWindow, "the sixth")
		},
	},
	{
		name: "unknown accounts are throttled like known ones",
		rule: "Unknown accounts are throttled like known ones; only failures count.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			for _, account := range []string{"", "no such user", "x\x00y", "é", string(make([]byte, 5000))} {
				login := session.Login{Account: account}
				for range 5 {
					f.fail(m, login, "one of five failures")
				}
				f.refused(m, login, throttleWindow, "the sixth")
			}
			for range 20 {
				f.succeed(m, session.Login{Account: "diligent", IP: addr(9)}, "one of many successes")
			}
		},
	},
}
