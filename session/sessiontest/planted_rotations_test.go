// Planted bugs of Rotate and its grace.

package sessiontest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedRotations = []planted{
	{
		bug: "rotate leaves the old one alive",
		by:  "rotate/the successor takes the place and the old is absent at once",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, err := w.model.Get(ctx, old)
				if err := w.model.Rotate(ctx, old, next); err != nil {
					return err
				}
				if err == nil && next.Previous != old {
					w.locked(func() { w.put(s) })
				}
				return nil
			}
		},
	},
	{
		bug: "rotate in a grace gives a second successor",
		by:  "rotate/only get and delete follow an ID in its grace",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				if errors.Is(err, session.ErrConflict) {
					if s, get := w.model.Get(ctx, old); get == nil && s.ID != old {
						w.locked(func() { w.put(next) })
						return nil
					}
				}
				return err
			}
		},
	},
	{
		bug: "rotate that reads, then writes",
		by:  "rotate/of parallel rotations exactly one succeeds",
		plant: func(w *wrong) {
			var between gap
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, err := w.model.Get(ctx, old)
				if err != nil || s.ID != old || s.Version != next.Version {
					return w.model.Rotate(ctx, old, next)
				}
				between.meet()
				w.locked(func() {
					if _, ok := w.records[old]; ok {
						w.drop(old)
					}
					w.put(next)
					if next.Previous == old {
						w.aliases[old] = next.ID
					}
				})
				return nil
			}
		},
	},
	{
		bug: "rotate that brings the dead back",
		by:  "in flight/a renewal about to write does not bring the session back",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				if errors.Is(err, session.ErrNotFound) {
					w.locked(func() { w.put(next) })
					return nil
				}
				return err
			}
		},
	},
	{
		bug: "rotate that ignores the version",
		by:  "rotate/rotate at another version is a conflict",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				if s, err := w.model.Get(ctx, old); err == nil && s.ID == old {
					next.Version = s.Version
				}
				return w.model.Rotate(ctx, old, next)
			}
		},
	},
	{
		bug: "a grace without an end",
		by:  "rotate/an ID in its grace finds the successor",
		plant: func(w *wrong) {
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if next, ok := w.aliases[id]; ok && errors.Is(err, session.ErrNotFound) {
						s, err = w.live(next)
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "a rotation leaves older graces running",
		by:  "rotate/a rotation without grace ends older graces",
		plant: func(w *wrong) {
			latest := map[session.ID]session.ID{}
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				w.locked(func() {
					if err == nil && next.Previous == old {
						latest[old] = next.ID
					} else if err == nil {
						for from, to := range latest {
							if to == old {
								latest[from] = next.ID
							}
						}
					}
				})
				return err
			}
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if next, ok := latest[id]; ok && errors.Is(err, session.ErrNotFound) {
						if s, err = w.live(next); err == nil && s.Previous == id {
							s, err = session.Session{}, session.ErrNotFound
						}
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "the old ID survives its revoked successor",
		by:  "rotate/a delete of the successor ends the old ID too",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, _ := w.model.Get(ctx, old)
				err := w.model.Rotate(ctx, old, next)
				if err == nil && next.Previous == old {
					w.locked(func() { w.records[old] = s }) // until the server's own expiry, as it were
				}
				return err
			}
		},
	},
	{
		bug: "rotate drops the metadata",
		by:  "rotate/the successor takes the place and the old is absent at once",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				next.Metadata = session.Metadata{}
				return w.model.Rotate(ctx, old, next)
			}
		},
	},
	{
		bug: "the old ID dies though nobody has used the new one",
		by:  "renew/an ID finds a successor that nobody has used for as long as it lives",
		plant: func(w *wrong) {
			born := map[session.ID]time.Time{}
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				w.locked(func() {
					if err == nil && next.Unused() {
						born[next.ID] = w.now()
					}
				})
				return err
			}
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if at, ok := born[s.ID]; ok && s.ID != id && !w.now().Before(at.Add(grace)) {
						s, err = session.Session{}, session.ErrNotFound
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "a first use is not recorded",
		by:  "renew/the first use begins the grace of the ID before",
		plant: func(w *wrong) {
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				seen.PreviousUntil = time.Time{}
				return w.model.Touch(ctx, seen)
			}
		},
	},
	{
		bug: "a first use in a batch is not recorded",
		by:  "renew/the first use begins the grace of the ID before",
		plant: func(w *wrong) {
			w.touchAll = func(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
				seen = slices.Clone(seen)
				for i := range seen {
					seen[i].PreviousUntil = time.Time{}
				}
				return w.model.TouchAll(ctx, seen)
			}
		},
	},
	{
		bug: "every use begins the grace anew",
		by:  "renew/only the first use counts",
		plant: func(w *wrong) {
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				w.locked(func() {
					if s, ok := w.records[seen.ID]; err == nil && ok && !seen.PreviousUntil.IsZero() && !s.Previous.IsZero() {
						s.PreviousUntil = seen.PreviousUntil
						w.put(s)
					}
				})
				return err
			}
		},
	},
	{
		bug: "a successor that was used is replaced",
		by:  "renew/a successor that was used is not replaced",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				w.locked(func() {
					if s, live := w.live(old); errors.Is(err, session.ErrConflict) && live == nil && s.Previous == next.Previous && s.Version == next.Version {
						w.drop(old)
						w.put(next)
						w.aliases[next.Previous] = next.ID
						err = nil
					}
				})
				return err
			}
		},
	},
	{
		bug: "a successor that was replaced lives on",
		by:  "renew/a renewal replaces the successor that nobody has used",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, _ := w.model.Get(ctx, old)
				err := w.model.Rotate(ctx, old, next)
				if err == nil && !next.Previous.IsZero() && next.Previous != old {
					w.locked(func() { w.put(s) })
				}
				return err
			}
		},
	},
	{
		bug: "the ID before still leads to the successor that was replaced",
		by:  "renew/a renewal replaces the successor that nobody has used",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				if err == nil && !next.Previous.IsZero() && next.Previous != old {
					w.locked(func() { w.aliases[next.Previous] = old })
				}
				return err
			}
		},
	},
	{
		bug: "a replacement that asks whether it was used, then writes",
		by:  "renew/a first use and a replacement never both succeed",
		plant: func(w *wrong) {
			var between gap
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, err := w.model.Get(ctx, old)
				if err != nil || s.ID != old || next.Previous == old || next.Previous.IsZero() || !s.Unused() {
					return w.model.Rotate(ctx, old, next)
				}
				between.wait()
				w.locked(func() {
					if _, ok := w.records[old]; ok {
						w.drop(old)
					}
					w.put(next)
					w.aliases[next.Previous] = next.ID
				})
				return nil
			}
			w.touchOne = func(ctx context.Context, seen session.Seen) (err error) {
				if seen.PreviousUntil.IsZero() {
					return w.model.Touch(ctx, seen)
				}
				between.into(func() { err = w.model.Touch(ctx, seen) })
				return err
			}
		},
	},
	{
		bug: "deleteuser does not know a kept session under its new ID",
		by:  "renew/a renewed session takes one place, and is kept by either ID",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
				w.locked(func() {
					keep = slices.Clone(keep)
					for i, id := range keep {
						if _, ok := w.aliases[id]; ok {
							keep[i] = session.ID{}
						}
					}
				})
				return w.model.DeleteUser(ctx, u, why, keep...)
			}
		},
	},
	{
		bug: "get that looks up the successor's ID, then the successor",
		by:  "renew/an ID is never absent while its successor is replaced",
		plant: func(w *wrong) {
			var between gap
			w.get = func(ctx context.Context, id session.ID) (s session.Session, err error) {
				var next session.ID
				var alias bool
				w.locked(func() { next, alias = w.aliases[id] })
				if !alias {
					return w.model.Get(ctx, id)
				}
				between.wait()
				w.locked(func() {
					if s, err = w.live(next); err == nil && (s.Previous != id || !w.now().Before(s.PreviousUntil)) {
						s, err = session.Session{}, session.ErrNotFound
					}
				})
				return s, err
			}
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) (err error) {
				between.into(func() { err = w.model.Rotate(ctx, old, next) })
				return err
			}
		},
	},
}
