// Oracle: what must hold, and the orders that HTTP cannot settle.

package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-crudadmin/crudadmin/session"
)

// life is one session between two changes of what it may do: a start, a sign-in or a
// step-up makes it, a sign-out ends it, and a sign-in or step-up puts another in its place.
type life struct {
	user  string
	made  *request
	ended *request // what ended it or took its place, nil if nothing
	at    int      // the step
}

// The orders that HTTP cannot settle, as docs/design.md lists them.
const (
	lostAnswer    = "the answer of a sign-in or step-up is lost"
	atOnce        = "two sign-ins at once: the answer that arrives last counts"
	lateSignOut   = "a sign-out's answer arrives after a later sign-in's"
	veryLateRenew = "a renewal, from its beginning to the arrival of its answer, takes RenewEvery or longer"
	slowRequest   = "a sign-in or sign-out is under way for RenewGrace or longer, and its token was renewed meanwhile"
)

// fail keeps the first rule that is broken.
func (w *world) fail(rule, format string, args ...any) {
	if w.broken == "" {
		w.broken = rule + ": " + fmt.Sprintf(format, args...)
	}
}

func (w *world) excuse(order string) { w.totals.Excused[order]++ }

// peek asks what a token opens, and marks nothing.
func (w *world) peek(text string) (session.Session, bool) {
	token, err := session.ParseToken(text)
	if err != nil || !w.manager.Genuine(token) {
		return session.Session{}, false
	}
	s, err := w.manager.Get(background, token.ID())
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		w.t.Fatalf("the oracle's question: %v", err)
	}
	return s, err == nil
}

// presented are the tokens that a request came with.
func (w *world) presented(r *request) []string {
	var all []string
	for _, name := range []string{w.sessions.CookieName(), w.anchor(), w.visitor()} {
		if text, ok := r.cookies[name]; ok {
			all = append(all, text)
		}
	}
	return all
}

func (w *world) visitor() string { return w.sessions.CookieName() + "_visitor" }

func (w *world) anchor() string { return w.sessions.CookieName() + "_anchor" }

// sawRight: the user that the handler sees is the user of the browser's cookies, and nobody who was
// ended before the request reached the server.
func (w *world) sawRight(r *request) {
	if !r.found {
		return
	}
	l, known := w.lives[r.seen.Lineage]
	switch {
	case !known:
		w.fail("nobody is somebody else", "%s sees a session that nobody made", r)
	case l.user != r.seen.UserID:
		w.fail("nobody is somebody else", "%s sees %q in a session of %q", r, r.seen.UserID, l.user)
	case l.ended != nil && l.at < r.sent:
		w.fail("nobody who was ended is valid", "%s sees a session that %s ended before it was sent", r, l.ended)
	}
	for _, text := range w.presented(r) {
		if w.owner[text] == r.seen.Lineage {
			return
		}
	}
	w.fail("nobody is somebody else", "%s sees a session whose token it does not have", r)
}

// acted takes down what a request has done at the server.
func (w *world) acted(r *request) {
	if r.err != nil && !r.closed && !(r.kind == stepUp && (errors.Is(r.err, session.ErrNotFound) || errors.Is(r.err, session.ErrConflict))) {
		w.fail("what is asked for works", "%s: %v", r, r.err)
	}
	if r.kind == signOut && r.err != nil {
		w.fail("endings that were asked for happen", "%s: %v", r, r.err)
	}
	if r.kind == signOut || r.err == nil && (r.kind == signIn || r.kind == stepUp && r.found) {
		for _, text := range w.presented(r) {
			if s, live := w.peek(text); live && (r.kind != stepUp || s.UserID == r.seen.UserID) {
				w.fail("no token outlives a sign-in, a step-up or a sign-out", "after %s %s is live", r, short(text))
			}
		}
	}
	if r.err != nil || !r.kind.sets() {
		return
	}
	if _, known := w.lives[r.result.Lineage]; !known {
		w.lives[r.result.Lineage] = &life{user: r.result.UserID, made: r}
	}
	switch {
	case r.kind == signIn && r.result.UserID != r.user:
		w.fail("nobody is somebody else", "%s makes a session of %q", r, r.result.UserID)
	case r.kind == stepUp && r.result.UserID != r.seen.UserID:
		w.fail("nobody is somebody else", "%s makes a session of %q out of one of %q", r, r.result.UserID, r.seen.UserID)
	}
}

// ends takes down that a request has ended a session, or put another in its place.
func (w *world) ends(ctx context.Context, lineage session.Lineage) {
	r, ok := ctx.Value(requestKey{}).(*request)
	if l := w.lives[lineage]; ok && l != nil && l.ended == nil {
		l.ended, l.at = r, w.now
		r.ended = r.kind == signOut
	}
}

func (w *world) sessionsOf(user string) []session.Session {
	all, err := w.manager.UserSessions(background, user)
	if err != nil {
		w.t.Fatalf("the oracle's question: %v", err)
	}
	return all
}

// answered looks at an answer before it is on its way.
func (w *world) answered(r *request) {
	r.made = w.clock.Now()
	r.took = r.made.Sub(r.began)
	switch {
	case r.closed:
	case r.status != http.StatusOK:
		w.fail("what is asked for works", "%s: status %d", r, r.status)
	}
	lineage := r.seen.Lineage
	if r.err == nil && r.kind.sets() {
		lineage = r.result.Lineage
	}
	for _, c := range (&http.Response{Header: r.answer}).Cookies() {
		if c.Name != w.sessions.CookieName() && c.Name != w.anchor() && c.Name != w.visitor() || c.MaxAge < 0 {
			continue
		}
		w.owner[c.Value] = lineage
		if r.kind == page {
			w.totals.Renewals++
		}
	}
	if r.err == nil {
		switch r.kind {
		case signIn:
			w.totals.SignIns++
		case stepUp:
			w.totals.StepUps++
		case signOut:
			w.totals.SignOuts++
		}
	}
}

// check looks at what each browser holds.
func (w *world) check() {
	for _, b := range w.browsers {
		if w.broken == "" {
			w.holds(b)
		}
	}
}

// holds: a browser is signed in as its cookies say, unless it was asked for otherwise or an order
// that HTTP cannot settle says why not. It returns the session that the browser has.
func (w *world) holds(b *browser) (session.Session, bool) {
	const rule = "nobody is signed out by accident"
	c, ok := b.jar[w.sessions.CookieName()]
	if !ok && b.removed != nil && !b.removed.ended {
		w.fail(rule, "%s removed the cookie of %s and ended nothing", b.removed, b.name)
	}
	for _, name := range []string{w.sessions.CookieName(), w.anchor(), w.visitor()} {
		text := b.jar[name].value
		s, live := w.peek(text)
		if !live {
			continue
		}
		l := w.lives[w.owner[text]]
		switch {
		case l == nil || s.Lineage != w.owner[text] || s.UserID != l.user:
			w.fail("nobody is somebody else", "%s holds a session of %q", b.name, s.UserID)
		case l.ended != nil:
			w.fail("nobody who was ended is valid", "%s holds a session that %s ended", b.name, l.ended)
		}
		return s, true
	}
	if !ok {
		return session.Session{}, false
	}
	// A renewal sets no anchor: of the last sign-in or step-up that holds still.
	by, text := c.by, c.value
	if a, ok := b.jar[w.anchor()]; ok && c.by.kind == page {
		by, text = a.by, a.value
	}
	l := w.lives[w.owner[text]]
	switch {
	case l == nil:
		w.fail(rule, "%s holds a cookie of no session", b.name)
	case l.ended != nil && l.ended.kind == signOut:
		// That was asked for.
	case b.last != nil && b.last.kind == signOut && c.by.kind == page:
		// That was asked for, and what a late renewal brings opens nothing.
	case c.by.kind == page && c.late >= renewEvery:
		w.excuse(veryLateRenew)
	case l.ended != nil && l.ended.arrived == 0:
		w.excuse(lostAnswer) // or is still on its way
	case l.ended != nil && by.kind.sets() && by.arrived > l.ended.arrived:
		w.excuse(atOnce)
	case l.ended != nil:
		w.fail(rule, "%s holds %s, set by %s, whose session was replaced by %s, whose answer arrived", b.name, short(text), by, l.ended)
	default:
		w.fail(rule, "%s holds %s, set by %s, which opens nothing, and nothing ended its session", b.name, short(text), by)
	}
	return session.Session{}, false
}

// last looks at what is left when everything has come to rest.
func (w *world) last() {
	held := map[session.Lineage]bool{}
	for _, b := range w.browsers {
		s, ok := w.holds(b)
		if w.broken != "" {
			return
		}
		if ok {
			held[s.Lineage] = true
		}
		r := newRequest(w, b, page)
		w.running = append(w.running, r)
		go r.serve(w.handler)
		for w.settle(r); r.running(); {
			w.resume(w.indexOf(r))
		}
		if r.found != ok || ok && r.seen.UserID != s.UserID {
			w.fail("the last page shows who the browser is", "%s is %q, the page says %q", b.name, s.UserID, r.seen.UserID)
		}
	}
	for _, user := range w.users {
		for _, s := range w.sessionsOf(user) {
			if !held[s.Lineage] {
				w.unheld(s)
			}
		}
	}
}

// unheld: no session is left that nobody holds, but where an answer was lost or overwritten.
func (w *world) unheld(s session.Session) {
	l := w.lives[s.Lineage]
	switch {
	case l == nil:
		w.fail("no session is left that nobody holds", "one of %q that nobody made", s.UserID)
	case l.made.arrived == 0:
		w.excuse(lostAnswer)
	case l.made.browser.overwritten(w, s.Lineage):
		w.excuse(atOnce)
	case w.renews && l.made.browser.last.took >= renewGrace:
		w.excuse(slowRequest)
	default:
		w.fail("no session is left that nobody holds", "that of %s", l.made)
	}
}

// overwritten reports whether the cookie of a session was overwritten or removed by an
// answer to a request that did not know of it.
func (b *browser) overwritten(w *world, l session.Lineage) bool {
	by := b.removed
	if c, ok := b.jar[w.sessions.CookieName()]; ok {
		by = c.by
		if a, ok := b.jar[w.anchor()]; ok && !by.kind.sets() {
			by = a.by
		}
	}
	if by == nil {
		return false
	}
	if by.kind == signOut {
		w.excuse(lateSignOut)
	}
	for _, text := range w.presented(by) {
		if w.owner[text] == l {
			return false
		}
	}
	return true
}
