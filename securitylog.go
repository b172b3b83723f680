// The security log: one line for each thing that a security officer looks for, with who,
// from where, what, and how it ended. It holds no secret and nothing that was entered,
// except the name of an account that exists.

package crudadmin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session"
)

// How a deed ended.
const (
	outcomeDone      = "done"
	outcomeFailed    = "failed"    // the name or the password was wrong
	outcomeThrottled = "throttled" // too many attempts, or requests at once
	outcomeDenied    = "denied"    // no right, a wrong CSRF token, or another site
	outcomeRefused   = "refused"   // what was sent does not fit, or no longer
	outcomeError     = "error"     // a server is down, or a fault of ours
	outcomeCut       = "cut"       // the answer did not reach its end
)

// events are the names of what is logged, by the route that does it. Every route that changes
// something has a name here, or an empty one where its line would be about data and not about
// security.
var events = map[string]string{
	"POST /login":                        "sign-in",
	"POST /logout":                       "sign-out",
	"POST /account/password":             "account.password",
	"POST /account/revoke":               "account.end-sessions",
	"POST /sessions/revoke":              "sessions.end",
	"POST /users/{$}":                    "user.create",
	"POST /users/{id}":                   "user.role",
	"POST /users/{id}/disable":           "user.disable",
	"POST /users/{id}/enable":            "user.enable",
	"POST /users/{id}/password":          "user.password",
	"POST /users/{id}/unlock":            "user.unlock",
	"GET /m/{table}/export.csv":          "export",
	"GET /m/{table}/export.json":         "export",
	"GET /m/{table}/{key}/file/{column}": "file",
	"POST /m/{table}/{key}/delete":       "delete",
	"POST /m/{table}/actions/delete":     "bulk.delete",
	"POST /m/{table}/actions/edit":       "bulk.edit",
	"POST /m/{table}/actions/{name}":     "bulk.action",
	"POST /m/{table}/{$}":                "",
	"POST /m/{table}/{key}/edit":         "",
}

// deed is what the line of a request will say.
type deed struct {
	user  account.User // who asks, the zero User where nobody is signed in
	attrs []slog.Attr
	err   error // what was answered with an error page
}

type deedKey struct{}

func deedOf(r *http.Request) *deed {
	d, _ := r.Context().Value(deedKey{}).(*deed)
	return d
}

// note adds to the line of the request, if it has one. Values are never secrets.
func note(r *http.Request, attrs ...slog.Attr) {
	if d := deedOf(r); d != nil {
		d.attrs = append(d.attrs, attrs...)
	}
}

// logged writes a route's line when its handler is done. A route without an event has none.
func (p *Panel) logged(rt route, next http.Handler) http.Handler {
	event := events[rt.method+" "+rt.path]
	if event == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := &deed{}
		r = r.WithContext(context.WithValue(r.Context(), deedKey{}, d))
		answer := &answered{ResponseWriter: w}
		ended := false
		defer func() {
			outcome := outcomeCut
			if ended {
				outcome = answer.outcome(rt.method)
			}
			if outcome != "" {
				p.logDeed(r, event, outcome, d)
			}
		}()
		next.ServeHTTP(answer, r)
		ended = true
	})
}

// answered notes an answer's status.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// outcome is how the request ended; empty where it asked a question back, and nothing was
// done yet.
func (a *answered) outcome(method string) string {
	switch {
	case a.status == 0, a.status == http.StatusOK && method != http.MethodGet && strings.HasPrefix(a.Header().Get("Content-Type"), "text/html"):
		return ""
	case a.status < http.StatusBadRequest:
		return outcomeDone
	case a.status == http.StatusUnauthorized:
		return outcomeFailed
	case a.status == http.StatusForbidden:
		return outcomeDenied
	case a.status == http.StatusTooManyRequests:
		return outcomeThrottled
	case a.status < http.StatusInternalServerError:
		return outcomeRefused
	default:
		return outcomeError
	}
}

// logDenied writes the line of a request that is denied, where its route has none of its own.
func (p *Panel) logDenied(r *http.Request, err error) {
	if d := deedOf(r); d != nil {
		d.err = err
		return
	}
	p.logDeed(r, "request", outcomeDenied, &deed{user: visitor(r), err: err, attrs: []slog.Attr{slog.String("method", r.Method)}})
}

func (p *Panel) logDeed(r *http.Request, event, outcome string, d *deed) {
	level := slog.LevelInfo
	if outcome != outcomeDone {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("event", event), slog.String("outcome", outcome), slog.String("address", p.sessions.ClientIP(r).String())}
	if d.user.ID != "" {
		attrs = append(attrs, slog.String("user", d.user.Username), slog.String("user_id", d.user.ID), slog.String("role", string(d.user.Role)))
	}
	for _, part := range []struct{ name, label string }{{"table", "table"}, {"key", "key"}, {"column", "column"}, {"name", "action"}, {"id", "target_id"}} {
		if value := r.PathValue(part.name); value != "" {
			attrs = append(attrs, slog.String(part.label, clip.Text(value, maxLogged)))
		}
	}
	if why := deniedFor(d.err); outcome == outcomeDenied && why != "" {
		attrs = append(attrs, slog.String("reason", why))
	}
	p.security.LogAttrs(r.Context(), level, "security event", append(attrs, d.attrs...)...)
}

// deniedFor is why a request was denied, in one word.
func deniedFor(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, session.ErrCSRF):
		return "csrf"
	case errors.Is(err, errOrigin):
		return "origin"
	default:
		return "rights"
	}
}

// accountNamed notes the account that an attempt to sign in names. What names none is not
// written: people enter their password there by mistake. It asks the same for both, so that
// an answer's time tells nothing.
func (p *Panel) accountNamed(r *http.Request, username string) {
	note(r, slog.String("account", p.knownName(r.Context(), username)))
}

func (p *Panel) knownName(ctx context.Context, username string) string {
	u, err := p.accounts.ByUsername(ctx, username)
	if err != nil {
		return "(no such account)"
	}
	return u.Username
}

// maxLogged is how much of a text from an address or a form goes into a line, in characters.
const maxLogged = 200
