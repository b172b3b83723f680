// This file holds the pages that ask before records are deleted or changed in bulk.

package ui

import (
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

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
	Table text.Message // the table's label
	Via   string       // the foreign key column; may be empty
	Count text.Count
	Href  string // the list of those rows; may be empty

	Many bool // several records are to be deleted; Bulk sets it
	// Maybe says that whether there are such rows is not told. A restriction that may be does not
	// take the button away.
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
	Unforeseen text.Message // why more may happen, or nothing; nil if what happens is known
	Error      text.Message // why the last attempt failed
	Problem    *Problem     // shown instead of the form
}

func (Delete) template() string { return "delete.html" }

// Bulk is the page that says how many records an action is about. While nothing
// forbids it, its form posts Params and ParamConfirm to Action.
type Bulk struct {
	Layout

	Heading   text.Message // what is done, such as "Delete"
	Model     string
	ModelHref string
	Action    string
	Params    []Param    // "key" repeated, or "all" and the list's state
	Count     text.Count // of the records
	All       bool       // all that match, not chosen ones
	Sample    []Link     // some of the records
	Effects   []Effect
	Fields    []FormField // what the action asks for; may be empty
	// SubmitLabel is the button's text before the number. Default: Heading.
	SubmitLabel text.Message
	Danger      bool // it cannot be undone
	CancelHref  string
	Error       text.Message
	Problem     *Problem // shown instead of the form
}

func (Bulk) template() string { return "bulk.html" }

// Inputs are the fields that the action asks for.
func (b Bulk) Inputs() []formInput { return inputs(b.Fields) }

// Errors are the lines of the summary.
func (b Bulk) Errors() []formError { return fieldErrors(b.Error, b.Inputs()) }

// Sentence says what happens to the rows.
func (e Effect) Sentence() text.Message {
	switch words := effectWords[e.key()]; {
	case e.Maybe:
		return words.maybe(e.Table)
	case !e.Count.Known():
		return words.some(e.Table)
	default:
		return words.counted(e.Count, e.Table)
	}
}

// effectKey is what the words of an effect follow from.
type effectKey struct {
	kind EffectKind
	many bool
}

func (e Effect) key() effectKey {
	switch e.Kind {
	case EffectCascade, EffectSetNull, EffectSetDefault:
		return effectKey{kind: e.Kind}
	default:
		return effectKey{EffectRestrict, e.Many}
	}
}

// effectWords are the sentences of each effect: as counted, where nobody counted, where it may be.
var effectWords = map[effectKey]struct {
	counted     func(text.Count, text.Message) text.Message
	some, maybe func(text.Message) text.Message
}{
	{EffectCascade, false}:    {text.RowsDeleted, text.SomeRowsDeleted, text.MaybeDeleted},
	{EffectSetNull, false}:    {text.RowsSetNull, text.SomeRowsSetNull, text.MaybeSetNull},
	{EffectSetDefault, false}: {text.RowsSetDefault, text.SomeRowsSetDefault, text.MaybeSetDefault},
	{EffectRestrict, false}:   {text.RowsForbid, text.SomeRowsForbid, text.MaybeForbid},
	{EffectRestrict, true}:    {text.RowsForbidMany, text.SomeRowsForbidMany, text.MaybeForbidMany},
}

// Blocked reports whether something forbids the deletion.
func (d Delete) Blocked() bool { return blocked(d.Effects) }

// Blocked reports whether something forbids the action.
func (b Bulk) Blocked() bool { return blocked(b.Effects) }

// Told are the effects that are shown: what forbids it, else all.
func (d Delete) Told() []Effect { return told(d.Effects) }

// Told are the effects that are shown: what forbids it, else all.
func (b Bulk) Told() []Effect {
	effects := slices.Clone(b.Effects)
	for i := range effects {
		effects[i].Many = true
	}
	return told(effects)
}

func blocked(effects []Effect) bool { return slices.ContainsFunc(effects, Effect.forbids) }

func told(effects []Effect) []Effect {
	if !blocked(effects) {
		return effects
	}
	return slices.DeleteFunc(slices.Clone(effects), func(e Effect) bool { return !e.forbids() })
}

func (e Effect) forbids() bool { return e.Kind == EffectRestrict && !e.Maybe }

// Submit is the text of the button that goes on: what is done, and to how many.
func (b Bulk) Submit() text.Message {
	label := b.SubmitLabel
	if label == nil {
		label = b.Heading
	}
	if rows := b.Records(); rows != nil {
		return text.ButtonAndCount(label, rows)
	}
	return label
}

// Records is the number with its noun: "1 record", "10,000+ records"; nil where it is not known.
func (b Bulk) Records() text.Message { return text.Records(b.Count) }
