// Report: what a store tells of itself, beyond that it answers.

package session

// Report is how a store is doing: for people, and for metrics.
type Report struct {
	// Warning says in a sentence what does not hold just now; empty if all is well.
	Warning string

	// Detail says in a few words how it goes.
	Detail string

	// Counts are what the store has counted since it was opened, always the same in
	// the same order.
	Counts []Count
}

// Count is something that happened that often.
type Count struct {
	Name string // letters and underscores, such as "cache_hits"
	N    uint64
}
