// Failures: every error that reaches a browser becomes a page here.

package crudadmin

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// statusError is an answer other than a page: what to say, and under which
// status.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string { return strconv.Itoa(e.status) + ": " + e.detail }

// errForm means that a request's body is no form.
var errForm = errors.New("no form")

// errOrigin means that a page of another site sent the request.
var errOrigin = &statusError{status: http.StatusForbidden, detail: "The request came from another site."}

var errNoPage = &statusError{status: http.StatusNotFound}

// retryAfter is what an answer of 503 asks for.
const retryAfter = 5 * time.Second

// classify says under which status an error is shown, and in which words. Words
// of a server that is down stay in the log.
func classify(err error) (status int, detail string) {
	var asked *statusError
	var fields data.FieldErrors
	var field *data.FieldError
	var table *data.TableError
	var hook *data.HookError
	switch {
	case errors.As(err, &asked):
		return asked.status, asked.detail
	case errors.Is(err, session.ErrCSRF):
		return http.StatusForbidden, "The form is too old, or was opened by somebody else. Go back, reload the page and send it again."
	case tooLarge(err) != "":
		return http.StatusRequestEntityTooLarge, tooLarge(err)
	case errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(err, errForm):
		return http.StatusRequestTimeout, "The form took too long to arrive, and was not taken. Nothing was changed."
	case errors.As(err, &fields):
		return http.StatusBadRequest, fields.Error()
	case errors.As(err, &field):
		return http.StatusBadRequest, field.Error()
	case errors.As(err, &hook):
		return http.StatusUnprocessableEntity, hook.Error()
	case errors.Is(err, data.ErrNoTable), errors.Is(err, data.ErrNotFound), errors.Is(err, account.ErrNotFound):
		return http.StatusNotFound, ""
	case errors.As(err, &table):
		detail := table.Error() + "."
		if table.Err != nil {
			detail += " If it was changed since the panel was started, restart the panel."
		}
		return http.StatusUnprocessableEntity, detail
	case errors.Is(err, data.ErrReadOnly):
		return http.StatusForbidden, "The database cannot be written to."
	case errors.Is(err, data.ErrTimeout):
		return http.StatusServiceUnavailable, "The database took too long, and was stopped."
	case errors.Is(err, data.ErrBusy):
		return http.StatusServiceUnavailable, "Much is being searched, counted or exported just now. Try again in a few seconds."
	case errors.Is(err, spool.ErrFull):
		return http.StatusServiceUnavailable, "Exports that wait to be taken hold all the room there is for them. Try again in a while, or export fewer rows."
	case errors.Is(err, spool.ErrDisk):
		return http.StatusServiceUnavailable, "The server has no space to prepare the export."
	case errors.Is(err, session.ErrUnavailable):
		return http.StatusServiceUnavailable, "The session store does not answer."
	case errors.Is(err, account.ErrBusy):
		return http.StatusServiceUnavailable, "More people are signing in than can be at once."
	case errors.Is(err, account.ErrUnavailable):
		return http.StatusServiceUnavailable, "The administrators' database does not answer."
	case errors.Is(err, data.ErrUnavailable):
		return http.StatusServiceUnavailable, "The application's database does not answer."
	case errors.Is(err, session.ErrMalformed), errors.Is(err, errForm):
		return http.StatusBadRequest, "The request is malformed."
	default:
		return http.StatusInternalServerError, ""
	}
}

// fail answers with the page of an error.
func (p *Panel) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser has gone
	}
	if errors.Is(err, account.ErrActor) {
		err = p.actorChanged(r)
	}
	if errors.Is(err, errEnded) {
		p.sendToLogin(w, r)
		return
	}
	status, detail := classify(err)
	id := ""
	if status >= http.StatusInternalServerError {
		id = rand.Text()[:8]
		p.log.ErrorContext(r.Context(), "request failed", "request", id, "method", r.Method, "path", r.URL.Path, "status", status, "error", err)
	}
	if status == http.StatusForbidden {
		p.logDenied(r, err)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	wait := time.Duration(0)
	switch status {
	case http.StatusServiceUnavailable:
		wait = retryAfter
	case http.StatusTooManyRequests:
		wait = shareRetryAfter
	}
	if wait > 0 {
		h.Set("Retry-After", seconds(wait))
	}
	if wantsJSON(r) {
		writeJSON(w, status, map[string]string{"error": http.StatusText(status), "detail": detail})
		return
	}
	page := ui.Error{Layout: p.plainLayout(r), Status: status, Detail: detail, RequestID: id, RetryAfter: wait}
	p.keep(&page, r)
	switch {
	case status == http.StatusTooManyRequests && r.Method == http.MethodGet:
		page.RetryHref = r.URL.RequestURI()
	case status < http.StatusInternalServerError, page.SendHref != "":
	case r.Method == http.MethodGet:
		page.RetryHref = r.URL.RequestURI()
	default:
		page.BackHref = p.cameFrom(r)
	}
	if visitor(r).ID != "" && status != http.StatusTooManyRequests { // which is to cost little
		page.Layout = p.layout(w, r, "")
	}
	p.render(w, r, status, page)
}

// cameFrom is the panel's page that a request was sent from, empty if the
// browser does not say.
func (p *Panel) cameFrom(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return ""
	}
	return p.localPath(from.RequestURI())
}

// unavailable answers where the session store could not say who asks.
func (p *Panel) unavailable(w http.ResponseWriter, r *http.Request, err error) { p.fail(w, r, err) }

// render writes a whole page, or the plainest of errors where that fails.
func (p *Panel) render(w http.ResponseWriter, r *http.Request, status int, page ui.Page) {
	var buf bytes.Buffer
	if err := p.ui.Render(&buf, page); err != nil {
		p.log.ErrorContext(r.Context(), "page could not be rendered", "path", r.URL.Path, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if ui.AcceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		buf = gzipped(buf)
	}
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

var gzips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// gzipped compresses a page. What it repeats of the request cannot be used to
// guess at its CSRF token, which is masked anew on every page.
func gzipped(page bytes.Buffer) bytes.Buffer {
	var buf bytes.Buffer
	zip := gzips.Get().(*gzip.Writer)
	defer gzips.Put(zip)
	zip.Reset(&buf)
	_, _ = zip.Write(page.Bytes()) // a buffer takes everything
	_ = zip.Close()
	return buf
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
