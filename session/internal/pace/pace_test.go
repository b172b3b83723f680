// A rest is as long as the work was, within its bounds.

package pace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestRest(t *testing.T) {
	for _, one := range []struct{ took, patience, want time.Duration }{
		{0, time.Minute, 0},
		{3 * time.Millisecond, time.Minute, 3 * time.Millisecond},
		{time.Second, time.Minute, longest},
		{time.Second, time.Second + time.Millisecond, time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), one.patience)
			defer cancel()
			step := Begin()
			<-time.After(one.took)
			worked := time.Now()
			if step.Rest(ctx); time.Since(worked) != one.want {
				t.Errorf("work of %s, with %s in all: rest of %s, want %s", one.took, one.patience, time.Since(worked), one.want)
			}
		})
	}
}
