// Measuring: what a request costs, contestants in turns, medians of rounds.

package bench

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	ourmemory "github.com/go-crudadmin/crudadmin/session/memstore"
)

var (
	measured = flag.Bool("measure", false, "measure times too")
	rounds   = flag.Int("rounds", 5, "how often each contestant has its turn")
	turn     = flag.Duration("turn", 150*time.Millisecond, "how long a turn is")
)

// work is what one client does again and again.
type work func(client, n int)

// cost is what one operation took.
type cost struct{ nanoseconds, allocations float64 }

// race gives each work its turns, and returns the medians of the rounds.
func race(clients int, works ...work) []cost {
	all := make([][]cost, len(works))
	for range *rounds {
		for i, w := range works {
			all[i] = append(all[i], once(clients, w))
		}
	}
	medians := make([]cost, len(works))
	for i, costs := range all {
		pick := func(of func(cost) float64) float64 {
			values := make([]float64, len(costs))
			for j, c := range costs {
				values[j] = of(c)
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		medians[i] = cost{pick(func(c cost) float64 { return c.nanoseconds }), pick(func(c cost) float64 { return c.allocations })}
	}
	return medians
}

func once(clients int, w work) cost {
	var done atomic.Int64
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			n := 0
			for ; n&15 != 0 || time.Since(start) < *turn; n++ {
				w(client, n)
			}
			done.Add(int64(n))
		})
	}
	all.Wait()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	n := float64(done.Load())
	return cost{float64(took.Nanoseconds()) / n, float64(after.Mallocs-before.Mallocs) / n}
}

// answer is a ResponseWriter that keeps nothing but the header.
type answer struct {
	header http.Header
	code   int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }
func (a *answer) WriteHeader(code int)        { a.code = code }

// bare is no sessions at all.
type bare struct{ library }

func (bare) wrap(next http.Handler) http.Handler { return next }

// operation is one kind of request.
type operation struct {
	name   string
	handle func(l library) http.HandlerFunc
}

var operations = []operation{
	{"read", func(l library) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if user, err := l.user(r); err != nil || user == "" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = w.Write(ok)
		}
	}},
	{"write", func(l library) http.HandlerFunc {
		var n atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if err := l.put(w, r, "key", strconv.FormatInt(n.Add(1), 10)); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = w.Write(ok)
		}
	}},
	{"login", func(l library) http.HandlerFunc {
		var n atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if err := l.login(w, r, "user "+strconv.FormatInt(n.Add(1)%1000, 10)); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = w.Write(ok)
		}
	}},
}

// client is the work of sending requests to a handler: each client signs in once
// and then has its cookie, except to log in.
func client(t testing.TB, l library, op operation, clients int) work {
	t.Helper()
	handler := l.wrap(op.handle(l))
	requests := make([]*http.Request, clients)
	answers := make([]*answer, clients)
	for i := range clients {
		requests[i], _ = http.NewRequest("POST", "/", http.NoBody)
		requests[i].RemoteAddr = "192.0.2.1:1234"
		requests[i].Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		answers[i] = &answer{header: http.Header{}}
		if _, none := l.(bare); none || op.name == "login" {
			continue
		}
		l.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := l.login(w, r, fmt.Sprint("client ", i)); err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write(ok)
		})).ServeHTTP(answers[i], requests[i].Clone(context.Background()))
		cookie, err := http.ParseSetCookie(answers[i].header.Get("Set-Cookie"))
		if err != nil {
			t.Fatal(err)
		}
		requests[i].AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	return func(client, _ int) {
		a := answers[client]
		clear(a.header)
		a.code = 0
		handler.ServeHTTP(a, requests[client].WithContext(context.Background()))
		if a.code >= 400 {
			t.Errorf("%s: answered %d", op.name, a.code)
		}
	}
}

// nothing answers like the others and asks nobody.
var nothing = operation{"nothing", func(library) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(ok) }
}}

// TestHTTP measures what sessions add to a request: the time and the allocations
// over a handler without.
func TestHTTP(t *testing.T) {
	if !*measured {
		t.Skip("with -measure")
	}
	for _, store := range []string{"memory", "Redis", "SQLite", "PostgreSQL"} {
		if *only != "" && !strings.EqualFold(*only, store) {
			continue
		}
		table := newTable("operation", "clients", "library", "added µs", "added allocations", "time ÷ ours", "allocations ÷ ours")
		type one struct {
			name string
			l    library
		}
		var all []one
		for _, e := range entries() {
			if e.store == store {
				all = append(all, one{e.name, e.make(t, options{}).library})
				if e.name == "scs" {
					all = append(all, one{"scs, idle timeout", e.make(t, options{idle: true}).library})
				}
			}
		}
		for _, op := range operations {
			for _, clients := range []int{1, 8, 64} {
				works := []work{client(t, bare{}, nothing, clients)}
				for _, o := range all {
					works = append(works, client(t, o.l, op, clients))
				}
				costs := race(clients, works...)
				none, our := costs[0], costs[1]
				for i, o := range all {
					c := costs[i+1]
					time, allocations := c.nanoseconds-none.nanoseconds, c.allocations-none.allocations
					table.add(op.name, clients, o.name, fmt.Sprintf("%.2f", time/1000), fmt.Sprintf("%.1f", allocations),
						fmt.Sprintf("%.1f", time/(our.nanoseconds-none.nanoseconds)), fmt.Sprintf("%.1f", allocations/(our.allocations-none.allocations)))
				}
			}
		}
		publish(t, "http "+store, table.String())
	}
}

// TestLimits compares Manager.Validate with the least that it could be.
func TestLimits(t *testing.T) {
	if !*measured {
		t.Skip("with -measure")
	}
	const sessions = 1000
	m := must[*session.Manager](t)(session.New(ourmemory.New(ourmemory.Config{}), session.Config{SecretKey: secretKey, Logger: discard()}))
	tokens := make([]session.Token, sessions)
	raw := map[[sha256.Size]byte]*session.Session{}
	secrets := make([][48]byte, sessions)
	for i := range tokens {
		token, s, err := m.Create(t.Context(), session.NewSession{UserID: fmt.Sprint("user ", i)})
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = token
		copy(secrets[i][:], token.Reveal())
		raw[sha256.Sum256(secrets[i][:])] = &s
	}
	ctx := context.Background()
	costs := race(1,
		func(_, n int) {
			if raw[sha256.Sum256(secrets[n%sessions][:])] == nil {
				t.Error("not there")
			}
		},
		func(_, n int) {
			if _, err := m.Validate(ctx, tokens[n%sessions]); err != nil {
				t.Error(err)
			}
		})
	table := newTable("on", "what", "ns", "allocations", "ratio")
	table.add("memory", "SHA-256 and map load", fmt.Sprintf("%.0f", costs[0].nanoseconds), fmt.Sprintf("%.1f", costs[0].allocations), "1.0")
	table.add("memory", "Manager.Validate", fmt.Sprintf("%.0f", costs[1].nanoseconds), fmt.Sprintf("%.1f", costs[1].allocations),
		fmt.Sprintf("%.1f", costs[1].nanoseconds/costs[0].nanoseconds))
	publish(t, "limits", circumstances()+"\n"+table.String())
}
