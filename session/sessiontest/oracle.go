// The oracle of the login throttle: the rules over one flat list of failures, with
// none of the counters in which stores keep them.

package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Small bounds, so that random logins reach all of them.
const (
	oracleFailures   = 3
	oraclePerAddress = 8
	oraclePerAccount = 6
	oracleOfDevices  = 4
)

// login is a try as the oracle sees it. An account includes its unlocks.
type login struct {
	account, network, device string
}

// counts says of which sum a failure is a part; Succeed takes it out of some.
type counts struct{ network, pair, account, device, devices bool }

// failure is one attempt that stands as a failure.
type failure struct {
	login
	at time.Time
	in counts
}

// sum tells which failures are added up: those of the same and in the same.
type sum struct {
	of   func(failure) bool
	flag func(*counts) *bool
}

type oracle struct {
	now      time.Time
	failures []*failure
	alerts   map[string][]time.Time
	alerted  int
}

func (o *oracle) network(l login) sum {
	return sum{func(f failure) bool { return f.network == l.network }, func(c *counts) *bool { return &c.network }}
}

func (o *oracle) pair(l login) sum {
	return sum{func(f failure) bool { return f.account == l.account && f.network == l.network }, func(c *counts) *bool { return &c.pair }}
}

func (o *oracle) account(l login) sum {
	return sum{func(f failure) bool { return f.account == l.account }, func(c *counts) *bool { return &c.account }}
}

func (o *oracle) device(l login) sum {
	return sum{func(f failure) bool { return f.account == l.account && f.device == l.device }, func(c *counts) *bool { return &c.device }}
}

func (o *oracle) devices(l login) sum {
	return sum{func(f failure) bool { return f.account == l.account }, func(c *counts) *bool { return &c.devices }}
}

// all returns the failures of a sum, oldest first.
func (o *oracle) all(s sum) (found []*failure) {
	for _, f := range o.failures {
		if *s.flag(&f.in) && s.of(*f) {
			found = append(found, f)
		}
	}
	return found
}

// recent is all within the window.
func (o *oracle) recent(s sum) []*failure {
	return slices.DeleteFunc(o.all(s), func(f *failure) bool { return o.now.Sub(f.at) >= throttleWindow })
}

// wait is how long until fewer than limit failures of the sum are in the window.
func (o *oracle) wait(s sum, limit int) time.Duration {
	in := o.recent(s)
	if len(in) < limit {
		return 0
	}
	return in[len(in)-limit].at.Add(throttleWindow).Sub(o.now)
}

// attempt is how long the login has to wait; 0 if it was let through, and then
// what stands for it.
func (o *oracle) attempt(l login) (time.Duration, *failure) {
	held := time.Duration(-1)
	if l.device != "" {
		held = o.wait(o.device(l), oracleFailures)
		if held == 0 {
			held = o.wait(o.devices(l), oracleOfDevices)
		}
		if held == 0 {
			return 0, o.stand(l, counts{network: l.network != "", pair: true, account: true, device: true, devices: true})
		}
	}
	wait := o.byNetwork(l)
	if wait == 0 {
		return 0, o.stand(l, counts{network: l.network != "", pair: true, account: true})
	}
	if held > 0 {
		wait = min(wait, held)
	}
	return wait, nil
}

func (o *oracle) byNetwork(l login) time.Duration {
	if l.network != "" {
		if wait := o.wait(o.network(l), oraclePerAddress); wait > 0 {
			return wait
		}
	}
	wait := o.wait(o.pair(l), oracleFailures)
	if len(o.recent(o.account(l))) < oraclePerAccount {
		return wait
	}
	if !slices.ContainsFunc(o.alerts[l.account], func(t time.Time) bool { return o.now.Sub(t) < throttleWindow }) {
		o.alerts[l.account] = append(o.alerts[l.account], o.now)
		o.alerted++
	}
	if own := o.recent(o.pair(l)); len(own) > 0 {
		apart := time.Second << (min(len(own), oracleFailures) - 1)
		wait = max(wait, own[len(own)-1].at.Add(apart).Sub(o.now))
	}
	return wait
}

// stand adds a failure. Of what is always recorded the newest are kept.
func (o *oracle) stand(l login, in counts) *failure {
	made := &failure{login: l, at: o.now, in: in}
	o.failures = append(o.failures, made)
	for limit, s := range map[int]sum{oraclePerAddress: o.network(l), oracleFailures: o.pair(l), oraclePerAccount: o.account(l)} {
		recent := o.recent(s)
		for _, old := range recent[:max(len(recent)-2*limit, 0)] {
			*s.flag(&old.in) = false
		}
	}
	return made
}

// settle takes an attempt back: off each sum the newest failure, or on a success
// all of the pair and the device.
func (o *oracle) settle(l login, in counts, success bool) {
	for _, c := range []struct {
		on, clears bool
		sum        sum
	}{
		{in.network, false, o.network(l)}, {in.pair, true, o.pair(l)}, {in.account, false, o.account(l)},
		{in.device, true, o.device(l)}, {in.devices, false, o.devices(l)},
	} {
		found := o.all(c.sum)
		if !c.on || len(found) == 0 {
			continue
		}
		if !success || !c.clears {
			found = found[len(found)-1:]
		}
		for _, f := range found {
			*c.sum.flag(&f.in) = false
		}
	}
}

// oracle makes n random logins, and fails the check where the manager does not do
// what the oracle says.
func (f *fixture) oracle(n int) {
	seed := rand.Uint64()                    //nolint:gosec // no secret
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // no secret
	o := &oracle{alerts: map[string][]time.Time{}}
	alerts := 0
	rules := func(c *session.Config) {
		c.Throttle.Failures, c.Throttle.FailuresPerAddress = oracleFailures, oraclePerAddress
		c.Throttle.FailuresPerAccount, c.Throttle.FailuresOfDevices = oraclePerAccount, oracleOfDevices
		c.OnEvent = func(_ context.Context, e session.Event) {
			if e.Kind == session.EventAlert {
				alerts++
			}
		}
	}
	managers := []*session.Manager{f.manager(f.store, rules), f.manager(f.other, rules)}
	networks := map[string][]string{ // each with addresses in it
		"": {""}, "192.0.2.1": {"192.0.2.1", "::ffff:192.0.2.1"}, "192.0.2.2": {"192.0.2.2"},
		"2001:db8:1::": {"2001:db8:1::1", "2001:db8:1:ffff::1"}, "2001:db8:2::": {"2001:db8:2::1"}, "198.51.100.7": {"198.51.100.7"},
	}
	names := slices.Sorted(maps.Keys(networks))
	type account struct{ epoch, unlocks int }
	accounts := map[string]*account{"anna": {}, "bert": {}}
	type device struct {
		text, account string
		epoch         int
	}
	var devices []device
	type pending struct {
		attempt *session.Attempt
		name    string
		epoch   int
		login   login
		in      counts
	}
	var flying []pending
	settle := func(p pending, success bool) {
		o.settle(p.login, p.in, success)
		if !success {
			f.must(p.attempt.Cancel(f.ctx), "Cancel")
			return
		}
		text, err := p.attempt.Succeed(f.ctx)
		f.must(err, "Succeed")
		devices = append(devices, device{text, p.name, p.epoch})
		devices = devices[max(0, len(devices)-8):]
	}
	for i := range n {
		o.now = f.clock.Advance(time.Duration(random.Int64N(3)) * []time.Duration{0, 500 * time.Millisecond, time.Second, 20 * time.Second, 4 * time.Minute}[random.IntN(5)])
		name := []string{"anna", "anna", "bert"}[random.IntN(3)]
		of := accounts[name]
		switch random.IntN(40) {
		case 0:
			of.epoch++
			of.unlocks++
		case 1:
			of.unlocks++
		case 2:
			of.epoch++
		}
		network := names[random.IntN(len(names))]
		ip, _ := netip.ParseAddr(networks[network][random.IntN(len(networks[network]))])
		l := login{account: fmt.Sprint(name, of.unlocks), network: network}
		asked := session.Login{Account: name, IP: ip, Epoch: fmt.Sprint(of.epoch), Unlocks: fmt.Sprint(of.unlocks)}
		if len(devices) > 0 && random.IntN(2) == 0 {
			d := devices[random.IntN(len(devices))]
			asked.Device = d.text
			if d.account == name && d.epoch == of.epoch {
				l.device = d.text
			}
		}
		attempt, err := managers[i%2].Attempt(f.ctx, asked)
		want, stands := o.attempt(l)
		var got time.Duration
		var throttled *session.ThrottledError
		if errors.As(err, &throttled) {
			got, err = throttled.RetryAfter, nil
		}
		f.must(err, "Attempt")
		if got != want || alerts != o.alerted {
			f.Fatalf("login %d of seed %d, of %s from %s, known device %t: wait %s and %d alerts, the oracle says %s and %d",
				i, seed, l.account, network, l.device != "", got, alerts, want, o.alerted)
		}
		if stands == nil {
			continue
		}
		p := pending{attempt, name, of.epoch, l, stands.in}
		switch random.IntN(6) {
		case 0:
			settle(p, true)
		case 1:
			flying = append(flying, p)
		case 2:
			settle(p, false)
		}
		if len(flying) > 3 || len(flying) > 0 && random.IntN(4) == 0 {
			settle(flying[0], random.IntN(2) == 0)
			flying = flying[1:]
		}
		many, err := managers[i%2].Failures(f.ctx, asked)
		f.must(err, "Failures")
		if want := len(o.recent(o.account(l))); many != want {
			f.Fatalf("login %d of seed %d: %d failures of %s, the oracle says %d", i, seed, many, l.account, want)
		}
		if len(o.failures) > 400 { // what is long past says nothing any more
			o.failures = slices.DeleteFunc(o.failures, func(f *failure) bool { return o.now.Sub(f.at) > 4*throttleWindow })
		}
	}
}
