// Package bench sets session libraries side by side: the same handler, the same
// servers, one black-box test of six failures, and tables of what requests cost.
// It is a module of its own, so that no peer is in the product's go.mod.
//
//	make bench        # in the folder above: prints the tables
//	make bench-check  # allocations and round trips against budget.json
package bench

import (
	"errors"
	"net/http"
)

// library is a session library as the handler sees it. Each is used as its
// documentation says, with its defaults where they are not named.
type library interface {
	// wrap puts the library's middleware before the handler.
	wrap(http.Handler) http.Handler

	// login makes a session for the user, with another token than the request's.
	login(w http.ResponseWriter, r *http.Request, user string) error
	logout(w http.ResponseWriter, r *http.Request) error

	// user says who is signed in, empty if nobody is.
	user(r *http.Request) (string, error)

	// seen moves the idle timeout on, where the library does not do it by itself.
	seen(w http.ResponseWriter, r *http.Request) error

	// put stores one value in the session; keys counts what is there.
	put(w http.ResponseWriter, r *http.Request, key, value string) error
	keys(r *http.Request) (int, error)

	// list names the live sessions of a user, and end ends the one of that name.
	list(r *http.Request, user string) ([]string, error)
	end(r *http.Request, name string) error

	// page names n of everybody's live sessions.
	page(r *http.Request, n int) ([]string, error)
}

// errNotOffered says that a library has no such thing.
var errNotOffered = errors.New("not offered")

// errNobody says that the request has no session.
var errNobody = errors.New("nobody is signed in")

// contestant is a library on a store.
type contestant struct {
	name  string // library
	store string // of the library
	library

	dump  func() string // all that the store holds; nil: cannot be told
	spoil func() error  // overwrites the newest record with bytes that mean nothing; nil: the store holds no bytes
	snap  func()        // remembers what is there, so that spoil knows the newest
	halt  func()        // freezes the server; nil: there is none
	thaw  func()
}

// userLimit is how many sessions of a user are allowed.
const userLimit = 5
