// This file holds the pages about sign-ins: login, live sessions, own account.

package ui

import "time"

// Login is the sign-in page. Its form sends "username", "password" and "next".
type Login struct {
	Layout

	Username string // kept after a failure
	Next     string
	Error    string // the same words for every reason
	// RetryAfter is the wait after too many attempts; 0 hides it.
	RetryAfter time.Duration
}

func (Login) template() string { return "login.html" }

// Failure is why the last try failed, with the wait; empty if there was none.
func (l Login) Failure() string {
	if l.Error == "" || l.RetryAfter <= 0 {
		return l.Error
	}
	return l.Error + " Try again in " + Wait(l.RetryAfter) + "."
}

// Session is one session.
type Session struct {
	ID           string // posted as "id" to end it
	User         string // empty: anonymous
	UserID       string // posted as "user" to end all of the user's
	Device       string // such as "Firefox 131 on Linux"
	UserAgent    string // shown on hover
	IP           string
	Created      time.Time
	LastActivity time.Time
	Expires      time.Time
	Current      bool // the viewer's own

	Ended time.Time // zero: it is live
	Why   string    // it ended, in words
}

// Sessions is the page of everyone's live sessions, or with "ended=1" of those
// that ended. Its forms post "id" or "user" to sessions/revoke.
type Sessions struct {
	Layout

	// Ended says that the rows have ended; History that there is a page of those.
	Ended, History bool

	Rows  []Session
	Count Count
	// Filter is the search over sessions; nil hides it.
	Filter *SessionFilter
	Pager  Pager
	// CanEnd shows the buttons.
	CanEnd bool
	// Problem is shown instead of the table, such as when the store cannot list
	// every session.
	Problem *Problem
}

func (Sessions) template() string { return "sessions.html" }

// SessionFilter is a GET form with "user", "ip" and "device".
type SessionFilter struct {
	User, IP, Device string
	Error            string
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
	CurrentError, NewError, RepeatError string
}
