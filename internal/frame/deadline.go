// Deadlines: how long a browser may take to send a request, and to take its answer.

package frame

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Pace is how fast bytes must pass: Rate of them a second on the whole, after Grace.
type Pace struct {
	Grace time.Duration
	Rate  int64
}

// Due is when so many bytes must have passed that began at a time.
func (p Pace) Due(begun time.Time, n int64) time.Time {
	return begun.Add(p.Grace + time.Duration(float64(n)/float64(p.Rate)*float64(time.Second)))
}

// Deadlines of a connection. They are set by http.ResponseController on whatever server the panel
// stands in; a ResponseWriter that has none, as in tests, waits for nobody.
type Deadlines struct {
	// Body is how fast a request's body must arrive.
	Body Pace

	// Answer is how long an answer may take to be taken, from its first byte on. A handler that
	// sends a file sets the write deadline itself, as it goes.
	Answer time.Duration
}

// DefaultDeadlines let the largest form arrive over a line of a quarter of a megabit, and end the
// connections of browsers that neither send nor read.
var DefaultDeadlines = Deadlines{Body: Pace{Grace: 30 * time.Second, Rate: 32 << 10}, Answer: 30 * time.Second}

// Bound makes a request and its answer keep the deadlines. Call end when the handler has returned:
// what it left in buffers is sent after that. Neither deadline is there for the connection's next
// request: net/http sets both anew.
func (d Deadlines) Bound(w http.ResponseWriter, r *http.Request) (_ http.ResponseWriter, end func()) {
	controller := http.NewResponseController(w)
	if r.Body != nil && r.Body != http.NoBody {
		begun := time.Now()
		_ = controller.SetReadDeadline(d.Body.Due(begun, 0)) // also for what no handler reads
		r.Body = &body{ReadCloser: r.Body, controller: controller, pace: d.Body, begun: begun}
	}
	a := &answer{ResponseWriter: w, controller: controller, time: d.Answer}
	return a, a.begin
}

// body moves the read deadline on as it is read.
type body struct {
	io.ReadCloser
	controller *http.ResponseController
	pace       Pace
	begun      time.Time
	read       int64
	over       bool
}

func (b *body) Read(p []byte) (int, error) {
	if !b.over {
		_ = b.controller.SetReadDeadline(b.pace.Due(b.begun, b.read))
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	// At its end net/http begins to listen for the browser's leaving, without a deadline: one set
	// after that would look as if it had left.
	b.over = b.over || err != nil
	return n, err
}

// answer sets the write deadline before the first byte, unless the handler has. A handler's
// deadline may be set by another goroutine, such as one that ends the answer at once.
type answer struct {
	http.ResponseWriter
	controller *http.ResponseController
	time       time.Duration
	begun      atomic.Bool
}

func (a *answer) begin() {
	if !a.begun.Load() {
		_ = a.SetWriteDeadline(time.Time{})
	}
}

// SetWriteDeadline is what http.ResponseController calls. No answer is without a deadline: none
// means that of every answer, from now on.
func (a *answer) SetWriteDeadline(at time.Time) error {
	a.begun.Store(true)
	if at.IsZero() {
		at = time.Now().Add(a.time)
	}
	return a.controller.SetWriteDeadline(at)
}

func (a *answer) WriteHeader(status int) {
	a.begin()
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController calls.
func (a *answer) FlushError() error {
	a.begin()
	return a.controller.Flush()
}

// Unwrap leads http.ResponseController to all else that the server's own can do.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
