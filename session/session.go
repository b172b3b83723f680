// Session, the record that stores keep, and the words inside it.

package session

import (
	"net/netip"
	"time"
)

// Session is one signed-in (or anonymous) browser. It is a plain value: a copy
// shares nothing with the store. All times are UTC, truncated to microseconds
// (PostgreSQL and MySQL keep no more).
type Session struct {
	// ID names the session. See [Token] for the secret it is derived from.
	ID ID

	// UserID is the application's own name of the user, opaque here: an
	// integer, a UUID or a ULID in text. Empty means anonymous: no limit, and
	// in no user's list.
	UserID string

	// Lineage is random, made at Create and anew where Elevate changes what the
	// session may do; a periodic Renew keeps it. CSRF tokens are bound to it.
	Lineage Lineage

	// CreatedAt is when the user signed in. Rotation keeps it.
	CreatedAt time.Time

	// LastActivity is when the session was last seen, exact to the manager's
	// TouchInterval.
	LastActivity time.Time

	// ExpiresAt is the end by idleness: LastActivity plus the idle timeout, at
	// most Deadline. At this instant the session is no longer live.
	ExpiresAt time.Time

	// Deadline is the absolute end. It never moves.
	Deadline time.Time

	// RotatedAt is when the token was last replaced; CreatedAt at first.
	RotatedAt time.Time

	// Previous is the ID that this session had before its last Renew, and PreviousUntil the end of
	// the time in which that ID still finds it: Deadline while nobody has used the new one (see
	// Unused), then the end of the grace. Both are zero where the session had no other ID before.
	Previous      ID
	PreviousUntil time.Time

	// IP is the client's address at sign-in; the zero Addr if unknown.
	IP netip.Addr

	// UserAgent is the client's User-Agent header at sign-in, cut to
	// MaxUserAgent bytes.
	UserAgent string

	// Device is what UserAgent says in words.
	Device Device

	// Metadata is the application's own JSON object.
	Metadata Metadata

	// Version counts the changes of Metadata, from 1.
	Version uint64

	// EndedAt and Ending say when and why the session ended. They are set only
	// in history, which stores whose Traits say History keep.
	EndedAt time.Time
	Ending  Ending
}

// LiveAt reports whether the session is live at t: not ended, and t before
// both ExpiresAt and Deadline.
func (s *Session) LiveAt(t time.Time) bool {
	return s.EndedAt.IsZero() && t.Before(s.ExpiresAt) && t.Before(s.Deadline)
}

// Unused reports whether nobody has used the session since its renewal: its answer may have been
// lost, so the ID before it still finds the session, for as long as the session lives.
func (s *Session) Unused() bool {
	return !s.Previous.IsZero() && s.PreviousUntil.Equal(s.Deadline)
}

// Renewable reports whether Rotate may put a successor with that Previous in the place of the
// session. Previous may be zero, the session's ID, or the ID before it while the session is Unused.
// Stores call it.
func (s *Session) Renewable(previous ID) bool {
	return previous.IsZero() || previous == s.ID || previous == s.Previous && s.Unused()
}

// User returns the session's user and tag, which stores index it by.
func (s *Session) User() User { return User{ID: s.UserID, Tag: s.ID.Tag()} }

// Lineage outlives the token where a session is only renewed.
type Lineage [16]byte

// User is a user as stores know them: the name, and the tag that all of the user's sessions share.
// [Manager.User] makes it.
type User struct {
	ID  string
	Tag Tag
}

// Device is a User-Agent in words. Each text is at most MaxDeviceText bytes.
type Device struct {
	Browser string // such as "Firefox"
	Version string // of the browser, such as "128.0"
	OS      string // such as "Windows 11"
	Name    string // of the device where it says one, such as "iPhone"
	Kind    string // "desktop", "mobile", "tablet", "bot", or empty if unknown
}

// Bounds of what a session holds, in bytes. Longer user agents and device
// texts are cut; a longer user ID is an error.
const (
	MaxUserID     = 255
	MaxUserAgent  = 512
	MaxDeviceText = 64
)

// Ending says why a session ended, and who ended it.
type Ending struct {
	Reason Reason

	// By names the person who ended it, where that is not the user: an administrator, for example.
	// At most MaxUserID bytes; longer is cut.
	By string
}

// Reason is why a session ended.
type Reason string

// The reasons.
const (
	ReasonLogout          Reason = "logout"
	ReasonRevoked         Reason = "revoked"
	ReasonLimitReached    Reason = "limit"
	ReasonIdleTimeout     Reason = "idle"
	ReasonAbsoluteTimeout Reason = "absolute"
	ReasonPasswordChanged Reason = "password_changed"
	ReasonUserDisabled    Reason = "user_disabled"
	ReasonRoleChanged     Reason = "role_changed"
	ReasonRotated         Reason = "rotated" // another token took its place
	ReasonUndecodable     Reason = "undecodable"
)
