// This file holds what is lent to one test after another.

package testserver

import (
	"sync"
	"testing"
)

// Lender lends what takes longer to make than a test takes to use it, such as a
// database with its tables. What a failed test had is not lent again.
type Lender[T any] struct {
	Make  func() T
	Empty func(T) error // before it is lent again

	mu   sync.Mutex
	free []T
}

// Lend returns one that nobody else has until the test and its cleanups have ended.
func (l *Lender[T]) Lend(t testing.TB) T {
	t.Helper()
	one, used := l.take()
	if !used {
		one = l.Make()
	} else if err := l.Empty(one); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.free = append(l.free, one)
		}
	})
	return one
}

func (l *Lender[T]) take() (one T, used bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.free) - 1
	if last < 0 {
		return one, false
	}
	one, l.free = l.free[last], l.free[:last]
	return one, true
}
