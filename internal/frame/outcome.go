// Outcome: how a request that the security log speaks of ended, and why where it was not done.

package frame

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/session"
)

// How a request ended.
const (
	outcomeDone      = "done"
	outcomeFailed    = "failed"    // the name or the password was wrong
	outcomeThrottled = "throttled" // too many attempts, or requests at once
	outcomeDenied    = "denied"    // no session, no right, a wrong CSRF token, or another site
	outcomeRefused   = "refused"   // what was sent does not fit, or no longer
	outcomeError     = "error"     // a server is down, or a fault of ours
	outcomeCut       = "cut"       // the answer did not reach its end
)

// Why a request was not done. docs/operations.md says what each means.
const (
	reasonAccount     = "account"
	reasonAttempts    = "attempts"
	reasonBrowser     = "browser"
	reasonBusy        = "busy"
	reasonConflict    = "conflict"
	reasonCredentials = "credentials"
	reasonCSRF        = "csrf"
	reasonDatabase    = "database"
	reasonFault       = "fault"
	reasonInput       = "input"
	reasonLimit       = "limit"
	reasonMissing     = "missing"
	reasonOrigin      = "origin"
	reasonRights      = "rights"
	reasonSession     = "session"
	reasonShare       = "share"
	reasonSize        = "size"
	reasonSpace       = "space"
	reasonStore       = "store"
	reasonTimeout     = "timeout"
)

// ErrBrowser means that the browser did not take an answer to its end: it has gone, or is too slow.
var ErrBrowser = errors.New("the browser did not take the answer to its end")

// Cut ends the visit's answer where it is, because of an error: what was sent of it is not to be
// taken for the whole. It does not return: its result is for handlers to end with.
func (v *Visit) Cut(err error) error {
	if why := context.Cause(v.R.Context()); why != nil {
		err = why // the watch's, or that of a browser that has gone
	}
	v.NoteError(err)
	panic(http.ErrAbortHandler)
}

// aborted reports whether what a handler panicked with is net/http's own way to end an answer.
func aborted(what any) bool {
	err, ok := what.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
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

// outcome is how the request ended, by its answer, by its error, and by what its handler panicked
// with. It is empty where a question was asked back and nothing was done yet, and where only
// headers were asked for.
func (a *answered) outcome(method string, err error, wrong any) string {
	switch {
	case aborted(wrong):
		return outcomeCut
	case wrong != nil:
		return outcomeError
	case noSession(err):
		return outcomeDenied
	case a.status == 0 && err != nil:
		return outcomeCut
	case a.status == 0, a.asksBack(method):
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

// asksBack reports a page that answers a form without an error.
func (a *answered) asksBack(method string) bool {
	return a.status == http.StatusOK && method != http.MethodGet && strings.HasPrefix(a.Header().Get("Content-Type"), "text/html")
}

func noSession(err error) bool { return errors.Is(err, errNobody) || errors.Is(err, errEnded) }

// reasons are those that errors give, the first that fits.
var reasons = []struct {
	err    error
	reason string
}{
	{session.ErrCSRF, reasonCSRF},
	{errOrigin, reasonOrigin},
	{errNobody, reasonSession},
	{errEnded, reasonSession},
	{errChanged, reasonAccount},
	{session.ErrThrottled, reasonAttempts},
	{session.ErrLimit, reasonLimit},
	{context.Canceled, reasonBrowser},
	{ErrBrowser, reasonBrowser},
	{data.ErrTimeout, reasonTimeout},
	{os.ErrDeadlineExceeded, reasonTimeout},
	{data.ErrBusy, reasonBusy},
	{spool.ErrFull, reasonBusy},
	{account.ErrBusy, reasonBusy},
	{spool.ErrDisk, reasonSpace},
	{session.ErrUnavailable, reasonStore},
	{account.ErrUnavailable, reasonDatabase},
	{data.ErrUnavailable, reasonDatabase},
	{data.ErrReadOnly, reasonDatabase},
}

// reason is why a request was not done: by its error, or by the answer's status where a page says
// it.
func reason(status int, err error) string {
	for _, known := range reasons {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	switch status {
	case http.StatusUnauthorized:
		return reasonCredentials
	case http.StatusForbidden:
		return reasonRights
	case http.StatusNotFound:
		return reasonMissing
	case http.StatusConflict:
		return reasonConflict
	case http.StatusRequestEntityTooLarge:
		return reasonSize
	case http.StatusTooManyRequests:
		return reasonShare
	}
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return reasonInput
	}
	return reasonFault
}
