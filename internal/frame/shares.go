// Shares: how much of the machine one person may take at once.

package frame

import (
	"context"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Work is what a request may take of the machine beside its own place.
type Work int

// The kinds of work that are counted apart from each other.
const (
	// Searching is what searches, counts or sorts rows that no index leads to.
	Searching Work = iota
	// Exporting writes all rows that match a query.
	Exporting
	// Changing changes or deletes many records.
	Changing
	works
)

// Shares of one person, with all sessions together, on one process.
const (
	MaxRequests  = 8 // at once, whatever they do
	MaxSearches  = 2 // of them
	MaxExports   = 1 // of them
	MaxChanges   = 1 // of them
	MaxKept      = 2 // beside them: requests that are refused, and read so that nothing is lost
	searchesWait = time.Second
)

var most = [works]int{Searching: MaxSearches, Exporting: MaxExports, Changing: MaxChanges}

// Busy says that a person has as much of it as they may have.
func (w Work) Busy() text.Message {
	return [works]text.Message{Searching: text.BusySearches(MaxSearches), Exporting: text.BusyExporting, Changing: text.BusyChanging}[w]
}

// Shares counts what each person has under way. The zero value is ready, and is safe for use by
// many goroutines.
type Shares struct {
	// Wait is how long a search waits for another one of the same person to end: a second unless
	// set. (Somebody who types into a search field leaves a search behind with every letter, and
	// pages that are opened side by side take their turns.) Nothing else waits.
	Wait time.Duration

	mu     sync.Mutex
	people map[string]*person
}

// person is what one person has under way.
type person struct {
	requests int
	kept     int
	places   [works]chan struct{} // taken ones are in it
}

// Share is the place of one request. A nil Share is that of a request that nobody counts.
type Share struct {
	shares *Shares
	name   string
	person *person
	mu     sync.Mutex
	taken  [works]bool
	ended  bool
}

// Begin takes a place for a request of a person; false if they have MaxRequests already. Whoever
// was given a place ends it, whatever happens meanwhile.
func (s *Shares) Begin(name string) (*Share, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.personOf(name)
	if p.requests == MaxRequests {
		return nil, false
	}
	p.requests++
	return &Share{shares: s, name: name, person: p}, true
}

// Keep takes a place for reading what a request sent that has no place of its own, so that what
// somebody entered is not lost; false if they have MaxKept already. Whoever was given a place ends
// it, once.
func (s *Shares) Keep(name string) (end func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.personOf(name)
	if p.kept == MaxKept {
		return nil, false
	}
	p.kept++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		p.kept--
		s.forget(name, p)
	}, true
}

// personOf is called with the lock.
func (s *Shares) personOf(name string) *person {
	p := s.people[name]
	if p == nil {
		p = &person{}
		for w, n := range most {
			p.places[w] = make(chan struct{}, n)
		}
		if s.people == nil {
			s.people = map[string]*person{}
		}
		s.people[name] = p
	}
	return p
}

// forget forgets a person who has nothing under way. It is called with the lock.
func (s *Shares) forget(name string, p *person) {
	if p.requests == 0 && p.kept == 0 {
		delete(s.people, name)
	}
}

// Take takes a place for work of the request, until the request ends; false if the person has as
// much of it as they may have. A search waits for a moment, unless ctx ends. Work that the request
// does already is granted.
func (s *Share) Take(ctx context.Context, w Work) bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return false
	case s.taken[w]:
		return true
	}
	s.taken[w] = s.place(ctx, w)
	return s.taken[w]
}

func (s *Share) place(ctx context.Context, w Work) bool {
	select {
	case s.person.places[w] <- struct{}{}:
		return true
	default:
	}
	if w != Searching {
		return false
	}
	wait := s.shares.Wait
	if wait == 0 {
		wait = searchesWait
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case s.person.places[w] <- struct{}{}:
		return true
	case <-late.C:
	case <-ctx.Done():
	}
	return false
}

// End gives back what the request has taken. Ending twice does no harm.
func (s *Share) End() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	for w, taken := range s.taken {
		if taken {
			<-s.person.places[w]
		}
	}
	s.shares.mu.Lock()
	defer s.shares.mu.Unlock()
	s.person.requests--
	s.shares.forget(s.name, s.person)
}

// People returns how many persons have a request under way.
func (s *Shares) People() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.people)
}
