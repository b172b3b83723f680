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
