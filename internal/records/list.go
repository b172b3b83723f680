// List: the rows of one table, with search, filters, sort and pages.

package records

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// List is the rows of a table that meet the query of the address.
func (p *Pages) List(v *frame.Visit) error {
	t := v.Table
	values, err := url.ParseQuery(v.R.URL.RawQuery)
	if err != nil {
		return frame.Refused(http.StatusBadRequest, text.AddressUnescaped)
	}
	if canonicalList(t, values) {
		return v.Redirect(v.TableURL(t.Name) + "?" + values.Encode())
	}
	v.Data.LearnFilters(v.R.Context(), t, values)
	q, wrong := data.ParseQuery(t, sorted(v, values))
	page := listPage(v, q)
	status := http.StatusOK
	var result *data.Page
	if wrong == nil && t.Searches(q) {
		if err := v.Take(frame.Searching); err != nil {
			return err
		}
	}
	if wrong == nil {
		result, err = v.Data.List(v.R.Context(), q)
		if len(data.Refusal(err)) > 0 { // such as another list's cursor
			wrong = err
		}
	}
	switch table := (*data.TableError)(nil); {
	case wrong != nil:
		status = http.StatusUnprocessableEntity
		showWrong(v, &page, q, wrong)
	case errors.As(err, &table):
		page.Problem = problem(err)
		page.Columns = nil
	case errors.Is(err, data.ErrTimeout):
		status = http.StatusServiceUnavailable
		page.Problem = &ui.Problem{Title: text.QueryTooSlow, Detail: text.QueryStopped, Action: text.ClearFiltersSort, Href: v.TableURL(t.Name)}
	case err != nil:
		return err
	default:
		fillList(v, &page, result)
	}
	page.Layout = v.Layout(v.TableURL(t.Name))
	page.Title = frame.TableLabel(t)
	addActions(v, &page, q)
	if result != nil && result.Notice != nil {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: result.Notice})
	}
	return v.Render(status, page)
}

// listPage is everything of the page that follows from the query alone.
func listPage(v *frame.Visit, q data.Query) ui.List {
	t := v.Table
	q.After, q.Before = "", ""
	page := ui.List{Heading: frame.TableLabel(t), Action: v.TableURL(t.Name), Note: v.View.Description}
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
	page.ClearHref = v.ListURL(bare)
	addSearch(v, &page, q)
	addFilters(v, &page, q)
	addSort(v, &page, q)
	for _, n := range []int{25, 50, 100} {
		sized := q
		sized.Limit = n
		page.Limits = append(page.Limits, ui.Link{Label: strconv.Itoa(n), Href: v.ListURL(sized), Current: n == q.Limit})
	}
	return page
}

func addSort(v *frame.Visit, page *ui.List, q data.Query) {
	t := v.Table
	for i, key := range q.Sort {
		without := q
		without.Sort = slices.Delete(slices.Clone(q.Sort), i, i+1)
		arrow := " ↑"
		if key.Desc {
			arrow = " ↓"
		}
		page.SortKeys = append(page.SortKeys, ui.Link{Label: frame.NameLabel(key.Column) + arrow, Href: v.ListURL(without)})
	}
	for _, c := range t.Columns {
		if !c.Sortable() || sortedBy(q, c.Name) >= 0 {
			continue
		}
		var note text.Message
		if slowSort(t, c) {
			note = text.MaybeSlow
		}
		for _, desc := range []bool{false, true} {
			one := data.Query{Sort: []data.SortKey{{Column: c.Name, Desc: desc}}}
			label := text.SortAscending(frame.ColumnLabel(c))
			if desc {
				label = text.SortDescending(frame.ColumnLabel(c))
			}
			page.SortOptions = append(page.SortOptions, ui.Option{Value: one.Values().Get("sort"), Label: label, Note: note})
		}
	}
	for _, c := range t.Columns {
		if c.Readable() && !v.View.Unseen(c) {
			one := data.Query{Columns: []string{c.Name}}
			visible := len(q.Columns) == 0 && t.Listed(c) || slices.Contains(q.Columns, c.Name)
			page.Choices = append(page.Choices, ui.ColumnChoice{Name: one.Values().Get("columns"), Label: frame.ColumnLabel(c), Visible: visible})
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
func fillList(v *frame.Visit, page *ui.List, result *data.Page) {
	q := result.Query
	q.After, q.Before = "", ""
	for _, c := range result.Columns {
		page.Columns = append(page.Columns, heading(v, c, q))
	}
	page.Rows = shownRows(v, v.Table, result.Columns, result.Rows)
	page.Pieces = result.Pieces
	page.Count = count(result.Count)
	if result.Count.Unknown {
		page.CountErr = text.CountTooSlow
	}
	at := func(after, before string) string {
		there := q
		there.After, there.Before = after, before
		return v.ListURL(there)
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
func heading(v *frame.Visit, c *data.Column, q data.Query) ui.Column {
	h := column(v.Table, c)
	if !c.Sortable() {
		return h
	}
	h.Slow = slowSort(v.Table, c)
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
		h.AddHref = v.ListURL(added)
	}
	h.SortHref = v.ListURL(alone)
	return h
}

// addActions adds what can be done with the table's rows.
func addActions(v *frame.Visit, page *ui.List, q data.Query) {
	t := v.Table
	if page.Problem == nil && v.May(t, frame.RightExport) && len(t.Exported(q)) > 0 {
		q.After, q.Before, q.Limit = "", "", 0
		state := ""
		if values := q.Values(); len(values) > 0 {
			state = values.Encode()
		}
		for _, format := range []struct{ label, file, extra string }{{"CSV", "export.csv", ""}, {"JSON", "export.json", ""}, {"JSON Lines", "export.json", "lines=1"}} {
			address := v.TableURL(t.Name) + format.file
			if query := strings.Trim(state+"&"+format.extra, "&"); query != "" {
				address += "?" + query
			}
			page.Exports = append(page.Exports, ui.Link{Label: format.label, Href: address})
		}
	}
	if v.May(t, frame.RightCreate) {
		page.NewHref = v.TableURL(t.Name) + "new"
	}
	if !t.Identity.Addressable() || len(page.Rows) == 0 || page.Problem != nil {
		return
	}
	if v.May(t, frame.RightBulk, frame.RightUpdate) && len(bulkFields(v.View.Form(t, typed.ToUpdate)).Fields) > 0 {
		page.Actions = append(page.Actions, ui.BulkAction{Label: text.Edit, Icon: ui.IconEdit, Href: actionURL(v, "edit")})
	}
	for _, a := range actions(v) {
		page.Actions = append(page.Actions, ui.BulkAction{Label: text.Verbatim(a.Label), Href: actionURL(v, a.Name), Danger: a.Danger})
	}
	if v.May(t, frame.RightBulk, frame.RightDelete) {
		page.Actions = append(page.Actions, ui.BulkAction{Label: text.Delete, Href: actionURL(v, "delete"), Danger: true})
	}
}
