// Record: one row, and what refers to it.

package records

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// Show is one record, and the rows that refer to it.
func (p *Pages) Show(v *frame.Visit) error {
	t := v.Table
	key, err := v.Key(0)
	if err != nil {
		return err
	}
	if v.Data.Schema().RelatedSearches(t) {
		if err := v.Take(frame.Searching); err != nil {
			return err
		}
	}
	found, err := v.Data.Get(v.R.Context(), t.Name, key)
	page := ui.Record{Heading: frame.TableLabel(t) + " " + key.Label(), Key: key.Label(), Model: frame.TableLabel(t), ModelHref: v.TableURL(t.Name)}
	switch table := (*data.TableError)(nil); {
	case errors.As(err, &table):
		page.Problem = problem(err)
	case err != nil:
		return err
	default:
		fillRecord(v, &page, found)
		if v.May(t, frame.RightUpdate) {
			page.EditHref = v.RecordURL(t.Name, found.Key) + "/edit"
		}
		if v.May(t, frame.RightDelete) {
			page.DeleteHref = v.RecordURL(t.Name, found.Key) + "/delete"
		}
	}
	page.Layout = v.Layout(v.TableURL(t.Name))
	if found != nil && found.Notice != nil {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: found.Notice})
	}
	return v.Render(http.StatusOK, page)
}

func fillRecord(v *frame.Visit, page *ui.Record, found *data.Record) {
	columns, cells := v.View.Detailed(found)
	for i, c := range columns {
		page.Fields = append(page.Fields, ui.Field{Name: c.Name, Label: frame.ColumnLabel(c), Type: c.Type, Note: fieldNote(c), Value: shown(v, cells[i])})
	}
	page.Heading = found.Label
	related, err := v.Data.Related(v.R.Context(), v.Table.Name, found.Key)
	if err != nil {
		v.Log().WarnContext(v.R.Context(), "related records failed", "table", v.Table.Name, "error", err)
		return
	}
	for _, rel := range related {
		page.Related = append(page.Related, relatedRows(v, rel, related))
	}
}

// fieldNote says what is special about a column.
func fieldNote(c *data.Column) text.Message {
	var notes []text.Message
	if c.PrimaryKey > 0 {
		notes = append(notes, text.PrimaryKey)
	}
	if c.Generated {
		notes = append(notes, text.Generated)
	}
	if c.Problem != "" {
		notes = append(notes, text.Verbatim(c.Problem))
	}
	return text.Notes(notes...)
}

func relatedRows(v *frame.Visit, rel data.Related, all []data.Related) ui.Related {
	child, _ := v.Data.Schema().Table(rel.ForeignKey.Table)
	out := ui.Related{Label: frame.NameLabel(rel.ForeignKey.Table), AllHref: v.ListURL(rel.Query)}
	if child != nil {
		out.Label = frame.TableLabel(child)
	}
	for _, other := range all {
		if other.ForeignKey != rel.ForeignKey && other.ForeignKey.Table == rel.ForeignKey.Table {
			out.Via = strings.Join(rel.ForeignKey.Columns, ", ")
		}
	}
	if rel.Page == nil || child == nil {
		out.Problem = &ui.Problem{Title: text.RelatedUnreadable, Detail: rel.Problem}
		return out
	}
	columns, rows := withoutReference(rel)
	for _, c := range columns {
		out.Columns = append(out.Columns, column(child, c))
	}
	out.Count = count(rel.Page.Count)
	out.Rows = shownRows(v, child, columns, rows)
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
