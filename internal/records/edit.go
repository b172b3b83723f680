// Edit: making and changing records, and what to do when two people do.

package records

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// ShowNew is the form that makes a record.
func (p *Pages) ShowNew(v *frame.Visit) error {
	t := v.Table
	return renderNew(v, http.StatusOK, newEntry(v, t, nil))
}

func renderNew(v *frame.Visit, status int, e *entry) error {
	page := e.form()
	page.Heading, page.SubmitLabel = "New record", "Create"
	if label := v.View.Label; label != "" {
		page.Heading = "New " + label
	}
	page.Action, page.CancelHref = v.TableURL(e.table.Name), v.TableURL(e.table.Name)
	page.Once = rand.Text()
	return renderForm(v, status, e.table, page)
}

func renderForm(v *frame.Visit, status int, t *data.Table, page ui.Form) error {
	page.Model, page.ModelHref = frame.TableLabel(t), v.TableURL(t.Name)
	page.Layout = v.Layout(v.TableURL(t.Name))
	return v.Render(status, page)
}

// Create makes a record, once for each form that was opened.
func (p *Pages) Create(v *frame.Visit) error {
	t := v.Table
	e := newEntry(v, t, nil)
	in, err := e.read()
	var key data.Key
	again := false
	if err == nil {
		key, again, err = p.insert(v, t, in)
	}
	if e.refuse(err) {
		return renderNew(v, http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}
	if !again {
		v.Notify(ui.NoticeSuccess, "The record is created.")
	}
	return seeRecord(v, t, key)
}

// insert makes a record, once for each form that was opened.
func (p *Pages) insert(v *frame.Visit, t *data.Table, in data.Input) (key data.Key, again bool, err error) {
	insert := func() (data.Key, error) { return v.Data.Insert(v.R.Context(), t.Name, in) }
	if form, ok := sentForm(v, in); ok {
		key, again, err = p.once.do(v.R.Context(), form, insert)
		if !again || key.IsZero() {
			return key, again, err
		}
		if _, gone := v.Data.Get(v.R.Context(), t.Name, key); !errors.Is(gone, data.ErrNotFound) {
			return key, true, nil
		}
	}
	key, err = insert()
	return key, false, err
}

// seeRecord leads to a record after it was written, or to its list.
func seeRecord(v *frame.Visit, t *data.Table, key data.Key) error {
	to := v.RecordURL(t.Name, key)
	if to == "" {
		to = v.TableURL(t.Name)
	}
	return v.Redirect(to)
}

// ShowEdit is the form that changes a record.
func (p *Pages) ShowEdit(v *frame.Visit) error {
	t := v.Table
	key, err := v.Key(1)
	var found *data.Record
	if err == nil {
		found, err = v.Data.Edit(v.R.Context(), t.Name, key)
	}
	if err != nil {
		return err
	}
	return renderEdit(v, http.StatusOK, newEntry(v, t, found))
}

func renderEdit(v *frame.Visit, status int, e *entry) error {
	page := e.form()
	record := v.RecordURL(e.table.Name, e.record.Key)
	page.Heading, page.Action, page.CancelHref = "Edit "+e.record.Label, record+"/edit", record
	page.Token = e.token
	return renderForm(v, status, e.table, page)
}

// Update changes a record if nobody else has since the form was opened.
func (p *Pages) Update(v *frame.Visit) error {
	t := v.Table
	key, err := v.Key(1)
	if err != nil {
		return err
	}
	found, err := v.Data.Edit(v.R.Context(), t.Name, key)
	if errors.Is(err, data.ErrNotFound) {
		return conflict(v, t, key, &data.StaleError{})
	}
	if err != nil {
		return err
	}
	e := newEntry(v, t, found)
	e.token = v.R.PostForm.Get(ui.ParamToken)
	in, err := e.read()
	if err == nil && e.token == "" {
		err = frame.Refused(http.StatusBadRequest, ui.ParamToken+": missing; open the form again.")
	}
	if err == nil {
		key, err = v.Data.Update(v.R.Context(), t.Name, key, e.token, in)
	}
	var stale *data.StaleError
	switch {
	case errors.As(err, &stale):
		return conflict(v, t, key, stale)
	case e.refuse(err):
		return renderEdit(v, http.StatusUnprocessableEntity, e)
	case err != nil:
		return err
	default:
		v.Notify(ui.NoticeSuccess, "The record is saved.")
		return seeRecord(v, t, key)
	}
}

// conflict shows both versions of a record that was changed, or deleted, since
// the form was opened. Nothing was written.
func conflict(v *frame.Visit, t *data.Table, key data.Key, stale *data.StaleError) error {
	page := ui.Conflict{Heading: frame.TableLabel(t) + " " + key.Label(), Model: frame.TableLabel(t), ModelHref: v.TableURL(t.Name), Deleted: stale.Current == nil}
	if current := stale.Current; current != nil {
		record := v.RecordURL(t.Name, current.Key)
		page.Heading, page.Token = current.Label, current.Token
		page.Action, page.EditHref, page.TheirsHref = record+"/edit", record+"/edit", record
	}
	for _, name := range sortedNames(v.R.PostForm) {
		if name == ui.ParamToken || name == ui.ParamOnce || name == sessionhttp.CSRFField || unseen(v, name) {
			continue
		}
		for _, value := range v.R.PostForm[name] {
			page.Kept = append(page.Kept, ui.Param{Name: name, Value: value})
		}
	}
	if v.R.MultipartForm != nil && len(v.R.MultipartForm.File) > 0 {
		page.Note = "A chosen file is not sent again: choose it once more in the form."
	}
	for _, c := range t.Columns {
		if v.View.Unseen(c) {
			page.Note = strings.TrimSpace(page.Note + " A password is not sent again: enter it once more in the form.")
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

// sortedNames returns the names of a form's parameters in order.
func sortedNames[V any](v map[string]V) []string {
	var names []string
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// lastOf returns the value that counts of a field that was sent more than once.
func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// Choices lists what a foreign key can refer to, in pages.
func (p *Pages) Choices(v *frame.Visit) error {
	t := v.Table
	query := v.R.URL.Query()
	field := v.R.PathValue("column")
	action := choicesURL(v, t, field)
	page := ui.Choices{Action: action, Query: query.Get("q")}
	if page.Query != "" {
		if err := v.Take(frame.Searching); err != nil {
			return err
		}
	}
	found, err := v.Data.Choices(v.R.Context(), t.Name, field, page.Query, query.Get("after"), data.DefaultLimit)
	if err != nil {
		return err
	}
	page.Heading = frame.TableLabel(found.Table)
	for _, c := range found.Choices {
		page.Options = append(page.Options, ui.Option{Value: c.Value, Label: c.Label})
	}
	next := url.Values{}
	if page.Query != "" {
		next.Set("q", page.Query)
	}
	if query.Has("after") {
		page.Pager.First = action + "?" + next.Encode()
	}
	if found.Next != "" {
		next.Set("after", found.Next)
		page.Pager.Next = action + "?" + next.Encode()
	}
	if v.WantsJSON() {
		return v.JSON(http.StatusOK, page)
	}
	page.Layout = v.Layout(v.TableURL(t.Name))
	return v.Render(http.StatusOK, page)
}

func choicesURL(v *frame.Visit, t *data.Table, field string) string {
	return v.URL("m", frame.TableSegment(t.Name), "choices", frame.TableSegment(field))
}

// Download sends a binary cell as a file. It is never shown as a page, whatever
// it holds.
func (p *Pages) Download(v *frame.Visit) error {
	t := v.Table
	key, err := v.Key(2)
	if err != nil {
		return err
	}
	begin := func() { attach(v.W.Header(), frame.TableLabel(t)+"-"+key.Label()+".bin", "application/octet-stream") }
	if v.R.Method == http.MethodHead { // the database is not asked
		begin()
		return nil
	}
	source := v.Data
	return p.sendSpooled(v, "a file", t, begin, func(ctx context.Context, to io.Writer) error {
		_, err := source.Download(ctx, t.Name, key, strings.TrimPrefix(v.R.PathValue("column"), "~"), to)
		return err
	})
}
