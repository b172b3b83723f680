// Watched: what takes long in a table, and every write, ends within a second of the right to it.

package frame

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
)

// watched asks every second, while a request to a table or one that writes is answered, whether its
// session and account live and the role is the same. If not, its context ends, and with it query,
// transaction and export; what was written of the answer is cut, and where nothing was, the answer
// is the one that a new request would get. Short requests are asked nothing.
func (f *Frame) watched(rt Route) Handler {
	if len(rt.Access.Rights()) == 0 && rt.Method == http.MethodGet {
		return rt.Handler
	}
	return func(v *Visit) error {
		w, r := v.W, v.R
		ctx, done := f.Watch.Follow(r.Context(), v.watchedAs(), v.mayGoOn())
		defer done()
		over := func() error { // why the watch has ended it; nil if it has not
			why := context.Cause(ctx) // asked first: an end of the request ends ctx after it
			if r.Context().Err() != nil {
				why = nil // the browser has gone
			}
			return why
		}
		answer := &cuttable{ResponseWriter: w}
		defer context.AfterFunc(ctx, func() {
			if over() != nil {
				answer.cut()
			}
		})()
		v.W, v.R = answer, r.WithContext(ctx)
		returned := false
		defer func() {
			if !returned && answer.hasBegun() {
				reset(w) // a stream that was cut ends with a panic
			}
		}()
		err := rt.Handler(v)
		returned = true
		v.W, v.R = w, r
		why := over()
		if why == nil || !answer.cut() {
			return err
		}
		f.log.InfoContext(r.Context(), "a request is cut: its visitor may not go on", "path", r.URL.Path, "user", v.User.Username, "why", why)
		if answer.begun {
			reset(w)
			return v.Cut(why)
		}
		for _, name := range []string{"Content-Disposition", "Content-Type", "Content-Length", "Content-Encoding"} {
			w.Header().Del(name)
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // what was cut may have ended it
		return why
	}
}

// reset throws away what the connection holds that the browser has not taken, which would arrive
// for as long as it takes to read it. HTTP/2 has no such answer: there the server bounds what
// one connection holds, as cmd/crudadmin does with the buffer of its sockets.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // HTTP/2, or a recorder
	}
	under := conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS says goodbye on its own
		under = secure.NetConn()
	}
	if tcp, ok := under.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = under.Close()
}

// watchedAs names what is asked the same: a session under a role.
func (v *Visit) watchedAs() string {
	mine, _ := v.Session()
	return mine.ID.String() + " " + v.User.ID + " " + string(v.User.Role)
}

// mayGoOn asks whether a visit may go on that takes long: whether its session and its account
// live, and the role is the same.
func (v *Visit) mayGoOn() Ask {
	f, then := v.frame, v.User
	request := context.WithoutCancel(v.R.Context()) // it holds the session
	return func(ctx context.Context) (over, err error) {
		bounded, cancel := context.WithCancel(request)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		err = f.sessionLives(bounded)
		var now account.User
		if err == nil {
			now, err = accountLives(f.accounts.ByID(bounded, then.ID))
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

func (c *cuttable) hasBegun() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun
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
