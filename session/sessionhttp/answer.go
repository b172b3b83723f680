// Answer: the ResponseWriter that handlers get. It notices when the header is about to be sent, and
// completes it.

package sessionhttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// answer is the ResponseWriter of a handler.
type answer struct {
	http.ResponseWriter          // of the server, or whatever wraps it
	visit               *visit   // nil where there is no writer
	outer               []string // Cache-Control as it was before the handler
	upgrades            bool     // another protocol may follow
	sent                atomic.Bool
}

// Shared values of headers; a handler that adds to one gets a copy.
var (
	noStore    = []string{"no-store"}
	varyCookie = []string{"Cookie"}
)

// leaves is called before anything is written.
func (a *answer) leaves(status int) {
	if a.sent.Load() || status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		return // 1xx: the answer itself is still to come
	}
	a.ready(status != http.StatusNotModified && !a.upgrades)
	a.sent.Store(true)
}

// ready completes the header: with a renewed cookie, if the answer may set one, and with the
// directives for caches.
func (a *answer) ready(renew bool) {
	h := a.Header()
	chosen := h["Cache-Control"]
	if len(chosen) > 0 && len(a.outer) > 0 && &chosen[0] == &a.outer[0] {
		chosen = nil // set before the handler was asked
	}
	if renew && !storable(chosen) {
		a.visit.renew()
	}
	vary(h)
	switch {
	case len(h["Set-Cookie"]) > 0:
		h["Cache-Control"] = noStore
		delete(h, "Cdn-Cache-Control") // what some caches obey instead
		delete(h, "Surrogate-Control")
	case len(chosen) == 0 && a.visit.private():
		h["Cache-Control"] = noStore
	}
}

// private reports whether the answer may be about a session.
func (v *visit) private() bool {
	return v.unknown || v.current.Load() != nil || !v.found.token.IsZero()
}

// vary says that the answer depends on the cookie.
func vary(h http.Header) {
	lines := h["Vary"]
	if len(lines) == 0 {
		h["Vary"] = varyCookie
		return
	}
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, "Cookie") {
				return
			}
		}
	}
	h.Add("Vary", "Cookie")
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.leaves(status)
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.leaves(http.StatusOK)
	return a.ResponseWriter.Write(p)
}

// WriteString implements io.StringWriter.
func (a *answer) WriteString(text string) (int, error) {
	a.leaves(http.StatusOK)
	return io.WriteString(a.ResponseWriter, text)
}

// ReadFrom implements io.ReaderFrom, by which net/http sends files without copying.
func (a *answer) ReadFrom(src io.Reader) (int64, error) {
	a.leaves(http.StatusOK)
	if direct, ok := a.ResponseWriter.(io.ReaderFrom); ok {
		return direct.ReadFrom(src)
	}
	return io.Copy(onlyWriter{a.ResponseWriter}, src)
}

type onlyWriter struct{ io.Writer }

// FlushError is what http.ResponseController calls.
func (a *answer) FlushError() error {
	a.leaves(http.StatusOK)
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap returns the writer inside, for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) flush() {
	a.leaves(http.StatusOK)
	a.ResponseWriter.(http.Flusher).Flush()
}

// hijack hands the connection over. The answer is not ours from then on.
func (a *answer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.sent.Store(true)
	}
	return conn, rw, err
}

func (a *answer) push(target string, opts *http.PushOptions) error {
	return a.ResponseWriter.(http.Pusher).Push(target, opts)
}

func (a *answer) closeNotify() <-chan bool {
	return a.ResponseWriter.(http.CloseNotifier).CloseNotify() //nolint:staticcheck // old handlers ask for it
}

// hijacks reports whether w, or what it wraps, can hand the connection over.
func hijacks(w http.ResponseWriter) bool {
	for range 16 { // wrapped as often as that, at most
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = inner.Unwrap()
	}
	return false
}
