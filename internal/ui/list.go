// This file holds the list page: one table's rows with search, filters, sort and pager.

package ui

import (
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Query parameters that the list page's GET forms send beside the stable ones
// ("q", "sort", "limit", "columns", "f.{column}.{op}"). A form without
// JavaScript cannot compose "f.price.gt=10", so it sends these three and the
// handler redirects to the canonical address. The column picker sends
// "columns" once per column, and adding a sort key sends "sort" a second time:
// repeated parameters join.
const (
	ParamFilterColumn = "filter_column"
	ParamFilterOp     = "filter_op"
	ParamFilterValue  = "filter_value"
)

// List is the page of one table.
type List struct {
	Layout

	Heading string // the table's label
	Note    string // what the records are; may be empty
	Kind    string // "view" is shown as a badge; a table needs none
	Action  string // the list's address without query; GET forms go there
	// State is the present query without cursors and in canonical form: "q",
	// "sort", "limit", "columns" and the filters. The forms carry it along.
	State []Param

	Search  *Search  // nil: nothing is searchable, no box
	Filters []Filter // the active ones
	// AddFilter is the form for one more filter; nil hides it.
	AddFilter *FilterForm
	ClearHref string // the list without search and filters

	Columns []Column // the visible ones, in order
	// Choices are all columns, for the column picker; empty hides it.
	Choices []ColumnChoice
	// SortKeys are the active sort keys, each with the address that removes it;
	// empty for the default order.
	SortKeys []Link
	// SortOptions are the sort keys that can be added; empty hides the menu.
	SortOptions []Option

	Rows    []Row
	Count   text.Count
	Limits  []Link // rows per page: "25", "50", "100"
	Pager   Pager
	NewHref string // create page; empty hides the button
	Exports []Link // the rows as files: "CSV", "JSON"; empty hides the menu
	Pieces  bool   // the files are not a snapshot of one moment
	// Actions are what can be done to chosen rows; empty hides the checkboxes.
	// They post "key" once for each chosen row, or ParamAll, and State.
	Actions  []BulkAction
	Problem  *Problem
	CountErr text.Message // why there is no count, such as "counting took too long"
}

func (List) template() string { return "list.html" }

// ParamAll is "1" when an action is about all rows that match, not the chosen
// ones.
const ParamAll = "all"

// BulkAction is one action on chosen rows.
type BulkAction struct {
	Label  text.Message
	Href   string // where the choice is posted
	Danger bool   // it cannot be undone
	Icon   Icon   // may be empty
}

// Param is one query parameter.
type Param struct{ Name, Value string }

// Option is one choice of a select.
type Option struct {
	Value string
	Label text.Message
	Note  text.Message // shown after the label, such as "no index, may be slow"
}

// Link is one of several alternatives, reached by its address.
type Link struct {
	Label   string
	Href    string
	Current bool
}

// Search is the search box.
type Search struct {
	Query  string
	Hint   text.Message // placeholder, such as "Search name, email"
	Error  text.Message
	Cancel string // the list without the search, linked while there is a Query
}

// Filter is one active filter, shown as a chip.
type Filter struct {
	Column     string       // label
	Op         text.Message // label, such as "is greater than"
	Value      string       // empty for "is empty" and the like
	Note       text.Message // what the value is in, such as a time zone
	RemoveHref string
	// Error says why the filter cannot be applied. The list then shows no rows.
	Error text.Message
}

// FilterForm is the form that adds a filter. Column, Op, Value and Error keep
// an entry that could not be applied.
type FilterForm struct {
	Columns []FilterColumn
	Ops     []FilterOp
	Column  string
	Op      string
	Value   string
	Error   text.Message
}

// FilterOp is one comparison. Value is what ParamFilterOp sends.
type FilterOp struct {
	Value   string
	Label   text.Message
	NoValue bool // compares with nothing, such as "is empty"
}

// FilterColumn is a column that can be filtered.
type FilterColumn struct {
	Name  string
	Label string
	Type  string   // HTML input type of its values: "text" (default), "number", "date"
	Ops   []string // the values of FilterForm.Ops that fit; empty: all
}

// Direction is the direction of a sort key.
type Direction string

// The directions; the values are those of aria-sort.
const (
	Unsorted   Direction = ""
	Ascending  Direction = "ascending"
	Descending Direction = "descending"
)

// Column is a visible column of a table.
type Column struct {
	Name  string
	Label string
	Type  string // database type, shown on hover
	End   bool   // header and cells aligned to the end, for numbers
	Ref   bool   // a foreign key: its cells link elsewhere

	SortHref string    // toggles the sort by this column alone; empty: not sortable
	AddHref  string    // adds or toggles this column in a sort of several; used on Shift+click
	Sorted   Direction // present direction
	Position int       // place in a sort of several, from 1; 0 when alone or unsorted
	Slow     bool      // sorting has no index to use
}

// ColumnChoice is one column in the column picker.
type ColumnChoice struct {
	Name    string
	Label   string
	Visible bool
}

// Row is one row of a table.
type Row struct {
	Key   string // sent as "key" when the row is chosen; empty: it cannot be
	Href  string // the record; empty when rows cannot be addressed
	Label string // the record's name for screen readers
	Cells []Value
}

// Pager holds the addresses of keyset pages; an empty one is shown disabled.
type Pager struct {
	First, Prev, Next, Last string
}

// Problem says why a table or a section cannot be shown and what to do.
type Problem struct {
	Title  text.Message
	Detail text.Message
	Action text.Message // label of the link; nil: no link
	Href   string
}

// Counted is the number of rows with its noun; nil where it is not known.
func (l List) Counted() text.Message { return text.Rows(l.Count) }

// Table is the list's table.
func (l List) Table() table { return table{l.Heading, l.Columns, l.Rows, l.Choosing()} }

// Choosing reports whether rows can be chosen for an action.
func (l List) Choosing() bool {
	return len(l.Actions) > 0 && slices.ContainsFunc(l.Rows, func(r Row) bool { return r.Key != "" })
}

// AllLabel names the choice of all rows that match.
func (l List) AllLabel() text.Message {
	switch filtered := l.Filtered(); {
	case !l.Count.Known() && filtered:
		return text.AllMatching
	case !l.Count.Known():
		return text.AllInTable
	case filtered:
		return text.CountMatch(l.Count)
	default:
		return text.CountInTable(l.Count)
	}
}

// Hint is shown on hover over a column's sort link.
func (c Column) Hint() text.Message {
	parts := []text.Message{text.Verbatim(c.Type)}
	if c.Slow {
		parts = append(parts, text.SortSlow)
	}
	if c.AddHref != "" {
		parts = append(parts, text.SortAdds)
	}
	return text.Facts(parts...)
}

// StateWithout is the state without one parameter, for the form that sends it.
func (l List) StateWithout(name string) []Param {
	return slices.DeleteFunc(slices.Clone(l.State), func(p Param) bool { return p.Name == name })
}

// Refused reports whether a filter or the search cannot be applied.
func (l List) Refused() bool {
	return l.Search != nil && l.Search.Error != nil ||
		slices.ContainsFunc(l.Filters, func(f Filter) bool { return f.Error != nil })
}

// Searched reports whether there is a search that can be taken back.
func (l List) Searched() bool {
	return l.Search != nil && l.Search.Query != "" && l.Search.Cancel != ""
}

// Filtered reports whether the list shows less than all rows.
func (l List) Filtered() bool {
	return len(l.Filters) > 0 || l.Search != nil && l.Search.Query != ""
}

// OpList is the comparisons as one attribute.
func (c FilterColumn) OpList() string { return strings.Join(c.Ops, " ") }
