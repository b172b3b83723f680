// Package flight lets questions that are asked at the same time leave together,
// for stores whose servers answer many in one round trip.
package flight

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Most is how many round trips a group has under way at once. Who finds them all
// under way waits for the first that is back: an eighth of a round trip when many
// ask, and nothing when few do.
const Most = 8

// Group sends questions for its callers, each of whom waits no longer than his
// context, whatever Send does. A server that answers nobody holds up Most
// goroutines, not one for each caller. The zero Group with Aboard and Send set is
// ready for use by many goroutines.
type Group[Q, A any] struct {
	// Aboard is how many questions leave together at most.
	Aboard int

	// Send asks the server, and returns as many answers as there are questions,
	// which it may keep: a client that gives up may have them in its queue still.
	// The context ends with the last of those who asked.
	Send func(ctx context.Context, questions []Q) []A

	// Alone sends one question and returns when its context ends. If it is set, who asks
	// while nobody waits does so himself, and no goroutine is woken.
	Alone func(ctx context.Context, question Q) A

	passengers sync.Pool

	mu      sync.Mutex
	waiting []*passenger[Q, A]
	flights int
}

// passenger is a question on its way.
type passenger[Q, A any] struct {
	ctx      context.Context
	question Q
	answer   chan A // has room for the one there is
}

// Ask returns the answer to a question, or the context's cause. The context must
// have a deadline.
func (g *Group[Q, A]) Ask(ctx context.Context, question Q) (A, error) {
	if g.Alone != nil && g.takeOffAlone() {
		defer g.land()
		return g.Alone(ctx, question), nil
	}
	p, _ := g.passengers.Get().(*passenger[Q, A])
	if p == nil {
		p = &passenger[Q, A]{answer: make(chan A, 1)}
	}
	p.ctx, p.question = ctx, question
	g.mu.Lock()
	g.waiting = append(g.waiting, p)
	takeOff := g.flights < Most
	if takeOff {
		g.flights++
	}
	g.mu.Unlock()
	if takeOff {
		go g.fly()
	}
	select {
	case answer := <-p.answer:
		*p = passenger[Q, A]{answer: p.answer}
		g.passengers.Put(p)
		return answer, nil
	case <-ctx.Done(): // the passenger is left to the flight
		var none A
		return none, context.Cause(ctx)
	}
}

// takeOffAlone reports whether a flight begins with nobody but the caller aboard.
func (g *Group[Q, A]) takeOffAlone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) > 0 || g.flights == Most {
		return false
	}
	g.flights++
	return true
}

// land ends a flight that the caller made alone, or leaves it to those who wait.
func (g *Group[Q, A]) land() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) > 0 {
		go g.fly()
		return
	}
	g.flights--
}

// fly takes those who wait, again and again, until nobody does.
func (g *Group[Q, A]) fly() {
	var aboard []*passenger[Q, A]
	for {
		var questions []Q // a new slice each time: see Send
		aboard, questions = g.board(aboard[:0])
		if len(aboard) == 0 {
			return
		}
		ctx, cancel := lasting(aboard)
		for i, answer := range g.Send(ctx, questions) {
			aboard[i].answer <- answer
		}
		cancel()
	}
}

// lasting returns a context that ends with the last of the passengers'.
func lasting[Q, A any](aboard []*passenger[Q, A]) (context.Context, context.CancelFunc) {
	if len(aboard) == 1 {
		return aboard[0].ctx, func() {}
	}
	var latest time.Time
	for _, p := range aboard {
		if deadline, _ := p.ctx.Deadline(); deadline.After(latest) {
			latest = deadline
		}
	}
	return context.WithDeadline(context.Background(), latest)
}

// board appends those who wait, and still want to, and returns their questions. If there
// is nobody, the flight is over.
func (g *Group[Q, A]) board(aboard []*passenger[Q, A]) (_ []*passenger[Q, A], questions []Q) {
	g.mu.Lock()
	defer g.mu.Unlock()
	called := 0
	for _, p := range g.waiting {
		if len(aboard) == g.Aboard {
			break
		}
		called++
		if p.ctx.Err() == nil {
			aboard, questions = append(aboard, p), append(questions, p.question)
		}
	}
	g.waiting = slices.Delete(g.waiting, 0, called)
	if len(aboard) == 0 {
		g.flights--
	}
	return aboard, questions
}
