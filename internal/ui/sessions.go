// This file holds the pages about sign-ins: login, live sessions, own account.

package ui

import (
	"net/url"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Login is the sign-in page. Its form sends "username", "password" and "next".
type Login struct {
	Layout

	Username string // kept after a failure
	Next     string
	Error    text.Message // the same words for every reason
	// RetryAfter is the wait after too many attempts; 0 hides it.
	RetryAfter time.Duration
}

func (Login) template() string { return "login.html" }

// Failure is why the last try failed, with the wait; empty if there was none.
func (l Login) Failure() text.Message {
	if l.Error == nil || l.RetryAfter <= 0 {
		return l.Error
	}
	return text.Sentences(l.Error, text.TryAgainIn(text.Wait(l.RetryAfter)))
}

// Session is one session.
type Session struct {
	ID           string       // posted as "id" to end it
	User         string       // empty: anonymous
	UserID       string       // posted as "user" to end all of the user's
	Device       text.Message // such as "Firefox 131 on Linux"
	UserAgent    string       // shown on hover
	IP           string
	Created      time.Time
	LastActivity time.Time
	Expires      time.Time
	Current      bool // the viewer's own

	Ended time.Time    // zero: it is live
	Why   text.Message // it ended, in words
}

// Named is the device, or that it is not known.
func (s Session) Named() text.Message {
	if s.Device == nil {
		return text.UnknownDevice
	}
	return s.Device
}

// End is the name of the button that ends the session.
func (s Session) End() text.Message {
	if s.User == "" {
		return text.EndSessionAnonymous(s.Named(), s.IP)
	}
	return text.EndSession(s.User, s.Named(), s.IP)
}

// EndAsk is the question before the session ends.
func (s Session) EndAsk() text.Message {
	if s.User == "" {
		return text.EndSessionAskAnonymous(s.Named())
	}
	return text.EndSessionAsk(s.User, s.Named())
}

// Sessions is the page of everyone's live sessions, or with "ended=1" of those
// that ended. Its forms post "id" or "user" to sessions/revoke, or "all" with the
// filter: first with "preview", then, by Ending, without.
type Sessions struct {
	Layout

	// Ended says that the rows have ended; History that there is a page of those.
	Ended, History bool

	Rows  []Session
	Count text.Count
	// Filter is the search over sessions; nil hides it.
	Filter *SessionFilter
	Pager  Pager
	// CanEnd shows the buttons.
	CanEnd bool
	// Ending asks whether to end all that the filter means; nil offers to ask.
	Ending *SessionsEnding
	// Problem is shown instead of the table, such as when the store cannot list
	// every session.
	Problem *Problem
}

func (Sessions) template() string { return "sessions.html" }

// SessionsEnding is the question about ending all sessions that are meant.
type SessionsEnding struct {
	Count text.Count // without the viewer's own, unless Own
	Own   bool       // the viewer's own is to end too
	Mine  bool       // the viewer's own is meant
}

// Text is the number with its noun: "1 session", "10,000+ sessions".
func (e SessionsEnding) Text() text.Message { return text.SessionsCount(e.Count) }

// None reports whether nothing would end.
func (e SessionsEnding) None() bool { return e.Count.Kind == text.CountExact && e.Count.N == 0 }

// Params are the filter as hidden fields.
func (s Sessions) Params() []Param {
	var all []Param
	if s.Filter != nil {
		for _, p := range []Param{{"user", s.Filter.User}, {"ip", s.Filter.IP}, {"device", s.Filter.Device}} {
			if p.Value != "" {
				all = append(all, p)
			}
		}
	}
	return all
}

// FilterQuery is the filter as the query of an address, with its question mark.
func (s Sessions) FilterQuery() string {
	v := url.Values{}
	for _, p := range s.Params() {
		v.Set(p.Name, p.Value)
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// SessionFilter is a GET form with "user", "ip" and "device".
type SessionFilter struct {
	User, IP, Device string
	Error            text.Message
}

// Active reports whether anything is filtered.
func (f SessionFilter) Active() bool { return f.User != "" || f.IP != "" || f.Device != "" }

// Account is the page of the signed-in administrator. Its forms post to
// account/password and account/revoke ("id", or "others=1").
type Account struct {
	Layout

	Sessions []Session
	// Problem is shown instead of the sessions.
	Problem *Problem
	// Password is the form; nil hides it, for sign-ins kept elsewhere.
	Password *PasswordForm
}

func (Account) template() string { return "account.html" }

// PasswordForm holds the errors beside the fields "current_password",
// "new_password" and "confirm_password". Passwords are never echoed.
type PasswordForm struct {
	Min, Max                            int // length in characters; 0: not said
	CurrentError, NewError, RepeatError text.Message
}

// Others reports whether there are sessions besides the viewer's own.
func (a Account) Others() bool {
	return slices.ContainsFunc(a.Sessions, func(s Session) bool { return !s.Current })
}

// Username is the name password managers file the new password under.
func (a Account) Username() string {
	if a.User == nil {
		return ""
	}
	return a.User.Name
}
