// Watched: what takes long in a table, and every write, ends within a second of the right to it.

package crudadmin

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
)

// watched asks every second, while a request to a table or one that writes is
// answered, whether its session and account live and the role is the same. If not, its context ends, and
// with it query, transaction and export; what was written of the answer is cut, and
// where nothing was, the answer is that of a request that comes now. Short requests
// are asked nothing.
func (p *Panel) watched(rt route, next http.HandlerFunc) http.HandlerFunc {
	if len(rt.access.rights()) == 0 && rt.method == http.MethodGet {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, done := p.watch.Follow(r.Context(), p.watchedAs(r), p.mayGoOn(r))
		defer done()
		over := func() error { // why the watch has ended it; nil if it has not
			why := context.Cause(ctx) // asked first: an end of the request ends ctx after it
			if r.Context().Err() != nil {
				why = nil // who asked has gone
			}
			return why
		}
		answer := &cuttable{ResponseWriter: w}
		defer context.AfterFunc(ctx, func() {
			if over() != nil {
				answer.cut()
			}
		})()
		next(answer, r.WithContext(ctx))
		why := over()
		if why == nil || !answer.cut() {
			return
		}
		p.log.InfoContext(r.Context(), "a request is cut: who asked may not go on", "path", r.URL.Path, "user", visitor(r).Username, "why", why)
		if answer.begun {
			panic(http.ErrAbortHandler)
		}
		for _, name := range []string{"Content-Disposition", "Content-Type", "Content-Length", "Content-Encoding"} {
			w.Header().Del(name)
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // what was cut may have ended it
		p.fail(w, r, why)
	}
}

// watchedAs names what is asked the same: a session under a role.
func (p *Panel) watchedAs(r *http.Request) string {
	mine, _ := p.current(r)
	return mine.ID.String() + " " + visitor(r).ID + " " + string(visitor(r).Role)
}

func (p *Panel) mayGoOn(r *http.Request) func(context.Context) (error, error) {
	then := visitor(r)
	request := context.WithoutCancel(r.Context()) // it holds the session
	return func(ctx context.Context) (error, error) {
		bounded, cancel := context.WithCancel(request)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		err := p.sessionLives(bounded)
		var now account.User
		if err == nil {
			now, err = accountLives(p.accounts.ByID(bounded, then.ID))
		}
		switch {
		case errors.Is(err, errEnded):
			return err, nil
		case err == nil && now.Role != then.Role:
			return errChanged, nil
		}
		return nil, err
	}
}

// cuttable is an answer of which nothing more is sent once it is cut.
type cuttable struct {
	http.ResponseWriter

	mu     sync.Mutex
	begun  bool
	isCut  bool
	missed bool // something was to be sent after it was cut, or was not sent whole
}

// cut ends the answer, also a write that the browser holds up, and reports whether
// something of it was not sent.
func (c *cuttable) cut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun && !c.isCut {
		w := c.ResponseWriter
		for {
			outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				break
			}
			w = outer.Unwrap() // the connection's own, which may be told beside a write
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now())
	}
	c.isCut = true
	return c.missed || !c.begun
}

func (c *cuttable) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		c.missed = true
		return false
	}
	c.begun = true
	return true
}

func (c *cuttable) WriteHeader(status int) {
	if c.begin() {
		c.ResponseWriter.WriteHeader(status)
	}
}

func (c *cuttable) Write(b []byte) (int, error) {
	if !c.begin() {
		return 0, errEnded
	}
	n, err := c.ResponseWriter.Write(b)
	if err != nil {
		c.mu.Lock()
		c.missed = true
		c.mu.Unlock()
	}
	return n, err
}

// Unwrap leads http.ResponseController to the server's own.
func (c *cuttable) Unwrap() http.ResponseWriter { return c.ResponseWriter }
