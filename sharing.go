// Sharing: what a request takes of the machine, of which each person has a share.

package crudadmin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// shareRetryAfter is what an answer of 429 asks for: a person's own requests end soon.
const shareRetryAfter = time.Second

type shareKey struct{}

// shared gives a request its place among those of its person, all their sessions together, for as
// long as it is answered. It stands behind identify.
func (p *Panel) shared(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		share, ok := p.shares.Begin(visitor(r).ID)
		if !ok {
			p.refuseShare(w, r)
			return
		}
		defer share.End()
		next(w, r.WithContext(context.WithValue(r.Context(), shareKey{}, share)))
	}
}

// refuseShare answers a request that has no place. A form is read all the same, if not too many are, so that
// what somebody entered stays on the page.
func (p *Panel) refuseShare(w http.ResponseWriter, r *http.Request) {
	if end, ok := p.shares.Keep(visitor(r).ID); ok {
		defer end()
	} else {
		r.Body = http.NoBody
	}
	p.fail(w, r, overShare(fmt.Sprintf("%d requests", frame.MaxRequests)))
}

// takeShare takes what the request is about to do from its person's share, until it is answered.
// The error is 429.
func takeShare(r *http.Request, work frame.Work) error {
	share, _ := r.Context().Value(shareKey{}).(*frame.Share)
	if !share.Take(r.Context(), work) {
		return overShare(work.String())
	}
	return nil
}

func overShare(what string) error {
	return &statusError{status: http.StatusTooManyRequests, detail: "You have " + what + " under way, in all your windows together: wait until that is done."}
}

// takes takes for a route what its address alone tells. Lists, records and choices cost what their
// parameters say: their handlers take it. It stands behind checkCSRF, which has read the form.
func (p *Panel) takes(rt route) http.HandlerFunc {
	var work func(*http.Request) (frame.Work, bool)
	switch rt.access {
	case exporting:
		work = func(r *http.Request) (frame.Work, bool) { return frame.Exporting, r.Method != http.MethodHead }
	case deleting: // what goes with a record, and what forbids it, is counted
		work = func(*http.Request) (frame.Work, bool) { return frame.Searching, true }
	case bulkUpdating, bulkDeleting, acting:
		work = func(r *http.Request) (frame.Work, bool) {
			if r.PostForm.Get(ui.ParamConfirm) == "1" {
				return frame.Changing, true
			}
			return frame.Searching, true // the question says how many
		}
	default:
		return rt.handler
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if what, needed := work(r); needed {
			if err := takeShare(r, what); err != nil {
				p.fail(w, r, err)
				return
			}
		}
		rt.handler(w, r)
	}
}
