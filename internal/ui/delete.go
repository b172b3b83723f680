// This file holds the pages that ask before records are deleted or changed in bulk.

package ui

// ParamConfirm is "1" when a Delete or Bulk page sends its form, to tell the
// answer from the question that came before it.
const ParamConfirm = "confirm"

// EffectKind says what happens to the rows that refer to a deleted one.
type EffectKind string

// The effects, named as in a foreign key's ON DELETE.
const (
	EffectCascade    EffectKind = "cascade"     // deleted too
	EffectSetNull    EffectKind = "set null"    // their reference becomes NULL
	EffectSetDefault EffectKind = "set default" // their reference becomes its default
	EffectRestrict   EffectKind = "restrict"    // they forbid the deletion
)

// Effect is what a deletion does to one other table.
type Effect struct {
	Kind  EffectKind
	Table string // the table's label
	Via   string // the foreign key column; may be empty
	Count Count
	Href  string // the list of those rows; may be empty

	Many bool // several records are to be deleted; Bulk sets it
	// Maybe says that whether there are such rows is not told. A restriction that may be does not take the button away.
	Maybe bool
}

// Delete is the page that says what a deletion takes along. While nothing
// forbids it, its form posts to Action.
type Delete struct {
	Layout

	Heading    string // the record's display text
	Key        string
	Model      string
	ModelHref  string
	RecordHref string
	Action     string
	Token      string // sent as ParamToken; may be empty
	Effects    []Effect
	Error      string   // why the last attempt failed
	Problem    *Problem // shown instead of the form
}

func (Delete) template() string { return "delete.html" }

// Bulk is the page that says how many records an action is about. While nothing
// forbids it, its form posts Params and ParamConfirm to Action.
type Bulk struct {
	Layout

	Heading   string // what is done, such as "Delete"
	Model     string
	ModelHref string
	Action    string
	Params    []Param // "key" repeated, or "all" and the list's state
	Count     Count   // of the records
	All       bool    // all that match, not chosen ones
	Sample    []Link  // some of the records
	Effects   []Effect
	Fields    []FormField // what the action asks for; may be empty
	// SubmitLabel is the button's text before the number. Default: Heading.
	SubmitLabel string
	Danger      bool // it cannot be undone
	CancelHref  string
	Error       string
	Problem     *Problem // shown instead of the form
}

func (Bulk) template() string { return "bulk.html" }
