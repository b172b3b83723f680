// Failures: every error that reaches a browser becomes a page here.

package frame

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// A StatusError is an answer other than a page: what to say, and under which
// status.
type StatusError struct {
	Status int
	Detail text.Message // sentences, or nil
}

func (e *StatusError) Error() string {
	return strconv.Itoa(e.Status) + ": " + text.English.Say(e.Detail)
}

// Refused is a StatusError.
func Refused(status int, detail text.Message) error {
	return &StatusError{Status: status, Detail: detail}
}

// errForm means that a request's body is not a form.
var errForm = errors.New("no form")

// errOrigin means that a page of another site sent the request.
var errOrigin = Refused(http.StatusForbidden, text.OtherSite)

// ErrNoPage means that nothing is at the address.
var ErrNoPage = Refused(http.StatusNotFound, nil)

const (
	// RetryAfter is what an answer of 503 asks for.
	RetryAfter = 5 * time.Second

	// shareRetryAfter is what an answer of 429 asks for: a person's own requests end soon.
	shareRetryAfter = time.Second
)

// Classify says under which status an error is shown, and in which words. Words
// of a server that is down stay in the log.
func Classify(err error) (status int, detail text.Message) {
	var asked *StatusError
	var table *data.TableError
	var hook *data.HookError
	var unwritable *data.UnwritableError
	refused := data.Refusal(err)
	switch {
	case errors.As(err, &asked):
		return asked.Status, asked.Detail
	case errors.Is(err, session.ErrCSRF):
		return http.StatusForbidden, text.FormExpired
	case tooLarge(err) != nil:
		return http.StatusRequestEntityTooLarge, tooLarge(err)
	case errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(err, errForm):
		return http.StatusRequestTimeout, text.FormTooSlow
	case len(refused) > 0:
		return http.StatusBadRequest, refused.Text()
	case errors.As(err, &hook):
		return http.StatusUnprocessableEntity, text.Verbatim(hook.Error())
	case errors.Is(err, data.ErrNoTable), errors.Is(err, data.ErrNotFound), errors.Is(err, account.ErrNotFound):
		return http.StatusNotFound, nil
	case errors.As(err, &unwritable):
		return http.StatusForbidden, unwritable.Reason
	case errors.As(err, &table):
		if table.Err != nil {
			return http.StatusUnprocessableEntity, text.TableChanged(table.Text())
		}
		return http.StatusUnprocessableEntity, text.TableUnusable(table.Text())
	case errors.Is(err, data.ErrReadOnly):
		return http.StatusForbidden, text.DatabaseReadOnly
	case errors.Is(err, data.ErrTimeout):
		return http.StatusServiceUnavailable, text.DatabaseTooSlow
	case errors.Is(err, data.ErrBusy):
		return http.StatusServiceUnavailable, text.DatabaseBusy
	case errors.Is(err, spool.ErrFull):
		return http.StatusServiceUnavailable, text.ExportsFull
	case errors.Is(err, spool.ErrDisk):
		return http.StatusServiceUnavailable, text.ExportsNoDisk
	case errors.Is(err, session.ErrUnavailable):
		return http.StatusServiceUnavailable, text.SessionsUnanswered
	case errors.Is(err, account.ErrBusy):
		return http.StatusServiceUnavailable, text.SignInsBusy
	case errors.Is(err, account.ErrUnavailable):
		return http.StatusServiceUnavailable, text.AdminsUnanswered
	case errors.Is(err, data.ErrUndecided):
		return http.StatusServiceUnavailable, text.DatabaseUndecided
	case errors.Is(err, data.ErrUnavailable):
		return http.StatusServiceUnavailable, text.DatabaseUnanswered
	case errors.Is(err, session.ErrMalformed), errors.Is(err, errForm):
		return http.StatusBadRequest, text.Malformed
	default:
		return http.StatusInternalServerError, nil
	}
}

// Unavailable answers a request where nobody could say who asks.
func (f *Frame) Unavailable(w http.ResponseWriter, r *http.Request, err error) {
	f.fail(f.visit(w, r), err)
}

// fail answers with the page of an error. It is the one place where that is done.
func (f *Frame) fail(v *Visit, err error) {
	r, h := v.R, v.W.Header()
	if errors.Is(err, account.ErrActor) {
		err = f.actorChanged(v)
	}
	v.NoteError(err)
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // the browser has gone
	case errors.Is(err, errUnmade):
		f.log.ErrorContext(r.Context(), "page could not be rendered", "path", r.URL.Path, "error", err)
		http.Error(v.W, v.Say(text.PageUnmade), http.StatusInternalServerError)
		return
	case noSession(err):
		f.sendToLogin(v)
		return
	}
	status, detail := Classify(err)
	id := ""
	if status >= http.StatusInternalServerError {
		id = rand.Text()[:8]
		f.log.ErrorContext(r.Context(), "request failed", "request", id, "method", r.Method, "path", r.URL.Path, "status", status, "error", err)
	}
	f.logDenied(v, status, err)
	h.Set("Cache-Control", "no-store")
	wait := time.Duration(0)
	switch status {
	case http.StatusServiceUnavailable:
		wait = RetryAfter
	case http.StatusTooManyRequests:
		wait = shareRetryAfter
	}
	if wait > 0 {
		v.RetryIn(wait)
	}
	if v.WantsJSON() {
		_ = v.JSON(status, map[string]string{"error": http.StatusText(status), "detail": v.Say(detail)})
		return
	}
	page := ui.Error{Layout: v.PlainLayout(), Status: status, Detail: detail, RequestID: id, RetryAfter: wait}
	f.cfg.Keep(v, &page)
	switch {
	case status == http.StatusTooManyRequests && r.Method == http.MethodGet:
		page.RetryHref = r.URL.RequestURI()
	case status < http.StatusInternalServerError, page.SendHref != "":
	case r.Method == http.MethodGet:
		page.RetryHref = r.URL.RequestURI()
	default:
		page.BackHref = v.cameFrom()
	}
	if v.User.ID != "" && status != http.StatusTooManyRequests { // which is to cost little
		page.Layout = v.Layout("")
	}
	if err := v.Render(status, page); err != nil {
		f.fail(v, err)
	}
}

// sendToLogin answers a request that nobody is known to have sent: a page leads to
// the login and back, a program is told 401.
func (f *Frame) sendToLogin(v *Visit) {
	v.W.Header().Set("Cache-Control", "no-store")
	login := v.URL("login")
	switch {
	case v.R.Header.Get("HX-Request") == "true":
		v.W.Header().Set("HX-Redirect", login)
		v.W.WriteHeader(http.StatusUnauthorized)
	case v.WantsJSON():
		_ = v.JSON(http.StatusUnauthorized, map[string]string{"error": v.Say(text.NotSignedIn)})
	default:
		if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead {
			login += "?next=" + url.QueryEscape(v.R.URL.RequestURI())
		}
		_ = v.Redirect(login)
	}
}

// cameFrom is the panel's page that a request was sent from, empty if the
// browser does not say.
func (v *Visit) cameFrom() string {
	from, err := url.Parse(v.R.Referer())
	if err != nil || from.Host != v.R.Host {
		return ""
	}
	return v.LocalPath(from.RequestURI())
}

// RetryIn says in the answer's header after which time the request may be sent again.
func (v *Visit) RetryIn(d time.Duration) {
	v.W.Header().Set("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
}
