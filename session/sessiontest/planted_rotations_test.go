// Planted bugs of Rotate and its grace.

package sessiontest

import (
	"context"
	"errors"

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
}
