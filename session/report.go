// Report: what a store tells of itself, beyond that it answers.

package session

// Report is how a store is doing: for people, and for metrics.
type Report struct {
	// Warning says in a sentence what does not hold just now; empty if all is well.
	Warning string

	// Detail says in a few words how it goes.
	Detail string

	// Counters are what the store has counted since it was opened, always the same in
	// the same order.
	Counters []Counter
}

// Counter is something that happened that often.
type Counter struct {
	Name string // letters and underscores, such as "cache_hits"
	N    uint64
}
