// The near-cache: how long after a revocation elsewhere it still answers valid.

package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// revocations is how many are followed.
const revocations = 500

// TestNearCache revokes on one node what another has in its near-cache, with the
// other idle and with it validating all the time.
func TestNearCache(t *testing.T) {
	needsMeasure(t)
	begun := began()
	server := redisServer(t)
	open := func(near time.Duration) *session.Manager {
		return manage(t, must[*redisstore.Store](t)(redisstore.Open(t.Context(), redisstore.Config{
			URL: config.Secret(server.URL()), PoolSize: poolSize, NearCache: near, Logger: discard(),
		})), session.Config{})
	}
	here, there := open(0), open(maxStale)
	others := signIn(t, here)
	table := newTable("the node with the near-cache", "revocations", "lag p50 ms", "p99 ms", "p100 ms", "MaxStale ms")
	for _, load := range []struct {
		name    string
		clients int
	}{{"idle", 0}, {"loaded", 64}} {
		ctx, stop := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		for client := range load.clients {
			busy.Go(func() {
				validate := validating(t, there, others)
				for n := 0; ctx.Err() == nil; n++ {
					validate(client, n)
					runtime.Gosched() // a hit waits for nothing: as many as these would hold the processors
				}
			})
		}
		var lags []float64
		for i := range revocations {
			lags = append(lags, float64(lag(t, here, there, fmt.Sprint("victim ", i))))
		}
		stop()
		busy.Wait()
		slices.Sort(lags)
		milli := func(share float64) string { return fmt.Sprintf("%.2f", percentile(lags, share)/1e6) }
		name := load.name
		if load.clients > 0 {
			name = fmt.Sprintf("%d clients validate all the time", load.clients)
		}
		table.add(name, len(lags), milli(0.5), milli(0.99), milli(1), maxStale.Milliseconds())
		figure(t, "near-cache/lag ms/"+load.name, percentile(lags, 1)/1e6)
	}
	publish(t, "near-cache", begun+table.String())
}

// lag is how long after the revocation returned the other node began a validation
// that it answered with valid.
func lag(t testing.TB, here, there *session.Manager, user string) time.Duration {
	t.Helper()
	token, s, err := here.Create(t.Context(), visitor(user))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one comes from the cache
		if _, err := there.Validate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if err := here.Revoke(t.Context(), s.ID, session.Ending{Reason: session.ReasonRevoked}); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	for last := time.Duration(0); ; {
		begun := time.Since(revoked)
		_, err := there.Validate(t.Context(), token)
		switch {
		case err == nil:
			last = begun
		case errors.Is(err, session.ErrNotFound):
			return last
		default:
			t.Fatal(err)
		}
		if begun > 4*maxStale {
			t.Fatal("valid for good")
		}
	}
}
