// Package frame is one request of the panel, from the connection to the answer: everything that
// happens around a handler, and everything that a handler answers with. A security review reads
// this folder.
//
// # The way of a request
//
// [Frame.ServeHTTP] sets the deadlines and the headers of every answer and catches panics. The
// gates say where a request may come from (gates.go), and the origin check refuses other sites.
// Then the address decides (route.go): a [Route] is a method, a path, an [Access] and a [Handler].
// The zero Access is nobody's, so an address that was forgotten is refused.
//
// The guard makes the [Visit] and takes the steps in their order (guard.go): who asks, their place
// among the requests of the same person, their rights, the size of the body, the CSRF token, and
// for a request that changes something all of it once more (again.go), because its body may have
// taken half a minute to come. What takes long is watched (watched.go): within a second of the end
// of a session, an account or a role it ends.
//
// # The Visit
//
// A Visit is what is known by then, once: the person, the data as they may see it, the table of the
// address and what the program says of it. A handler is func(*Visit) error. It answers by
// [Visit.Render], [Visit.Redirect] or [Visit.JSON], or returns an error, which becomes a page in
// one place (failure.go).
//
// # Rights
//
// [Policy] decides what a role may do with a table in one function, refusal, and has for each role
// a source that has nothing else (ADR 6): a handler that forgets to ask shows nothing that it
// should not. Writes that reach into other tables by foreign keys need the rights there (reach.go).
//
// # What stands in the way of abuse
//
// [Shares] are how much of the machine one person may take, [Deadlines] how long a browser may take
// to send a request and to read the answer, and body.go how much of a form is read, and that
// nothing of it stays.
package frame
