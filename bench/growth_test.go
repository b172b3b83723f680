// Growth: what an operation costs, and a session takes, as a store grows.

package bench

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var (
	largest = flag.Int("largest", 1_000_000, "how many sessions a store grows to")
	huge    = flag.Int("huge", 10_000_000, "how many the one in memory grows to, if so much memory is free")
)

// perSession is more than what a session takes in memory, in bytes.
const perSession = 1400

// growing are the operations of a store whose cost is followed as it grows.
func growing(store string) []string {
	if store == "Memcached" {
		return []string{"validate", "login and logout", "list a user's"}
	}
	return []string{"validate", "login and logout", "list a user's", "first page", "deep page"}
}

// grown is a store with that many sessions.
type grown struct {
	size   int
	m      *session.Manager
	spied  *session.Manager // of the same sessions, for counting
	asked  func(do func()) (commands, rows float64)
	tokens []session.Token // some of them
	middle string          // a cursor to the middle of all
	bytes  float64         // of a session
	clock  *clock
}

// clock is the time, and can be put forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// sizes are those a store grows through.
func sizes(store string) []int {
	var all []int
	for n := 1000; n <= *largest; n *= 10 {
		all = append(all, n)
	}
	if store == "memory" && *huge > *largest && free() > uint64(*huge)*perSession {
		all = append(all, *huge)
	}
	return all
}

// free is how much memory the machine has to give.
func free() uint64 {
	text, _ := os.ReadFile("/proc/meminfo")
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	kib, _ := strconv.ParseUint(strings.Fields(rest + " 0")[0], 10, 64)
	return kib << 10
}

// TestGrowth measures stores of several sizes in turns, and then how the sweep of
// the largest delays validations.
func TestGrowth(t *testing.T) {
	needsMeasure(t)
	for _, one := range []struct {
		store string
		grow  func(t testing.TB, size int) *grown
	}{
		{"memory", growMemory}, {"Redis", growRedis}, {"Memcached", growMemcached}, {"SQLite", growSQLite}, {"PostgreSQL", growPostgres},
	} {
		if *only != "" && !strings.EqualFold(*only, one.store) {
			continue
		}
		t.Run(one.store, func(t *testing.T) {
			begun := began()
			var all []*grown
			for _, size := range sizes(one.store) {
				start := time.Now()
				all = append(all, one.grow(t, size))
				fmt.Printf("(%s: %d sessions in %s)\n", one.store, size, time.Since(start).Round(100*time.Millisecond))
			}
			publish(t, "growth "+one.store, begun+growth(t, one.store, all))
			if one.store != "Memcached" { // which removes what expired by itself
				begun := began()
				publish(t, "sweep "+one.store, begun+sweep(t, one.store, all[min(len(all)-1, 3)]))
			}
		})
		debug.FreeOSMemory()
	}
}

// growth is the table of a store.
func growth(t testing.TB, store string, all []*grown) string {
	head := []string{"operation"}
	for _, g := range all {
		head = append(head, power(g.size)+", µs")
	}
	head = append(head, "times the first", "commands", "rows touched")
	table := newTable(head...)
	picture := chart{title: store + ": time of an operation, over that with 10³ sessions", unit: "times that with 10³, by sessions"}
	for _, name := range growing(store) {
		works := make([]work, len(all))
		for i, g := range all {
			works[i] = work{do: g.operation(t, g.m, name)}
		}
		costs := race(8, works...)
		row := []any{name}
		var times, commands, rows []string
		for i, g := range all {
			row = append(row, micros(costs[i].nanoseconds))
			quotient := costs[i].nanoseconds / costs[0].nanoseconds
			times = append(times, fmt.Sprintf("%.2f", quotient))
			picture.point(name, float64(g.size), quotient)
			key := fmt.Sprintf("growth/%s/%s/%d/", store, name, g.size)
			figure(t, key+"time", costs[i].nanoseconds)
			if g.asked == nil {
				continue
			}
			c, r := g.count(t, name)
			commands = append(commands, strconv.FormatFloat(c, 'f', -1, 64))
			figure(t, key+"commands", c)
			if r >= 0 {
				rows = append(rows, strconv.FormatFloat(r, 'f', -1, 64))
				figure(t, key+"rows", r)
			}
		}
		table.add(append(row, strings.Join(times, " · "), orNone(commands), orNone(rows))...)
	}
	row := []any{"bytes of a session"}
	for _, g := range all {
		row = append(row, fmt.Sprintf("%.0f B", g.bytes))
		figure(t, fmt.Sprintf("growth/%s/bytes/%d", store, g.size), g.bytes)
	}
	table.add(append(row, "", "", "")...)
	return table.String() + "\n" + draw(t, "growth "+store, picture.svg(), picture.title)
}

func orNone(cells []string) string {
	if len(cells) == 0 {
		return "–"
	}
	return strings.Join(cells, " · ")
}

// power writes a power of ten as such.
func power(n int) string {
	digits := strconv.Itoa(n)
	if strings.Trim(digits[1:], "0") != "" || digits[0] != '1' {
		return digits
	}
	return "10" + string([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[len(digits)-1])
}

// count returns what one operation asks, on the average of some.
func (g *grown) count(t testing.TB, name string) (commands, rows float64) {
	const n = 20
	do := g.operation(t, g.spied, name)
	for i := range 40 {
		do(0, i)
	}
	commands, rows = g.asked(func() {
		for i := range n {
			do(0, i)
		}
	})
	return commands / n, rows / n
}

var visits atomic.Int64

// operation is what each client does.
func (g *grown) operation(t testing.TB, m *session.Manager, name string) func(client, n int) {
	ctx := context.Background()
	page := func(cursor string) func(int, int) {
		return func(int, int) {
			page, err := m.List(ctx, session.Query{Limit: 50, Cursor: cursor})
			if err != nil || len(page.Sessions) != 50 {
				complain(t, "%s: %d sessions, %v", name, len(page.Sessions), err)
			}
		}
	}
	switch name {
	case "validate":
		return func(client, n int) {
			if _, err := m.Validate(ctx, g.tokens[(n*7919+client*104729)%len(g.tokens)]); err != nil {
				complain(t, "%s: %v", name, err)
			}
		}
	case "login and logout":
		return func(int, int) {
			token, _, err := m.Create(ctx, visitor(fmt.Sprint("visitor ", visits.Add(1))))
			if err == nil {
				err = m.Logout(ctx, token)
			}
			if err != nil {
				complain(t, "%s: %v", name, err)
			}
		}
	case "list a user's":
		return func(int, int) {
			all, err := m.UserSessions(ctx, "user 7")
			if err != nil || len(all) != 1 {
				complain(t, "%s: %d sessions, %v", name, len(all), err)
			}
		}
	case "first page":
		return page("")
	case "deep page":
		return page(g.middle)
	}
	panic(name)
}

// heap is what this process has in use, without what it has thrown away.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
