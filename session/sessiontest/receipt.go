// Receipts: how far an ending has come, where a store cannot be sure at once.

package sessiontest

import (
	"context"
	"errors"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var receiptChecks = []check{
	{
		name: "an ending that is not known everywhere yet says so",
		rule: "Logout, Revoke and RevokeUser return the store's *PartialError: the session has ended for good, and the event says so once. Rotate to another user is unavailable then.",
		run: func(f *fixture) {
			var ended []session.Event
			m := f.manager(partial{f.store}, func(c *session.Config) {
				c.OnEvent = func(_ context.Context, e session.Event) {
					if e.Kind == session.EventEnded {
						ended = append(ended, e)
					}
				}
			})
			receipt := func(err error, what string) {
				f.Helper()
				f.want(err, session.ErrPartial, "%s", what)
				if errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) {
					f.Errorf("%s: %v, which reads as if the session may be live", what, err)
				}
			}
			make := func(user string) (session.Token, session.Session) {
				f.Helper()
				token, s, err := m.Create(f.ctx, session.NewSession{UserID: user})
				f.must(err, "Create")
				return token, s
			}
			token, out := make("anna")
			receipt(m.Logout(f.ctx, token), "Logout")
			f.wantGone(out, "after Logout")
			receipt(m.Logout(f.ctx, token), "Logout again")
			_, one := make("anna")
			receipt(m.Revoke(f.ctx, one.ID, revoked), "Revoke")
			f.wantGone(one, "after Revoke")
			_, all := make("anna")
			n, err := m.RevokeUser(f.ctx, "anna", revoked)
			receipt(err, "RevokeUser")
			if n != 1 || len(ended) != 3 {
				f.Errorf("RevokeUser ended %d, want 1; there were %d events, want 3", n, len(ended))
			}
			f.wantGone(all, "after RevokeUser")
			guest, _ := make("")
			_, _, err = m.Elevate(f.ctx, guest, "anna")
			f.want(err, session.ErrUnavailable, "Rotate to another user whose old session may still be taken somewhere")
			f.wantListLen(m.User("anna"), 0)
		},
	},
}

// partial is a store whose endings are never known everywhere in time.
type partial struct{ session.Store }

func (p partial) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	ended, err := p.Store.Delete(ctx, id, why)
	if err == nil || errors.Is(err, session.ErrNotFound) {
		err = &session.PartialError{Within: time.Second, Cause: session.ErrUnavailable}
	}
	return ended, err
}

func (p partial) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	n, err := p.Store.DeleteUser(ctx, user, why, keep...)
	if err == nil {
		err = &session.PartialError{Within: time.Second, Cause: session.ErrUnavailable}
	}
	return n, err
}
