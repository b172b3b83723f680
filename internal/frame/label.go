// Labels: tables and columns as people call them.

package frame

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// TableLabel is what people call a table.
func TableLabel(t *data.Table) string { return NameLabel(cmp.Or(t.Label, t.Name)) }

// ColumnLabel is what people call a column.
func ColumnLabel(c *data.Column) string { return NameLabel(cmp.Or(c.Label, c.Name)) }

// NameLabel is a table's or a column's name as people see it. SQLite allows the
// empty name, and names of which nothing is to be seen: those are quoted.
func NameLabel(name string) string {
	switch {
	case name == "":
		return text.Unnamed.String()
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }):
		return name
	default:
		return strconv.QuoteToASCII(name)
	}
}
