// Package histories records what concurrent callers of a session.Store saw and
// checks that one order of the calls explains it.
//
// Two handles on the same records, as two processes have them, are driven through
// two managers by several workers at once, while servers may be killed, frozen or
// emptied. Every call of the store is written down with the moments of its
// beginning and end. A history is right if each call can be given one moment
// between the two at which it happened, such that a store of one lock and a short
// list (the model) gives the same answers in that order: it is linearizable. That is
// looked for with github.com/anishathalye/porcupine, twice: for all sessions of a
// user together, with the limit, the evictions, RevokeUser and the lists; and for
// each session with its successors alone, which is quicker to read when it fails.
//
// A write whose outcome is unknown may have happened at any moment after its
// beginning, or never. Any other error of a write says that nothing happened, and is
// held to that. An answer "invalid" about a session that the model has live is a
// violation as much as "valid" about one that ended.
//
// A store that is a cache in front of a database promises less for reads: see
// Rules.Regular and Rules.Lag.
//
// Any store runs:
//
//	func TestHistories(t *testing.T) {
//		result := histories.Run(t, harness, histories.Options{Seed: 1, Calls: 10_000})
//		t.Log(result)
//	}
package histories
