// What a manager counts.

package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestStats(t *testing.T) {
	b := newBench(t)
	token, s := b.login(t)
	var total session.Stats
	for _, step := range []struct {
		what string
		act  func()
		more session.Stats
	}{
		{"another key's token", func() {
			stranger := newBench(t, func(c *session.Config) { c.SecretKey = "another key, which made the token of a stranger" })
			forged, _ := stranger.login(t)
			_, _ = b.Validate(t.Context(), forged)
		}, session.Stats{Invalid: 1}},
		{"between touches", func() { _, _ = b.Validate(t.Context(), token) }, session.Stats{Valid: 1, TouchesSaved: 1}},
		{"with a touch", func() {
			b.clock.Advance(5 * time.Minute)
			_, _ = b.Validate(t.Context(), token)
		}, session.Stats{Valid: 1}},
		{"a read that is not a validation", func() { _, _ = b.Get(t.Context(), s.ID) }, session.Stats{}},
		{"with a touch that fails", func() {
			b.clock.Advance(5 * time.Minute)
			b.store.touch = func(context.Context, session.Seen) error { return session.ErrUnavailable }
			_, _ = b.Validate(t.Context(), token)
		}, session.Stats{Valid: 1}},
		{"with a touch put off by that", func() { _, _ = b.Validate(t.Context(), token) }, session.Stats{Valid: 1}},
		{"the store is down", func() {
			b.store.get = func(context.Context, session.ID) (session.Session, error) {
				return session.Session{}, session.ErrUnavailable
			}
			_, _ = b.Validate(t.Context(), token)
		}, session.Stats{Unavailable: 1}},
		{"nobody knows why", func() {
			b.store.get = func(context.Context, session.ID) (session.Session, error) {
				return session.Session{}, context.Canceled
			}
			_, _ = b.Validate(t.Context(), token)
		}, session.Stats{Unavailable: 1}},
		{"ended", func() {
			b.store.get = nil
			_ = b.Logout(t.Context(), token)
			_, _ = b.Validate(t.Context(), token)
		}, session.Stats{Invalid: 1}},
	} {
		step.act()
		total.Valid += step.more.Valid
		total.Invalid += step.more.Invalid
		total.Unavailable += step.more.Unavailable
		total.TouchesSaved += step.more.TouchesSaved
		if got := b.Stats(); got != total {
			t.Errorf("%s: %+v, want %+v", step.what, got, total)
		}
	}
}
