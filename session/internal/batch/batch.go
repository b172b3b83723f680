// Package batch sends questions that are asked at the same time together, for stores whose
// servers answer many of them in one round trip.
package batch

import (
	"context"
	"slices"
	"sync"
	"time"
)

// MaxInFlight is how many round trips a group makes at once. A question that is asked while all
// of them are under way waits for the first answer: an eighth of a round trip when many callers
// ask, nothing when few do.
const MaxInFlight = 8

// Group sends the questions of many callers. Each caller waits no longer than its context,
// whatever Send does: a server that does not answer holds up MaxInFlight goroutines, not one for
// each caller. A Group with MaxBatch and Send set is ready for use by many goroutines.
type Group[Q, A any] struct {
	// MaxBatch is the most questions of one call of Send.
	MaxBatch int

	// Send asks the server and returns one answer for each question, in their order. It may keep
	// the slice: a client whose caller has given up may still have it in its queue. Its context
	// ends with the last of the callers' contexts.
	Send func(ctx context.Context, questions []Q) []A

	// SendOne, if set, sends one question in the caller's own goroutine while no other question
	// waits, so that none has to be woken. It returns when its context ends.
	SendOne func(ctx context.Context, question Q) A

	spare sync.Pool

	mu       sync.Mutex
	waiting  []*call[Q, A]
	inFlight int
}

// call is one question and the place for its answer.
type call[Q, A any] struct {
	ctx      context.Context
	question Q
	answer   chan A // has room for the one answer
}

// Ask returns the answer to a question, or the cause of the context's end. The context must have
// a deadline.
func (g *Group[Q, A]) Ask(ctx context.Context, question Q) (A, error) {
	if g.SendOne != nil && g.beginOne() {
		defer g.endOne()
		return g.SendOne(ctx, question), nil
	}
	c, _ := g.spare.Get().(*call[Q, A])
	if c == nil {
		c = &call[Q, A]{answer: make(chan A, 1)}
	}
	c.ctx, c.question = ctx, question
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	begin := g.inFlight < MaxInFlight
	if begin {
		g.inFlight++
	}
	g.mu.Unlock()
	if begin {
		go g.sendAll()
	}
	select {
	case answer := <-c.answer:
		*c = call[Q, A]{answer: c.answer}
		g.spare.Put(c)
		return answer, nil
	case <-ctx.Done(): // the call is left to sendAll
		var none A
		return none, context.Cause(ctx)
	}
}

// beginOne reports whether the caller may send its question alone. If so, endOne must follow.
func (g *Group[Q, A]) beginOne() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) > 0 || g.inFlight == MaxInFlight {
		return false
	}
	g.inFlight++
	return true
}

// endOne gives the round trip of a lone question to those that wait, if any do.
func (g *Group[Q, A]) endOne() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) > 0 {
		go g.sendAll()
		return
	}
	g.inFlight--
}

// sendAll sends the questions that wait, batch after batch, until none does.
func (g *Group[Q, A]) sendAll() {
	var calls []*call[Q, A]
	for {
		var questions []Q // a new slice each time: see Send
		calls, questions = g.next(calls[:0])
		if len(calls) == 0 {
			return
		}
		ctx, cancel := longest(calls)
		for i, answer := range g.Send(ctx, questions) {
			calls[i].answer <- answer
		}
		cancel()
	}
}

// longest returns a context that ends with the last of the callers' contexts.
func longest[Q, A any](calls []*call[Q, A]) (context.Context, context.CancelFunc) {
	if len(calls) == 1 {
		return calls[0].ctx, func() {}
	}
	var latest time.Time
	for _, c := range calls {
		if deadline, _ := c.ctx.Deadline(); deadline.After(latest) {
			latest = deadline
		}
	}
	return context.WithDeadline(context.Background(), latest)
}

// next appends the next batch of the calls whose callers still wait, and returns their questions.
// If there are none, the round trips of sendAll are over.
func (g *Group[Q, A]) next(calls []*call[Q, A]) (_ []*call[Q, A], questions []Q) {
	g.mu.Lock()
	defer g.mu.Unlock()
	taken := 0
	for _, c := range g.waiting {
		if len(calls) == g.MaxBatch {
			break
		}
		taken++
		if c.ctx.Err() == nil {
			calls, questions = append(calls, c), append(questions, c.question)
		}
	}
	g.waiting = slices.Delete(g.waiting, 0, taken)
	if len(calls) == 0 {
		g.inFlight--
	}
	return calls, questions
}
