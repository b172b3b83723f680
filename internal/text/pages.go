// What several pages say: buttons and links, tables.

package text

// Buttons, links and remarks of several pages.
var (
	_ = plain("page.save", "Save")
	_ = plain("page.cancel", "Cancel")
	_ = plain("page.back_to_list", "Back to the list")
	_ = with[string]("page.back_to", "Back to {table}")
	_ = plain("page.cannot_undo", "This cannot be undone.")
	_ = plain("page.in_new_tab", ", in a new tab")
	_ = with[int]("page.shown", "{#n} shown")
	_ = plain("page.skip", "Skip to content")
)

// Tables, and the links between their pages.
var (
	IsView = plain("table.view", "view")
	_      = plain("table.open", "Open")
	_      = with[string]("table.open_row", "Open {record}")
	_      = plain("table.open_unnamed", "Open record")
	_      = plain("table.choose_page", "Choose all rows of this page")
	_      = with[string]("table.choose_row", "Choose {record}")
	_      = plain("pager.pages", "Pages")
	_      = plain("pager.first", "First")
	_      = plain("pager.previous", "Previous")
	_      = plain("pager.next", "Next")
	_      = plain("pager.last", "Last")
)
