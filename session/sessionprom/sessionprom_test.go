// The collector on a real registry: what it shows, and that a wrapped store is
// the store it was.

package sessionprom_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionprom"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// TestConformance: wrapping loses nothing, and every call is timed.
func TestConformance(t *testing.T) {
	metrics := sessionprom.New(sessionprom.Config{})
	sessiontest.Run(t, sessiontest.Harness{
		Open: func(_ testing.TB, now func() time.Time) session.Store {
			return metrics.Wrap(memstore.New(memstore.Config{Now: now}))
		},
	})
	operations := 0
	for series, n := range gather(t, metrics) {
		if operation, ok := strings.CutPrefix(series, "store_seconds operation="); ok {
			operations++
			if n == 0 && !strings.HasPrefix(operation, "ping ") { // the suite has no server to ask for
				t.Errorf("no call of %s was timed", operation)
			}
		}
	}
	if want := reflect.TypeFor[session.Store]().NumMethod() - len([]string{"Close", "Traits"}); operations != want {
		t.Errorf("%d operations, want %d: one for each method that may ask a server", operations, want)
	}
}

// gather returns the value of each series: counters and gauges as they are, of
// histograms the number of observations. A pedantic registry also compares what is
// collected with what was described.
func gather(t testing.TB, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "crudadmin_session_")
			if name == family.GetName() {
				t.Errorf("the name %s is not of the package", name)
			}
			for _, label := range m.GetLabel() {
				name += " " + label.GetName() + "=" + label.GetValue()
			}
			switch {
			case m.GetHistogram() != nil:
				all[name] = float64(m.GetHistogram().GetSampleCount())
			case m.GetGauge() != nil:
				all[name] = m.GetGauge().GetValue()
			default:
				all[name] = m.GetCounter().GetValue()
			}
		}
	}
	return all
}

// TestMetrics lets things happen and looks at every series that is not zero.
func TestMetrics(t *testing.T) {
	clock := sessiontest.NewClock()
	store := memstore.New(memstore.Config{Now: clock.Now})
	heard := 0
	metrics := sessionprom.New(sessionprom.Config{
		OnEvent: func(context.Context, session.Event) { heard++ },
		Live:    func(context.Context) (int, error) { return 3, nil },
	})
	m, err := session.New(metrics.Wrap(store), session.Config{
		SecretKey: config.Secret(strings.Repeat("k", 32)), MaxPerUser: 2, Now: clock.Now, OnEvent: metrics.OnEvent,
		Throttle: session.Throttle{Failures: 1}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := gather(t, metrics); len(all) == 0 || hasName(all, "validations_total") {
		t.Errorf("before Watch: %v", all)
	}
	metrics.Watch(m)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var tokens []session.Token
	create := func(user string) {
		t.Helper()
		token, _, err := m.Create(ctx, session.NewSession{UserID: user})
		must(err)
		tokens = append(tokens, token)
	}
	for range 3 { // the first is evicted
		create("ada")
		clock.Advance(time.Second)
	}
	_, err = m.Validate(ctx, tokens[2])
	must(err)
	clock.Advance(2 * time.Minute)
	_, err = m.Validate(ctx, tokens[2])
	must(err)
	_, _ = m.Validate(ctx, tokens[0])
	_, _, err = m.Elevate(ctx, tokens[2], "ada")
	must(err)
	_, err = m.RevokeUser(ctx, "ada", session.Ending{Reason: session.ReasonPasswordChanged})
	must(err)
	create("bob")
	must(m.Revoke(ctx, tokens[3].ID(), session.Ending{Reason: session.Reason("made up by " + strings.Repeat("somebody", 100))}))
	create("bob")
	clock.Advance(24 * time.Hour)
	_, err = m.Sweep(ctx)
	must(err)
	login := session.Login{Account: "ada", IP: netip.MustParseAddr("192.0.2.1")}
	_, err = m.Attempt(ctx, login)
	must(err)
	_, err = m.Attempt(ctx, login)
	if !errors.Is(err, session.ErrThrottled) {
		t.Fatal(err)
	}
	got := gather(t, metrics)
	maps.DeleteFunc(got, func(_ string, value float64) bool { return value == 0 })
	want := map[string]float64{
		"live":          3,
		"created_total": 5, "elevated_total": 1, "logins_throttled_total": 1,
		"ended_total reason=limit": 1, "ended_total reason=password_changed": 2, "ended_total reason=other": 1,
		"validations_total answer=valid": 2, "validations_total answer=invalid": 1, "touches_saved_total": 1,
		"store_swept_total store=memory": 1,
	}
	for operation, n := range map[string]int{
		"create": 5, "get": 4, "touch": 1, "rotate": 1, "delete_user": 1, "delete": 1, "sweep": 1, "count": 5, "counted": 2, "uncount": 1,
	} {
		want["store_seconds operation="+operation+" store=memory"] = float64(n)
	}
	if !maps.Equal(got, want) {
		for name := range got {
			if got[name] != want[name] {
				t.Errorf("%s is %v, want %v", name, got[name], want[name])
			}
		}
		for name := range want {
			if _, ok := got[name]; !ok {
				t.Errorf("%s is absent", name)
			}
		}
	}
	if heard != 10 { // 5 created, 3 calls that ended some, 1 rotated, 1 throttled
		t.Errorf("%d events were passed on, want 10", heard)
	}
}

// reporting is a store that tells how it is doing.
type reporting struct{ session.Store }

func (r reporting) Traits() session.Traits {
	traits := r.Store.Traits()
	traits.Report = func() session.Report {
		return session.Report{Warning: "The cache does not answer.", Counters: []session.Counter{{Name: "cache_hits", N: 7}, {Name: "cache_drifted", N: 2}}}
	}
	return traits
}

// TestReport: what a store tells of itself is shown.
func TestReport(t *testing.T) {
	metrics := sessionprom.New(sessionprom.Config{})
	m, err := session.New(metrics.Wrap(reporting{memstore.New(memstore.Config{})}), session.Config{SecretKey: config.Secret(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	metrics.Watch(m)
	all := gather(t, metrics)
	if all["store_counts_total count=cache_hits"] != 7 || all["store_counts_total count=cache_drifted"] != 2 || all["store_degraded"] != 1 {
		t.Errorf("got %v", all)
	}
}

func hasName(all map[string]float64, name string) bool {
	for series := range all {
		if strings.HasPrefix(series, name) {
			return true
		}
	}
	return false
}

// TestSeriesAreBounded: whatever reasons and users there are, there are no more
// series than at the start.
func TestSeriesAreBounded(t *testing.T) {
	metrics := sessionprom.New(sessionprom.Config{})
	metrics.Wrap(memstore.New(memstore.Config{}))
	before := len(gather(t, metrics))
	for i := range 1000 {
		text := fmt.Sprint("made up ", i)
		for _, kind := range []session.EventKind{session.EventCreated, session.EventEnded, session.EventRenewed, session.EventElevated, session.EventThrottled, session.EventKind(text)} {
			metrics.OnEvent(t.Context(), session.Event{Kind: kind, UserID: text, Account: text, Ending: session.Ending{Reason: session.Reason(text), By: text}})
		}
	}
	if after := len(gather(t, metrics)); after != before {
		t.Errorf("%d series, were %d", after, before)
	}
}

// TestLiveAbsent: a number that the store cannot tell in time is not shown, and
// holds up no scrape.
func TestLiveAbsent(t *testing.T) {
	for what, live := range map[string]func(context.Context) (int, error){
		"no function": nil,
		"an error":    func(context.Context) (int, error) { return 7, session.ErrUnavailable },
		"no answer":   func(ctx context.Context) (int, error) { <-ctx.Done(); return 7, ctx.Err() },
	} {
		began := time.Now()
		if all := gather(t, sessionprom.New(sessionprom.Config{Live: live})); hasName(all, "live") {
			t.Errorf("%s: %v", what, all)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: a scrape took %s", what, took)
		}
	}
}

// TestWrapKeeps: traits are the store's own, Close reaches it, errors and values
// come through, and timing allocates nothing.
func TestWrapKeeps(t *testing.T) {
	inner := &spy{Store: memstore.New(memstore.Config{})}
	s := sessionprom.New(sessionprom.Config{}).Wrap(inner)
	got, want := s.Traits(), inner.Traits()
	if got.Background == nil {
		t.Error("the store's background work is lost")
	}
	got.Background, want.Background = nil, nil // functions do not compare
	if !reflect.DeepEqual(got, want) {
		t.Errorf("traits are %+v, want %+v", got, want)
	}
	if err := s.Close(); err != nil || !inner.closed {
		t.Errorf("Close: %v, the store is closed: %t", err, inner.closed)
	}
	ctx := t.Context()
	var id session.ID
	plain := testing.AllocsPerRun(1000, func() { _, _ = inner.Get(ctx, id) })
	timed := testing.AllocsPerRun(1000, func() { _, _ = s.Get(ctx, id) })
	if timed > plain {
		t.Errorf("a call allocates %v times, unwrapped %v", timed, plain)
	}
}

type spy struct {
	session.Store
	closed bool
}

func (s *spy) Close() error { s.closed = true; return nil }

func (s *spy) Traits() session.Traits {
	return session.Traits{Name: "spy", Notes: []string{"a note"}, MaxPerUser: 7, Background: func(context.Context) error { return nil }}
}
