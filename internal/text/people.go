// What is said of administrators: signing in, accounts, sessions.

package text

// Signing in. What a failed login is told is the same whatever was wrong.
var (
	WrongCredentials = plain("login.wrong", "The username or the password is wrong.")
	TooManyAttempts  = plain("login.throttled", "Too many attempts.")
	TooManySessions  = plain("login.limit", "You are already signed in on as many devices as are allowed. Sign out on one of them first.")
)

// Accounts.
var (
	ChooseRole         = plain("users.choose_role", "Choose one of the roles.")
	UsernameTaken      = plain("users.taken", "Another user already has this username.")
	UsernameRule       = with[Message]("users.username_rule", "The username {rule}.")
	PasswordRule       = with[Message]("users.password_rule", "The password {rule}.")
	UsernameTooLong    = plain("users.after_too_long", "after: too long to be a username.")
	CanSignIn          = with[string]("users.can_sign_in", "{user} can sign in now.")
	RoleChanged        = plain("users.role_changed", "The role was changed, and the user's sessions have ended.")
	UserDisabled       = plain("users.disabled", "The user was disabled and signed out everywhere.")
	UserEnabled        = plain("users.enabled", "The user can sign in again.")
	PasswordReset      = plain("users.password_reset", "The password was changed, and the user's sessions have ended.")
	UserUnlocked       = plain("users.unlocked", "The failed sign-ins were cleared: the user can try again at once.")
	NotYourOwnAccount  = plain("users.own", "You cannot change your own account here. Ask another superuser, or change your password on your account page.")
	LastSuperuser      = plain("users.last_superuser", "This is the last superuser. Make another user a superuser first.")
	PasswordsDiffer    = plain("account.differ", "The two new passwords are not the same.")
	NotCurrentPassword = plain("account.not_current", "This is not your current password.")
	PasswordChanged    = plain("account.password_changed", "Your password was changed, and your other sessions have ended.")
	FailedSignIns      = with2[int, Message]("users.failed", "{#n} failed sign-in in the last {time}.", "{#n} failed sign-ins in the last {time}.")
	FailedSignInsMore  = with2[int, Message]("users.failed_more", "At least {#n} failed sign-in in the last {time}.", "At least {#n} failed sign-ins in the last {time}.")
	NoFailedSignIns    = with[Message]("users.failed_none", "No failed sign-ins in the last {time}.")
	Superuser          = plain("role.superuser", "Superuser")
	SuperuserNote      = plain("role.superuser.note", "everything, including administrators and sessions")
	Editor             = plain("role.editor", "Editor")
	EditorNote         = plain("role.editor.note", "sees and changes the data")
	Viewer             = plain("role.viewer", "Viewer")
	ViewerNote         = plain("role.viewer.note", "sees the data")
)

// Passwords.
var (
	CurrentPassword = plain("password.current", "Current password")
	NewPassword     = plain("password.new", "New password")
	RepeatPassword  = plain("password.repeat", "New password, again")
	Password        = plain("password.password", "Password")
	PasswordBetween = with2[int, int]("password.between", "{#min} to {#max} characters.")
	PasswordAtLeast = with[int]("password.at_least", "At least {#min} character.", "At least {#min} characters.")
)

// Sessions.
var (
	SessionsEnded       = with[int]("sessions.ended", "{#n} session has ended.", "{#n} sessions have ended.")
	SessionAlreadyEnded = plain("sessions.already_ended", "The session had already ended.")
	MoreSessions        = plain("sessions.more", "There are more. Repeat this to end them too.")
	NoSessionMatches    = plain("sessions.none_matches", "No session matches any more.")
	EndingUnconfirmed   = with[Message]("sessions.unconfirmed", "The session cache did not confirm this: other servers may still accept ended sessions for up to {time}.")
	WhichSession        = plain("sessions.which", "Say which session (id) or whose sessions (user) to end, or all=1 with a filter.")
	WhichOwnSession     = plain("sessions.which_own", "Say which session to end (id), or others=1.")
	NotASession         = plain("sessions.not_an_id", "id: this is not the ID of a session.")
	NotYourSession      = plain("sessions.not_yours", "This session is not yours.")
	SessionsUnreadable  = plain("sessions.unreadable", "The sessions cannot be read")
	SessionsUnlisted    = plain("sessions.unlisted", "This store cannot list all sessions")
	FilterByUser        = with[string]("sessions.filter_by_user", "The {store} store finds sessions by their user only. Filter by a user.")
	EndByUser           = with[string]("sessions.end_by_user", "The {store} store finds sessions by their user only. Say whose sessions to end (user). To end everybody's, start the panel with another secret key.")
	FilterTooLong       = with3[string, int, int]("sessions.filter_too_long", "{field} has {#n} bytes. At most {#max} are allowed.")
	NotANetwork         = with[string]("sessions.not_a_network", "ip: \"{text}\" is not an address or a network, such as 192.0.2.7 or 192.0.2.0/24.")
	UnknownDevice       = plain("sessions.unknown_device", "Unknown device")
	EndedBy             = with2[Message, string]("sessions.ended_by", "{reason} by {user}")
)
