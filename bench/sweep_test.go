// The sweep: how long validations take while everything else has expired.

package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// sweepTime bounds a sweep; slower stores have not swept all by then.
const sweepTime = 40 * time.Second

// sweep lets all sessions expire, signs some users in, and validates their tokens,
// one each millisecond, first undisturbed and then while a sweep runs.
func sweep(t testing.TB, store string, g *grown) string {
	g.clock.ahead.Add(int64(31 * time.Minute)) // the idle timeout is 30
	live := make([]session.Token, 200)
	for i := range live {
		token, _, err := g.m.Create(t.Context(), visitor(fmt.Sprint("late ", i)))
		if err != nil {
			t.Fatal(err)
		}
		live[i] = token
	}
	calm, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	before := watch(t, g.m, live, calm)

	sweeping, over := context.WithCancel(t.Context())
	defer over()
	var swept int
	var took time.Duration
	go func() {
		defer over()
		limited, cancel := context.WithTimeout(t.Context(), sweepTime)
		defer cancel()
		start := time.Now()
		var err error
		if swept, err = g.m.Sweep(limited); err != nil && limited.Err() == nil {
			t.Error(err)
		}
		took = time.Since(start)
	}()
	during := watch(t, g.m, live, sweeping)
	<-sweeping.Done()

	milli := func(ns float64) string { return fmt.Sprintf("%.2f", ns/1e6) }
	table := newTable("validations", "number", "p50 ms", "p99 ms", "p99.9 ms", "longest ms")
	for _, row := range []struct {
		name string
		took []float64
	}{{"undisturbed", before}, {"while " + fmt.Sprintf("%d of %d were swept in %.1f s", swept, g.size, took.Seconds()), during}} {
		table.add(row.name, len(row.took), milli(percentile(row.took, 0.5)), milli(percentile(row.took, 0.99)), milli(percentile(row.took, 0.999)), milli(percentile(row.took, 1)))
	}
	if g.size >= 1_000_000 {
		figure(t, "sweep/"+store+"/longest ms", percentile(during, 1)/1e6)
		figure(t, "sweep/"+store+"/longest undisturbed ms", percentile(before, 1)/1e6)
	}
	return table.String()
}

// watch validates until ctx ends and returns how long each took, sorted.
func watch(t testing.TB, m *session.Manager, tokens []session.Token, ctx context.Context) []float64 { //nolint:revive // ctx is how long, not the context of a call
	var took []float64
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			slices.Sort(took)
			return took
		case <-pace.C:
		}
		start := time.Now()
		if _, err := m.Validate(context.Background(), tokens[n%len(tokens)]); err != nil {
			t.Error(err)
		}
		took = append(took, float64(time.Since(start)))
	}
}
