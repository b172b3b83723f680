// The matrix: every library on every store, every kind of request, by 1 to 512
// clients.

package bench

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

var crowds = flag.String("clients", "1,8,64,512", "how many clients there are at once, in the matrix")

// summarized is the crowd of the short tables and of the charts.
const summarized = 64

// slowest bounds what one request of each of a crowd may take together, by the
// time of one alone; beyond it the crowd is not measured.
const slowest = 700 * time.Millisecond

// matrixStores are the stores that peers have.
var matrixStores = []string{"memory", "Redis", "SQLite", "PostgreSQL"}

// seat is a contestant in one race.
type seat struct {
	name  string
	l     library
	trips float64
	alone time.Duration // what one request takes
	no    string        // why it does not take part
}

// seats prepares all libraries on a store for an operation.
func seats(t testing.TB, store string, op operation) []*seat {
	t.Helper()
	var all []*seat
	for _, e := range entries() {
		if e.store != store {
			continue
		}
		o := options{idle: op.idle}
		s := &seat{name: e.name, l: e.make(t, o).library}
		if op.filled {
			fillSite(t, s.l, population)
		}
		all = append(all, s)
		if s.no = offered(t, s.l, op); s.no != "" {
			continue
		}
		one := client(t, s.l, op, 1)
		for i := range 3 { // the last one: connections are open then
			if one.prepare != nil {
				one.prepare(1)
				i = 0
			}
			start := time.Now()
			one.do(0, i)
			s.alone = time.Since(start)
		}
		s.trips = trips(t, e, op)
	}
	return all
}

// offered says why the library has no such operation, if so.
func offered(t testing.TB, l library, op operation) string {
	if !op.filled {
		return ""
	}
	c := newCaller(t, l)
	c.login("nobody else")
	var why error
	c.send(l.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { why = op.handle(l)(w, r) })))
	switch {
	case errors.Is(why, errNotOffered):
		return "not offered"
	case why != nil:
		t.Error(why)
		return why.Error()
	}
	return ""
}

// trips counts the round trips of one request, by a contestant made for that.
func trips(t testing.TB, e entry, op operation) float64 {
	if e.store == "memory" {
		return 0
	}
	count := &counter{}
	l := e.make(t, options{idle: op.idle, count: count}).library
	if op.filled {
		fillSite(t, l, population)
	}
	return tripsOf(t, l, op, count)
}

func tripsOf(t testing.TB, l library, op operation, count *counter) float64 {
	const n = 20
	reads := client(t, l, operations[0], 1)
	for i := range 40 { // every connection of a pool is open then
		reads.do(0, i)
	}
	w := client(t, l, op, 1)
	if w.prepare != nil {
		w.prepare(1)
	}
	w.do(0, 0) // scripts, prepared statements
	return count.per(n, func(i int) { w.do(0, i+1) })
}

// TestHTTP measures what sessions add to a request: over a handler without.
func TestHTTP(t *testing.T) {
	needsMeasure(t)
	for _, store := range matrixStores {
		if *only == "" || strings.EqualFold(*only, store) {
			t.Run(store, func(t *testing.T) { matrix(t, store) })
		}
	}
}

func matrix(t *testing.T, store string) {
	begun := began()
	full := newTable("request", "clients", "library", "requests/s", "p50 µs", "p99 µs", "p99.9 µs", "added µs", "added CPU µs", "added allocations", "round trips", "time ÷ ours", "allocations ÷ ours")
	short := newTable("request", "library", "requests/s", "p99 µs", "added µs", "added CPU µs", "added allocations", "round trips", "time ÷ ours", "allocations ÷ ours")
	chart := chart{title: store + ": time that sessions add to a request, 64 clients", unit: "times that of crudadmin"}
	for _, op := range operations {
		all := seats(t, store, op)
		for crowd := range strings.SplitSeq(*crowds, ",") {
			clients := must[int](t)(strconv.Atoi(crowd))
			works := []work{client(t, bare{}, nothing, clients)}
			for _, s := range all {
				if s.no == "" && s.alone*time.Duration(clients) < slowest {
					works = append(works, client(t, s.l, op, clients))
				}
			}
			costs := race(clients, works...)
			none, costs := costs[0], costs[1:]
			var our cost
			for _, s := range all {
				if s.no != "" || s.alone*time.Duration(clients) >= slowest {
					no := s.no
					if no == "" {
						no = fmt.Sprintf("not measured: one alone takes %.1f ms", s.alone.Seconds()*1000)
					}
					full.add(op.name, clients, s.name, no, "", "", "", "", "", "", "", "", "")
					if clients == summarized {
						short.add(op.name, s.name, no, "", "", "", "", "", "", "")
					}
					continue
				}
				c := costs[0]
				costs = costs[1:]
				if s == all[0] {
					our = c
				}
				added, of := c.nanoseconds-none.nanoseconds, our.nanoseconds-none.nanoseconds
				allocations, ofAllocations := c.allocations-none.allocations, our.allocations-none.allocations
				cells := []any{
					fmt.Sprintf("%.0f", c.perSecond()), micros(c.p50), micros(c.p99), micros(c.p999), micros(added), micros(c.processor - none.processor),
					fmt.Sprintf("%.0f", allocations), strconv.FormatFloat(s.trips, 'f', -1, 64), ratio(added, of), ratio(allocations, ofAllocations),
				}
				full.add(append([]any{op.name, clients, s.name}, cells...)...)
				if clients == summarized {
					short.add(append([]any{op.name, s.name, cells[0], cells[2]}, cells[4:]...)...)
					chart.bar(op.name, s.name, added/of)
				}
				key := fmt.Sprintf("http/%s/%s/%d/%s/", store, op.name, clients, s.name)
				figure(t, key+"added µs", added/1000)
				figure(t, key+"added allocations", allocations)
				figure(t, key+"round trips", s.trips)
			}
		}
	}
	name := "http " + store
	text := short.String() + "\n" + draw(t, name, chart.svg(), chart.title) + "\n<details><summary>1, 8, 64 and 512 clients</summary>\n\n" + full.String() + "\n</details>\n"
	publish(t, name, begun+text)
}

func micros(nanoseconds float64) string {
	switch v := nanoseconds / 1000; {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

// ratio of two differences, which may be too small to be told.
func ratio(of, to float64) string {
	if to <= 0 || of < 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", of/to)
}
