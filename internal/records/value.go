// Values: how a cell of the data looks on a page.

package records

import (
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// shown turns a cell into what a page shows.
func shown(v *frame.Visit, cell data.Value) ui.Value {
	if cell.Ref != nil && !cell.Masked && !cell.Null() {
		return ui.Ref(cell.Ref.Label, cell.Text, v.RecordURL(cell.Ref.Table, cell.Ref.Key))
	}
	return shownPlain(cell)
}

func shownPlain(v data.Value) ui.Value {
	switch {
	case v.Null():
		return ui.Null()
	case v.Masked:
		return ui.Masked()
	case v.Storage == data.StoredBlob:
		return ui.Bytes(v.Size)
	}
	switch v.Kind {
	case data.KindBool:
		if b, ok := v.Bool(); ok {
			return ui.Bool(b)
		}
	case data.KindDateTime:
		if at, zoned, ok := v.Time(); ok && zoned {
			return ui.Time(at)
		}
		return ui.Date(v.Text)
	case data.KindDate, data.KindTime:
		if at, _, ok := v.Time(); ok && v.Storage != data.StoredText {
			layout := "2006-01-02"
			if v.Kind == data.KindTime {
				layout = "15:04:05"
			}
			return ui.Date(at.Format(layout))
		}
		return ui.Date(v.Text)
	case data.KindJSON:
		out := ui.JSON(v.Text)
		out.Cut = v.Truncated
		return out
	}
	if v.Numeric() {
		return ui.Number(v.Text)
	}
	out := ui.Text(v.Text)
	out.Cut = v.Truncated
	return out
}

// column is a column's heading, without links.
func column(t *data.Table, c *data.Column) ui.Column {
	return ui.Column{Name: c.Name, Label: frame.ColumnLabel(c), Type: c.Type, End: numeric(c) && reference(t, c) == nil, Ref: reference(t, c) != nil}
}

func numeric(c *data.Column) bool {
	return c.Kind == data.KindInteger || c.Kind == data.KindReal || c.Kind == data.KindDecimal
}

// reference returns the foreign key of that one column, nil if there is none.
func reference(t *data.Table, c *data.Column) *data.ForeignKey {
	for _, fk := range t.ForeignKeys {
		if fk.Usable && len(fk.Columns) == 1 && fk.Columns[0] == c.Name {
			return fk
		}
	}
	return nil
}

// rows turns rows of a table into what a page shows.
func shownRows(v *frame.Visit, t *data.Table, columns []*data.Column, rows []data.Row) []ui.Row {
	var out []ui.Row
	for _, row := range rows {
		line := ui.Row{Href: v.RecordURL(t.Name, row.Key), Key: row.Key.String(), Label: row.Key.Label()}
		for i, cell := range row.Cells {
			line.Cells = append(line.Cells, shown(v, cell))
			if columns[i].Name == t.Display && cell.Text != "" {
				line.Label = cell.Text
			}
		}
		out = append(out, line)
	}
	return out
}

func count(c data.Count) text.Count {
	switch {
	case c.Unknown:
		return text.Count{}
	case c.More && c.Estimate > c.Rows:
		return text.Estimate(c.Estimate)
	case c.More:
		return text.AtLeast(c.Rows)
	default:
		return text.Exact(c.Rows)
	}
}

// problem says why a table cannot be read, in the engine's words.
func problem(err error) *ui.Problem {
	_, detail := frame.Classify(err)
	return &ui.Problem{Title: text.TableUnreadable, Detail: detail}
}
