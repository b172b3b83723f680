// Bulk: what is done to chosen rows of a list, or to all that match. Each action
// asks first, with the number.

package records

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// chosen is what a bulk action is about.
type chosen struct {
	keys  []data.Key
	all   bool
	query data.Query // of the list it was chosen in
	asked string     // what the question was about; all needs it
}

// selection is what was chosen, as the data takes it.
func (c chosen) selection() data.Selection {
	if c.all {
		return data.ByQuery(c.query)
	}
	return data.ByKeys(c.query.Table, c.keys)
}

// paramAsked is what the question was about: data.Question.Token.
const paramAsked = "asked"

// ask returns the question about the chosen rows: which they are, and how many.
func ask(v *frame.Visit, c chosen) (*data.Question, error) {
	return v.Data.Ask(v.R.Context(), c.selection())
}

// readChosen reads the rows that were chosen in a list.
func readChosen(v *frame.Visit) (chosen, error) {
	t := v.Table
	c := chosen{all: v.R.PostForm.Get(ui.ParamAll) == "1", asked: v.R.PostForm.Get(paramAsked)}
	state := url.Values{}
	for name, values := range v.R.PostForm {
		switch {
		case name == "q", name == "sort", name == "limit", name == "columns", strings.HasPrefix(name, "f."):
			state[name] = values
		}
	}
	v.Data.LearnFilters(v.R.Context(), t, state)
	var err error
	if c.query, err = data.ParseQuery(t, state); err != nil {
		return c, err
	}
	for _, text := range v.R.PostForm["key"] {
		key, err := data.ParseKey(t, text)
		if err != nil {
			return c, err
		}
		c.keys = append(c.keys, key)
	}
	if !c.all && len(c.keys) == 0 {
		return c, frame.Refused(http.StatusBadRequest, text.NoRowChosen)
	}
	if c.all && c.asked == "" && v.R.PostForm.Get(ui.ParamConfirm) == "1" {
		return c, frame.Refused(http.StatusBadRequest, text.QuestionMissing(paramAsked, ui.ParamConfirm))
	}
	return c, nil
}

// bulkPage is the page that asks about an action, with the number of rows.
func bulkPage(v *frame.Visit, c chosen, action string, asked *data.Question) ui.Bulk {
	page := ui.Bulk{
		Model: frame.TableLabel(v.Table), ModelHref: v.TableURL(v.Table.Name), All: c.all,
		Action: actionURL(v, action), CancelHref: v.ListURL(c.query), Count: text.Exact(int64(len(c.keys))),
	}
	if c.all {
		page.Count = text.Exact(asked.Count)
		if asked.Count > data.MaxBulk {
			page.Problem = &ui.Problem{
				Title: text.TooManyRecords, Detail: text.AtMostRecords(asked.Count, data.MaxBulk),
			}
		}
		page.Params = append(page.Params, ui.Param{Name: ui.ParamAll, Value: "1"})
	}
	page.Params = append(page.Params, ui.Param{Name: paramAsked, Value: asked.Token})
	for _, key := range c.keys {
		page.Params = append(page.Params, ui.Param{Name: "key", Value: key.String()})
		if len(page.Sample) < 10 {
			label := key.Label()
			if record, err := v.Data.Get(v.R.Context(), v.Table.Name, key); err == nil {
				label = record.Label
			}
			page.Sample = append(page.Sample, ui.Link{Label: label, Href: v.RecordURL(v.Table.Name, key)})
		}
	}
	values := c.query.Values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			page.Params = append(page.Params, ui.Param{Name: name, Value: value})
		}
	}
	return page
}

func actionURL(v *frame.Visit, action string) string {
	return v.URL("m", frame.TableSegment(v.Table.Name), "actions", action)
}

// DeleteChosen asks first, and deletes when it is confirmed.
func (p *Pages) DeleteChosen(v *frame.Visit) error {
	c, err := readChosen(v)
	if err != nil {
		return err
	}
	if v.R.PostForm.Get(ui.ParamConfirm) != "1" {
		return askDelete(v, http.StatusOK, c, nil)
	}
	n, err := v.Data.DeleteMany(v.R.Context(), c.selection(), c.asked)
	var hook *data.HookError
	var referenced *data.ReferencedError
	switch {
	case errors.Is(err, data.ErrAsked):
		return askDelete(v, http.StatusConflict, c, text.OtherRows)
	case errors.As(err, &hook):
		return askDelete(v, http.StatusUnprocessableEntity, c, text.NothingDeleted(text.Verbatim(hook.Error())))
	case errors.As(err, &referenced):
		return askDelete(v, http.StatusConflict, c, text.SomeReferenced)
	case err != nil:
		return err
	default:
		v.Notify(ui.NoticeSuccess, text.RecordsDeleted(n))
		return v.Redirect(v.ListURL(c.query))
	}
}

func askDelete(v *frame.Visit, status int, c chosen, wrong text.Message) error {
	preview, err := v.Data.DeleteManyPreview(v.R.Context(), c.selection())
	var asked *data.Question
	var notices []ui.Notice
	switch {
	case errors.Is(err, data.ErrTimeout):
		notices = append(notices, ui.Notice{Kind: ui.NoticeWarning, Text: text.EffectsUnknown})
		asked, err = ask(v, c)
	case err == nil:
		asked = &preview.Question
	}
	if err != nil {
		return err
	}
	page := bulkPage(v, c, "delete", asked)
	page.Heading, page.Danger, page.Error = text.Delete, true, wrong
	page.Layout = v.Layout(v.TableURL(v.Table.Name))
	page.Notices = append(append(page.Notices, notices...), obstacle(v, data.Deletion)...)
	if preview != nil {
		page.Effects = effects(preview, nil)
		if triggers := v.Data.Schema().Triggers(v.Table.Name); triggers != nil {
			page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeWarning, Text: triggers})
		}
	}
	return v.Render(status, page)
}

// EditPrefix stands before the columns that editChosen sets: a column may be
// named as a parameter of the list is.
const EditPrefix = "to."

// EditChosen asks what to change, and sets the ticked fields of every chosen
// row, in one transaction.
func (p *Pages) EditChosen(v *frame.Visit) error {
	c, err := readChosen(v)
	if err != nil {
		return err
	}
	e := newEntry(v, nil)
	e.fields = bulkFields(v.View.Form(v.Table, typed.ToUpdate))
	if v.R.PostForm.Get(ui.ParamConfirm) != "1" {
		return askEdit(v, http.StatusOK, c, e)
	}
	in, err := e.readChanges()
	var n int64
	if err == nil {
		n, err = v.Data.UpdateMany(v.R.Context(), c.selection(), in, c.asked)
	}
	if errors.Is(err, data.ErrAsked) {
		e.errs = data.FieldErrors{{Message: text.OtherRows}}
		return askEdit(v, http.StatusConflict, c, e)
	}
	if e.refuse(err) {
		return askEdit(v, http.StatusUnprocessableEntity, c, e)
	}
	if err != nil {
		return err
	}
	v.Notify(ui.NoticeSuccess, text.RecordsChanged(n))
	return v.Redirect(v.ListURL(c.query))
}

func askEdit(v *frame.Visit, status int, c chosen, e *entry) error {
	asked, err := ask(v, c)
	if err != nil {
		return err
	}
	page := bulkPage(v, c, "edit", asked)
	shown := e.form()
	page.Heading, page.SubmitLabel, page.Error, page.Fields = text.Edit, text.Change, shown.Error, shown.Fields
	for i, f := range page.Fields {
		f.Optional, f.Set = true, v.R.PostForm.Get(ui.ParamSet+EditPrefix+f.Name) == "1"
		f.Placeholder = nil // a default is for new records
		f.Null = e.sent.Get(ui.ParamNull+f.Name) == "1"
		f.Name = EditPrefix + f.Name
		page.Fields[i] = f
	}
	page.Layout = v.Layout(v.TableURL(v.Table.Name))
	page.Notices = append(page.Notices, obstacle(v, data.Modification)...)
	return v.Render(status, page)
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
// nothing; a tick at what is not a field of the form is refused.
func (e *entry) readChanges() (data.Input, error) {
	e.foldNames()
	sent := e.v.R.PostForm
	e.sent = url.Values{}
	in := data.Input{Fields: map[string]data.Field{}}
	var wrong data.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		column, ticked := strings.CutPrefix(name, ui.ParamSet+EditPrefix)
		if !ticked || sent.Get(name) != "1" {
			continue
		}
		if !slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == column }) {
			wrong = append(wrong, &data.FieldError{Field: column, Message: text.NotInMany})
			continue
		}
		e.sent[column] = sent[EditPrefix+column]
		null := sent.Get(ui.ParamNull+EditPrefix+column) == "1" && !e.overtyped(column, e.sent)
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
		return in, &data.FieldError{Message: text.NothingTicked}
	}
	return in, nil
}
