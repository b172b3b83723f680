// World: one interleaving, its browsers and their network, and what happens next.

package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// world is one interleaving.
type world struct {
	t        testing.TB
	clock    *sessiontest.Clock
	manager  *session.Manager
	sessions *sessionhttp.Sessions
	handler  http.Handler
	plant    *Plant
	renews   bool
	users    [2]string
	*choices

	browsers [2]*browser
	running  []*request // at the server
	answers  []*request // on their way to the browser
	echoes   []*request // of pages, which may arrive once more
	arrivals int
	now      int // steps so far

	lives map[session.Lineage]*life
	owner map[string]session.Lineage // of the tokens that answers carried

	totals Totals
	events []string
	broken string
}

// browser is a jar of cookies.
type browser struct {
	name    string
	jar     map[string]cookie
	removed *request // whose answer took the session cookie away
	last    *request // the sign-in, step-up or sign-out whose answer arrived last
}

type cookie struct {
	value string
	by    *request      // whose answer set it
	late  time.Duration // after a renewal made it
}

func newWorld(t testing.TB, store session.Store, clock *sessiontest.Clock, plant *Plant, c *choices, number int) *world {
	if plant == nil {
		plant = &Plant{}
	}
	w := &world{
		t: t, clock: clock, plant: plant, choices: c,
		users:    [2]string{fmt.Sprintf("ann %d", number), fmt.Sprintf("bea %d", number)},
		browsers: [2]*browser{{name: "A", jar: map[string]cookie{}}, {name: "B", jar: map[string]cookie{}}},
		lives:    map[session.Lineage]*life{},
		owner:    map[string]session.Lineage{},
	}
	w.totals.Excused = map[string]int{}
	w.renews = c.pick(2) == 1
	if plant.Store != nil {
		store = plant.Store(store)
	}
	w.manager, w.sessions = newManager(t, gate{store, w}, clock, w.renews)
	w.handler = w.site()
	return w
}

// run makes the choices, lets everything go, and looks at what is left.
func (w *world) run() {
	for !w.done() && w.broken == "" {
		w.step()
		w.now++
		w.happens()
	}
	for len(w.running) > 0 {
		w.resume(0)
	}
	for len(w.answers) > 0 && w.broken == "" {
		w.deliver(0)
		w.check()
	}
	if w.broken == "" {
		w.last()
	}
}

// happens is one step of the interleaving.
func (w *world) happens() {
	switch w.pick(14) {
	case 0, 1, 2:
		w.send(w.browsers[w.pick(2)], w.pick(8))
	case 3, 4, 5, 6:
		if n := len(w.running); n > 0 {
			w.resume(w.pick(n))
		}
	case 7, 8:
		if n := len(w.answers); n > 0 {
			w.deliver(w.pick(n))
		}
	case 9:
		switch n, echoes := len(w.answers), len(w.echoes); w.pick(4) {
		case 0:
			if n > 0 {
				w.lose(w.pick(n))
			}
		case 1:
			if echoes > 0 {
				w.arrive(w.echoes[w.pick(echoes)], "again")
			}
		case 2, 3:
			if n := len(w.running); n > 0 {
				w.close(w.running[w.pick(n)])
			}
		}
	case 10:
		w.advance([]time.Duration{time.Second, renewGrace, renewEvery + time.Second, renewEvery + time.Second}[w.pick(4)])
	case 11, 12, 13: // a person who waits for each answer
		b := w.browsers[w.pick(2)]
		r := w.send(b, w.pick(8))
		for r.running() {
			w.resume(w.indexOf(r))
		}
		w.deliver(len(w.answers) - 1)
	}
	w.check()
}

func (w *world) indexOf(r *request) int {
	for i := range w.running {
		if w.running[i] == r {
			return i
		}
	}
	return -1
}

// note tells of an event where the interleaving is one that failed and is run again.
func (w *world) note(format string, args ...any) {
	if w.rng != nil {
		return
	}
	w.events = append(w.events, fmt.Sprintf(format, args...))
}

func (w *world) advance(d time.Duration) {
	w.clock.Advance(d)
	w.note("%s pass", d)
}

// send makes a browser send a request with the cookies it has now.
func (w *world) send(b *browser, what int) *request {
	kind := [...]kind{page, page, page, start, signIn, stepUp, signOut, page}[what]
	r := newRequest(w, b, kind)
	w.totals.Requests++
	w.note("%s sends %s", b.name, r)
	w.running = append(w.running, r)
	go r.serve(w.handler)
	w.settle(r)
	return r
}

// resume lets a request at the server go on until it stops again or is answered.
func (w *world) resume(i int) {
	r := w.running[i]
	r.resumed <- struct{}{}
	w.settle(r)
}

// settle waits until the request has stopped, or has been answered.
func (w *world) settle(r *request) {
	select {
	case at := <-r.stopped:
		w.note("%s is %s", r, at)
	case <-r.finished:
		w.running = append(w.running[:w.indexOf(r):w.indexOf(r)], w.running[w.indexOf(r)+1:]...)
		w.answered(r)
		if r.closed {
			w.note("%s: nobody takes its answer", r)
			w.totals.Lost++
			return
		}
		w.answers = append(w.answers, r)
	case <-time.After(time.Minute):
		panic("a request hangs: " + r.String())
	}
}

// close is a page that is closed while the server works for it: the request is canceled,
// and nobody takes its answer.
func (w *world) close(r *request) {
	if !r.closed {
		w.note("%s is closed", r)
		w.totals.Closed++
		r.closed = true
		r.cancel()
	}
}

func (w *world) lose(i int) {
	w.note("the answer to %s is lost", w.answers[i])
	w.totals.Lost++
	w.answers = append(w.answers[:i:i], w.answers[i+1:]...)
}

func (w *world) deliver(i int) {
	if i < 0 {
		return
	}
	r := w.answers[i]
	if i > 0 {
		w.totals.Late++
	}
	w.answers = append(w.answers[:i:i], w.answers[i+1:]...)
	if r.kind == page {
		w.echoes = append(w.echoes, r)
	}
	w.arrive(r, "arrives")
}

// arrive puts the cookies of an answer into the jar.
func (w *world) arrive(r *request, how string) {
	w.arrivals++
	r.arrived = w.arrivals
	b := r.browser
	if r.err == nil && (r.kind == signIn || r.kind == stepUp || r.ended) {
		b.last = r
	}
	for _, c := range (&http.Response{Header: r.answer}).Cookies() {
		w.note("the answer to %s %s at %s: %s", r, how, b.name, shown(c))
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
			if c.Name == w.sessions.CookieName() {
				b.removed = r
			}
			continue
		}
		b.jar[c.Name] = cookie{value: c.Value, by: r, late: w.clock.Now().Sub(r.renewed)}
	}
}

func shown(c *http.Cookie) string {
	if c.MaxAge < 0 {
		return "removes " + c.Name
	}
	return c.Name + "=" + short(c.Value)
}

func short(token string) string {
	if len(token) > 16 {
		return token[12:16] // what comes before is the user's
	}
	return token
}

// background is the context of the oracle's own questions.
var background = context.Background()
