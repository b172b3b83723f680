// What the pages themselves say, beside what their handlers give them.

package text

import "strconv"

// Numbers with their nouns.
var (
	Number        = with[Count]("count.number", "{#n}")
	Rows          = with[Count]("count.rows", "{#n} row", "{#n} rows")
	Records       = with[Count]("count.records", "{#n} record", "{#n} records")
	SessionsCount = with[Count]("count.sessions", "{#n} session", "{#n} sessions")
)

// Lists.
var (
	AllInTable   = plain("list.all", "All in the table")
	AllMatching  = plain("list.all_matching", "All that match")
	CountInTable = with[Count]("list.count_in_table", "All {#n} in the table")
	CountMatch   = with[Count]("list.count_match", "All {#n} that match")
	SortSlow     = plain("list.sort_slow", "no index: sorting may be slow")
	SortAdds     = plain("list.sort_adds", "Shift+click adds to the sort")
)

// Values.
var (
	ShowCharacters      = with[int]("value.show", "Show {#n} character", "Show {#n} characters")
	ShowFirstCharacters = with[int]("value.show_first", "Show the first {#n} character", "Show the first {#n} characters")
	Binary              = plain("value.binary", "binary")
	inUnits             = with2[string, string]("value.size", "{number} {unit}")
	bytes               = with[int64]("value.bytes", "{#n} byte", "{#n} bytes")
)

// Forms.
var (
	Between        = with2[string, string]("form.between", "{min} to {max}")
	AtLeastIs      = with[string]("form.at_least", "at least {min}")
	AtMostIs       = with[string]("form.at_most", "at most {max}")
	IsRequired     = plain("form.required", "required")
	ButtonAndCount = with2[Message, Message]("form.button_and_count", "{button} {records}")
)

// Passwords.
var (
	CurrentPassword = plain("password.current", "Current password")
	NewPassword     = plain("password.new", "New password")
	RepeatPassword  = plain("password.repeat", "New password, again")
	Password        = plain("password.password", "Password")
	PasswordBetween = with2[int, int]("password.between", "{#min} to {#max} characters.")
	PasswordAtLeast = with[int]("password.at_least", "At least {#min} character.", "At least {#min} characters.")
)

// Size is a number of bytes for people, such as "1.4 kB".
func Size(n int64) Message {
	if n < 1000 {
		return bytes(n)
	}
	size, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		size /= 1000
		if size < 999.5 {
			break
		}
	}
	digits := 0
	if size < 10 {
		digits = 1
	}
	return inUnits(strconv.FormatFloat(size, 'f', digits, 64), unit)
}
