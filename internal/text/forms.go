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
