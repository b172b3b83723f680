// What is said of requests: why one is refused, and what the pages of errors say.

package text

import (
	"time"
)

// Refusals of the guard and of the policy.
var (
	OtherSite      = plain("request.other_site", "The request came from another site.")
	AddressTooLong = plain("request.address_too_long", "The address is too long.")
	ForSuperusers  = plain("request.superusers", "This page is for superusers.")
	AccountChanged = plain("request.account_changed", "Your account was changed while this was under way, so nothing was written. Send it again.")
	PanelReadOnly  = plain("request.panel_read_only", "This panel is read-only.")
	TableReadOnly  = with[Message]("request.table_read_only", "This table cannot be written: {why}.")
	ReachesChanges = plain("request.reaches_changes", "This would change records in other tables, where your role cannot change records.")
	ReachesDeletes = plain("request.reaches_deletes", "This would delete records in other tables, where your role cannot delete records.")
	ReachesMasked  = plain("request.reaches_masked", "This would change a masked value in another table, which your role cannot set.")
	BusyRequests   = with[int]("request.busy_requests", "You already have {#n} request running in your windows. Wait until one is done.", "You already have {#n} requests running in your windows. Wait until one is done.")
	BusySearches   = with[int]("request.busy_searches", "You already have {#n} search running in your windows. Wait until it is done.", "You already have {#n} searches running in your windows. Wait until one is done.")
	BusyExporting  = plain("request.busy_exporting", "You already have an export running. Wait until it is done.")
	BusyChanging   = plain("request.busy_changing", "You are already changing many records. Wait until that is done.")
	NotOffered     = with[Message]("request.not_offered", "This panel has no way to {do} in this table.")
	NotPermitted   = with[Message]("request.not_permitted", "Your role does not allow you to {do} in this table.")
	ToView         = plain("request.to_view", "view records")
	ToExport       = plain("request.to_export", "export records")
	ToCreate       = plain("request.to_create", "create records")
	ToUpdate       = plain("request.to_update", "change records")
	ToDelete       = plain("request.to_delete", "delete records")
	ToBulk         = plain("request.to_bulk", "change many records at once")
	FormExpired    = plain("request.form_expired", "The form is too old, or somebody else opened it. Go back, reload the page and send it again.")
	FormTooSlow    = plain("request.form_too_slow", "The form took too long to arrive and was not accepted. Nothing was changed.")
	FormTooLarge   = with[Message]("request.form_too_large", "The form is larger than {size} and was not accepted. Nothing was changed.")
	ValuesTooLarge = with[Message]("request.values_too_large", "The form, without its files, is larger than {size} and was not accepted. Nothing was changed.")
	PartArrived    = plain("request.part_arrived", "The part that arrived is below.")
	Malformed      = plain("request.malformed", "The request is malformed.")
	TableChanged   = with[Message]("request.table_changed", "{problem}. If the table was changed after the panel started, restart the panel.")
	TableUnusable  = with[Message]("request.table_unusable", "{problem}.")
	KiB            = with[int64]("request.kib", "{#n} KiB")
	MiB            = with[int64]("request.mib", "{#n} MiB")
	AddressRefused = plain("gate.address", "This address is not allowed here.")
	HTTPSOnly      = plain("gate.https_only", "This panel is served over HTTPS only. What you sent came over plain HTTP and was not read.")
	HTTPSInstead   = plain("gate.https_instead", "This panel is served over HTTPS.")
	HostRefused    = plain("gate.host", "This host name is not served here.")
	NotSignedIn    = plain("request.not_signed_in", "not signed in")
	PageUnmade     = plain("request.page_unmade", "The page could not be made.")
)

// Outages: what does not answer.
var (
	DatabaseReadOnly   = plain("outage.read_only", "The database cannot be written to.")
	DatabaseTooSlow    = plain("outage.too_slow", "The database took too long, and the query was stopped.")
	DatabaseBusy       = plain("outage.busy", "Too many searches, counts and exports are running. Try again in a few seconds.")
	ExportsFull        = plain("outage.exports_full", "Exports that nobody has downloaded yet take up all the space there is for exports. Try again later, or export fewer rows.")
	ExportsNoDisk      = plain("outage.exports_no_disk", "The server has no space left to prepare the export.")
	SessionsUnanswered = plain("outage.sessions", "The session store does not answer.")
	SignInsBusy        = plain("outage.sign_ins", "Too many people are signing in at once.")
	AdminsUnanswered   = plain("outage.administrators", "The administrators' database does not answer.")
	DatabaseUnanswered = plain("outage.database", "The application's database does not answer.")
)

// Pages of errors: a headline, and what to do.
var (
	BadRequestHead      = plain("error.400", "This address cannot be read")
	BadRequestAdvice    = plain("error.400.advice", "Part of it is malformed. Go back and follow the link again, or correct the address.")
	UnauthorizedHead    = plain("error.401", "You are not signed in")
	UnauthorizedAdvice  = plain("error.401.advice", "Sign in to continue. Nothing was changed.")
	ForbiddenHead       = plain("error.403", "You don't have permission to do this")
	ForbiddenAdvice     = plain("error.403.advice", "Your role does not allow it. Ask an administrator if you need it.")
	NothingWasChanged   = plain("error.nothing_changed", "Nothing was changed.")
	NotFoundHead        = plain("error.404", "Page not found")
	NotFoundAdvice      = plain("error.404.advice", "The page or record does not exist, or no longer does. Check the address or start from the dashboard.")
	MethodHead          = plain("error.405", "This page cannot be used that way")
	MethodAdvice        = plain("error.405.advice", "The address exists but does not accept this kind of request. Start from the dashboard.")
	TimeoutHead         = plain("error.408", "That took too long to send")
	TimeoutAdvice       = plain("error.408.advice", "The connection may be slow or was interrupted. Go back and send it again.")
	ConflictHead        = plain("error.409", "Someone else changed this first")
	ConflictAdvice      = plain("error.409.advice", "Your change was not saved, so that theirs is not lost. Reload the page to see the current version, then decide.")
	TooLargeHead        = plain("error.413", "That was too much to send")
	TooLargeAdvice      = plain("error.413.advice", "The request is larger than the panel accepts. Send less at once.")
	UnprocessableHead   = plain("error.422", "A value cannot be used")
	UnprocessableAdvice = plain("error.422.advice", "Nothing was changed. Go back and correct it.")
	TooManyHead         = plain("error.429", "That is too much at once")
	TooManyAdvice       = plain("error.429.advice", "Each person can run only so much at a time, so that nobody else has to wait.")
	InternalHead        = plain("error.500", "Something went wrong on our side")
	InternalAdvice      = plain("error.500.advice", "The error was logged. Try again; if it happens again, tell an administrator what you did.")
	UnavailableHead     = plain("error.503", "Not available right now")
	UnavailableAdvice   = plain("error.503.advice", "Nothing is wrong with your session: if you were signed in, you still are.")
	TryAgainIn          = with[Message]("error.try_again_in", "Try again in {wait}.")
	TryAgainSoon        = plain("error.try_again_soon", "Try again in a moment.")
)

var (
	seconds = with[int64]("wait.seconds", "{#n} second", "{#n} seconds")
	minutes = with[int64]("wait.minutes", "{#n} minute", "{#n} minutes")
)

// Wait is a duration for people, rounded up; nil for none.
func Wait(d time.Duration) Message {
	n := int64((d + time.Second - 1) / time.Second)
	switch {
	case d <= 0:
		return nil
	case n < 120:
		return seconds(n)
	default:
		return minutes((n + 59) / 60)
	}
}
