// Routes: every address of the panel, who may ask for it, and the one place
// where that is decided.

package crudadmin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/session"
)

// access says who may ask for an address. The zero access is nobody's: an
// address that was not classified is refused, and a test finds it.
type access int

const (
	unclassified access = iota
	open                // anybody; no session is looked up
	anybody             // anybody; a session is looked up
	signedIn            // every administrator
	superuser           // superusers

	// In a table: who has the rights to.
	viewing
	exporting
	creating
	updating
	deleting
	bulkUpdating
	bulkDeleting
	acting // the action says which rights it needs beside
)

// rights are what an access needs in the request's table.
func (a access) rights() []Right {
	switch a {
	case viewing:
		return []Right{RightView}
	case exporting:
		return []Right{RightView, RightExport}
	case creating:
		return []Right{RightView, RightCreate}
	case updating:
		return []Right{RightView, RightUpdate}
	case deleting:
		return []Right{RightView, RightDelete}
	case bulkUpdating:
		return []Right{RightView, RightBulk, RightUpdate}
	case bulkDeleting:
		return []Right{RightView, RightBulk, RightDelete}
	case acting:
		return []Right{RightView, RightBulk}
	}
	return nil
}

// route is an address under the mount path.
type route struct {
	method  string
	path    string // a pattern of http.ServeMux without the mount path
	access  access
	handler http.HandlerFunc
}

// table is the panel's addresses.
func (p *Panel) table() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/healthz", open, p.healthz},
		{get, "/readyz", open, p.readyz},
		{get, "/static/{file}", open, p.ui.Static().ServeHTTP},
		{get, "/login", anybody, p.showLogin},
		{post, "/login", anybody, p.login},
		{post, "/logout", anybody, p.logout},
		{get, "/{$}", signedIn, p.dashboard},
		{get, "/m/{table}/{$}", viewing, p.list},
		{get, "/m/{table}/export.csv", exporting, p.exportCSV},
		{get, "/m/{table}/export.json", exporting, p.exportJSON},
		{get, "/m/{table}/choices/{column}", viewing, p.chooseReference},
		{post, "/m/{table}/actions/delete", bulkDeleting, p.deleteChosen},
		{post, "/m/{table}/actions/edit", bulkUpdating, p.editChosen},
		{post, "/m/{table}/actions/{name}", acting, p.runAction},
		{get, "/m/{table}/new", creating, p.showNew},
		{post, "/m/{table}/{$}", creating, p.create},
		{get, "/m/{table}/{key}", viewing, p.record},
		{get, "/m/{table}/{key}/file/{column}", viewing, p.download},
		{get, "/m/{table}/{key}/edit", updating, p.showEdit},
		{post, "/m/{table}/{key}/edit", updating, p.update},
		{get, "/m/{table}/{key}/delete", deleting, p.showDelete},
		{post, "/m/{table}/{key}/delete", deleting, p.delete},
		{get, "/account", signedIn, p.showAccount},
		{post, "/account/password", signedIn, p.changePassword},
		{post, "/account/revoke", signedIn, p.revokeOwn},
		{get, "/sessions/{$}", superuser, p.listSessions},
		{post, "/sessions/revoke", superuser, p.revokeSessions},
		{get, "/health", superuser, p.showHealth},
		{get, "/users/{$}", superuser, p.listUsers},
		{get, "/users/new", superuser, p.newUser},
		{post, "/users/{$}", superuser, p.createUser},
		{get, "/users/{id}", superuser, p.showUser},
		{post, "/users/{id}", superuser, p.changeRole},
		{post, "/users/{id}/disable", superuser, p.disableUser},
		{post, "/users/{id}/enable", superuser, p.enableUser},
		{post, "/users/{id}/password", superuser, p.resetPassword},
		{post, "/users/{id}/unlock", superuser, p.unlockUser},
		// Addresses that lack their last slash.
		{get, "/m/{table}", viewing, addSlash},
		{get, "/sessions", signedIn, addSlash},
		{get, "/users", signedIn, addSlash},
	}
}

// fixed reports whether an address has a word where others have a record's key.
// No key is such a word (see data.Key), so these addresses are looked at first.
func (rt route) fixed() bool {
	return strings.HasPrefix(rt.path, "/m/{table}/choices/") || strings.HasPrefix(rt.path, "/m/{table}/actions/")
}

func (p *Panel) route() {
	p.routes = p.table()
	p.fixed, p.mux = http.NewServeMux(), http.NewServeMux()
	for _, rt := range p.routes {
		mux := p.mux
		if rt.fixed() {
			mux = p.fixed
		}
		mux.Handle(rt.method+" "+p.base+rt.path, p.logged(rt, p.guard(rt)))
	}
	if p.base != "" {
		p.mux.Handle("GET "+p.base, p.guard(route{access: signedIn, handler: addSlash}))
	}
}

// find returns the mux that has a route for the request, nil if none has.
func (p *Panel) find(r *http.Request) *http.ServeMux {
	for _, mux := range []*http.ServeMux{p.fixed, p.mux} {
		if _, pattern := mux.Handler(r); pattern != "" {
			return mux
		}
	}
	return nil
}

// dispatch finds the request's route. What has none is not found, or has
// another method; who is not signed in is not told which.
func (p *Panel) dispatch(w http.ResponseWriter, r *http.Request) {
	if mux := p.find(r); mux != nil {
		mux.ServeHTTP(w, r)
		return
	}
	p.guard(route{access: signedIn, handler: func(w http.ResponseWriter, r *http.Request) {
		if allow := p.allowed(r); allow != "" {
			w.Header().Set("Allow", allow)
			p.fail(w, r, &statusError{status: http.StatusMethodNotAllowed})
			return
		}
		p.fail(w, r, errNoPage)
	}}).ServeHTTP(w, r)
}

// allowed returns the methods that the request's address has.
func (p *Panel) allowed(r *http.Request) string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if p.find(other) != nil {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}

func addSlash(w http.ResponseWriter, r *http.Request) {
	to := url.URL{Path: r.URL.Path + "/", RawPath: r.URL.EscapedPath() + "/", RawQuery: r.URL.RawQuery}
	http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
}

// guard lets through to a route's handler who may ask for it.
func (p *Panel) guard(rt route) http.Handler {
	switch rt.access {
	case open:
		return rt.handler
	case anybody:
		return p.sessions.Middleware(bounded(rt, p.checkCSRF(rt, rt.handler)))
	case signedIn, superuser, viewing, exporting, creating, updating, deleting, bulkUpdating, bulkDeleting, acting:
		return p.sessions.Middleware(p.identify(p.shared(func(w http.ResponseWriter, r *http.Request) {
			if err := p.permit(r, rt.access); err != nil {
				p.fail(w, r, err)
				return
			}
			bounded(rt, p.checkCSRF(rt, p.askAgain(rt, p.watched(rt, p.takes(rt)))))(w, r)
		})))
	default:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.fail(w, r, errNoPage) })
	}
}

type visitorKey struct{}

// visitor returns the administrator who asks; the zero User if nobody is signed
// in.
func visitor(r *http.Request) account.User {
	u, _ := r.Context().Value(visitorKey{}).(account.User)
	return u
}

// identify finds the administrator of the session, or sends to the login. A
// session whose account is gone or disabled ends here.
func (p *Panel) identify(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, ok := p.current(r)
		if !ok || s.UserID == "" {
			p.sendToLogin(w, r)
			return
		}
		userID := s.UserID
		u, err := p.accounts.ByID(r.Context(), userID)
		if errors.Is(err, account.ErrNotFound) || err == nil && u.Disabled {
			why := session.Ending{Reason: session.ReasonUserDisabled}
			if _, err := p.manager.RevokeUser(r.Context(), userID, why); err != nil && !errors.Is(err, session.ErrPartial) {
				p.fail(w, r, err)
				return
			}
			p.sendToLogin(w, r)
			return
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		if d := deedOf(r); d != nil {
			d.user = u
		}
		next(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, u)))
	}
}

// sendToLogin answers who is not signed in: a page leads to the login and back,
// a program is told 401.
func (p *Panel) sendToLogin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	login := p.ui.URL("login")
	switch {
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Redirect", login)
		w.WriteHeader(http.StatusUnauthorized)
	case wantsJSON(r):
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "not signed in"})
	default:
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			login += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		http.Redirect(w, r, login, http.StatusSeeOther)
	}
}

// wantsJSON reports whether a program asks, not a browser.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
