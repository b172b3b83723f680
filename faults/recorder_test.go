// recorder: a testing.TB that writes failures down, so that the suite can be seen to
// fail.

package faults

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// recorder is the TB of one check under observation.
type recorder struct {
	testing.TB // of the test that observes; it is not failed

	mu       sync.Mutex
	failures []string
	failed   bool
	cleanups []func()
}

// caught runs one check and returns what it found wrong.
func caught(t testing.TB, s *Subject, server *Server, k check) []string {
	r := &recorder{TB: t}
	finished := make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(finished)
		defer r.finish()
		observe(r, s, server, k.run)
	}()
	<-finished
	if r.failed && len(r.failures) == 0 {
		return []string{"failed"}
	}
	return r.failures
}

func (r *recorder) finish() {
	if p := recover(); p != nil {
		r.fail(fmt.Sprint("panic: ", p))
	}
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

func (r *recorder) fail(message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	if message != "" {
		r.failures = append(r.failures, message)
	}
}

func (r *recorder) Helper()                           {}
func (r *recorder) Log(...any)                        {}
func (r *recorder) Logf(string, ...any)               {}
func (r *recorder) Context() context.Context          { return context.Background() }
func (r *recorder) Fail()                             { r.fail("") }
func (r *recorder) Error(args ...any)                 { r.fail(fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.fail(fmt.Sprintf(format, args...)) }
func (r *recorder) FailNow()                          { r.fail(""); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)                 { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}
