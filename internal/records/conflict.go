// Conflict: what to do when two people change the same record.

package records

import (
	"maps"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// conflict shows both versions of a record that was changed, or deleted, since
// the form was opened. Nothing was written.
func conflict(v *frame.Visit, key data.Key, stale *data.StaleError) error {
	t := v.Table
	page := ui.Conflict{Heading: frame.TableLabel(t) + " " + key.Label(), Model: frame.TableLabel(t), ModelHref: v.TableURL(t.Name), Deleted: stale.Current == nil}
	if current := stale.Current; current != nil {
		record := v.RecordURL(t.Name, current.Key)
		page.Heading, page.Token = current.Label, current.Token
		page.Action, page.EditHref, page.TheirsHref = record+"/edit", record+"/edit", record
	}
	for _, name := range slices.Sorted(maps.Keys(v.R.PostForm)) {
		if name == ui.ParamToken || name == ui.ParamOnce || name == sessionhttp.CSRFField || unseen(v, name) {
			continue
		}
		for _, value := range v.R.PostForm[name] {
			page.Kept = append(page.Kept, ui.Param{Name: name, Value: value})
		}
	}
	if v.R.MultipartForm != nil && len(v.R.MultipartForm.File) > 0 {
		page.Note = text.FileNotResent
	}
	for _, c := range t.Columns {
		if v.View.Unseen(c) {
			page.Note = text.Sentences(page.Note, text.PasswordNotResent)
			continue
		}
		if sent, null := lastOf(v.R.PostForm[c.Name]), v.R.PostForm.Get(ui.ParamNull+c.Name) == "1"; v.R.PostForm.Has(c.Name) || null {
			page.Fields = append(page.Fields, bothVersions(v, stale.Current, c, sent, null))
		}
	}
	page.Layout = v.Layout(v.TableURL(t.Name))
	return v.Render(http.StatusConflict, page)
}

func bothVersions(v *frame.Visit, current *data.Record, c *data.Column, sent string, null bool) ui.ConflictField {
	field := ui.ConflictField{Name: c.Name, Label: frame.ColumnLabel(c), Yours: ui.Text(sent)}
	if null {
		field.Yours = ui.Null()
	}
	if current == nil {
		return field
	}
	i := slices.IndexFunc(current.Columns, func(other *data.Column) bool { return other.Name == c.Name })
	if i < 0 {
		return field
	}
	cell := current.Cells[i]
	field.Theirs = shown(v, cell)
	field.Changed = null != cell.Null() || !null && sent != entered(c, cell)
	return field
}
