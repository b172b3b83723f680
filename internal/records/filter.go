// Filter: what narrows a list, from its forms to its chips, and what is wrong with it.

package records

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// canonicalList rewrites what forms without JavaScript send (a filter in three
// fields, a sort key or column each in a parameter of its own) into the
// addresses of panel lists, and reports whether it did.
func canonicalList(t *data.Table, values url.Values) bool {
	changed := false
	if values.Has(ui.ParamFilterColumn) {
		changed = true
		name, op, value := values.Get(ui.ParamFilterColumn), data.Op(values.Get(ui.ParamFilterOp)), values.Get(ui.ParamFilterValue)
		if op == data.OpIsNull && value == "" {
			value = "true"
		}
		if op == notNull {
			op, value = data.OpIsNull, "false"
		}
		values.Add("f."+name+"."+string(op), value)
	}
	for _, name := range []string{ui.ParamFilterColumn, ui.ParamFilterOp, ui.ParamFilterValue} {
		values.Del(name)
	}
	for _, name := range []string{"sort", "columns"} {
		if given := values[name]; len(given) > 1 {
			changed = true
			values.Set(name, strings.Join(slices.DeleteFunc(given, func(s string) bool { return s == "" }), ","))
		}
	}
	if changed {
		values.Del("after")
		values.Del("before")
	}
	return changed
}

// notNull is the form's word for isnull=false.
const notNull = data.Op("notnull")

// operators are the comparisons as people read them.
var operators = []ui.FilterOp{
	{Value: string(data.OpContains), Label: text.OpContains},
	{Value: string(data.OpEq), Label: text.OpEquals},
	{Value: string(data.OpNe), Label: text.OpIsNot},
	{Value: string(data.OpStartsWith), Label: text.OpStartsWith},
	{Value: string(data.OpLt), Label: text.OpLess},
	{Value: string(data.OpLe), Label: text.OpAtMost},
	{Value: string(data.OpGt), Label: text.OpGreater},
	{Value: string(data.OpGe), Label: text.OpAtLeast},
	{Value: string(data.OpIn), Label: text.OpOneOf},
	{Value: string(data.OpIsNull), Label: text.OpEmpty, NoValue: true},
	{Value: string(notNull), Label: text.OpNotEmpty, NoValue: true},
}

func operatorLabel(f data.Filter) (op text.Message, value string) {
	value = strings.Join(f.Values, ", ")
	if f.Op == data.OpIsNull {
		if value == "false" {
			return text.OpNotEmpty, ""
		}
		return text.OpEmpty, ""
	}
	if f.Op == data.OpRefers {
		return text.OpRefers, value
	}
	for _, o := range operators {
		if o.Value == string(f.Op) {
			return o.Label, value
		}
	}
	return text.Verbatim(string(f.Op)), value
}

func addSearch(v *frame.Visit, page *ui.List, q data.Query) {
	var searched []string
	for _, c := range v.Table.Columns {
		if c.Searchable() {
			searched = append(searched, frame.ColumnLabel(c))
		}
	}
	if len(searched) == 0 && q.Search == "" {
		return
	}
	page.Search = &ui.Search{Query: q.Search, Hint: text.SearchIn(searched[:min(len(searched), 3)])}
	if q.Search != "" {
		without := q
		without.Search = ""
		page.Search.Cancel = v.ListURL(without)
	}
}

func addFilters(v *frame.Visit, page *ui.List, q data.Query) {
	for i, f := range q.Filters {
		without := q
		without.Filters = slices.Delete(slices.Clone(q.Filters), i, i+1)
		op, value := operatorLabel(f)
		shown := ui.Filter{Column: frame.NameLabel(f.Column), Op: op, Value: value, RemoveHref: v.ListURL(without)}
		if c, ok := v.Table.Column(f.Column); ok && c.Kind == data.KindDateTime && value != "" {
			shown.Note = zone(c, data.Value{})
		}
		page.Filters = append(page.Filters, shown)
	}
	form := &ui.FilterForm{Ops: operators}
	for _, c := range v.Table.Columns {
		ops := c.Ops()
		if len(ops) == 0 {
			continue
		}
		choice := ui.FilterColumn{Name: c.Name, Label: frame.ColumnLabel(c)}
		for _, op := range ops {
			choice.Ops = append(choice.Ops, string(op))
		}
		choice.Ops = append(choice.Ops, string(notNull))
		switch {
		case numeric(c):
			choice.Type = "number"
		case c.Kind == data.KindDate:
			choice.Type = "date"
		}
		form.Columns = append(form.Columns, choice)
	}
	if len(form.Columns) > 0 {
		page.AddFilter = form
	}
}

// showWrong says beside each part of the query that cannot be applied why.
func showWrong(v *frame.Visit, page *ui.List, q data.Query, wrong error) {
	var others []text.Message
	for _, one := range data.Refusal(wrong) {
		switch {
		case one.Field == "q" && page.Search != nil:
			page.Search.Query, page.Search.Error = one.Value, one.Message
		case strings.HasPrefix(one.Field, "f."):
			name, op, _ := cutLast(strings.TrimPrefix(one.Field, "f."), ".")
			label, value := operatorLabel(data.Filter{Op: data.Op(op), Values: []string{one.Value}})
			page.Filters = append(page.Filters, ui.Filter{Column: frame.NameLabel(name), Op: label, Value: value, RemoveHref: v.ListURL(q), Error: one.Message})
		default:
			others = append(others, one.Text())
		}
	}
	if len(others) > 0 {
		page.Problem = &ui.Problem{Title: text.AddressWrong, Detail: text.List(others...), Action: text.ShowWithout, Href: v.ListURL(q)}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
