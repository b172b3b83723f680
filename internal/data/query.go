// This file holds the Query of a list and its form in addresses.

package data

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Bounds of a Query.
const (
	DefaultLimit     = 25
	MaxLimit         = 100
	MaxSearch        = 200  // characters, also of contains and startswith
	MaxFilters       = 32   // in one query
	MaxFilterValues  = 100  // in one filter
	MaxFilterValue   = 1000 // characters
	MaxSort          = 8    // columns
	MaxSearchColumns = 20   // looked into by Search; the table's first ones
	MaxColumns       = 200  // in one page; the table's first ones unless chosen
)

// Last as Query.Before means the last page.
const Last = "last"

// Op is a filter's operator.
type Op string

// The operators. OpIn takes many values, the others one; OpIsNull takes true or false.
const (
	OpEq         Op = "eq"
	OpNe         Op = "ne"
	OpLt         Op = "lt"
	OpLe         Op = "le"
	OpGt         Op = "gt"
	OpGe         Op = "ge"
	OpContains   Op = "contains"
	OpStartsWith Op = "startswith"
	OpIn         Op = "in"
	OpIsNull     Op = "isnull"
	// OpRefers takes the key of a record, as addresses have it. Its Filter.Column names the columns
	// of a foreign key, joined with ",", and it holds for the rows whose foreign key, as the engine
	// compares it, refers to that record.
	OpRefers Op = "refers"
)

// Filter is one condition; the filters of a Query are joined with AND.
type Filter struct {
	Column string
	Op     Op
	Values []string // as written
}

// SortKey is one column of an order. NULL sorts before everything on SQLite, and after it on
// PostgreSQL.
type SortKey struct {
	Column string
	Desc   bool
}

// Query asks for one page of a table. Each word of Search is in some column of a row, whichever.
// Rows that the Sort leaves equal are ordered by the row id or the key, in the direction of the
// last SortKey.
//
// In an address it is q, sort=-price,name, f.{column}.{op}=value, columns=a,b, limit, after and
// before; see ParseQuery.
type Query struct {
	Table   string
	Search  string
	Filters []Filter
	Sort    []SortKey
	Columns []string // empty: all, up to MaxColumns
	After   string   // Page.Next
	Before  string   // Page.Prev, or Last
	Limit   int      // 1 to MaxLimit; 0 is DefaultLimit
}

// Ops returns the operators that a filter on the column may use; none if the column cannot be
// filtered by.
func (c *Column) Ops() []Op {
	if !c.Sortable() {
		return nil
	}
	switch c.Kind {
	case KindInteger, KindReal, KindDecimal, KindDate, KindTime, KindDateTime:
		return []Op{OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpIn, OpIsNull}
	case KindBlob:
		if !c.holds().has(classOddText) {
			return []Op{OpEq, OpNe, OpIn, OpIsNull}
		}
	case KindBool:
		return []Op{OpEq, OpNe, OpIn, OpIsNull}
	case KindUUID, KindJSON:
		return []Op{OpEq, OpNe, OpContains, OpStartsWith, OpIn, OpIsNull}
	}
	return []Op{OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpContains, OpStartsWith, OpIn, OpIsNull}
}

// ParseQuery reads a Query from an address. It leaves parameters that it does not know alone,
// except that everything that begins with "f." is a filter. All that is wrong (an unknown column or
// operator, a value that does not fit its column, a parameter that is given twice …) is returned as
// FieldErrors; the Query then holds the rest.
//
// In sort, columns and the value of in, "," separates; within a name or a value it is written %2C,
// "%" is %25, a leading "-" is %2D and the empty text is a lone %. (This is inside the value, which
// the address escapes once more.)
func ParseQuery(t *Table, values url.Values) (Query, error) {
	q := Query{Table: t.Name}
	var errs FieldErrors
	one := func(name string) string {
		given := values[name]
		if len(given) > 1 {
			errs = append(errs, fieldError(name, given[1], text.GivenTwiceKeepOne))
		}
		if len(given) == 0 {
			return ""
		}
		return given[0]
	}
	q.Search = strings.TrimSpace(one("q"))
	q.After, q.Before = one("after"), one("before")
	if given := one("limit"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > MaxLimit {
			errs = append(errs, fieldError("limit", given, text.LimitRange(MaxLimit)))
		} else {
			q.Limit = n
		}
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if given := one("sort"); given != "" {
		for part := range strings.SplitSeq(given, ",") {
			name, desc := strings.CutPrefix(part, "-")
			q.Sort = append(q.Sort, SortKey{Column: unescapeItem(name), Desc: desc})
		}
	}
	if given := one("columns"); given != "" {
		q.Columns = splitItems(given)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		rest, ok := strings.CutPrefix(name, "f.")
		if !ok {
			continue
		}
		dot := strings.LastIndexByte(rest, '.')
		if dot < 0 {
			errs = append(errs, fieldError(name, strings.Join(values[name], " "), text.NotAFilter))
			continue
		}
		column, op := rest[:dot], Op(rest[dot+1:])
		if op == OpIn {
			filter := Filter{Column: column, Op: op}
			for _, value := range values[name] {
				filter.Values = append(filter.Values, splitItems(value)...)
			}
			q.Filters = append(q.Filters, filter)
			continue
		}
		for _, value := range values[name] {
			q.Filters = append(q.Filters, Filter{Column: column, Op: op, Values: []string{value}})
		}
	}
	q, wrong := q.check(t)
	return q, orNil(append(errs, wrong...))
}

// Values returns the query as address parameters, in canonical form: ParseQuery of them gives the
// query again.
func (q Query) Values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.Search)
	set("after", q.After)
	set("before", q.Before)
	if q.Limit != 0 && q.Limit != DefaultLimit {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var items []string
	for _, key := range q.Sort {
		item := escapeItem(key.Column)
		if key.Desc {
			item = "-" + item
		}
		items = append(items, item)
	}
	set("sort", strings.Join(items, ","))
	set("columns", joinItems(q.Columns))
	for _, f := range q.Filters {
		name := "f." + f.Column + "." + string(f.Op)
		if f.Op == OpIn {
			v.Add(name, joinItems(f.Values))
			continue
		}
		for _, value := range f.Values {
			v.Add(name, value)
		}
	}
	return v
}

// check returns the query without its wrong parts, and says what is wrong with them.
func (q Query) check(t *Table) (Query, FieldErrors) {
	var errs FieldErrors
	wrong := func(field, value string, m text.Message) {
		errs = append(errs, fieldError(field, value, m))
	}
	if problem := textProblem(q.Search, MaxSearch); problem != nil {
		wrong("q", q.Search, problem)
		q.Search = ""
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		wrong("limit", strconv.Itoa(q.Limit), text.LimitRange(MaxLimit))
		q.Limit = DefaultLimit
	}
	var sorts []SortKey
	for _, key := range q.Sort {
		c, ok := t.Column(key.Column)
		switch {
		case !ok || !c.Readable():
			wrong("sort", key.Column, text.NotAColumn(t.Name))
		case c.Masked:
			wrong("sort", key.Column, text.MaskedSort)
		case slices.ContainsFunc(sorts, func(s SortKey) bool { return s.Column == key.Column }):
			wrong("sort", key.Column, text.GivenTwice)
		case len(sorts) == MaxSort:
			wrong("sort", key.Column, text.OneColumnTooMany(MaxSort))
		default:
			sorts = append(sorts, key)
		}
	}
	sortWrong := len(sorts) < len(q.Sort)
	q.Sort = sorts
	var names []string
	for _, name := range q.Columns {
		c, ok := t.Column(name)
		switch {
		case !ok || !c.Readable():
			wrong("columns", name, text.NotAColumn(t.Name))
		case slices.Contains(names, name):
			wrong("columns", name, text.GivenTwice)
		case len(names) == MaxColumns:
			wrong("columns", name, text.OneColumnTooMany(MaxColumns))
		default:
			names = append(names, name)
		}
	}
	q.Columns = names
	var filters []Filter
	for i, f := range q.Filters {
		if i == MaxFilters {
			wrong("f."+f.Column+"."+string(f.Op), strings.Join(f.Values, " "), text.OneFilterTooMany(MaxFilters))
			break
		}
		if err := f.check(t); err != nil {
			errs = append(errs, err)
			continue
		}
		filters = append(filters, f)
	}
	q.Filters = filters
	if q.After != "" && q.Before != "" {
		wrong("before", q.Before, text.NotWithAfter)
		q.Before = ""
	}
	for _, cursor := range []struct {
		field string
		text  *string
	}{{"after", &q.After}, {"before", &q.Before}} {
		if *cursor.text == "" || cursor.field == "before" && *cursor.text == Last {
			continue
		}
		if _, problem := parseCursor(t, q.Sort, *cursor.text); problem != nil {
			if !sortWrong { // else it is not a second mistake
				wrong(cursor.field, *cursor.text, problem)
			}
			*cursor.text = ""
		}
	}
	return q, errs
}

// textProblem says why a text cannot be searched for; nil if it can.
func textProblem(given string, maxRunes int) text.Message {
	switch {
	case !utf8.ValidString(given):
		return text.NotUTF8
	case strings.ContainsRune(given, 0):
		return text.HasNUL
	case utf8.RuneCountInString(given) > maxRunes:
		return text.TooLongCharacters(maxRunes)
	}
	return nil
}

var (
	itemEscaper   = strings.NewReplacer("%", "%25", ",", "%2C")
	itemUnescaper = strings.NewReplacer("%25", "%", "%2C", ",", "%2c", ",", "%2D", "-", "%2d", "-")
)

func escapeItem(item string) string {
	if item == "" {
		return "%"
	}
	item = itemEscaper.Replace(item)
	if item[0] == '-' {
		item = "%2D" + item[1:]
	}
	return item
}

func unescapeItem(item string) string {
	if item == "%" {
		return ""
	}
	return itemUnescaper.Replace(item)
}

func joinItems(items []string) string {
	escaped := make([]string, len(items))
	for i, item := range items {
		escaped[i] = escapeItem(item)
	}
	return strings.Join(escaped, ",")
}

func splitItems(text string) []string {
	items := strings.Split(text, ",")
	for i, item := range items {
		items[i] = unescapeItem(item)
	}
	return items
}
