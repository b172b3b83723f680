// Edit: making and changing records.

package records

import (
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// ShowNew is the form that makes a record.
func (p *Pages) ShowNew(v *frame.Visit) error {
	return renderNew(v, http.StatusOK, newEntry(v, nil))
}

func renderNew(v *frame.Visit, status int, e *entry) error {
	page := e.form()
	page.Heading, page.SubmitLabel = text.NewRecord, text.Create
	if label := v.View.Label; label != "" {
		page.Heading = text.NewOf(label)
	}
	page.Action, page.CancelHref = v.TableURL(v.Table.Name), v.TableURL(v.Table.Name)
	page.Once = rand.Text()
	return renderForm(v, status, data.Insertion, page)
}

func renderForm(v *frame.Visit, status int, op data.Operation, page ui.Form) error {
	page.Model, page.ModelHref = frame.TableLabel(v.Table), v.TableURL(v.Table.Name)
	page.Layout = v.Layout(v.TableURL(v.Table.Name))
	page.Notices = append(page.Notices, obstacle(v, op)...)
	return v.Render(status, page)
}

// obstacle says, before anybody tries, why the table cannot be written to in this way.
func obstacle(v *frame.Visit, op data.Operation) []ui.Notice {
	if why := v.Data.Schema().Obstacle(v.Table.Name, op); why != nil {
		return []ui.Notice{{Kind: ui.NoticeWarning, Text: why}}
	}
	return nil
}

// Create makes a record, once for each form that was opened.
func (p *Pages) Create(v *frame.Visit) error {
	e := newEntry(v, nil)
	in, err := e.read()
	var key data.Key
	again := false
	if err == nil {
		key, again, err = p.insert(v, in)
	}
	if e.refuse(err) {
		return renderNew(v, http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}
	if !again {
		v.Notify(ui.NoticeSuccess, text.RecordCreated)
	}
	return seeRecord(v, key)
}

// insert makes a record, once for each form that was opened.
func (p *Pages) insert(v *frame.Visit, in data.Input) (key data.Key, again bool, err error) {
	t := v.Table
	insert := func() (data.Key, error) { return v.Data.Insert(v.R.Context(), t.Name, in) }
	if form, ok := sentForm(v, in); ok {
		key, again, err = p.once.do(v.R.Context(), form, func() (data.Key, bool, error) { return p.onAllNodes(v, form, insert) })
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
func seeRecord(v *frame.Visit, key data.Key) error {
	to := v.RecordURL(v.Table.Name, key)
	if to == "" {
		to = v.TableURL(v.Table.Name)
	}
	return v.Redirect(to)
}

// ShowEdit is the form that changes a record.
func (p *Pages) ShowEdit(v *frame.Visit) error {
	key, err := v.Key(1)
	var found *data.Record
	if err == nil {
		found, err = v.Data.Edit(v.R.Context(), v.Table.Name, key)
	}
	if err != nil {
		return err
	}
	return renderEdit(v, http.StatusOK, newEntry(v, found))
}

func renderEdit(v *frame.Visit, status int, e *entry) error {
	page := e.form()
	record := v.RecordURL(v.Table.Name, e.record.Key)
	page.Heading, page.Action, page.CancelHref = text.EditRecord(e.record.Label), record+"/edit", record
	page.Token = e.token
	return renderForm(v, status, data.Modification, page)
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
		return conflict(v, key, &data.StaleError{})
	}
	if err != nil {
		return err
	}
	e := newEntry(v, found)
	e.token = v.R.PostForm.Get(ui.ParamToken)
	in, err := e.read()
	if err == nil && e.token == "" {
		err = frame.Refused(http.StatusBadRequest, text.FormIncomplete(ui.ParamToken))
	}
	if err == nil {
		key, err = v.Data.Update(v.R.Context(), t.Name, key, e.token, in)
	}
	var stale *data.StaleError
	switch {
	case errors.As(err, &stale):
		return conflict(v, key, stale)
	case e.refuse(err):
		return renderEdit(v, http.StatusUnprocessableEntity, e)
	case err != nil:
		return err
	default:
		v.Notify(ui.NoticeSuccess, text.RecordSaved)
		return seeRecord(v, key)
	}
}
