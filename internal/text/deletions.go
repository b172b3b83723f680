// What is said of a deletion: what it does to rows that refer to what is deleted.

package text

// Effects of a deletion on the rows of a table: as counted, where nobody counted, and where nobody
// may know whether there are any.
var (
	RowsDeleted        = with2[Count, Message]("effect.deleted", "{#n} row of {table} will be deleted too.", "{#n} rows of {table} will be deleted too.")
	RowsSetNull        = with2[Count, Message]("effect.set_null", "{#n} row of {table} will stay, without its reference (NULL).", "{#n} rows of {table} will stay, without their reference (NULL).")
	RowsSetDefault     = with2[Count, Message]("effect.set_default", "{#n} row of {table} will stay, with the default as its reference.", "{#n} rows of {table} will stay, with the default as their reference.")
	RowsForbid         = with2[Count, Message]("effect.forbid", "{#n} row of {table} refers to this record and prevents the deletion.", "{#n} rows of {table} refer to this record and prevent the deletion.")
	RowsForbidMany     = with2[Count, Message]("effect.forbid_many", "{#n} row of {table} refers to these records and prevents the deletion.", "{#n} rows of {table} refer to these records and prevent the deletion.")
	SomeRowsDeleted    = with[Message]("effect.some_deleted", "Rows of {table} will be deleted too.")
	SomeRowsSetNull    = with[Message]("effect.some_set_null", "Rows of {table} will stay, without their reference (NULL).")
	SomeRowsSetDefault = with[Message]("effect.some_set_default", "Rows of {table} will stay, with the default as their reference.")
	SomeRowsForbid     = with[Message]("effect.some_forbid", "Rows of {table} refer to this record and prevent the deletion.")
	SomeRowsForbidMany = with[Message]("effect.some_forbid_many", "Rows of {table} refer to these records and prevent the deletion.")
	MaybeDeleted       = with[Message]("effect.maybe_deleted", "Rows of {table} may be deleted too.")
	MaybeSetNull       = with[Message]("effect.maybe_set_null", "Rows of {table} may stay without their reference (NULL).")
	MaybeSetDefault    = with[Message]("effect.maybe_set_default", "Rows of {table} may stay with the default as their reference.")
	MaybeForbid        = with[Message]("effect.maybe_forbid", "Rows of {table} may refer to this record and prevent the deletion.")
	TriggersUnforeseen = with2[string, string]("effect.triggers", "The table {table} has triggers ({names}). The panel cannot tell what they will do.")
	MaybeForbidMany    = with[Message]("effect.maybe_forbid_many", "Rows of {table} may refer to these records and prevent the deletion.")
)

// The pages that ask before a record, or many, are deleted or changed.
var (
	_ = with[string]("delete.title", "Delete {record}")
	_ = with[string]("delete.ask", "Delete “{record}”?")
	_ = plain("delete.ask_unnamed", "Delete the record?")
	_ = with[string]("delete.blocked", "“{record}” cannot be deleted")
	_ = plain("delete.blocked_unnamed", "The record cannot be deleted")
	_ = plain("delete.forbids", "What prevents it")
	_ = plain("delete.goes_with_it", "What goes with it")
	_ = plain("delete.goes_with_them", "What goes with them")
	_ = plain("delete.alone", "No other row refers to it. Only this record is deleted.")
	_ = plain("delete.first", "Delete the rows that refer to it first, or make them refer to another record; then come back.")
	_ = plain("delete.first_of_many", "Delete the rows that refer to them first, or make them refer to other records; then come back.")
	_ = plain("delete.back", "Back to the record")
	_ = with[Message]("effect.show", "Show[ these rows of {table}]")
	_ = with2[Count, Message]("bulk.records", "[{#n} record] of {table}", "[{#n} records] of {table}")
	_ = with2[Count, Message]("bulk.records_match", "[{#n} record] of {table}, all that match", "[{#n} records] of {table}, all that match")
	_ = with[Message]("bulk.all_match", "[All records that match] of {table}")
	_ = plain("bulk.the_table", "the table")
	_ = plain("bulk.sample", "Some of them")
)
