// What is said of records: lists, forms, and what is done to one or many.

package text

// Notices: what was done.
var (
	RecordCreated        = plain("records.created", "The record was created.")
	RecordSaved          = plain("records.saved", "The record was saved.")
	RecordDeleted        = plain("records.deleted", "The record was deleted.")
	RecordAlreadyDeleted = plain("records.already_deleted", "The record was already deleted.")
	RecordsDeleted       = with[int64]("records.deleted_many", "{#n} record was deleted.", "{#n} records were deleted.")
	RecordsChanged       = with[int64]("records.changed_many", "{#n} record was changed.", "{#n} records were changed.")
	ActionDone           = with2[string, int64]("records.action_done", "{action}: done for {#n} record.", "{action}: done for {#n} records.")
)

// Refusals: why nothing was done.
var (
	NoRowChosen      = plain("records.no_row", "Select at least one row.")
	QuestionMissing  = with2[string, string]("records.question_missing", "{asked} is missing. It says which rows the question was about. Send the form without {confirm} to be asked again.")
	OtherRows        = plain("records.other_rows", "Nothing was changed. The rows that match, or the rows that go with them, are not the ones that you were asked about. Check them again.")
	NothingDeleted   = with[Message]("records.nothing_deleted", "Nothing was deleted: {why}")
	NothingChanged   = with[Message]("records.nothing_changed", "Nothing was changed: {why}")
	SomeReferenced   = plain("records.some_referenced", "Nothing was deleted, because other records refer to some of these.")
	Referenced       = plain("records.referenced", "Nothing was deleted, because other records refer to this one.")
	ChangedMeanwhile = plain("records.changed_meanwhile", "This record, or a record that would be deleted with it, has changed since you opened this page. Check it again before you delete it.")
	DeleteIncomplete = with[string]("records.delete_incomplete", "{token} is missing. It says what you saw before you deleted. Open the page that asks about the deletion again.")
	FormIncomplete   = with[string]("records.form_incomplete", "{token} is missing. Open the form again.")
	ActionForbidden  = plain("records.action_forbidden", "Your role does not allow this action.")
	TooManyRecords   = plain("records.too_many", "Too many records at once")
	AtMostRecords    = with2[int64, int64]("records.at_most", "{#n} records match. At most {#max} can be changed together, because nobody else can write meanwhile. Filter the list first.")
	EffectsUnknown   = plain("records.effects_unknown", "The panel could not find out in time which other rows would be deleted too, or would prevent the deletion.")
	HiddenTable      = plain("records.hidden_table", "a table that is not shown")
)

// Questions: what is about to be done.
var (
	Delete     = plain("records.delete", "Delete")
	Edit       = plain("records.edit", "Edit")
	Change     = plain("records.change", "Change")
	Create     = plain("records.create", "Create")
	NewRecord  = plain("records.new", "New record")
	NewOf      = with[string]("records.new_of", "New {what}")
	EditRecord = with[string]("records.edit_record", "Edit {record}")
)

// Values that are long, or not text.
var (
	ShowCharacters      = with[int]("value.show", "Show {#n} character", "Show {#n} characters")
	ShowFirstCharacters = with[int]("value.show_first", "Show the first {#n} character", "Show the first {#n} characters")
	Binary              = plain("value.binary", "binary")
)

// The page of a record.
var (
	_ = plain("records.record", "Record")
	_ = plain("records.related", "Related records")
	_ = plain("records.fields", "Fields")
	_ = plain("records.find_field", "Find a field")
	_ = with[string]("records.by", "by {column}")
	_ = with[string]("records.view_all", "View all[ {table}]")
	_ = with2[string, string]("records.view_all_by", "View all[ {table} by {column}]")
	_ = plain("records.none_related", "No related rows.")
)

// The page about a record that somebody else changed meanwhile.
var (
	_ = plain("conflict.meanwhile", "Changed meanwhile")
	_ = plain("conflict.deleted", "Someone deleted this record while you were editing it.")
	_ = plain("conflict.deleted.advice", "What you entered is below; copy what you need.")
	_ = plain("conflict.changed", "Someone else changed this record while you were editing it.")
	_ = plain("conflict.not_saved", "Nothing of yours was saved, so that theirs is not lost.")
	_ = plain("conflict.compare", "Compare the two and choose which stays.")
	_ = plain("conflict.equal", "Both versions are equal, so nothing is left to decide.")
	_ = plain("conflict.entries", "Your entries")
	_ = plain("conflict.different", "Different")
	_ = with[int]("conflict.same", "{#n} more with the same value")
	_ = plain("conflict.field", "Field")
	_ = plain("conflict.theirs", "Theirs")
	_ = plain("conflict.theirs_stored", "Theirs, stored now")
	_ = plain("conflict.yours", "Yours")
	_ = plain("conflict.yours_unsaved", "Yours, not saved")
	_ = plain("conflict.use_theirs", "Use theirs")
	_ = plain("conflict.save_mine", "Save mine over it")
	_ = plain("conflict.edit_theirs", "Edit theirs")
)

// Values, and what stands for them.
var (
	TruthYes = plain("value.yes", "Yes")
	TruthNo  = plain("value.no", "No")
	_        = plain("value.empty", "empty")
	_        = plain("value.hidden", "Hidden value")
	_        = plain("value.cut", "Only the beginning is shown.")
)
