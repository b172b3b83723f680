// What forms say beside their fields.

package text

// About columns.
var (
	PrimaryKey = plain("column.primary_key", "primary key")
	Generated  = plain("column.generated", "generated")
	Unique     = plain("column.unique", "unique")
)

// Beside fields and on buttons.
var (
	Between        = with2[string, string]("form.between", "{min} to {max}")
	AtLeastIs      = with[string]("form.at_least", "at least {min}")
	AtMostIs       = with[string]("form.at_most", "at most {max}")
	IsRequired     = plain("form.required", "required")
	ButtonAndCount = with2[Message, Message]("form.button_and_count", "{button} {records}")
)

// Why nothing can be written to a table, or not in this way.
var (
	TriggerLacks       = with[string]("form.trigger_lacks", "A trigger of the table calls {name}, which only the application has: make the change there.")
	RightLacks         = with[string]("form.right_lacks", "The panel's user of the database lacks the right {right} on this table.")
	RowProtected       = plain("form.row_protected", "A policy of the table lets the panel's user of the database read this record and not change it.")
	RowsProtected      = plain("form.rows_protected", "A policy of the table lets the panel's user of the database read some of these records and not change them.")
	RuleInstead        = with2[string, string]("form.rule_instead", "The rule {rule} of the table does something else instead of {right}: make the change in the application.")
	RuleLacks          = with[string]("form.rule_lacks", "A rule of the table calls {name}, which only the application has: make the change there.")
	BrokenKeyNoTable   = with3[string, string, string]("form.broken_key_no_table", "The foreign key {columns} of {table} refers to {parent}, which is not a table of the database: where foreign keys are enforced, as here, the database refuses the change.")
	BrokenKeyNotUnique = with3[string, string, string]("form.broken_key_not_unique", "The foreign key {columns} of {table} refers to columns of {parent} that are not unique together: where foreign keys are enforced, as here, the database refuses the change.")
	BrokenKeyElsewhere = plain("form.broken_key", "A foreign key does not refer to a unique key: where foreign keys are enforced, as here, the database refuses the change.")
)

// What is wrong with a form; after the name of a field, where they begin in lower case.
var (
	NotInMany      = plain("form.not_in_many", "cannot be changed in many records at once")
	NothingTicked  = plain("form.nothing_ticked", "Nothing was changed: tick \"Change\" beside each field that you want to change.")
	NotInForm      = plain("form.not_in_form", "is not a field of this form")
	FileWanted     = plain("form.file_wanted", "takes a file, not text")
	FileTooLarge   = with[int]("form.file_too_large", "is larger than {#n} MiB")
	LinksForbidden = with[string]("form.links_forbidden", "cannot be set: your role cannot change records of {table}")
	NotChangedHere = plain("form.not_changed_here", "is not changed here")
	CannotBeUsed   = with[Message]("form.cannot_be_used", "cannot be used: {why}")
	DoesNotFit     = with3[string, string, Message]("form.does_not_fit", "does not fit the field {field} of {type}: {why}")
	PasswordMisfit = plain("form.password_rule", "has a rule that does not suit a password")
)

// The page of a form.
var (
	_ = plain("form.nothing_saved", "Nothing was saved yet.")
	_ = with[int]("form.to_correct", "One thing has to be corrected:", "{#n} things have to be corrected:")
	_ = plain("form.this_field", "This field")
	_ = plain("form.no_fields", "Nothing can be entered here.")
	_ = with[string]("form.change_field", "Change[ {field}]")
	_ = plain("form.choose", "Choose…")
	_ = with[string]("form.not_a_choice", "{value} (not a choice)")
	_ = plain("form.empty_choice", "(empty)")
	_ = with[string]("form.now", "Now [{record}].")
	_ = plain("form.file_now", "Now []")
	_ = plain("form.set_null", "Set to NULL")
	_ = plain("form.empty_text", "Empty text")
	_ = plain("form.remove", "Remove")
	_ = with[string]("form.generate", "Generate[ {field}]")
	_ = with[string]("form.look_up", "Look up a key[ for {field}, in a new tab]")
	_ = with[int]("form.linked", "{#n} linked")
	_ = with[string]("form.show_linked", "Show the list[ of {table}]")
	_ = plain("form.one_more", "Key of one more")
)

// The page of the rows that a field can refer to.
var (
	_ = plain("choices.look_up", "Look up")
	_ = plain("choices.choices", "Choices")
	_ = plain("choices.copy", "Copy the key of a row into the form.")
	_ = plain("choices.key", "Key")
	_ = plain("choices.row", "Row")
	_ = plain("choices.none", "Nothing can be listed")
	_ = plain("choices.search_again", "Search for another part of the name, or for the key itself.")
)

// What scripts say of a form while it is filled in, and of a search for the record it refers to.
var (
	_ = plain("form.json_valid", "Valid JSON.")
	_ = with[string]("form.json_invalid", "Not valid JSON: {problem}")
	_ = with[int]("form.unsaved", "{#n} unsaved change", "{#n} unsaved changes")
	_ = plain("choices.search_to_add", "Search to add")
	_ = with[int]("choices.count", "{#n} to choose from")
	_ = with[int]("choices.count_more", "{#n}+ to choose from")
	_ = with[string]("choices.added", "{record} added")
	_ = with[string]("choices.chosen", "{record} chosen")
	_ = plain("choices.signed_out", "You are signed out")
	_ = with[string]("choices.unread", "The list could not be read ({status})")
	_ = plain("choices.no_answer", "The server does not answer")
)
