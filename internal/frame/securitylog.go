// The security log: one line for each thing that a security officer looks for, with the person,
// the address, the thing, and how it ended. It holds no secret and nothing that was entered, except
// the name of an account that exists.

package frame

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session"
)

// deed is what the line of a request will say.
type deed struct {
	user  account.User // who asks, the zero User where nobody is signed in
	attrs []slog.Attr
	err   error // why it was not done, where that is known
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

// NoteError says why the visit's request was not done, where its handler answers the error by a
// page of its own. Errors that handlers return are noted already.
func (v *Visit) NoteError(err error) {
	if d := deedOf(v.R); d != nil {
		d.err = err
	}
}

// logged writes a route's line when its handler is done. A route without an event has none.
func (f *Frame) logged(rt Route, next http.Handler) http.Handler {
	if rt.Event == Unlogged {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := &deed{}
		r = r.WithContext(context.WithValue(r.Context(), deedKey{}, d))
		answer := &answered{ResponseWriter: w}
		defer func() {
			wrong := recover()
			if outcome := answer.outcome(rt.Method, d.err, wrong); outcome != "" {
				f.logDeed(r, rt.Event, outcome, answer.status, d)
			}
			if wrong != nil {
				panic(wrong)
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// logDenied writes the line of a request that is denied where its route has none.
func (f *Frame) logDenied(v *Visit, status int, err error) {
	if deedOf(v.R) == nil && status == http.StatusForbidden {
		d := &deed{user: v.User, attrs: []slog.Attr{slog.String("method", v.R.Method)}, err: err}
		f.logDeed(v.R, "request", outcomeDenied, status, d)
	}
}

func (f *Frame) logDeed(r *http.Request, event, outcome string, status int, d *deed) {
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
	if outcome != outcomeDone {
		attrs = append(attrs, slog.String("reason", reason(status, d.err)))
	}
	f.security.LogAttrs(r.Context(), level, "security event", append(attrs, d.attrs...)...)
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
			slog.String("reason", reasonAttempts), slog.String("address", e.IP.String()), slog.String("account", f.knownName(ctx, e.Account)), slog.Int("failures", e.Count))
	}
}

// MaxLogged is how much of a text from an address or a form goes into a line, in characters.
const MaxLogged = 200
