// Planted bugs of Touch and Update.

package sessiontest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedWrites = []planted{
	{
		bug: "touch that creates",
		by:  "in flight/a validation about to touch does not bring the session back",
		plant: func(w *wrong) {
			var mu sync.Mutex
			cache := map[session.ID]session.Session{}
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					cache[id] = s
				}
				return s, err
			}
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				mu.Lock()
				s, ok := cache[seen.ID]
				mu.Unlock()
				if errors.Is(err, session.ErrNotFound) && ok {
					w.locked(func() { w.put(s) })
					return nil
				}
				return err
			}
		},
	},
	{
		bug: "touch that reads, then sets",
		by:  "in flight/touches at the moment of an ending do not bring the session back",
		plant: func(w *wrong) {
			var between gap
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				s, err := w.model.Get(ctx, seen.ID)
				if err != nil || s.ID != seen.ID {
					return session.ErrNotFound
				}
				between.wait()
				w.locked(func() {
					w.put(s)
					err = w.touch(seen)
				})
				return err
			}
			w.delete = func(ctx context.Context, id session.ID, why session.Ending) (s session.Session, err error) {
				between.into(func() { s, err = w.model.Delete(ctx, id, why) })
				return s, err
			}
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (n int, err error) {
				between.into(func() { n, err = w.model.DeleteUser(ctx, u, why, keep...) })
				return n, err
			}
		},
	},
	{
		bug: "touch that writes the whole record back",
		by:  "touch/a touch beside an update loses neither",
		plant: func(w *wrong) {
			var between gap
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				s, err := w.model.Get(ctx, seen.ID)
				if err != nil || s.ID != seen.ID {
					return session.ErrNotFound
				}
				between.wait()
				w.locked(func() {
					if _, err = w.live(seen.ID); err == nil {
						w.put(s)
						err = w.touch(seen)
					}
				})
				return err
			}
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) (err error) {
				between.into(func() { err = w.model.Update(ctx, id, version, md) })
				return err
			}
		},
	},
	{
		bug: "touch that moves back",
		by:  "touch/touch never moves back",
		plant: func(w *wrong) {
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				w.locked(func() {
					if s, ok := w.records[seen.ID]; ok && err == nil && seen.ExpiresAt.Before(s.ExpiresAt) && seen.ExpiresAt.Before(s.Deadline) {
						s.LastActivity, s.ExpiresAt = seen.LastActivity, seen.ExpiresAt
						w.put(s)
					}
				})
				return err
			}
		},
	},
	{
		bug: "touch past the deadline",
		by:  "touch/touch never passes the deadline",
		plant: func(w *wrong) {
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				w.locked(func() {
					if s, ok := w.records[seen.ID]; ok && err == nil && seen.ExpiresAt.After(s.Deadline) {
						s.ExpiresAt = seen.ExpiresAt
						w.put(s)
					}
				})
				return err
			}
		},
	},
	{
		bug: "touchall that stops at the first absent",
		by:  "touch/touchall touches the live and names the absent",
		plant: func(w *wrong) {
			w.touchAll = func(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
				for _, one := range seen {
					if err := w.model.Touch(ctx, one); errors.Is(err, session.ErrNotFound) {
						return []session.ID{one.ID}, nil
					} else if err != nil {
						return nil, err
					}
				}
				return nil, nil
			}
		},
	},
	{
		bug: "update as upsert",
		by:  "in flight/an update about to write does not bring the session back",
		plant: func(w *wrong) {
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				err := w.model.Update(ctx, id, version, md)
				if errors.Is(err, session.ErrNotFound) {
					w.locked(func() {
						for _, s := range w.history {
							if s.ID == id {
								s.EndedAt, s.Ending, s.Metadata = time.Time{}, session.Ending{}, md
								w.put(s)
								err = nil
							}
						}
					})
				}
				return err
			}
		},
	},
	{
		bug: "update that ignores the version",
		by:  "update/update of another version is a conflict",
		plant: func(w *wrong) {
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				if s, err := w.model.Get(ctx, id); err == nil && s.ID == id {
					version = s.Version
				}
				return w.model.Update(ctx, id, version, md)
			}
		},
	},
	{
		bug: "update that compares, then writes",
		by:  "update/of parallel updates exactly one wins",
		plant: func(w *wrong) {
			var between gap
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				s, err := w.model.Get(ctx, id)
				if err != nil || s.ID != id || s.Version != version {
					return w.model.Update(ctx, id, version, md)
				}
				between.meet()
				w.locked(func() {
					if s, err = w.live(id); err == nil {
						s.Metadata, s.Version = md, version+1
						w.put(s)
					}
				})
				return err
			}
		},
	},
}
