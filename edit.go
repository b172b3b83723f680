// Edit: making and changing records, and what to do when two people do.

package crudadmin

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
)

// recordBefore returns the request's table and the key in its address, which
// stands before the last segment.
func (p *Panel) recordBefore(r *http.Request) (*data.Table, data.Key, error) {
	t, err := p.requestTable(r)
	if err != nil {
		return nil, data.Key{}, err
	}
	path := r.URL.EscapedPath()
	path = path[:strings.LastIndexByte(path, '/')]
	key, err := data.ParseKey(t, path[strings.LastIndexByte(path, '/')+1:])
	return t, key, err
}

func (p *Panel) showNew(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.renderNew(w, r, http.StatusOK, p.newEntry(r, t, nil))
}

func (p *Panel) renderNew(w http.ResponseWriter, r *http.Request, status int, e *entry) {
	page := e.form()
	page.Heading, page.SubmitLabel = "New record", "Create"
	if label := p.view(e.table).Label; label != "" {
		page.Heading = "New " + label
	}
	page.Action, page.CancelHref = p.tableURL(e.table.Name), p.tableURL(e.table.Name)
	page.Once = rand.Text()
	p.renderForm(w, r, status, e.table, page)
}

func (p *Panel) renderForm(w http.ResponseWriter, r *http.Request, status int, t *data.Table, page ui.Form) {
	page.Model, page.ModelHref = tableLabel(t), p.tableURL(t.Name)
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	p.render(w, r, status, page)
}

func (p *Panel) create(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	e := p.newEntry(r, t, nil)
	in, err := e.read(r)
	var key data.Key
	again := false
	if err == nil {
		key, again, err = p.insert(r, t, in)
	}
	if e.refuse(err) {
		p.renderNew(w, r, http.StatusUnprocessableEntity, e)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if !again {
		p.notify(r, ui.NoticeSuccess, "The record is created.")
	}
	p.seeRecord(w, r, t, key)
}

// insert makes a record, once for each form that was opened.
func (p *Panel) insert(r *http.Request, t *data.Table, in data.Input) (key data.Key, again bool, err error) {
	insert := func() (data.Key, error) { return p.dataOf(r).Insert(r.Context(), t.Name, in) }
	if form, ok := p.sentForm(r, in); ok {
		key, again, err = p.once.do(r.Context(), form, insert)
		if !again || key.IsZero() {
			return key, again, err
		}
		if _, gone := p.dataOf(r).Get(r.Context(), t.Name, key); !errors.Is(gone, data.ErrNotFound) {
			return key, true, nil
		}
	}
	key, err = insert()
	return key, false, err
}

// seeRecord leads to a record after it was written, or to its list.
func (p *Panel) seeRecord(w http.ResponseWriter, r *http.Request, t *data.Table, key data.Key) {
	to := p.recordURL(t.Name, key)
	if to == "" {
		to = p.tableURL(t.Name)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (p *Panel) showEdit(w http.ResponseWriter, r *http.Request) {
	t, key, err := p.recordBefore(r)
	var found *data.Record
	if err == nil {
		found, err = p.dataOf(r).Edit(r.Context(), t.Name, key)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.renderEdit(w, r, http.StatusOK, p.newEntry(r, t, found))
}

func (p *Panel) renderEdit(w http.ResponseWriter, r *http.Request, status int, e *entry) {
	page := e.form()
	record := p.recordURL(e.table.Name, e.record.Key)
	page.Heading, page.Action, page.CancelHref = "Edit "+e.record.Label, record+"/edit", record
	page.Token = e.token
	p.renderForm(w, r, status, e.table, page)
}

func (p *Panel) update(w http.ResponseWriter, r *http.Request) {
	t, key, err := p.recordBefore(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	found, err := p.dataOf(r).Edit(r.Context(), t.Name, key)
	if errors.Is(err, data.ErrNotFound) {
		p.conflict(w, r, t, key, &data.StaleError{})
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	e := p.newEntry(r, t, found)
	e.token = r.PostForm.Get(ui.ParamToken)
	in, err := e.read(r)
	if err == nil && e.token == "" {
		err = &statusError{status: http.StatusBadRequest, detail: ui.ParamToken + ": missing; open the form again."}
	}
	if err == nil {
		key, err = p.dataOf(r).Update(r.Context(), t.Name, key, e.token, in)
	}
	var stale *data.StaleError
	switch {
	case errors.As(err, &stale):
		p.conflict(w, r, t, key, stale)
	case e.refuse(err):
		p.renderEdit(w, r, http.StatusUnprocessableEntity, e)
	case err != nil:
		p.fail(w, r, err)
	default:
		p.notify(r, ui.NoticeSuccess, "The record is saved.")
		p.seeRecord(w, r, t, key)
	}
}

// conflict shows both versions of a record that was changed, or deleted, since
// the form was opened. Nothing was written.
func (p *Panel) conflict(w http.ResponseWriter, r *http.Request, t *data.Table, key data.Key, stale *data.StaleError) {
	page := ui.Conflict{Heading: tableLabel(t) + " " + key.Label(), Model: tableLabel(t), ModelHref: p.tableURL(t.Name), Deleted: stale.Current == nil}
	if current := stale.Current; current != nil {
		record := p.recordURL(t.Name, current.Key)
		page.Heading, page.Token = current.Label, current.Token
		page.Action, page.EditHref, page.TheirsHref = record+"/edit", record+"/edit", record
	}
	for _, name := range sortedNames(r.PostForm) {
		if name == ui.ParamToken || name == ui.ParamOnce || name == csrfField || p.unseenName(t, name) {
			continue
		}
		for _, value := range r.PostForm[name] {
			page.Kept = append(page.Kept, ui.Param{Name: name, Value: value})
		}
	}
	if r.MultipartForm != nil && len(r.MultipartForm.File) > 0 {
		page.Note = "A chosen file is not sent again: choose it once more in the form."
	}
	for _, c := range t.Columns {
		if p.view(t).Unseen(c) {
			page.Note = strings.TrimSpace(page.Note + " A password is not sent again: enter it once more in the form.")
			continue
		}
		if sent, null := lastOf(r.PostForm[c.Name]), r.PostForm.Get(ui.ParamNull+c.Name) == "1"; r.PostForm.Has(c.Name) || null {
			page.Fields = append(page.Fields, p.bothVersions(stale.Current, c, sent, null))
		}
	}
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	p.render(w, r, http.StatusConflict, page)
}

func (p *Panel) bothVersions(current *data.Record, c *data.Column, sent string, null bool) ui.ConflictField {
	field := ui.ConflictField{Name: c.Name, Label: columnLabel(c), Yours: ui.Text(sent)}
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
	field.Theirs = p.shown(cell)
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

// chooseReference lists what a foreign key can refer to, in pages.
func (p *Panel) chooseReference(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	query := r.URL.Query()
	field := r.PathValue("column")
	action := p.choicesURL(t, field)
	page := ui.Choices{Action: action, Query: query.Get("q")}
	if page.Query != "" {
		if err := takeShare(r, frame.Searching); err != nil {
			p.fail(w, r, err)
			return
		}
	}
	found, err := p.dataOf(r).Choices(r.Context(), t.Name, field, page.Query, query.Get("after"), data.DefaultLimit)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page.Heading = tableLabel(found.Table)
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
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, page)
		return
	}
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	p.render(w, r, http.StatusOK, page)
}

func (p *Panel) choicesURL(t *data.Table, field string) string {
	return p.ui.URL("m", tableSegment(t.Name), "choices", tableSegment(field))
}

// download sends a binary cell as a file. It is never shown as a page, whatever
// it holds.
func (p *Panel) download(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/file/"+url.PathEscape(r.PathValue("column")))
	key, err := data.ParseKey(t, path[strings.LastIndexByte(path, '/')+1:])
	if err != nil {
		p.fail(w, r, err)
		return
	}
	begin := func() { attach(w.Header(), tableLabel(t)+"-"+key.Label()+".bin", "application/octet-stream") }
	if r.Method == http.MethodHead { // the database is not asked
		begin()
		return
	}
	source := p.dataOf(r)
	p.sendSpooled(w, r, "a file", t, begin, func(ctx context.Context, to io.Writer) error {
		_, err := source.Download(ctx, t.Name, key, strings.TrimPrefix(r.PathValue("column"), "~"), to)
		return err
	})
}
