// The group: each caller gets its own answer, no more batches are under way than may be, and no
// caller waits beyond its context.

package batch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/session/internal/batch"
)

func TestCallersGetTheirAnswers(t *testing.T) {
	for name, alone := range map[string]bool{"together": false, "alone or together": true} {
		t.Run(name, func(t *testing.T) { callersGetTheirAnswers(t, alone) })
	}
}

func callersGetTheirAnswers(t *testing.T, alone bool) {
	const most, callers, each = 5, 100, 200
	var trips, under atomic.Int64
	g := batch.Group[int, int]{MaxBatch: most, Send: func(_ context.Context, questions []int) []int {
		trips.Add(1)
		if n := under.Add(1); n > batch.MaxInFlight {
			t.Errorf("%d batches at once, at most %d", n, batch.MaxInFlight)
		}
		defer under.Add(-1)
		if len(questions) == 0 || len(questions) > most {
			t.Errorf("%d in a batch, want 1 to %d", len(questions), most)
		}
		answers := make([]int, len(questions))
		for i, q := range questions {
			answers[i] = -q
		}
		return answers
	}}
	if alone {
		g.SendOne = func(ctx context.Context, question int) int { return g.Send(ctx, []int{question})[0] }
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for n := range each {
				question := c*each + n + 1
				if answer, err := g.Ask(ctx, question); err != nil || answer != -question {
					t.Errorf("asked %d: %d, %v", question, answer, err)
				}
			}
		})
	}
	all.Wait()
	if n := trips.Load(); n > callers*each {
		t.Errorf("%d trips for %d questions", n, callers*each)
	}
}

// TestSilence: while Send hangs no caller is late, no more than MaxInFlight goroutines wait, the
// questions of callers that left are not sent, and callers that stayed get their answers.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := make(chan struct{})
		var mu sync.Mutex
		var sent []int
		g := batch.Group[int, int]{MaxBatch: 10, Send: func(ctx context.Context, questions []int) []int {
			mu.Lock()
			sent = append(sent, questions...)
			mu.Unlock()
			if _, ok := ctx.Deadline(); !ok {
				t.Error("a batch without a deadline")
			}
			<-silent
			return slices.Clone(questions)
		}}
		start := time.Now()
		var all sync.WaitGroup
		ask := func(question int, patience time.Duration) {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				switch answer, err := g.Ask(ctx, question); {
				case patience < time.Minute && (!errors.Is(err, context.DeadlineExceeded) || time.Since(start) != patience):
					t.Errorf("%d: %v after %s, want the end of its context after %s", question, err, time.Since(start), patience)
				case patience >= time.Minute && (err != nil || answer != question):
					t.Errorf("%d: %d, %v", question, answer, err)
				}
			})
		}
		for n := range batch.MaxInFlight {
			ask(n, time.Second)
			synctest.Wait()
		}
		for n := range 50 {
			ask(100+n, 2*time.Second)
			ask(200+n, time.Minute)
		}
		synctest.Wait()
		if len(sent) != batch.MaxInFlight {
			t.Errorf("%d are under way, want %d", len(sent), batch.MaxInFlight)
		}
		<-time.After(3 * time.Second)
		close(silent)
		all.Wait()
		slices.Sort(sent)
		if len(sent) != batch.MaxInFlight+50 || sent[batch.MaxInFlight] != 200 {
			t.Errorf("%d were sent, some of them of callers that had left: %v", len(sent), sent)
		}
	})
}

// TestSendOne: a question that is asked while none waits is sent alone, in its own time; those that
// came meanwhile are sent together when it is over.
func TestSendOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent [][]int
		send := func(questions ...int) []int {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, slices.Clone(questions))
			return slices.Clone(questions)
		}
		g := batch.Group[int, int]{
			MaxBatch: 100,
			Send:     func(_ context.Context, questions []int) []int { return send(questions...) },
			SendOne: func(ctx context.Context, question int) int {
				send(question)
				<-ctx.Done()
				return question
			},
		}
		var all sync.WaitGroup
		trips := func() [][]int {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(sent)
		}
		ask := func(question int, patience time.Duration) {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if answer, err := g.Ask(ctx, question); err != nil || answer != question {
					t.Errorf("%d: %d, %v", question, answer, err)
				}
			})
			synctest.Wait()
		}
		for n := range batch.MaxInFlight {
			ask(n, time.Duration(n+1)*time.Second)
		}
		for n := range 50 {
			ask(100+n, time.Minute)
		}
		if got := trips(); len(got) != batch.MaxInFlight {
			t.Errorf("sent while all are under way: %v", got)
		}
		start := time.Now()
		all.Wait()
		if took := time.Since(start); took != batch.MaxInFlight*time.Second {
			t.Errorf("all had their answers after %s, the last that was sent alone had %s", took, batch.MaxInFlight*time.Second)
		}
		if got := trips(); len(got) != batch.MaxInFlight+1 || len(got[batch.MaxInFlight]) != 50 {
			t.Errorf("sent %v, want %d alone and 50 together", got, batch.MaxInFlight)
		}
		ask(200, time.Second)
		if got := trips(); !slices.Equal(got[len(got)-1], []int{200}) {
			t.Errorf("sent after all were answered: %v", got)
		}
	})
}

func TestAskAllocates(t *testing.T) {
	answers := []int{1}
	g := batch.Group[int, int]{MaxBatch: 10, Send: func(context.Context, []int) []int { return answers }}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if n := testing.AllocsPerRun(1000, func() { _, _ = g.Ask(ctx, 1) }); n > 5 {
		t.Errorf("a question alone costs %v allocations, want 5 at most", n)
	}
}

// TestQuestionsAreSends: the slice that Send was given is not written to afterwards.
func TestQuestionsAreSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type given struct {
			slice []int
			copy  []int
		}
		var mu sync.Mutex
		var all []given
		begin := make(chan struct{})
		g := batch.Group[int, int]{MaxBatch: 1, Send: func(_ context.Context, questions []int) []int {
			mu.Lock()
			all = append(all, given{questions, slices.Clone(questions)})
			mu.Unlock()
			<-begin
			return slices.Clone(questions)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for n := range 5 * batch.MaxInFlight {
			go func() { _, _ = g.Ask(ctx, n) }()
		}
		synctest.Wait()
		close(begin)
		synctest.Wait()
		for _, one := range all {
			if !slices.Equal(one.slice, one.copy) {
				t.Errorf("Send was given %v, which became %v", one.copy, one.slice)
			}
		}
	})
}
