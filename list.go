// List: the rows of one table, with search, filters, sort and pages.

package crudadmin

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

func (p *Panel) list(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.fail(w, r, &statusError{status: http.StatusBadRequest, detail: "The address is not escaped as a query."})
		return
	}
	if canonicalList(t, values) {
		http.Redirect(w, r, p.tableURL(t.Name)+"?"+values.Encode(), http.StatusSeeOther)
		return
	}
	q, wrong := data.ParseQuery(t, p.sorted(t, values))
	page := p.listPage(t, q)
	status := http.StatusOK
	var result *data.Page
	if wrong == nil && t.Searches(q) {
		if err := takeShare(r, frame.Searching); err != nil {
			p.fail(w, r, err)
			return
		}
	}
	if wrong == nil {
		result, err = p.dataOf(r).List(r.Context(), q)
		if len(fieldErrors(err)) > 0 { // such as another list's cursor
			wrong = err
		}
	}
	switch table := (*data.TableError)(nil); {
	case wrong != nil:
		status = http.StatusUnprocessableEntity
		p.showWrong(&page, t, q, wrong)
	case errors.As(err, &table):
		page.Problem = problem(err)
		page.Columns = nil
	case errors.Is(err, data.ErrTimeout):
		status = http.StatusServiceUnavailable
		page.Problem = &ui.Problem{Title: "The query took too long", Detail: "It was stopped. Filter by, or sort by, a column that has an index.", Action: "Clear filters and sort", Href: p.tableURL(t.Name)}
	case err != nil:
		p.fail(w, r, err)
		return
	default:
		p.fillList(&page, result)
	}
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	page.Title = tableLabel(t)
	p.addActions(&page, r, t, q)
	if result != nil && result.Notice != "" {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: result.Notice})
	}
	p.render(w, r, status, page)
}

func tableLabel(t *data.Table) string { return nameLabel(cmp.Or(t.Label, t.Name)) }

// nameLabel is a table's or a column's name as people see it. SQLite allows the
// empty name, and names of which nothing is to be seen: those are quoted.
func nameLabel(name string) string {
	switch {
	case name == "":
		return "(unnamed)"
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }):
		return name
	default:
		return strconv.QuoteToASCII(name)
	}
}

// listPage is everything of the page that follows from the query alone.
func (p *Panel) listPage(t *data.Table, q data.Query) ui.List {
	q.After, q.Before = "", ""
	page := ui.List{Heading: tableLabel(t), Action: p.tableURL(t.Name), Note: p.view(t).Description}
	if t.View {
		page.Kind = "view"
	}
	values := q.Values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			page.State = append(page.State, ui.Param{Name: name, Value: value})
		}
	}
	bare := q
	bare.Search, bare.Filters = "", nil
	page.ClearHref = p.listURL(bare)
	p.addSearch(&page, t, q)
	p.addFilters(&page, t, q)
	p.addSort(&page, t, q)
	for _, n := range []int{25, 50, 100} {
		sized := q
		sized.Limit = n
		page.Limits = append(page.Limits, ui.Link{Label: strconv.Itoa(n), Href: p.listURL(sized), Current: n == q.Limit})
	}
	return page
}

func (p *Panel) addSort(page *ui.List, t *data.Table, q data.Query) {
	for i, key := range q.Sort {
		without := q
		without.Sort = slices.Delete(slices.Clone(q.Sort), i, i+1)
		arrow := " ↑"
		if key.Desc {
			arrow = " ↓"
		}
		page.SortKeys = append(page.SortKeys, ui.Link{Label: nameLabel(key.Column) + arrow, Href: p.listURL(without)})
	}
	for _, c := range t.Columns {
		if !c.Sortable() || sortedBy(q, c.Name) >= 0 {
			continue
		}
		note := ""
		if slowSort(t, c) {
			note = "no index, may be slow"
		}
		for _, desc := range []bool{false, true} {
			one := data.Query{Sort: []data.SortKey{{Column: c.Name, Desc: desc}}}
			label := columnLabel(c) + ", ascending"
			if desc {
				label = columnLabel(c) + ", descending"
			}
			page.SortOptions = append(page.SortOptions, ui.Option{Value: one.Values().Get("sort"), Label: label, Note: note})
		}
	}
	for _, c := range t.Columns {
		if c.Readable() && !p.view(t).Unseen(c) {
			one := data.Query{Columns: []string{c.Name}}
			visible := len(q.Columns) == 0 && t.Listed(c) || slices.Contains(q.Columns, c.Name)
			page.Choices = append(page.Choices, ui.ColumnChoice{Name: one.Values().Get("columns"), Label: columnLabel(c), Visible: visible})
		}
	}
}

// manyRows is from how many rows on a sort without an index is worth a warning.
const manyRows = 50_000

func slowSort(t *data.Table, c *data.Column) bool { return !c.Indexed && t.Estimate > manyRows }

// sortedBy returns the place of a column in the sort, from 0; -1 if it has none.
func sortedBy(q data.Query, name string) int {
	return slices.IndexFunc(q.Sort, func(k data.SortKey) bool { return k.Column == name })
}

// fillList adds what was read.
func (p *Panel) fillList(page *ui.List, result *data.Page) {
	t, q := result.Table, result.Query
	q.After, q.Before = "", ""
	for _, c := range result.Columns {
		page.Columns = append(page.Columns, p.heading(t, c, q))
	}
	page.Rows = p.rows(t, result.Columns, result.Rows)
	page.Pieces = result.Pieces
	page.Count = count(result.Count)
	if result.Count.Unknown {
		page.CountErr = "Counting took too long"
	}
	at := func(after, before string) string {
		there := q
		there.After, there.Before = after, before
		return p.listURL(there)
	}
	if result.HasPrev {
		page.Pager.First, page.Pager.Prev = at("", ""), at("", result.Prev)
	}
	if result.HasNext {
		page.Pager.Next = at(result.Next, "")
		if result.Last != "" {
			page.Pager.Last = at("", result.Last)
		}
	}
}

// heading is a column's heading with the links that sort by it.
func (p *Panel) heading(t *data.Table, c *data.Column, q data.Query) ui.Column {
	h := column(t, c)
	if !c.Sortable() {
		return h
	}
	h.Slow = slowSort(t, c)
	at := sortedBy(q, c.Name)
	alone, added := q, q
	key := data.SortKey{Column: c.Name}
	added.Sort = append(slices.Clone(q.Sort), key)
	if at >= 0 {
		h.Sorted = ui.Ascending
		if q.Sort[at].Desc {
			h.Sorted = ui.Descending
		}
		if len(q.Sort) > 1 {
			h.Position = at + 1
		}
		key.Desc = !q.Sort[at].Desc
		added.Sort = slices.Clone(q.Sort)
		added.Sort[at] = key
	}
	alone.Sort = []data.SortKey{key}
	if len(added.Sort) <= data.MaxSort {
		h.AddHref = p.listURL(added)
	}
	h.SortHref = p.listURL(alone)
	return h
}

// addActions adds what can be done with the table's rows.
func (p *Panel) addActions(page *ui.List, r *http.Request, t *data.Table, q data.Query) {
	if page.Problem == nil && p.may(r, t, RightExport) {
		q.After, q.Before, q.Limit = "", "", 0
		state := ""
		if values := q.Values(); len(values) > 0 {
			state = values.Encode()
		}
		for _, format := range []struct{ label, file, extra string }{{"CSV", "export.csv", ""}, {"JSON", "export.json", ""}, {"JSON Lines", "export.json", "lines=1"}} {
			address := p.tableURL(t.Name) + format.file
			if query := strings.Trim(state+"&"+format.extra, "&"); query != "" {
				address += "?" + query
			}
			page.Exports = append(page.Exports, ui.Link{Label: format.label, Href: address})
		}
	}
	if p.may(r, t, RightCreate) {
		page.NewHref = p.tableURL(t.Name) + "new"
	}
	if !t.Identity.Addressable() || len(page.Rows) == 0 || page.Problem != nil {
		return
	}
	if p.may(r, t, RightBulk, RightUpdate) && len(bulkFields(p.view(t).Form(t, typed.ToUpdate)).Fields) > 0 {
		page.Actions = append(page.Actions, ui.BulkAction{Label: "Edit", Href: p.actionURL(t, "edit")})
	}
	for _, a := range p.actions(r, t) {
		page.Actions = append(page.Actions, ui.BulkAction{Label: a.Label, Href: p.actionURL(t, a.Name), Danger: a.Danger})
	}
	if p.may(r, t, RightBulk, RightDelete) {
		page.Actions = append(page.Actions, ui.BulkAction{Label: "Delete", Href: p.actionURL(t, "delete"), Danger: true})
	}
}
