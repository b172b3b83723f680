// What is said of the panel as a whole: the dashboard, health, the menu.

package text

// The menu, and the headings of its groups.
var (
	Dashboard = plain("menu.dashboard", "Dashboard")
	Sessions  = plain("menu.sessions", "Sessions")
	Users     = plain("menu.users", "Users")
	Health    = plain("menu.health", "Health")
	Account   = plain("menu.account", "Account")
	Tables    = plain("menu.tables", "Tables")
	Views     = plain("menu.views", "Views")
	Unnamed   = plain("menu.unnamed", "(unnamed)")
)

// The dashboard.
var (
	NoTables      = plain("dashboard.no_tables", "No tables")
	NoTablesShown = plain("dashboard.none_shown", "The database has no table that is shown.")
	ListedOnly    = plain("dashboard.listed_only", "no key: rows can only be listed")
	LiveSessions  = plain("dashboard.live_sessions", "Live sessions")
	Database      = plain("dashboard.database", "Database")
	Unknown       = plain("dashboard.unknown", "unknown")
)

// Health: the parts, how they do, and what the session store promises.
var (
	PartDown              = plain("health.down", "A part does not answer")
	PartDegraded          = plain("health.degraded", "A part is slow or has a warning")
	AllAnswer             = plain("health.ok", "All parts answer")
	ApplicationDatabase   = plain("health.application_database", "Application database")
	Administrators        = plain("health.administrators", "Administrators")
	SessionsIn            = with[string]("health.sessions_in", "Sessions ({store})")
	NoAnswer              = plain("health.no_answer", "does not answer")
	UnderTenthMillisecond = plain("health.under_tenth_ms", "under 0.1 ms")
	Milliseconds          = with[string]("health.ms", "{number} ms")
	OnSystem              = with2[string, string]("health.on_system", "{program} on {system}")
	AfterCrash            = plain("health.after_crash", "After a crash")
	SessionsStay          = plain("health.sessions_stay", "sessions are still there")
	SessionsLost          = plain("health.sessions_lost", "everybody signs in again")
	SeveralProcesses      = plain("health.several_processes", "Several processes")
	SameSessions          = plain("health.same_sessions", "see the same sessions")
	OwnSessions           = plain("health.own_sessions", "each has its own sessions")
	EndedSession          = plain("health.ended_session", "An ended session")
	RefusedAtOnce         = plain("health.refused_at_once", "is refused everywhere at once")
	AcceptedFor           = with[Message]("health.accepted_for", "may be accepted elsewhere for up to {time}")
	SessionLimit          = plain("health.session_limit", "Limit of sessions")
	LimitExact            = plain("health.limit_exact", "holds at every moment")
	LimitLoose            = plain("health.limit_loose", "may be exceeded for a moment, between processes")
	SessionsPerUser       = plain("health.sessions_per_user", "Sessions of a user, at most")
	NoBound               = plain("health.no_bound", "the store has no limit of its own")
	SessionList           = plain("health.session_list", "List of everybody's sessions")
	Yes                   = plain("health.yes", "yes")
	ByUserOnly            = plain("health.by_user_only", "no: by user only")
	EndedSessions         = plain("health.ended_sessions", "Ended sessions")
	KeptWithReason        = plain("health.kept_with_reason", "are kept with their reason")
	LeaveNothing          = plain("health.leave_nothing", "leave nothing behind")
)
