// Report: how a store is doing, in words and counts.

package session

// Report is how a store is doing: for people, and for metrics.
type Report struct {
	// Warning says in a sentence which promise does not hold at the moment. It is empty if all is
	// well.
	Warning string

	// Detail describes the store's state in a few words.
	Detail string

	// Counters are counts since the store was opened, or since its server was started. The names
	// are always the same, in the same order.
	Counters []Counter
}

// Counter counts one kind of thing that happened.
type Counter struct {
	Name string // letters and underscores, such as "cache_hits"
	N    uint64
}
