// Users: what an administrator is, and how usernames are compared.

package account

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxUsername is the longest username, in characters.
const MaxUsername = 128

// Role says what an administrator may do.
type Role string

// The roles, from the widest to the narrowest.
const (
	Superuser Role = "superuser" // everything, the administrators too
	Editor    Role = "editor"    // reads and writes the data
	Viewer    Role = "viewer"    // reads the data
)

// Valid reports whether r is one of the three roles.
func (r Role) Valid() bool { return r == Superuser || r == Editor || r == Viewer }

// User is an administrator. It holds no secret: the password hash never leaves the package.
type User struct {
	ID                string    `json:"id"`       // UUIDv7
	Username          string    `json:"username"` // as typed when it was made
	Role              Role      `json:"role"`
	Disabled          bool      `json:"disabled"`
	CreatedAt         time.Time `json:"created_at"` // times are UTC, in microseconds
	UpdatedAt         time.Time `json:"updated_at"`
	PasswordChangedAt time.Time `json:"password_changed_at"`
	LastLoginAt       time.Time `json:"last_login_at,omitzero"` // zero: never

	// Epoch is raised by a new password, a reset, disabling and a change of role, and by nothing
	// else. What was granted to the account under another epoch, such as a known device, ends with
	// it.
	Epoch int64 `json:"epoch"`

	// Unlocks is raised by [Accounts.Unlock], a new password and a reset. Failed sign-ins are
	// counted under it, so that raising it forgets them at once and everywhere, whatever store
	// counts them.
	Unlocks int64 `json:"unlocks"`
}

// Canonical is the form in which usernames are compared, stored uniquely and counted by a login
// throttle: Unicode NFKC with its case folded, and without the space around it. It is the empty
// string, which is nobody's name, for one that is blank, not UTF-8, holds a zero byte, or is too
// long to be a username.
func Canonical(username string) string {
	if len(username) > MaxUsername*utf8.UTFMax || !utf8.ValidString(username) || strings.ContainsRune(username, 0) {
		return ""
	}
	// Folding can undo a composition and composing can undo a folding, hence twice (Unicode 3.13,
	// D146).
	key := norm.NFKC.String(username)
	for range 2 {
		key = norm.NFKC.String(cases.Fold().String(key))
	}
	return strings.TrimSpace(key)
}

// UsernameError says which rule a username breaks. Rule completes the sentence "The username …".
type UsernameError struct{ Rule string }

func (e *UsernameError) Error() string { return "account: the username " + e.Rule }

// checkUsername refuses texts that cannot be a username, or that look like another one on a screen.
func checkUsername(username string) error {
	key := Canonical(username)
	switch {
	case key == "":
		return &UsernameError{fmt.Sprintf("must be 1 to %d characters of text", MaxUsername)}
	case utf8.RuneCountInString(username) > MaxUsername || utf8.RuneCountInString(key) > MaxUsername:
		return &UsernameError{fmt.Sprintf("is longer than %d characters", MaxUsername)}
	}
	for _, r := range strings.TrimSpace(username) {
		if !unicode.IsPrint(r) {
			return &UsernameError{fmt.Sprintf("holds %U, which cannot be seen: leave it out", r)}
		}
	}
	return nil
}
