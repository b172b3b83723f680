// What lists say: of filters, of sorting, of counting.

package text

// Comparisons of filters, between a column and a value.
var (
	OpContains   = plain("op.contains", "contains")
	OpEquals     = plain("op.equals", "equals")
	OpIsNot      = plain("op.is_not", "is not")
	OpStartsWith = plain("op.starts_with", "starts with")
	OpLess       = plain("op.less", "is less than")
	OpAtMost     = plain("op.at_most", "is at most")
	OpGreater    = plain("op.greater", "is greater than")
	OpAtLeast    = plain("op.at_least", "is at least")
	OpOneOf      = plain("op.one_of", "is one of")
	OpEmpty      = plain("op.empty", "is empty")
	OpNotEmpty   = plain("op.not_empty", "is not empty")
)

// Searching, sorting and counting.
var (
	SearchIn        = with[[]string]("list.search_in", "Search {columns}")
	SortAscending   = with[string]("list.ascending", "{column}, ascending")
	SortDescending  = with[string]("list.descending", "{column}, descending")
	MaybeSlow       = plain("list.maybe_slow", "no index, may be slow")
	NothingToExport = plain("list.nothing_to_export", "None of these columns can be exported: what they hold is secret, or cannot be read.")
	CountTooSlow    = plain("list.count_too_slow", "Counting took too long")
)
