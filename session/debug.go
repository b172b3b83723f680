// Debug records of validations, events and store calls, for LOG_LEVEL=session=debug. They name
// sessions and users by their IDs. They never hold a token, a password, or an account that somebody
// tried to sign in to, because people type passwords there.

package session

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// debugging reports whether debug records are wanted. Code asks before it makes one, so that
// records that are not wanted cost nothing.
func (m *Manager) debugging(ctx context.Context) bool { return m.log.Enabled(ctx, slog.LevelDebug) }

// toldStore is the store of a manager, with a debug record of each call. Get is not wrapped: the
// manager logs it itself, because each function that returned a Session would copy it.
type toldStore struct {
	Store
	log *slog.Logger
}

// outcome is an error of the contract in one word.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrNotFound):
		return "absent"
	case errors.Is(err, ErrConflict):
		return "conflict"
	case errors.Is(err, ErrLimit):
		return "limit"
	case errors.Is(err, ErrThrottled):
		return "throttled"
	case errors.Is(err, ErrPartial):
		return "partial"
	case errors.Is(err, ErrIndeterminate):
		return "unknown"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	}
	return "refused"
}

// begin returns when a call began, or the zero time if no debug record is wanted.
func (s *toldStore) begin(ctx context.Context) time.Time {
	if !s.log.Enabled(ctx, slog.LevelDebug) {
		return time.Time{}
	}
	return time.Now()
}

// told logs a call that began then.
func (s *toldStore) told(ctx context.Context, call string, began time.Time, err error, more ...slog.Attr) {
	if began.IsZero() {
		return
	}
	attrs := append([]slog.Attr{slog.String("call", call), slog.String("outcome", outcome(err)), slog.Duration("took", time.Since(began))}, more...)
	s.log.LogAttrs(ctx, slog.LevelDebug, "store call", attrs...)
}

func idAttr(id ID) slog.Attr { return slog.String("id", id.String()) }

// Create implements Store.
func (s *toldStore) Create(ctx context.Context, n Session, a Admission) ([]ID, error) {
	began := s.begin(ctx)
	evicted, err := s.Store.Create(ctx, n, a)
	if !began.IsZero() {
		s.told(ctx, "create", began, err, idAttr(n.ID), slog.Int("evicted", len(evicted)))
	}
	return evicted, err
}

// Update implements Store.
func (s *toldStore) Update(ctx context.Context, id ID, version uint64, md Metadata) error {
	began := s.begin(ctx)
	err := s.Store.Update(ctx, id, version, md)
	if !began.IsZero() {
		s.told(ctx, "update", began, err, idAttr(id))
	}
	return err
}

// Touch implements Store.
func (s *toldStore) Touch(ctx context.Context, seen Seen) error {
	began := s.begin(ctx)
	err := s.Store.Touch(ctx, seen)
	if !began.IsZero() {
		s.told(ctx, "touch", began, err, idAttr(seen.ID), slog.Bool("first_use", !seen.PreviousUntil.IsZero()))
	}
	return err
}

// Rotate implements Store.
func (s *toldStore) Rotate(ctx context.Context, old ID, next Session) error {
	began := s.begin(ctx)
	err := s.Store.Rotate(ctx, old, next)
	if !began.IsZero() {
		s.told(ctx, "rotate", began, err, idAttr(old), slog.String("next", next.ID.String()), slog.Bool("renewal", !next.Previous.IsZero()))
	}
	return err
}

// Delete implements Store.
func (s *toldStore) Delete(ctx context.Context, id ID, why Ending) (Session, error) {
	began := s.begin(ctx)
	ended, err := s.Store.Delete(ctx, id, why)
	if !began.IsZero() {
		s.told(ctx, "delete", began, err, idAttr(id))
	}
	return ended, err
}

// DeleteUser implements Store.
func (s *toldStore) DeleteUser(ctx context.Context, user User, why Ending, keep ...ID) (int, error) {
	began := s.begin(ctx)
	n, err := s.Store.DeleteUser(ctx, user, why, keep...)
	if !began.IsZero() {
		s.told(ctx, "delete user", began, err, slog.Int("ended", n))
	}
	return n, err
}

// List implements Store.
func (s *toldStore) List(ctx context.Context, q Query) (Page, error) {
	began := s.begin(ctx)
	page, err := s.Store.List(ctx, q)
	if !began.IsZero() {
		s.told(ctx, "list", began, err, slog.Int("sessions", len(page.Sessions)))
	}
	return page, err
}

// Sweep implements Store.
func (s *toldStore) Sweep(ctx context.Context, most int) (int, error) {
	began := s.begin(ctx)
	n, err := s.Store.Sweep(ctx, most)
	if !began.IsZero() {
		s.told(ctx, "sweep", began, err, slog.Int("removed", n))
	}
	return n, err
}

// Count implements Store.
func (s *toldStore) Count(ctx context.Context, key string, rule CountRule) (time.Duration, error) {
	began := s.begin(ctx)
	wait, err := s.Store.Count(ctx, key, rule)
	if !began.IsZero() {
		s.told(ctx, "count", began, err, slog.Duration("wait", wait))
	}
	return wait, err
}

// Counted implements Store.
func (s *toldStore) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	began := s.begin(ctx)
	n, err := s.Store.Counted(ctx, key, window)
	if !began.IsZero() {
		s.told(ctx, "counted", began, err, slog.Int("events", n))
	}
	return n, err
}

// Uncount implements Store.
func (s *toldStore) Uncount(ctx context.Context, key string, n int) error {
	began := s.begin(ctx)
	err := s.Store.Uncount(ctx, key, n)
	if !began.IsZero() {
		s.told(ctx, "uncount", began, err)
	}
	return err
}

// Ping implements Store.
func (s *toldStore) Ping(ctx context.Context) error {
	began := s.begin(ctx)
	err := s.Store.Ping(ctx)
	if !began.IsZero() {
		s.told(ctx, "ping", began, err)
	}
	return err
}

// tellEvent makes a debug record of an event.
func (m *Manager) tellEvent(ctx context.Context, e *Event) {
	attrs := make([]slog.Attr, 0, 6)
	if e.UserID != "" {
		attrs = append(attrs, slog.String("user", e.UserID))
	}
	if !e.ID.IsZero() {
		attrs = append(attrs, idAttr(e.ID))
	}
	if e.Ending.Reason != "" {
		attrs = append(attrs, slog.String("reason", string(e.Ending.Reason)))
	}
	if e.Count > 0 {
		attrs = append(attrs, slog.Int("count", e.Count))
	}
	if e.IP.IsValid() {
		attrs = append(attrs, slog.String("ip", e.IP.String()))
	}
	m.log.LogAttrs(ctx, slog.LevelDebug, string(e.Kind), attrs...)
}

// tellAnswer makes a debug record of a validation.
func (m *Manager) tellAnswer(ctx context.Context, s *Session, err error) {
	answer := "valid"
	switch {
	case errors.Is(err, ErrNotFound):
		answer = "invalid"
	case err != nil:
		answer = "unavailable"
	}
	attrs := []slog.Attr{slog.String("answer", answer)}
	if err == nil {
		attrs = append(attrs, idAttr(s.ID), slog.String("user", s.UserID))
	}
	m.log.LogAttrs(ctx, slog.LevelDebug, "validated", attrs...)
}
