// Visit: one request, from the guard to the answer. It carries what a handler needs to know, so
// that no handler asks twice.

package frame

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/session"
)

// A Visit is one request by one person, made in the guard.
type Visit struct {
	W http.ResponseWriter
	R *http.Request

	User  account.User // who asks; the zero User if nobody is signed in
	Data  *data.Source // the application's data, as this person may see it
	Table *data.Table  // that the address names; nil outside m/{table}
	View  *typed.View  // of Table, never nil with it

	frame *Frame
	share *Share
	kept  func()         // ends the reading of a form that is refused
	may   map[Right]bool // in Table, as far as it was asked
}

// A Handler answers a visit, or returns the error that becomes a page.
type Handler func(*Visit) error

// visit is the visit of somebody who is not known yet.
func (f *Frame) visit(w http.ResponseWriter, r *http.Request) *Visit {
	return &Visit{W: w, R: r, Data: f.DataFor(nobody), frame: f}
}

// end gives back what the visit holds: its place among those of its person, and the files of its
// form. (net/http removes the files of the request that it made, and the visit's is a copy of
// that.)
func (v *Visit) end() {
	v.share.End()
	if v.kept != nil {
		v.kept()
	}
	if v.R.MultipartForm != nil {
		_ = v.R.MultipartForm.RemoveAll()
	}
}

// knows makes the visit that of a person.
func (v *Visit) knows(u account.User) {
	v.User, v.Data = u, v.frame.DataFor(u.Role)
	v.Table, v.View, v.may = nil, nil, nil
}

// reads reports a request that changes nothing.
func (v *Visit) reads() bool {
	return v.R.Method == http.MethodGet || v.R.Method == http.MethodHead || v.R.Method == http.MethodOptions
}

// May reports whether the visitor has all the rights in a table.
func (v *Visit) May(t *data.Table, asked ...Right) bool {
	return !slices.ContainsFunc(asked, func(right Right) bool { return !v.has(t, right) })
}

// has asks once for each right to the table of the address.
func (v *Visit) has(t *data.Table, right Right) bool {
	if t != v.Table {
		return v.frame.refusal(v.User.Role, t, right) == nil
	}
	may, known := v.may[right]
	if !known {
		may = v.permit(right) == nil
	}
	return may
}

// ViewOf is what the program says of a table.
func (v *Visit) ViewOf(t *data.Table) *typed.View { return v.frame.View(t) }

// permit says why the visitor does not have a right to the table of the address.
func (v *Visit) permit(right Right) error {
	err := v.frame.refusal(v.User.Role, v.Table, right)
	if v.may == nil {
		v.may = map[Right]bool{}
	}
	v.may[right] = err == nil
	return err
}

// MayChange reports whether the visitor may change a column, as far as other tables are
// reached by that.
func (v *Visit) MayChange(t *data.Table, column string) bool {
	return v.frame.mayReachAll(v.User.Role, v.frame.everything().Changing(t.Name, []string{column})) == nil
}

// ownMark is in the metadata of each session that the panel makes. An application may keep its
// customers' sessions in the same store and under the same key, and what it says of customer 1
// says nothing of administrator 1.
var ownMark = session.NewKey[bool]("_crudadmin")

// NewSession is a session of the panel.
func NewSession(userID string) (session.NewSession, error) {
	n := session.NewSession{UserID: userID}
	err := ownMark.Set(&n.Metadata, true)
	return n, err
}

// Session returns the request's session, if the panel made it.
func (v *Visit) Session() (session.Session, bool) {
	s, ok := v.frame.sessions.FromContext(v.R.Context())
	if !ok {
		return session.Session{}, false
	}
	if own, _, err := ownMark.Get(s.Metadata); err != nil || !own {
		return session.Session{}, false
	}
	return s, true
}

// IsSuperuser reports whether the visitor may see and end everybody's sessions, and more.
func (v *Visit) IsSuperuser() bool { return v.User.Role == account.Superuser }

// Log is where a handler tells operators what the answer does not.
func (v *Visit) Log() *slog.Logger { return v.frame.log }
