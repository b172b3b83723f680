// What lists say: of filters, of sorting, of counting, and what limits them.

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
	OpRefers     = plain("op.refers", "refers to")
	InUTC        = plain("list.zone_utc", "UTC")
	NoZone       = plain("list.no_zone", "no time zone")
	OpNotEmpty   = plain("op.not_empty", "is not empty")
)

// Searching, sorting and counting.
var (
	SearchIn        = with[[]string]("list.search_in", "Search {columns}")
	SortAscending   = with[string]("list.ascending", "{column}, ascending")
	SortDescending  = with[string]("list.descending", "{column}, descending")
	MaybeSlow       = plain("list.maybe_slow", "no index, may be slow")
	NothingToExport = plain("list.nothing_to_export", "None of these columns can be exported: their values are secret, or cannot be read.")
	CountTooSlow    = plain("list.count_too_slow", "Counting took too long")
)

// What is chosen in a list, and what its head says.
var (
	AllInTable   = plain("list.all", "All in the table")
	AllMatching  = plain("list.all_matching", "All that match")
	CountInTable = with[Count]("list.count_in_table", "All {#n} in the table")
	CountMatch   = with[Count]("list.count_match", "All {#n} that match")
	SortSlow     = plain("list.sort_slow", "no index: sorting may be slow")
	SortAdds     = plain("list.sort_adds", "Shift+click adds to the sort")
)

// Notices of lists and records: what limits them.
var (
	FirstColumns      = with[int]("list.first_columns", "The first {#n} columns are shown. Choose others with the column picker.")
	PartlySearched    = with2[int, int]("list.partly_searched", "Only the first {#n} characters of each text are searched, and texts longer than {#max} MiB not at all.")
	RowsWithoutKey    = plain("list.without_key", "These rows have no key: they cannot be opened, and pages are counted from the start.")
	FirstRows         = with[int]("list.first_rows", "Only the first {#n} can be reached: filter to see others.")
	NotLinked         = with2[string, Message]("list.not_linked", "References to {table} are not linked: {problem}.")
	ReferenceUnlisted = with[Message]("related.unlisted", "the rows cannot be listed by the referenced value: it {problem}")
	RelatedTooSlow    = plain("related.too_slow", "finding the rows took too long: the column has no index")
	RelatedBusy       = plain("related.busy", "finding the rows takes a while, and too many such searches are running: reload the page later to see them")
)

// What keeps lists from being shown.
var (
	AddressUnescaped  = plain("list.unescaped", "The query in this address is not escaped correctly.")
	AddressWrong      = plain("list.address_wrong", "This address is not valid")
	ShowWithout       = plain("list.show_without", "Show the list without it")
	QueryTooSlow      = plain("list.too_slow", "The query took too long")
	QueryStopped      = plain("list.stopped", "It was stopped. Filter or sort by a column that has an index.")
	ClearFiltersSort  = plain("list.clear_filters_sort", "Clear filters and sort")
	TableUnreadable   = plain("list.table_unreadable", "This table cannot be read")
	RelatedUnreadable = plain("list.related_unreadable", "These rows cannot be read")
)

// The page of a list: what can be done with it.
var (
	_ = plain("list.new", "New")
	_ = plain("list.search", "Search")
	_ = with[string]("list.search_table", "Search {table}")
	_ = plain("list.filter", "Filter")
	_ = plain("list.column", "Column")
	_ = plain("list.condition", "Condition")
	_ = plain("list.value", "Value")
	_ = plain("list.add_filter", "Add filter")
	_ = plain("list.sort", "Sort")
	_ = plain("list.then_by", "Then sort by")
	_ = plain("list.add_sort", "Add to sort")
	_ = plain("list.columns", "Columns")
	_ = plain("list.find_column", "Find a column")
	_ = plain("list.columns_to_show", "Columns to show")
	_ = plain("list.show_columns", "Show columns")
	_ = plain("list.export", "Export")
	_ = with[Count]("list.exported", "{#n} row, with the columns shown.", "{#n} rows, with the columns shown.")
	_ = with[Count]("list.exported_match", "{#n} row that matches, with the columns shown.", "{#n} rows that match, with the columns shown.")
	_ = plain("list.exported_all", "All rows, with the columns shown.")
	_ = plain("list.exported_all_match", "All rows that match, with the columns shown.")
	_ = plain("list.exported_in_pieces", "They are read in pieces, between the writes of others: the file is not a snapshot of one moment.")
	_ = plain("list.actions", "Actions on chosen rows")
	_ = plain("list.choose_then", "Choose rows, then:")
	_ = plain("list.per_page", "Rows per page")
	_ = with2[int, Count]("list.shown_of", "{#n} of {#count} rows")
)

// The page of a list: what is searched, filtered and sorted, and how it is taken back.
var (
	_ = plain("list.active", "Active search, filters and sort")
	_ = with[string]("list.remove_search", "Remove search {text}")
	_ = with3[string, Message, string]("list.remove_filter", "Remove filter {column} {comparison} {value}")
	_ = with[string]("list.remove_sort", "Remove sort {key}")
	_ = plain("list.clear_filters", "Clear filters")
)

// The page of a list: why there are no rows.
var (
	_ = plain("list.refused", "No rows are shown")
	_ = plain("list.refused.advice", "A filter or the search cannot be applied as it is. Correct or remove it.")
	_ = plain("list.no_more", "No more rows")
	_ = plain("list.no_more.why", "The rows that this page had when it was linked are gone.")
	_ = plain("list.first_page", "First page")
	_ = plain("list.none_match", "No rows match")
	_ = with[string]("list.none_match.why", "There are rows in {table}, but none fits the search and filters.")
	_ = plain("list.empty", "No rows yet")
	_ = with[string]("list.empty.why", "{table} is empty.")
)

// What scripts say of the rows that are chosen.
var (
	_ = with[int]("list.chosen", "{#n} chosen")
	_ = plain("list.all_chosen", "All chosen:")
)
