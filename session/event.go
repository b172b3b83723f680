// Event: what Config.OnEvent is told, for audit logs and metrics.

package session

import (
	"net/netip"
	"time"
)

// Event is something that happened to sessions.
type Event struct {
	Kind    EventKind
	Time    time.Time
	UserID  string     // empty for anonymous sessions
	ID      ID         // of the session; zero where Count sessions are meant
	Ending  Ending     // of EventEnded
	Count   int        // sessions ended, for EventEnded of a whole user; failed logins, for EventAlert
	IP      netip.Addr // of EventCreated, EventThrottled and EventAlert
	Account string     // of EventThrottled and EventAlert: the account that was tried
}

// EventKind is a kind of event.
type EventKind string

// The kinds.
const (
	EventCreated   EventKind = "created"
	EventEnded     EventKind = "ended"
	EventRenewed   EventKind = "renewed"  // another token, because the old one is old
	EventElevated  EventKind = "elevated" // another token, because what the session may do changed
	EventThrottled EventKind = "throttled"

	// EventAlert says that an account has Throttle.FailuresPerAccount failed logins within the
	// window, and that more come. It is emitted at most once in a window for each account.
	EventAlert EventKind = "alert"
)
