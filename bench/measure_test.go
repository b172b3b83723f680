// Measuring: contestants in turns, medians of rounds.

package bench

import (
	"flag"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	measured = flag.Bool("measure", false, "measure times too")
	rounds   = flag.Int("rounds", 5, "how often each contestant has its turn")
	turn     = flag.Duration("turn", 60*time.Millisecond, "how long a turn is")
)

// needsMeasure skips a test of times unless it was asked for.
func needsMeasure(t *testing.T) {
	t.Helper()
	if !*measured {
		t.Skip("with -measure")
	}
}

// work is what clients do again and again.
type work struct {
	do func(client, n int)

	// prepare, if set, makes ready before the clock of a turn starts, and says how
	// often each client may then do it; n counts from 0 in each turn.
	prepare func(clients int) int
}

// cost is what one operation took, a median of turns: wall time over operations,
// allocations and processor time of this process. The percentiles are those of
// single operations, of all turns together.
type cost struct {
	nanoseconds, allocations, processor float64
	p50, p99, p999                      float64
}

func (c cost) perSecond() float64 { return 1e9 / c.nanoseconds }

// race gives each work its turns, one after the other in each round.
func race(clients int, works ...work) []cost {
	turns := make([][]cost, len(works))
	took := make([][]float64, len(works))
	for range *rounds {
		for i, w := range works {
			c, durations := once(clients, w)
			turns[i] = append(turns[i], c)
			took[i] = append(took[i], durations...)
		}
	}
	costs := make([]cost, len(works))
	for i, all := range turns {
		slices.Sort(took[i])
		costs[i] = cost{
			nanoseconds: median(all, func(c cost) float64 { return c.nanoseconds }),
			allocations: median(all, func(c cost) float64 { return c.allocations }),
			processor:   median(all, func(c cost) float64 { return c.processor }),
			p50:         percentile(took[i], 0.5),
			p99:         percentile(took[i], 0.99),
			p999:        percentile(took[i], 0.999),
		}
	}
	return costs
}

func median[T any](all []T, of func(T) float64) float64 {
	values := make([]float64, len(all))
	for i, v := range all {
		values[i] = of(v)
	}
	slices.Sort(values)
	return percentile(values, 0.5)
}

// percentile of sorted values, the next above.
func percentile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// once is one turn of some clients.
func once(clients int, w work) (cost, []float64) {
	most := int(^uint(0) >> 1)
	if w.prepare != nil {
		most = w.prepare(clients)
	}
	took := make([][]float64, clients)
	for i := range took {
		took[i] = make([]float64, 0, 1024)
	}
	var before, after runtime.MemStats
	if runtime.ReadMemStats(&before); before.HeapAlloc < 256<<20 { // else it takes longer than the turn
		runtime.GC()
	}
	var over atomic.Bool
	alarm := time.AfterFunc(*turn, func() { over.Store(true) })
	defer alarm.Stop()
	runtime.ReadMemStats(&before)
	processor := processorTime()
	start := time.Now()
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			last := time.Now()
			for n := 0; n < most && (n == 0 || !over.Load()); n++ {
				w.do(client, n)
				now := time.Now()
				took[client] = append(took[client], float64(now.Sub(last)))
				last = now
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	processor = processorTime() - processor
	runtime.ReadMemStats(&after)
	durations := slices.Concat(took...)
	n := float64(len(durations))
	return cost{
		nanoseconds: float64(elapsed) / n,
		allocations: float64(after.Mallocs-before.Mallocs) / n,
		processor:   float64(processor) / n,
	}, durations
}

// processorTime is what this process has used, user and system.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// complaints counts what went wrong in a test, so that a server that is down does
// not fill the screen.
var complaints sync.Map

// complain fails the test, and says why the first few times.
func complain(t testing.TB, format string, args ...any) {
	count, _ := complaints.LoadOrStore(t, new(atomic.Int64))
	if count.(*atomic.Int64).Add(1) > 3 {
		t.Fail()
		return
	}
	t.Errorf(format, args...)
}
