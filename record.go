// Record: one row, and what refers to it.

package crudadmin

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

func (p *Panel) record(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	key, err := requestKey(r, t)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if p.dataOf(r).Schema().RelatedSearches(t) {
		if err := takeShare(r, frame.Searching); err != nil {
			p.fail(w, r, err)
			return
		}
	}
	found, err := p.dataOf(r).Get(r.Context(), t.Name, key)
	page := ui.Record{Heading: tableLabel(t) + " " + key.Label(), Key: key.Label(), Model: tableLabel(t), ModelHref: p.tableURL(t.Name)}
	switch table := (*data.TableError)(nil); {
	case errors.As(err, &table):
		page.Problem = problem(err)
	case err != nil:
		p.fail(w, r, err)
		return
	default:
		p.fillRecord(r, &page, t, found)
		if p.may(r, t, RightUpdate) {
			page.EditHref = p.recordURL(t.Name, found.Key) + "/edit"
		}
		if p.may(r, t, RightDelete) {
			page.DeleteHref = p.recordURL(t.Name, found.Key) + "/delete"
		}
	}
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	if found != nil && found.Notice != "" {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: found.Notice})
	}
	p.render(w, r, http.StatusOK, page)
}

func (p *Panel) fillRecord(r *http.Request, page *ui.Record, t *data.Table, found *data.Record) {
	columns, cells := p.view(found.Table).Detailed(found)
	for i, c := range columns {
		v := cells[i]
		page.Fields = append(page.Fields, ui.Field{Name: c.Name, Label: columnLabel(c), Type: c.Type, Note: fieldNote(c), Value: p.shown(v)})
	}
	page.Heading = found.Label
	related, err := p.dataOf(r).Related(r.Context(), t.Name, found.Key)
	if err != nil {
		p.log.WarnContext(r.Context(), "related records failed", "table", t.Name, "error", err)
		return
	}
	for _, rel := range related {
		page.Related = append(page.Related, p.related(r, rel, related))
	}
}

// fieldNote says what is special about a column.
func fieldNote(c *data.Column) string {
	var notes []string
	if c.PrimaryKey > 0 {
		notes = append(notes, "primary key")
	}
	if c.Generated {
		notes = append(notes, "generated")
	}
	if c.Problem != "" {
		notes = append(notes, c.Problem)
	}
	return strings.Join(notes, ", ")
}

func (p *Panel) related(r *http.Request, rel data.Related, all []data.Related) ui.Related {
	child, _ := p.dataOf(r).Schema().Table(rel.ForeignKey.Table)
	out := ui.Related{Label: nameLabel(rel.ForeignKey.Table), AllHref: p.listURL(rel.Query)}
	if child != nil {
		out.Label = tableLabel(child)
	}
	for _, other := range all {
		if other.ForeignKey != rel.ForeignKey && other.ForeignKey.Table == rel.ForeignKey.Table {
			out.Via = strings.Join(rel.ForeignKey.Columns, ", ")
		}
	}
	if rel.Page == nil || child == nil {
		out.Problem = &ui.Problem{Title: "These rows cannot be read", Detail: rel.Problem}
		return out
	}
	columns, rows := withoutReference(rel)
	for _, c := range columns {
		out.Columns = append(out.Columns, column(child, c))
	}
	out.Count = count(rel.Page.Count)
	out.Rows = p.rows(child, columns, rows)
	return out
}

// withoutReference leaves out the columns that say of each row that it refers to
// this record, if there are others.
func withoutReference(rel data.Related) (columns []*data.Column, rows []data.Row) {
	var kept []int
	for i, c := range rel.Page.Columns {
		if !slices.Contains(rel.ForeignKey.Columns, c.Name) {
			kept = append(kept, i)
		}
	}
	if len(kept) == 0 {
		return rel.Page.Columns, rel.Page.Rows
	}
	for _, i := range kept {
		columns = append(columns, rel.Page.Columns[i])
	}
	for _, row := range rel.Page.Rows {
		cells := make([]data.Value, len(kept))
		for n, i := range kept {
			cells[n] = row.Cells[i]
		}
		rows = append(rows, data.Row{Key: row.Key, Cells: cells})
	}
	return columns, rows
}
