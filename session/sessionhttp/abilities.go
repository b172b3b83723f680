// Abilities: an answer has the optional interfaces of the writer inside, and no others.

package sessionhttp

import (
	"bufio"
	"net"
	"net/http"
)

// The answers that can do more than write: flush, hijack, push, and notify of closing. Each
// is one pointer, so that none costs an allocation.
type (
	canF    struct{ *answer }
	canH    struct{ *answer }
	canP    struct{ *answer }
	canN    struct{ *answer }
	canFH   struct{ canF }
	canFP   struct{ canF }
	canFN   struct{ canF }
	canHP   struct{ canH }
	canHN   struct{ canH }
	canPN   struct{ canP }
	canFHP  struct{ canFH }
	canFHN  struct{ canFH }
	canFPN  struct{ canFP }
	canHPN  struct{ canHP }
	canFHPN struct{ canFHP }
)

type connection = *bufio.ReadWriter

func (a canF) Flush()                                          { a.flush() }
func (a canH) Hijack() (net.Conn, connection, error)           { return a.hijack() }
func (a canP) Push(target string, o *http.PushOptions) error   { return a.push(target, o) }
func (a canN) CloseNotify() <-chan bool                        { return a.closeNotify() }
func (a canFH) Hijack() (net.Conn, connection, error)          { return a.hijack() }
func (a canFP) Push(target string, o *http.PushOptions) error  { return a.push(target, o) }
func (a canFN) CloseNotify() <-chan bool                       { return a.closeNotify() }
func (a canHP) Push(target string, o *http.PushOptions) error  { return a.push(target, o) }
func (a canHN) CloseNotify() <-chan bool                       { return a.closeNotify() }
func (a canPN) CloseNotify() <-chan bool                       { return a.closeNotify() }
func (a canFHP) Push(target string, o *http.PushOptions) error { return a.push(target, o) }
func (a canFHN) CloseNotify() <-chan bool                      { return a.closeNotify() }
func (a canFPN) CloseNotify() <-chan bool                      { return a.closeNotify() }
func (a canHPN) CloseNotify() <-chan bool                      { return a.closeNotify() }
func (a canFHPN) CloseNotify() <-chan bool                     { return a.closeNotify() }

// able returns the answer with the abilities of the writer inside.
func (a *answer) able() http.ResponseWriter {
	_, f := a.ResponseWriter.(http.Flusher)
	_, p := a.ResponseWriter.(http.Pusher)
	_, n := a.ResponseWriter.(http.CloseNotifier) //nolint:staticcheck // old handlers ask for it
	switch h := hijacks(a.ResponseWriter); [...]bool{f, h, p, n} {
	case [...]bool{true, false, false, false}:
		return canF{a}
	case [...]bool{false, true, false, false}:
		return canH{a}
	case [...]bool{false, false, true, false}:
		return canP{a}
	case [...]bool{false, false, false, true}:
		return canN{a}
	case [...]bool{true, true, false, false}:
		return canFH{canF{a}}
	case [...]bool{true, false, true, false}:
		return canFP{canF{a}}
	case [...]bool{true, false, false, true}:
		return canFN{canF{a}}
	case [...]bool{false, true, true, false}:
		return canHP{canH{a}}
	case [...]bool{false, true, false, true}:
		return canHN{canH{a}}
	case [...]bool{false, false, true, true}:
		return canPN{canP{a}}
	case [...]bool{true, true, true, false}:
		return canFHP{canFH{canF{a}}}
	case [...]bool{true, true, false, true}:
		return canFHN{canFH{canF{a}}}
	case [...]bool{true, false, true, true}:
		return canFPN{canFP{canF{a}}}
	case [...]bool{false, true, true, true}:
		return canHPN{canHP{canH{a}}}
	case [...]bool{true, true, true, true}:
		return canFHPN{canFHP{canFH{canF{a}}}}
	default:
		return a
	}
}
