package pace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestRest(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{0: 0, 3 * time.Millisecond: 3 * time.Millisecond, time.Second: longest} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			time.Sleep(took)
			worked := time.Now()
			if Rest(t.Context(), began); time.Since(worked) != want {
				t.Errorf("work of %s: rest of %s, want %s", took, time.Since(worked), want)
			}
		})
	}
}

func TestRestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		if Rest(ctx, start.Add(-time.Second)); time.Since(start) != time.Millisecond {
			t.Errorf("it ended after %s, its context after 1ms", time.Since(start))
		}
	})
}
