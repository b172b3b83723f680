// What forms say beside their fields.

package text

// About columns.
var (
	PrimaryKey = plain("column.primary_key", "primary key")
	Generated  = plain("column.generated", "generated")
	Unique     = plain("column.unique", "unique")
)

// About what is entered.
var (
	SecretEntered     = plain("field.secret_entered", "Secret. It is stored as you enter it and never shown.")
	SecretHidden      = plain("field.secret_hidden", "Secret. It is not shown and cannot be set here.")
	Assigned          = plain("field.assigned", "assigned by the database")
	DefaultIs         = with[string]("field.default", "default: {value}")
	UnchangedIfEmpty  = plain("field.unchanged", "unchanged if left empty")
	ChooseFileAgain   = plain("field.choose_file_again", "Choose the file again. Nothing was stored, and browsers do not send a file a second time by themselves.")
	TooLongToChange   = plain("field.too_long_to_change", "This value is too long to be changed here.")
	FileNotResent     = plain("field.file_not_resent", "A chosen file is not sent again. Choose it once more in the form.")
	PasswordNotResent = plain("field.password_not_resent", "A password is not sent again. Enter it once more in the form.")
)

// What is wrong with a form; after the name of a field, where they begin in lower case.
var (
	NotInMany      = plain("form.not_in_many", "cannot be changed in many records at once")
	NothingTicked  = plain("form.nothing_ticked", "Nothing was changed: tick “Change” beside each field that you want to change.")
	NotInForm      = plain("form.not_in_form", "is not a field of this form")
	FileWanted     = plain("form.file_wanted", "takes a file, not text")
	FileTooLarge   = with[int]("form.file_too_large", "is larger than {#n} MiB")
	LinksForbidden = with[string]("form.links_forbidden", "cannot be set: your role cannot change records of {table}")
	NotChangedHere = plain("form.not_changed_here", "is not changed here")
	CannotBeUsed   = with[Message]("form.cannot_be_used", "cannot be used: {why}")
	DoesNotFit     = with3[string, string, Message]("form.does_not_fit", "does not fit the field {field} of {type}: {why}")
	PasswordMisfit = plain("form.password_rule", "has a rule that does not suit a password")
	FieldAnd       = with2[string, Message]("form.field_and", "{field} {problem}")
)
