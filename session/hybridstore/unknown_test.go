// Endings of unknown outcome: what is told of them when the database goes on to fail.

package hybridstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// dying ends sessions once, loses the answer, and is out of reach from then on.
type dying struct {
	*sqlstore.Store
	dead bool
}

func (d *dying) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if d.dead {
		return session.Session{}, session.ErrUnavailable
	}
	d.dead = true
	_, _ = d.Store.Delete(ctx, id, why)
	return session.Session{}, session.ErrIndeterminate
}

func (d *dying) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	if d.dead {
		return 0, session.ErrUnavailable
	}
	d.dead = true
	_, _ = d.Store.DeleteUser(ctx, user, why, keep...)
	return 0, session.ErrIndeterminate
}

// TestUnknownStaysUnknown: a write whose outcome is unknown is ErrIndeterminate, also
// where asking again came to nothing: unavailable would say that it was not done.
func TestUnknownStaysUnknown(t *testing.T) {
	for name, end := range map[string]func(*hybridstore.Store, session.Session) error{
		"delete": func(s *hybridstore.Store, one session.Session) error {
			_, err := s.Delete(t.Context(), one.ID, session.Ending{Reason: session.ReasonLogout})
			return err
		},
		"delete user": func(s *hybridstore.Store, one session.Session) error {
			_, err := s.DeleteUser(t.Context(), one.User(), session.Ending{Reason: session.ReasonRevoked})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := fast()
			truth, cache := parts(t, cfg)
			s, err := hybridstore.New(&dying{Store: truth}, cache, cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, one, err := manager(t, s).Create(t.Context(), session.NewSession{UserID: "anna"})
			if err != nil {
				t.Fatal(err)
			}
			if err := end(s, one); !errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("error %v, want ErrIndeterminate", err)
			}
			if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Get: %v; the test wants it ended", err)
			}
		})
	}
}
