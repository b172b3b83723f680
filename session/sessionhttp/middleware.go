// Middleware: the session of each request, looked up before the handler and renewed before the
// answer leaves; and the handler's changes to the request are handed on.

package sessionhttp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Middleware looks up the session of each request and puts it into the request's context for next.
// Requests without a valid session pass without one. Where the rules renew tokens, the new cookie
// is set when the answer is about to leave, except on answers that switch protocols, that caches
// may keep, or that are 304.
func (s *Sessions) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outer := visitOf(r.Context(), s)
		if outer != nil && outer.answer.visit != nil && slices.Equal(outer.cookies, r.Header["Cookie"]) {
			next.ServeHTTP(w, r.WithContext(innermost{r.Context(), outer})) // further in once more
			return
		}
		v := s.visit(w, r)
		v.given = s.read(v.cookies, s.name)
		if outer != nil && outer.adopted && v.given.seen == 0 {
			v.adopt(outer)
		}
		inner := r.WithContext(v)
		returned := false
		defer func() { v.leave(r, inner, returned) }()
		if err := v.find(inner); err != nil {
			if errors.Is(r.Context().Err(), context.Canceled) { // the client has gone: no outage
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			s.cfg.Unavailable(v.answer.able(), inner, err)
		} else {
			next.ServeHTTP(v.answer.able(), inner)
		}
		returned = true
	})
}

// adopt takes over the session that Adopt has found.
func (v *visit) adopt(outer *visit) {
	if h := outer.current.Load(); h != nil {
		v.given, v.adopted, v.found = outer.given, true, *h
		v.current.Store(&v.found)
	}
}

// leave ends the visit: it completes the header if nothing was written, and copies the handler's
// changes of inner to r.
func (v *visit) leave(r, inner *http.Request, returned bool) {
	if !v.answer.sent.Load() {
		v.answer.ready(returned && !v.answer.upgrades)
		v.answer.sent.Store(true) // code that still holds the request is too late
	}
	if form := inner.MultipartForm; form != nil && form != r.MultipartForm {
		_ = form.RemoveAll()
	}
	if form := v.form.Load(); form != nil && form != r.MultipartForm {
		_ = form.RemoveAll() // of a request that was made of inner
	}
	r.Form, r.PostForm, r.MultipartForm = inner.Form, inner.PostForm, inner.MultipartForm
	if r.Pattern != inner.Pattern {
		r.Pattern = inner.Pattern
		for name := range wildcards(inner.Pattern) {
			r.SetPathValue(name, inner.PathValue(name))
		}
	}
}

// wildcards yields the names in a pattern of http.ServeMux.
func wildcards(pattern string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			_, rest, ok := strings.Cut(pattern, "{")
			if !ok {
				return
			}
			name, after, ok := strings.Cut(rest, "}")
			if !ok {
				return
			}
			pattern = after
			if name = strings.TrimSuffix(name, "..."); name != "" && name != "$" && !yield(name) {
				return
			}
		}
	}
}

// renew replaces the token of a session that is due. If another request was faster, the store
// cannot write now, or the answer is lost, the old token stays valid.
func (v *visit) renew() {
	s := v.sessions
	h := v.current.Load()
	if h == nil || v.adopted || !s.manager.RenewDue(h.session) {
		return
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	token, renewed, err := s.manager.RenewFor(v.Context, h.token, v.arrived)
	if err != nil {
		return
	}
	after := &holding{renewed, token}
	if v.current.CompareAndSwap(h, after) {
		s.set(v.answer.ResponseWriter, *after, false)
	}
}

// upgrades reports whether the answer may be one that another protocol follows, whose
// header may be written by others.
func upgrades(r *http.Request) bool {
	if r.Method == http.MethodConnect {
		return true
	}
	for _, line := range r.Header["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "upgrade") {
				return true
			}
		}
	}
	return false
}

// storable reports whether the handler lets caches keep the answer.
func storable(cacheControl []string) bool {
	for _, line := range cacheControl {
		for directive := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(strings.ToLower(directive)), "=")
			if name == "public" || name == "s-maxage" || name == "immutable" {
				return true
			}
		}
	}
	return false
}
