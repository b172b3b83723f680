// Package session keeps server-side sessions right: under concurrency, across
// processes, and when the servers that hold them fail.
//
// A [Manager] applies the rules (timeouts, a limit of sessions per user,
// rotation, revocation, CSRF tokens, login throttling) on top of a [Store],
// which keeps the records. Five stores come with the module and every one of
// them passes the same conformance suite, package sessiontest.
//
// Two words have two types. A [Token] is the secret that the browser holds; it
// is never stored, logged or shown. An [ID] is derived from the token by
// SHA-256 and is what stores, logs and dashboards use; nothing turns it back
// into a token.
//
// Every question has one of three answers: valid (a [Session] and no error),
// invalid ([ErrNotFound]) or unavailable ([ErrUnavailable]). An error never
// becomes "valid", and a server that is down never becomes "please sign in
// again".
//
// The package imports the standard library only and knows no HTTP; package
// sessionhttp puts sessions behind net/http.
package session
