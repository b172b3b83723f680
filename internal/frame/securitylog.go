// The security log: one line for each thing that a security officer looks for, with who,
// from where, what, and how it ended. It holds no secret and nothing that was entered,
// except the name of an account that exists.

package frame

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

// Note adds to the line of the request, if it has one. Values are never secrets.
func (v *Visit) Note(attrs ...slog.Attr) {
	if d := deedOf(v.R); d != nil {
		d.attrs = append(d.attrs, attrs...)
	}
}

// logged writes a route's line when its handler is done. A route without an event has none.
func (f *Frame) logged(rt Route, next http.Handler) http.Handler {
	event := f.cfg.Events[rt.name()]
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
				outcome = answer.outcome(rt.Method)
			}
			if outcome != "" {
				f.logDeed(r, event, outcome, d)
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
func (f *Frame) logDenied(v *Visit, err error) {
	if d := deedOf(v.R); d != nil {
		d.err = err
		return
	}
	f.logDeed(v.R, "request", outcomeDenied, &deed{user: v.User, err: err, attrs: []slog.Attr{slog.String("method", v.R.Method)}})
}

func (f *Frame) logDeed(r *http.Request, event, outcome string, d *deed) {
	level := slog.LevelInfo
	if outcome != outcomeDone {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("event", event), slog.String("outcome", outcome), slog.String("address", f.sessions.ClientIP(r).String())}
	if d.user.ID != "" {
		attrs = append(attrs, slog.String("user", d.user.Username), slog.String("user_id", d.user.ID), slog.String("role", string(d.user.Role)))
	}
	for _, part := range []struct{ name, label string }{{"table", "table"}, {"key", "key"}, {"column", "column"}, {"name", "action"}, {"id", "target_id"}} {
		if value := r.PathValue(part.name); value != "" {
			attrs = append(attrs, slog.String(part.label, clip.Text(value, MaxLogged)))
		}
	}
	if why := deniedFor(d.err); outcome == outcomeDenied && why != "" {
		attrs = append(attrs, slog.String("reason", why))
	}
	f.security.LogAttrs(r.Context(), level, "security event", append(attrs, d.attrs...)...)
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

// NoteVisitor notes who asks, on a route that is open to anybody, where somebody is signed in.
func (v *Visit) NoteVisitor() {
	s, ok := v.Session()
	d := deedOf(v.R)
	if !ok || s.UserID == "" || d == nil {
		return
	}
	if u, err := v.frame.accounts.ByID(v.R.Context(), s.UserID); err == nil {
		d.user = u
	}
}

// NoteAccount notes the account that an attempt to sign in names. What names none is not
// written: people enter their password there by mistake. It asks the same for both, so that
// an answer's time tells nothing.
func (v *Visit) NoteAccount(username string) {
	v.Note(slog.String("account", v.frame.knownName(v.R.Context(), username)))
}

func (f *Frame) knownName(ctx context.Context, username string) string {
	u, err := f.accounts.ByUsername(ctx, username)
	if err != nil {
		return "(no such account)"
	}
	return u.Username
}

// Alert writes a line when an account is being guessed at.
func (f *Frame) Alert(ctx context.Context, e session.Event) {
	if e.Kind == session.EventAlert {
		f.security.LogAttrs(ctx, slog.LevelWarn, "security event", slog.String("event", "sign-in.alert"), slog.String("outcome", outcomeThrottled),
			slog.String("address", e.IP.String()), slog.String("account", f.knownName(ctx, e.Account)), slog.Int("failures", e.Count))
	}
}

// MaxLogged is how much of a text from an address or a form goes into a line, in characters.
const MaxLogged = 200
