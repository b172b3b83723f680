// Bulk: what is done to chosen rows of a list, or to all that match. Each action
// asks first, with the number.

package crudadmin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// chosen is what a bulk action is about.
type chosen struct {
	table *data.Table
	keys  []data.Key
	all   bool
	query data.Query // of the list it was chosen in
	asked string     // what the question was about; all needs it
}

// paramAsked is what the question was about: data.Question.Token.
const paramAsked = "asked"

// otherRows says that an action was confirmed that was asked about other rows.
const otherRows = "Nothing was changed: other rows match now, or go with them, than when you were asked. Look at them again."

// ask returns the question about the chosen rows: which they are, and how many.
func (p *Panel) ask(r *http.Request, c chosen) (*data.Question, error) {
	if c.all {
		return p.dataOf(r).AskMatching(r.Context(), c.query)
	}
	return p.dataOf(r).AskMany(r.Context(), c.table.Name, c.keys)
}

// readChosen reads the rows that were chosen in a list.
func (p *Panel) readChosen(r *http.Request) (chosen, error) {
	t, err := p.requestTable(r)
	if err != nil {
		return chosen{}, err
	}
	c := chosen{table: t, all: r.PostForm.Get(ui.ParamAll) == "1", asked: r.PostForm.Get(paramAsked)}
	state := url.Values{}
	for name, values := range r.PostForm {
		switch {
		case name == "q", name == "sort", name == "limit", name == "columns", strings.HasPrefix(name, "f."):
			state[name] = values
		}
	}
	if c.query, err = data.ParseQuery(t, state); err != nil {
		return c, err
	}
	for _, text := range r.PostForm["key"] {
		key, err := data.ParseKey(t, text)
		if err != nil {
			return c, err
		}
		c.keys = append(c.keys, key)
	}
	if !c.all && len(c.keys) == 0 {
		return c, &statusError{status: http.StatusBadRequest, detail: "key: choose at least one row."}
	}
	if c.all && c.asked == "" && r.PostForm.Get(ui.ParamConfirm) == "1" {
		return c, &statusError{status: http.StatusBadRequest, detail: paramAsked + ": missing; it says which rows you were asked about. Send the form without " + ui.ParamConfirm + " to be asked."}
	}
	return c, nil
}

// bulkPage is the page that asks about an action, with the number of rows.
func (p *Panel) bulkPage(r *http.Request, c chosen, action string, asked *data.Question) ui.Bulk {
	page := ui.Bulk{
		Model: tableLabel(c.table), ModelHref: p.tableURL(c.table.Name), All: c.all,
		Action: p.actionURL(c.table, action), CancelHref: p.listURL(c.query), Count: ui.Exact(int64(len(c.keys))),
	}
	if c.all {
		page.Count = ui.Exact(asked.Count)
		if asked.Count > data.MaxBulk {
			page.Problem = &ui.Problem{
				Title:  "These are too many at once",
				Detail: fmt.Sprintf("%d records match, and at most %d are changed together, because nobody else can write meanwhile. Filter the list first.", asked.Count, data.MaxBulk),
			}
		}
		page.Params = append(page.Params, ui.Param{Name: ui.ParamAll, Value: "1"})
	}
	page.Params = append(page.Params, ui.Param{Name: paramAsked, Value: asked.Token})
	for _, key := range c.keys {
		page.Params = append(page.Params, ui.Param{Name: "key", Value: key.String()})
		if len(page.Sample) < 10 {
			label := key.Label()
			if record, err := p.dataOf(r).Get(r.Context(), c.table.Name, key); err == nil {
				label = record.Label
			}
			page.Sample = append(page.Sample, ui.Link{Label: label, Href: p.recordURL(c.table.Name, key)})
		}
	}
	values := c.query.Values()
	for _, name := range sortedNames(values) {
		for _, value := range values[name] {
			page.Params = append(page.Params, ui.Param{Name: name, Value: value})
		}
	}
	return page
}

func (p *Panel) actionURL(t *data.Table, action string) string {
	return p.ui.URL("m", tableSegment(t.Name), "actions", action)
}

// deleteChosen asks first, and deletes when it is confirmed.
func (p *Panel) deleteChosen(w http.ResponseWriter, r *http.Request) {
	c, err := p.readChosen(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if r.PostForm.Get(ui.ParamConfirm) != "1" {
		p.askDelete(w, r, http.StatusOK, c, "")
		return
	}
	var n int64
	if c.all {
		n, err = p.dataOf(r).DeleteMatching(r.Context(), c.query, c.asked)
	} else {
		n, err = p.dataOf(r).DeleteMany(r.Context(), c.table.Name, c.keys, c.asked)
	}
	var hook *data.HookError
	var referenced *data.ReferencedError
	switch {
	case errors.Is(err, data.ErrAsked):
		p.askDelete(w, r, http.StatusConflict, c, otherRows)
	case errors.As(err, &hook):
		p.askDelete(w, r, http.StatusUnprocessableEntity, c, "Nothing was deleted: "+hook.Error())
	case errors.As(err, &referenced):
		p.askDelete(w, r, http.StatusConflict, c, "Nothing was deleted: other records refer to some of these.")
	case err != nil:
		p.fail(w, r, err)
	default:
		p.notify(r, ui.NoticeSuccess, records(n)+" deleted.")
		http.Redirect(w, r, p.listURL(c.query), http.StatusSeeOther)
	}
}

// records says how many there are, up to the verb.
func records(n int64) string {
	if n == 1 {
		return "1 record is"
	}
	return fmt.Sprintf("%d records are", n)
}

func (p *Panel) askDelete(w http.ResponseWriter, r *http.Request, status int, c chosen, wrong string) {
	var preview *data.Preview
	var err error
	if c.all {
		preview, err = p.dataOf(r).DeleteMatchingPreview(r.Context(), c.query)
	} else {
		preview, err = p.dataOf(r).DeleteManyPreview(r.Context(), c.table.Name, c.keys)
	}
	var asked *data.Question
	var notices []ui.Notice
	switch {
	case errors.Is(err, data.ErrTimeout):
		notices = append(notices, ui.Notice{Kind: ui.NoticeWarning, Text: "Which other rows go with these, or forbid it, could not be found out in time."})
		asked, err = p.ask(r, c)
	case err == nil:
		asked = &preview.Question
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page := p.bulkPage(r, c, "delete", asked)
	page.Heading, page.Danger, page.Error = "Delete", true, wrong
	page.Layout = p.layout(w, r, p.tableURL(c.table.Name))
	page.Notices = append(page.Notices, notices...)
	if preview != nil {
		page.Effects = effects(preview, nil)
	}
	p.render(w, r, status, page)
}

// editPrefix stands before the columns that editChosen sets: a column may be
// named as a parameter of the list is.
const editPrefix = "to."

// editChosen asks what to change, and sets the ticked fields of every chosen
// row, in one transaction.
func (p *Panel) editChosen(w http.ResponseWriter, r *http.Request) {
	c, err := p.readChosen(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	e := p.newEntry(r, c.table, nil)
	e.fields = bulkFields(p.view(c.table).Form(c.table, typed.ToUpdate))
	if r.PostForm.Get(ui.ParamConfirm) != "1" {
		p.askEdit(w, r, http.StatusOK, c, e)
		return
	}
	in, err := e.readChanges(r)
	var n int64
	switch {
	case err != nil:
	case c.all:
		n, err = p.dataOf(r).UpdateMatching(r.Context(), c.query, in, c.asked)
	default:
		n, err = p.dataOf(r).UpdateMany(r.Context(), c.table.Name, c.keys, in, c.asked)
	}
	if errors.Is(err, data.ErrAsked) {
		e.errs = data.FieldErrors{{Message: otherRows}}
		p.askEdit(w, r, http.StatusConflict, c, e)
		return
	}
	if e.refuse(err) {
		p.askEdit(w, r, http.StatusUnprocessableEntity, c, e)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.notify(r, ui.NoticeSuccess, records(n)+" changed.")
	http.Redirect(w, r, p.listURL(c.query), http.StatusSeeOther)
}

func (p *Panel) askEdit(w http.ResponseWriter, r *http.Request, status int, c chosen, e *entry) {
	asked, err := p.ask(r, c)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page := p.bulkPage(r, c, "edit", asked)
	shown := e.form()
	page.Heading, page.SubmitLabel, page.Error, page.Fields = "Edit", "Change", shown.Error, shown.Fields
	for i, f := range page.Fields {
		f.Optional, f.Set = true, r.PostForm.Get(ui.ParamSet+editPrefix+f.Name) == "1"
		f.Placeholder = "" // a default is for new records
		f.Null = e.sent.Get(ui.ParamNull+f.Name) == "1"
		f.Name = editPrefix + f.Name
		page.Fields[i] = f
	}
	page.Layout = p.layout(w, r, p.tableURL(c.table.Name))
	p.render(w, r, status, page)
}

// bulkFields are the fields that many records can share a value of.
func bulkFields(form *data.Form) *data.Form {
	t := form.Table
	alone := func(name string) bool {
		return slices.ContainsFunc(t.UniqueKeys, func(u data.UniqueKey) bool { return slices.Equal(u.Columns, []string{name}) })
	}
	var fields []data.FormField
	for _, f := range form.Fields {
		c := f.Column
		if f.ReadOnly == "" && !c.Masked && c.Kind != data.KindBlob && c.PrimaryKey == 0 && !alone(c.Name) {
			fields = append(fields, f)
		}
	}
	return &data.Form{Table: t, Fields: fields}
}

// readChanges reads the ticked fields. What was sent for the others means
// nothing; a tick at what is no field of the form is refused.
func (e *entry) readChanges(r *http.Request) (data.Input, error) {
	e.sent = url.Values{}
	in := data.Input{Fields: map[string]data.Field{}}
	var wrong data.FieldErrors
	for _, name := range sortedNames(r.PostForm) {
		column, ticked := strings.CutPrefix(name, ui.ParamSet+editPrefix)
		if !ticked || r.PostForm.Get(name) != "1" {
			continue
		}
		if !slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == column }) {
			wrong = append(wrong, &data.FieldError{Field: column, Message: "cannot be changed in many records at once"})
			continue
		}
		e.sent[column] = r.PostForm[editPrefix+column]
		null := r.PostForm.Get(ui.ParamNull+editPrefix+column) == "1" && !e.overtyped(column, e.sent)
		in.Fields[column] = e.given(column, lastOf(e.sent[column]))
		if null {
			e.sent.Set(ui.ParamNull+column, "1")
			in.Fields[column] = data.Field{Null: true}
		}
	}
	if len(wrong) > 0 {
		return in, wrong
	}
	if len(in.Fields) == 0 {
		return in, &data.FieldError{Message: "Nothing is to be changed: tick “Change” at a field."}
	}
	return in, nil
}
