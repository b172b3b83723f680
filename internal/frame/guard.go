// Guard: the steps between a request and its handler, in their order. Each may end it by an error.

package frame

import (
	"errors"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// errNobody means that nobody is signed in. It is answered by the way to the login.
var errNobody = errors.New("nobody is signed in")

// guard lets those through to a route's handler who may ask for it.
func (f *Frame) guard(rt Route) http.Handler {
	switch rt.Access.to {
	case public:
		return f.answer(rt.Handler)
	case guests:
		return f.sessions.Middleware(f.answer(rt.after(f.bound, f.checkCSRF)))
	case members, superusers, holders:
		last := rt
		last.Handler = f.afterwards(rt.after(f.take))
		rt.Handler = f.watched(last)
		return f.sessions.Middleware(f.answer(rt.after(f.identify, f.count, f.keepUp, f.admit, f.bound, f.checkCSRF, f.askAgain)))
	default:
		return f.answer(func(*Visit) error { return ErrNoPage })
	}
}

// afterwards follows the schema after what was sent, so that the same again meets the table as it
// is. A database that has just not answered is not asked again: its visitor has waited already.
func (f *Frame) afterwards(handler Handler) Handler {
	return func(v *Visit) error {
		err := handler(v)
		away := errors.Is(err, data.ErrUnavailable) || errors.Is(err, data.ErrTimeout)
		if v.R.Method == http.MethodPost && v.Table != nil && !away {
			f.followed(v)
		}
		return err
	}
}

// after is the route's handler after some steps.
func (rt Route) after(steps ...func(*Visit, Route) error) Handler {
	return func(v *Visit) error {
		for _, step := range steps {
			if err := step(v, rt); err != nil {
				return err
			}
		}
		return rt.Handler(v)
	}
}

// answer makes the visit of a request, and a page of what its handler returns.
func (f *Frame) answer(handler Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := f.visit(w, r)
		defer v.end()
		if err := handler(v); err != nil {
			f.fail(v, err)
		}
	})
}

// identify finds the administrator of the session. A session whose account is gone or
// disabled ends here.
func (f *Frame) identify(v *Visit, _ Route) error {
	s, ok := v.Session()
	if !ok || s.UserID == "" {
		return errNobody
	}
	ctx := v.R.Context()
	u, err := f.accounts.ByID(ctx, s.UserID)
	if errors.Is(err, account.ErrNotFound) || err == nil && u.Disabled {
		why := session.Ending{Reason: session.ReasonUserDisabled}
		if _, err := f.manager.RevokeUser(ctx, s.UserID, why); err != nil && !errors.Is(err, session.ErrPartial) {
			return err
		}
		return errNobody
	}
	if err != nil {
		return err
	}
	if d := deedOf(v.R); d != nil {
		d.user = u
	}
	v.knows(u)
	return nil
}

// keepUp shows tables as they are now. What is sent is read by the form that it comes from.
func (f *Frame) keepUp(v *Visit, rt Route) error {
	if v.R.Method == http.MethodGet && rt.showsTables() {
		f.followed(v)
		v.knows(v.User)
	}
	return nil
}

// showsTables says whether pages of the route are about the tables: those of one, and the first.
func (rt Route) showsTables() bool { return len(rt.Access.Rights()) > 0 || rt.Path == "/{$}" }

// followed follows the schema of the application's database, which a migration may have changed. If
// that fails the visit meets it too.
func (f *Frame) followed(v *Visit) {
	if err := f.follow(v.R.Context()); err != nil && v.R.Context().Err() == nil && !errors.Is(err, data.ErrUnavailable) {
		f.log.WarnContext(v.R.Context(), "the changed schema of the database cannot be shown", "error", err)
	}
}

// count gives a visit its place among those of its person, all their sessions together, for as
// long as it is answered. The form of a visit without a place is read all the same, if not too many
// are, so that what somebody entered stays on the page.
func (f *Frame) count(v *Visit, _ Route) error {
	share, ok := f.Shares.Begin(v.User.ID)
	if ok {
		v.share = share
		return nil
	}
	if v.kept, ok = f.Shares.Keep(v.User.ID); !ok {
		v.R.Body = http.NoBody
	}
	return overShare(text.BusyRequests(MaxRequests))
}

// admit decides whether the visitor may ask for the address: by role, and in a table by rights.
func (f *Frame) admit(v *Visit, rt Route) error {
	if rt.Access == Superuser && v.User.Role != account.Superuser {
		return Refused(http.StatusForbidden, text.ForSuperusers)
	}
	needed := rt.Access.Rights()
	if len(needed) == 0 {
		return nil
	}
	var err error
	if v.Table, err = v.table(); err != nil {
		return err
	}
	v.View = f.View(v.Table)
	for _, right := range needed {
		if err := v.permit(right); err != nil {
			return err
		}
	}
	return nil
}

// take takes for a route what its address alone tells of the person's share. Lists, records and
// choices cost what their parameters say: their handlers take it.
func (f *Frame) take(v *Visit, rt Route) error {
	switch needs := rt.Access.needs; {
	case needs(RightBulk) && v.R.PostForm.Get(ui.ParamConfirm) == "1":
		return v.Take(Changing)
	case needs(RightBulk), needs(RightDelete): // the question says how many, and what goes with them
		return v.Take(Searching)
	case needs(RightExport) && v.R.Method != http.MethodHead:
		return v.Take(Exporting)
	}
	return nil
}

// Take takes what the visit is about to do from its person's share, until it is answered.
// The error is 429.
func (v *Visit) Take(work Work) error {
	if !v.share.Take(v.R.Context(), work) {
		return overShare(work.Busy())
	}
	return nil
}

func overShare(busy text.Message) error { return Refused(http.StatusTooManyRequests, busy) }
