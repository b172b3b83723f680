// Update: metadata under a version, so that no change is lost.

package sessiontest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/go-crudadmin/crudadmin/session"
)

var updateChecks = []check{
	{
		name: "update replaces the metadata and raises the version",
		rule: "Update replaces the metadata of a live session if its Version is still version, and raises the Version by one.",
		run: func(f *fixture) {
			for _, user := range []string{"anna", ""} {
				s := f.create(user)
				for _, text := range []string{`{"a":1}`, `{}`, `{"名":"😀","b":[null,true]}`} {
					s.Metadata = session.StoredMetadata(text)
					f.must(f.store.Update(f.ctx, s.ID, s.Version, s.Metadata), "Update")
					s.Version++
					f.wantLive(s, "after an update to %s", text)
				}
			}
		},
	},
	{
		name: "update of another version is a conflict",
		rule: "Update of a session whose Version is not version is ErrConflict, and nothing changes.",
		run: func(f *fixture) {
			s := f.create("anna")
			s.Metadata = session.StoredMetadata(`{"a":1}`)
			f.must(f.store.Update(f.ctx, s.ID, 1, s.Metadata), "Update")
			s.Version = 2
			for _, version := range []uint64{0, 1, 3} {
				err := f.other.Update(f.ctx, s.ID, version, session.StoredMetadata(`{"a":"lost"}`))
				f.want(err, session.ErrConflict, "Update from version %d of a session at 2", version)
			}
			f.wantLive(s, "after updates of other versions")
		},
	},
	{
		name: "of parallel updates exactly one wins",
		rule: "Of k parallel updates of one version one wins, the others see ErrConflict.",
		run: func(f *fixture) {
			s := f.create("anna")
			for range f.times(20, 5) {
				var won atomic.Int32
				var winner atomic.Int32
				together(8, func(i int) {
					m := session.StoredMetadata(fmt.Sprintf(`{"by":%d}`, i))
					switch err := f.handles()[i%len(f.handles())].Update(f.ctx, s.ID, s.Version, m); {
					case err == nil:
						won.Add(1)
						winner.Store(int32(i))
					default:
						f.want(err, session.ErrConflict, "Update beside others")
					}
				})
				if n := won.Load(); n != 1 {
					f.Fatalf("%d of 8 parallel updates of one version won, want exactly 1", n)
				}
				s.Metadata = session.StoredMetadata(fmt.Sprintf(`{"by":%d}`, winner.Load()))
				s.Version++
				f.wantLive(s, "after eight updates at once")
			}
		},
	},
	{
		name: "26 parallel changes through two managers lose nothing",
		rule: "Manager.Update: the result is stored if nobody else was faster, else change is called again with the new state; so nothing is lost.",
		run: func(f *fixture) {
			managers := []*session.Manager{f.manager(f.store), f.manager(f.other)}
			token, s, err := managers[0].Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			const letters = 26
			together(letters, func(i int) {
				_, err := managers[i%2].Update(f.ctx, s.ID, func(m *session.Metadata) error {
					return session.NewKey[int](string(rune('a'+i))).Set(m, i)
				})
				f.want(err, nil, "Update %d", i)
			})
			got, err := managers[1].Validate(f.ctx, token)
			f.must(err, "Validate")
			if got.Version != letters+1 {
				f.Errorf("Version is %d after %d changes, want %d", got.Version, letters, letters+1)
			}
			for i := range letters {
				if v, ok, err := session.NewKey[int](string(rune('a' + i))).Get(got.Metadata); err != nil || !ok || v != i {
					f.Errorf("the change of %q is lost: %v, %v, %v", rune('a'+i), v, ok, err)
				}
			}
		},
	},
	{
		name: "a change that fails stores nothing",
		rule: "Manager.Update: an error from change is returned as it is, and nothing is stored.",
		run: func(f *fixture) {
			m := f.manager(f.store)
			_, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			failure := errors.New("the change failed")
			_, err = m.Update(f.ctx, s.ID, func(m *session.Metadata) error {
				if err := session.NewKey[int]("x").Set(m, 1); err != nil {
					return err
				}
				return failure
			})
			f.want(err, failure, "Update with a change that fails")
			f.wantLive(s, "after a change that failed")
		},
	},
}
