// Route: an address of the panel, who may ask for it, and how a request finds it.

package frame

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// An Access says who may ask for an address. The zero Access is nobody's: an
// address that was not classified is refused, and a test finds it.
type Access struct {
	to     audience
	rights [3]Right // of holders: what they need in the table of the address, empty from the first that is not there
}

type audience int

const (
	unclassified audience = iota
	public                // anybody; no session is looked up
	guests                // anybody; a session is looked up
	members               // every administrator
	superusers            // superusers
	holders               // those who have the rights
)

// The people who may ask for an address outside the tables.
var (
	Open      = Access{to: public}     // anybody; no session is looked up
	Anybody   = Access{to: guests}     // anybody; a session is looked up
	SignedIn  = Access{to: members}    // every administrator
	Superuser = Access{to: superusers} // superusers
)

// Needs is the access of an address in a table: of those who have all these rights there,
// three at most.
func Needs(rights ...Right) Access {
	a := Access{to: holders}
	if n := copy(a.rights[:], rights); n < len(rights) {
		return Access{} // nobody's
	}
	return a
}

// Rights are what an access needs in the table of the address.
func (a Access) Rights() []Right {
	return slices.DeleteFunc(slices.Clone(a.rights[:]), func(right Right) bool { return right == "" })
}

func (a Access) needs(right Right) bool { return right != "" && slices.Contains(a.rights[:], right) }

// A Route is an address under the mount path.
type Route struct {
	Method  string
	Path    string // a pattern of http.ServeMux without the mount path
	Access  Access
	Event   string // what the security log calls a request to it; Unlogged for none
	Handler Handler
}

// Unlogged is the event of routes that the security log does not speak of.
const Unlogged = ""

// Get is the route of an address that is read.
func Get(path string, access Access, handler Handler) Route {
	return Route{Method: http.MethodGet, Path: path, Access: access, Handler: handler}
}

// GetLogged is the route of an address that is read, with a line in the security log.
func GetLogged(path string, access Access, event string, handler Handler) Route {
	return Route{Method: http.MethodGet, Path: path, Access: access, Event: event, Handler: handler}
}

// Post is the route of an address that something is sent to.
func Post(path string, access Access, event string, handler Handler) Route {
	return Route{Method: http.MethodPost, Path: path, Access: access, Event: event, Handler: handler}
}

// A crossing is the addresses that one pattern of http.ServeMux stands for. There is one but right
// below a table, where the mux cannot tell a word ("choices") from a record's key. No key is such
// a word (see data.Key), so addresses with a word come first.
type crossing []*crossed

// crossed is one address of a crossing.
type crossed struct {
	route    Route
	segments []string // of its path, with the mount path's
	handler  http.Handler
}

// pattern is what the mux knows a route by.
func (rt Route) pattern() string {
	const below = "/m/{table}/"
	if rest, inTable := strings.CutPrefix(rt.Path, below); inTable && strings.Count(rest, "/") == 1 && !strings.HasSuffix(rest, "{$}") {
		return below + "{key}/{what}"
	}
	return rt.Path
}

// Add adds addresses. Call it before the first request.
func (f *Frame) Add(routes ...Route) {
	for _, rt := range routes {
		pattern := rt.Method + " " + f.base + rt.pattern()
		if f.crossings[pattern] == nil {
			f.mux.Handle(pattern, http.NotFoundHandler()) // it only finds: dispatch serves
		}
		one := &crossed{rt, strings.Split(f.base+rt.Path, "/"), f.logged(rt, f.guard(rt))}
		f.crossings[pattern] = inOrder(append(f.crossings[pattern], one))
		f.addresses = inOrder(append(f.addresses, one))
	}
}

// inOrder sorts addresses so that one with a word stands before one with a wildcard in its place:
// "{" is after all letters.
func inOrder(all crossing) crossing {
	slices.SortStableFunc(all, func(a, b *crossed) int { return strings.Compare(a.route.Path, b.route.Path) })
	return all
}

// Route returns the route that a request is for, if there is one.
func (f *Frame) Route(r *http.Request) (Route, bool) {
	found, _ := f.find(r)
	if found == nil {
		return Route{}, false
	}
	return found.route, true
}

// find returns the address that a request is for, nil if there is none; the values of the path's
// wildcards are the request's then. A path that is not written as paths are, or lacks its last
// slash, leads elsewhere: to the same one as it is written.
func (f *Frame) find(r *http.Request) (found *crossed, elsewhere http.Handler) {
	h, pattern := f.mux.Handler(r)
	at := r.URL.EscapedPath()
	canonical := path.Clean(at)
	if strings.HasSuffix(at, "/") && canonical != "/" {
		canonical += "/"
	}
	for _, to := range []string{canonical, canonical + "/"} {
		for _, one := range f.crossings[pattern] {
			values, fits := one.values(to)
			if !fits {
				continue
			}
			if at != to {
				return one, h
			}
			for name, value := range values {
				r.SetPathValue(name, value)
			}
			return one, nil
		}
	}
	return f.escaped(r, at), nil
}

// escaped returns the address of a path in which a whole segment is an escaped slash, such as that
// of a record whose key is "/": http.ServeMux takes it for the end of the path.
func (f *Frame) escaped(r *http.Request, at string) *crossed {
	if !strings.Contains(strings.ToUpper(at), "/%2F") {
		return nil
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, one := range f.addresses {
		if values, fits := one.values(at); fits && one.route.Method == method {
			for name, value := range values {
				r.SetPathValue(name, value)
			}
			return one
		}
	}
	return nil
}

// values are what a path has in the place of each wildcard, if it is that of the address.
func (c *crossed) values(escaped string) (values map[string]string, fits bool) {
	segments := strings.Split(escaped, "/")
	if len(segments) != len(c.segments) {
		return nil, false
	}
	values = map[string]string{}
	for i, want := range c.segments {
		segment, err := url.PathUnescape(segments[i])
		if err != nil {
			segment = segments[i]
		}
		switch name, isName := strings.CutPrefix(want, "{"); {
		case want == "{$}" && segment != "", !isName && segment != want:
			return nil, false
		case isName:
			values[strings.TrimSuffix(name, "}")] = segment
		}
	}
	return values, true
}

// dispatch answers a request by its route. A request without a route is answered 404 or 405;
// visitors who are not signed in cannot tell which.
func (f *Frame) dispatch(w http.ResponseWriter, r *http.Request) {
	switch found, elsewhere := f.find(r); {
	case elsewhere != nil:
		elsewhere.ServeHTTP(w, r)
		return
	case found != nil:
		found.handler.ServeHTTP(w, r)
		return
	}
	f.guard(Route{Access: SignedIn, Handler: func(v *Visit) error {
		if allow := f.allowed(r); allow != "" {
			v.W.Header().Set("Allow", allow)
			return Refused(http.StatusMethodNotAllowed, nil)
		}
		return ErrNoPage
	}}).ServeHTTP(w, r)
}

// allowed returns the methods that the request's address has.
func (f *Frame) allowed(r *http.Request) string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, ok := f.Route(other); ok {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}

// AddSlash leads to the address that ends in a slash.
func AddSlash(v *Visit) error {
	at := v.R.URL
	to := url.URL{Path: at.Path + "/", RawPath: at.EscapedPath() + "/", RawQuery: at.RawQuery}
	http.Redirect(v.W, v.R, to.String(), http.StatusPermanentRedirect)
	return nil
}
