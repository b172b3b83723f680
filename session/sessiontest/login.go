// The login throttle on top of the store's counters.

package sessiontest

import (
	"context"
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

// failures fails the check unless so many failures of the account are counted.
func (f *fixture) failures(m *session.Manager, l session.Login, want int, what string) {
	f.Helper()
	n, err := m.Failures(f.ctx, l)
	if err != nil || n != want {
		f.Errorf("%s: Failures returned %d, %v, want %d", what, n, err, want)
	}
}

func addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

const throttleWindow = 15 * time.Minute

// besieged makes n failures for the account, each from another network.
func (f *fixture) besieged(m *session.Manager, l session.Login, n int) {
	f.Helper()
	for i := range n {
		l.IP, l.Device = addr(1000+i), ""
		f.fail(m, l, "a failure from a network of its own")
	}
}

var loginChecks = []check{
	{
		name: "five failures of a network for an account and no sixth",
		rule: "Throttle.Failures is how many failed attempts of one network on one account are let through in a Window: 5 in 15 minutes; a ThrottledError says for how long the next is refused. The window slides.",
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
			f.fail(managers[0], session.Login{Account: "anna", IP: addr(2)}, "the same account from another address")
			f.clock.Advance(10*time.Minute - time.Microsecond)
			f.refused(managers[0], login, time.Microsecond, "1 µs before the first failure leaves the window")
			f.clock.Advance(time.Microsecond)
			f.fail(managers[1], login, "when the first failure has left the window")
			f.refused(managers[0], login, time.Minute, "right after")
		},
	},
	{
		name: "a network is an IPv4 address or an IPv6 /48",
		rule: "A network is an IPv4 address or an IPv6 /48.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			for account, c := range map[string]struct {
				same  []string
				other []string
			}{
				"v4":   {[]string{"192.0.2.1", "::ffff:192.0.2.1"}, []string{"192.0.2.2", "::ffff:192.0.2.3", "2001:db8:1::1"}},
				"v6":   {[]string{"2001:db8:2::1", "2001:db8:2::ffff:1", "2001:db8:2:1::1", "2001:db8:2:ffff:ffff:ffff:ffff:ffff"}, []string{"2001:db8:3::1", "2001:db8:1:ffff::1", "2001:db9:2::1"}},
				"6to4": {[]string{"2002:c000:201::1", "2002:c000:201:7::2"}, []string{"2002:c000:202::1", "192.0.2.1"}},
				"zone": {[]string{"fe80::1%eth0", "fe80::1%eth1", "fe80::2"}, []string{"fe80:0:1::1"}},
			} {
				for i := range 5 {
					f.fail(m, session.Login{Account: account, IP: netip.MustParseAddr(c.same[i%len(c.same)])}, "one of five failures of one network")
				}
				for _, ip := range c.same {
					f.refused(m, session.Login{Account: account, IP: netip.MustParseAddr(ip)}, throttleWindow, "the sixth of the network, from "+ip)
				}
				for _, ip := range c.other {
					f.fail(m, session.Login{Account: account, IP: netip.MustParseAddr(ip)}, "another network, "+ip)
				}
			}
		},
	},
	{
		name: "a success clears the failures of the network for the account",
		rule: "Succeed clears the counters of the network for the account and of the device, takes the attempt off all others, and a second time changes nothing.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.Throttle.FailuresPerAddress = 9 })
			login := session.Login{Account: "anna", IP: addr(1)}
			for range 4 {
				f.fail(m, login, "one of four failures")
			}
			attempt, err := m.Attempt(f.ctx, login)
			f.must(err, "the fifth attempt, which succeeds")
			for range 3 {
				_, err := attempt.Succeed(f.ctx)
				f.must(err, "Succeed")
				f.must(attempt.Cancel(f.ctx), "Cancel after Succeed")
			}
			f.failures(m, login, 4, "after the success, which was not a failure")
			for range 5 {
				f.fail(m, login, "one of five failures after the success")
			}
			f.refused(m, login, throttleWindow, "the sixth after the success")
			f.refused(m, session.Login{Account: "bert", IP: addr(1)}, throttleWindow, "the tenth of the network")
		},
	},
	{
		name: "a network is throttled over all accounts",
		rule: "FailuresPerAddress bounds one network over all accounts; a refused attempt is not a failure of the network.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.Throttle.FailuresPerAddress = 10 })
			for _, ips := range [][2]string{{"192.0.2.1", "::ffff:192.0.2.1"}, {"2001:db8:1::1", "2001:db8:1:9::ffff:1"}} {
				one, same := netip.MustParseAddr(ips[0]), netip.MustParseAddr(ips[1])
				for i := range 10 {
					f.fail(m, session.Login{Account: fmt.Sprint("of ", one, i), IP: []netip.Addr{one, same}[i%2]}, "one of ten failures of one network")
				}
				f.refused(m, session.Login{Account: "another", IP: same}, throttleWindow, "the eleventh of the network")
				f.fail(m, session.Login{Account: fmt.Sprint("of ", one, 0), IP: addr(int(one.As16()[15]))}, "another network")
			}
			// Refusals by the pair leave the network alone.
			busy := session.Login{Account: "busy", IP: addr(77)}
			for range 5 {
				f.fail(m, busy, "one of five failures of one account")
			}
			for range 20 {
				f.refused(m, busy, throttleWindow, "a refusal by the pair")
			}
			for i := range 5 {
				f.fail(m, session.Login{Account: fmt.Sprint("other ", i), IP: addr(77)}, "another account from the network")
			}
			f.refused(m, session.Login{Account: "one more", IP: addr(77)}, throttleWindow, "the eleventh failure of the network")
		},
	},
	{
		name: "nobody shuts an owner out from elsewhere",
		rule: "A network that has not failed for an account reaches its password whatever others did to the account, and nobody can shut its owner out from elsewhere.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			login := session.Login{Account: "anna"}
			device := f.succeed(m, session.Login{Account: "anna", IP: addr(2)}, "a device that somebody stole")
			for i := range 20 {
				f.fail(m, session.Login{Account: "anna", IP: addr(3 + i/5), Device: device}, "a failure on the stolen device, or of its network")
			}
			f.besieged(m, login, 150)
			for i := range 3 {
				f.succeed(m, session.Login{Account: "anna", IP: addr(50 + i)}, "the owner, from a network that has not failed")
			}
			f.succeed(m, session.Login{Account: "anna", IP: addr(60), Device: device}, "the same with a device whose counter is full")
		},
	},
	{
		name: "an account that is guessed at makes networks that have failed wait",
		rule: "FailuresPerAccount is how many failures of an account in a Window are taken for an attack. From there on EventAlert tells of it, and a network that has failed for the account waits before its next attempt: 1 second, doubled by each further failure, at most Window.",
		run: func(f *fixture) {
			var alerts atomic.Int32
			heard := func(c *session.Config) {
				c.Throttle.Failures = 15
				c.OnEvent = func(_ context.Context, e session.Event) {
					if e.Kind == session.EventAlert {
						alerts.Add(1)
						if e.Account != "anna" || e.Count < 100 {
							f.Errorf("the alert is %+v", e)
						}
					}
				}
			}
			managers := []*session.Manager{f.manager(f.store, heard), f.manager(f.other, heard)}
			login := session.Login{Account: "anna", IP: addr(1)}
			f.besieged(managers[0], login, 98)
			f.fail(managers[0], login, "the 99th failure of the account")
			f.fail(managers[1], login, "the 100th, at the moment of the one before")
			f.failures(managers[0], login, 100, "so far")
			if n := alerts.Load(); n != 0 {
				f.Errorf("%d alerts, want none before there are 100 failures", n)
			}
			for apart := 2 * time.Second; apart <= 128*time.Second; apart *= 2 { // two failures wait 2 s
				f.refused(managers[0], login, apart, "an attempt at the moment of a failure")
				f.clock.Advance(apart - time.Microsecond)
				f.refused(managers[1], login, time.Microsecond, "an attempt 1 µs too early")
				f.clock.Advance(time.Microsecond)
				f.fail(managers[1], login, "an attempt in time")
			}
			f.fail(managers[1], session.Login{Account: "bert", IP: addr(1)}, "another account from the network")
			f.fail(managers[0], session.Login{Account: "anna", IP: addr(2)}, "a network that has not failed")
			f.refused(managers[0], session.Login{Account: "anna", IP: addr(2)}, time.Second, "the same, which has failed once")
			if n := alerts.Load(); n != 1 {
				f.Errorf("%d alerts in the window, want 1", n)
			}
			f.clock.Advance(throttleWindow)
			for range 3 {
				f.fail(managers[0], login, "when all has left the window")
			}
			f.besieged(managers[1], login, 100)
			if n := alerts.Load(); n != 2 {
				f.Errorf("%d alerts in two windows, want 2", n)
			}
		},
	},
	{
		name: "a flood does not lock out a known device",
		rule: "A device that has signed in to the account before has as many failures of its own, so that a flood from its own network does not lock it out.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			home := session.Login{Account: "anna", IP: addr(1)}
			home.Device = f.succeed(m, home, "the owner's first login")
			for range 40 {
				if _, err := m.Attempt(f.ctx, session.Login{Account: "anna", IP: addr(1)}); err != nil {
					f.want(err, session.ErrThrottled, "an attempt of the flood")
				}
			}
			for i := range 60 {
				if _, err := m.Attempt(f.ctx, session.Login{Account: fmt.Sprint("account ", i), IP: addr(1)}); err != nil {
					f.want(err, session.ErrThrottled, "an attempt of the flood on other accounts")
				}
			}
			f.refused(m, session.Login{Account: "anna", IP: addr(1)}, throttleWindow, "the network without the device")
			stolen := home
			stolen.Account = "bert"
			f.refused(m, stolen, throttleWindow, "a device of another account, which counts as none")
			forged := home
			if forged.Device = "A" + home.Device[1:]; forged.Device == home.Device {
				forged.Device = "B" + home.Device[1:]
			}
			f.refused(m, forged, throttleWindow, "a device made up")
			for range 3 {
				f.succeed(m, home, "the owner on the known device, during the flood")
			}
			for range 5 {
				f.fail(m, home, "one of five failures on the known device")
			}
			f.refused(m, home, throttleWindow, "the sixth failure on the known device")
			f.clock.Advance(session.KnownDeviceLifetime + time.Second)
			for range 5 {
				f.fail(m, home, "a device forgotten after KnownDeviceLifetime")
			}
			f.refused(m, session.Login{Account: "anna", IP: addr(1)}, throttleWindow, "the pair, which a forgotten device counts for")
		},
	},
	{
		name: "an attempt says whether its device is known",
		rule: "Attempt.Known is true for a device that has signed in to the account as it is now and has failures left; for every other one it is false, also where the network lets the attempt through.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			home := session.Login{Account: "anna", IP: addr(1), Epoch: "1"}
			known := func(l session.Login, want bool, what string) {
				f.Helper()
				a, err := m.Attempt(f.ctx, l)
				f.must(err, "%s", what)
				if a.Known() != want {
					f.Errorf("%s: known is %v, want %v", what, a.Known(), want)
				}
				f.must(a.Cancel(f.ctx), "%s", what)
			}
			known(home, false, "before the first login")
			home.Device = f.succeed(m, home, "the owner's first login")
			known(home, true, "the device")
			elsewhere := home
			elsewhere.IP = addr(9)
			known(elsewhere, true, "the device in another network")
			bare := home
			bare.Device = ""
			known(bare, false, "the network without the device")
			other := home
			other.Account = "bert"
			known(other, false, "the device for another account")
			later := home
			later.Epoch = "2"
			known(later, false, "the device after the account has changed")
			for range 5 {
				f.fail(m, elsewhere, "a failure on the device")
			}
			known(home, false, "a device without failures left, which its network lets through")
		},
	},
	{
		name: "an account's devices together have twenty failures",
		rule: "FailuresOfDevices is how many failures all known devices of an account have together in a Window: 20.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			login := session.Login{Account: "anna", IP: addr(1)}
			var devices []string
			for range 30 {
				devices = append(devices, f.succeed(m, login, "a login that is remembered"))
			}
			for i, device := range devices[:20] {
				login.Device = device
				f.fail(m, login, fmt.Sprint("failure ", i, ", each on a device of its own"))
			}
			for _, device := range devices {
				login.Device = device
				f.refused(m, login, throttleWindow, "one more on any of the devices, from the same network")
			}
			f.failures(m, login, 20, "all devices together")
			f.refused(m, session.Login{Account: "anna", IP: addr(1)}, throttleWindow, "the network, whose failures they are too")
			f.clock.Advance(throttleWindow)
			f.fail(m, login, "when all has left the window")
		},
	},
	{
		name: "a device ends with the epoch of its account",
		rule: "A device that was made under another epoch is an unknown one.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			login := session.Login{Account: "anna", IP: addr(1), Epoch: "7"}
			var devices []string
			for range 30 {
				devices = append(devices, f.succeed(m, login, "a login that is remembered"))
			}
			through := 0
			for _, epoch := range []string{"8", "", "77", "6"} {
				for _, device := range devices {
					attempt, err := m.Attempt(f.ctx, session.Login{Account: "anna", IP: addr(1), Device: device, Epoch: epoch})
					if err == nil {
						through++
						_ = attempt
					} else {
						f.want(err, session.ErrThrottled, "an old device")
					}
				}
			}
			if through != 5 {
				f.Errorf("thirty devices of an older epoch have %d failures, want the 5 of an unknown one", through)
			}
			login.Device = devices[0]
			attempt, err := m.Attempt(f.ctx, login)
			f.must(err, "a device in its own epoch, while its network is refused")
			attempt.Rebind("8")
			login.Device, err = attempt.Succeed(f.ctx)
			f.must(err, "a success that raised the epoch")
			login.Epoch = "8"
			for range 5 {
				f.fail(m, session.Login{Account: "anna", IP: addr(1), Epoch: "8"}, "a flood from the network")
			}
			f.succeed(m, login, "the device that is bound to the new epoch")
		},
	},
	{
		name: "an unlock forgets the account's failures, and no others",
		rule: "Unlocks is any text that changes when the account's failures are to be forgotten.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			login := session.Login{Account: "anna", IP: addr(1), Unlocks: "1"}
			login.Device = f.succeed(managers[0], login, "the owner's first login")
			f.besieged(managers[0], login, 100)
			for range 5 {
				f.fail(managers[0], login, "a failure on the device")
			}
			f.refused(managers[1], login, throttleWindow, "the sixth on the device")
			for i := range 40 {
				f.fail(managers[0], session.Login{Account: fmt.Sprint("of ", i), IP: addr(1)}, "another account from the network")
			}
			login.Unlocks = "2"
			f.failures(managers[1], login, 0, "after the unlock")
			for range 5 {
				f.fail(managers[1], login, "a failure on the device after the unlock")
			}
			f.refused(managers[0], login, throttleWindow, "the sixth after the unlock")
			f.refused(managers[0], session.Login{Account: "bert", IP: addr(1), Unlocks: "9"}, throttleWindow, "the network over all accounts, which no unlock forgets")
			f.fail(managers[0], session.Login{Account: "anna", IP: addr(2), Unlocks: "2"}, "another network")
			f.fail(managers[0], session.Login{Account: "anna", IP: addr(2), Unlocks: "2"}, "another network, with no wait: the attack is forgotten too")
		},
	},
	{
		name: "of a thousand parallel attempts exactly five are let through",
		rule: "An attempt stands as a failure until Succeed or Cancel is called, so that a thousand attempts in parallel are not all let through before the first has failed.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			for _, login := range []session.Login{{Account: "anna", IP: addr(1)}, {Account: "anna"}} {
				var through atomic.Int32
				together(f.times(1000, 60), func(i int) {
					_, err := managers[i%2].Attempt(f.ctx, login)
					if err == nil {
						through.Add(1)
					} else {
						f.want(err, session.ErrThrottled, "Attempt beside others")
					}
				})
				if n := through.Load(); n != 5 {
					f.Errorf("%d parallel attempts from %v were let through, want exactly 5", n, login.IP)
				}
			}
		},
	},
	{
		name: "cancel takes the attempt back",
		rule: "Cancel takes the attempt back: the password was never judged. It is done also if ctx ends.",
		run: func(f *fixture) {
			m := f.manager(f.store, func(c *session.Config) { c.Throttle.FailuresPerAddress = 5 })
			login := session.Login{Account: "anna", IP: addr(1)}
			gone, leave := context.WithCancel(f.ctx)
			leave()
			for i := range 12 {
				attempt, err := m.Attempt(f.ctx, login)
				f.must(err, "Attempt")
				ctx := f.ctx
				if i%2 == 1 {
					ctx = gone
				}
				f.must(attempt.Cancel(ctx), "Cancel")
				f.must(attempt.Cancel(ctx), "Cancel, once more")
			}
			for range 3 {
				attempt, err := m.Attempt(f.ctx, login)
				f.must(err, "Attempt")
				_, err = attempt.Succeed(gone)
				f.must(err, "Succeed for a client that has gone away")
			}
			f.failures(m, login, 0, "after many that were cancelled")
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
	{
		name: "random logins agree with an oracle",
		rule: "Manager.Attempt, as its comment says it: by device, by network, by both; failures, successes, cancellations, unlocks and epochs in any order.",
		run: func(f *fixture) {
			n := f.times(400, 150) // over a network more would take long
			if f.traits.Local {
				n = f.times(6000, 600)
			}
			f.oracle(n)
		},
	},
}
