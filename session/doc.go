// Package session keeps server-side sessions right: under concurrency, across processes, and when
// the servers that hold them fail.
//
// # Sessions
//
// A [Manager] applies rules to the sessions in a [Store], which keeps the records. [New] makes one
// of a store and a [Config]; [Manager.Run] sweeps what has expired. [Manager.Create] begins a
// session and returns its token; [Manager.Validate] returns the session that a token opens. A
// [Session] ends by itself when it is idle for IdleTimeout, and when it is as old as Lifetime.
//
// Two words have two types. A [Token] is the secret that the browser holds: it is never stored,
// logged or shown. An [ID] is derived from the token by SHA-256: stores, logs and dashboards use
// it, and nothing turns it back into a token.
//
// Every question has one of three answers: valid (a Session and no error), invalid ([ErrNotFound])
// or unavailable ([ErrUnavailable]). An error never becomes "valid", and a server that is down
// never becomes "please sign in again".
//
// A session holds values of the application in its [Metadata], a JSON object. A [Key] reads and
// writes one of them with its type, and [Manager.Update] stores the change so that none is lost.
// [AddFlash] and [TakeFlashes] are messages for the next page.
//
// [Manager.Peek] looks without marking the session as seen, [Manager.Get] finds a session by its
// ID, and [Manager.Current] finds one again after a renewal. [Manager.UserSessions] and
// [Manager.List] show who is signed in.
//
// # Signing in
//
// At a sign-in, and whenever a session may do more than before, [Manager.Elevate] gives it another
// token, so that a token which somebody planted or read earlier opens nothing. With
// Config.RenewEvery a token is also replaced because it is old: [Manager.Renew], or
// [Manager.RenewFor] in a server. A user may have MaxPerUser sessions; the oldest ends, or the
// login is refused ([ErrLimit]).
//
// Each session has a [Lineage], which survives a renewal and changes with the session's rights.
// [Manager.CSRFToken] makes tokens for forms of it, and [Manager.CheckCSRF] checks them.
// [Manager.LoginLineage] is for the form of the sign-in, where there is no session yet.
//
// # Ending
//
// [Manager.Logout] ends the session of a token, [Manager.Revoke] that of an ID, [Manager.End] too
// and says what has ended, [Manager.RevokeUser] those of a user and [Manager.RevokeAll]
// everybody's. An [Ending] says why and by whom. An ending goes on when the client has gone away. A
// [*PartialError] says that an ending is durable, but that other processes may learn of it a moment
// later.
//
// Config.OnEvent hears of each [Event]; [Manager.Stats] counts answers.
//
// # Throttling
//
// [Manager.Attempt] lets a [Login] through before its password is checked, or refuses it with a
// [*ThrottledError]. An [Attempt] stands as a failure until [Attempt.Succeed] or [Attempt.Cancel]
// says otherwise. The [Throttle] counts failures by network and account, so that nobody can lock
// others out from elsewhere, and lets known devices through. [Manager.Failures] returns the count
// of an account.
//
// # For stores
//
// Five stores come with the module: memstore, redisstore, memcachestore, sqlstore and hybridstore.
// A program that uses one of them needs nothing of this section.
//
// An author of another store implements [Store], whose comments are the contract, and runs the
// conformance suite of package sessiontest. [Traits] say what the store cannot do, and its [Report]
// how it is doing. These are the words of the contract: a [Tag] names a user's part of the indexes,
// an [Admission] is the rule of a limit, [Seen] a session's activity, [Query] and [Cursor] are the
// pages of a list, a [CountRule] is the rule of a counter, and a [Change] is an entry of the log
// that a cache in front of a store follows. [CheckCount], [MonotonicClock], [StoredMetadata],
// [Query.After], [Query.Size], [Session.Renewable] and [Session.Unused] are the decisions that all
// stores share.
//
// # What is promised
//
//   - When Logout, Revoke or RevokeUser has returned nil, no process answers valid for what has
//     ended, or at most for Traits.MaxStale where the store says so.
//   - What has ended stays ended: nothing but Create, a rotation and Restore inserts a record.
//   - A limit of sessions holds at every moment where Traits.ExactLimit says so.
//   - No token is stored or logged, and no error shows one.
//   - The package imports the standard library only, and knows no HTTP. Package sessionhttp puts
//     sessions behind net/http.
//
// docs/security.md names the test of each promise.
package session
