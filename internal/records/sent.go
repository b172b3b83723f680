// Sent: what was sent of a form, back to what is to be written.

package records

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// read turns what was sent into an input. Parameters that are not fields of the
// form stay in it, and are refused by name.
func (e *entry) read() (data.Input, error) {
	e.foldNames()
	sent := e.v.R.PostForm
	e.sent = sent
	in := data.Input{Fields: map[string]data.Field{}, Links: map[string][]data.Key{}}
	files, untouched := map[string]bool{}, map[string]bool{}
	for _, f := range e.fields.Fields {
		if e.secret(f) {
			in.Masked = append(in.Masked, f.Column.Name)
		}
		stored, ok := e.cell(f.Column.Name)
		files[f.Column.Name] = e.widget(f) == ui.WidgetFile || ok && stored.Storage == data.StoredBlob
		untouched[f.Column.Name] = e.untouched(f, sent)
	}
	var wrong data.FieldErrors
	relations := map[string]*data.ManyToMany{}
	for _, relation := range e.fields.Relations {
		relations[relation.Name] = relation
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		values := sent[name]
		null, isNull := strings.CutPrefix(name, ui.ParamNull)
		emptied, isClear := strings.CutPrefix(name, ui.ParamClear)
		empty, isEmpty := strings.CutPrefix(name, ui.ParamEmpty)
		switch {
		case name == sessionhttp.CSRFField, name == ui.ParamToken, name == ui.ParamOnce:
		case e.has(unprefixed(name)) && !e.settable(unprefixed(name)):
			wrong = append(wrong, &data.FieldError{Field: unprefixed(name), Message: text.NotInForm})
		case untouched[name], isNull && untouched[null]:
		case relations[name] != nil:
			if err := e.readLinks(in, relations[name], values); err != nil {
				return in, err
			}
		case isNull && e.has(null):
			if lastOf(values) == "1" && !e.overtyped(null, sent) && sent.Get(ui.ParamEmpty+null) != "1" {
				in.Fields[null] = data.Field{Null: true}
			}
		case isEmpty && e.has(empty):
			if sent.Get(name) == "1" && lastOf(sent[empty]) == "" {
				in.Fields[empty] = data.Field{}
			}
		case isClear && e.has(emptied):
			if lastOf(values) == "1" {
				in.Fields[emptied] = data.Field{Null: e.nullable(emptied), File: []byte{}}
			}
		case files[name]: // files come as parts of their own
			if lastOf(values) != "" {
				wrong = append(wrong, &data.FieldError{Field: name, Message: text.FileWanted})
			}
		case unseen(e.v, name):
			if err := e.readHidden(&in, name, lastOf(values)); err != nil {
				wrong = append(wrong, data.Refusal(err)...)
			}
		case sent.Get(ui.ParamEmpty+name) == "1" && lastOf(values) == "":
		case !in.Fields[name].Null:
			if problem := e.readField(in, name, lastOf(values)); problem != nil {
				wrong = append(wrong, &data.FieldError{Field: name, Message: problem})
			}
		}
	}
	if len(wrong) > 0 {
		return in, wrong
	}
	return in, e.readFiles(in)
}

// untouched reports whether what was sent for a field is what a browser sends of the form as it was
// opened. Such a field is not written: a stored value stays, whatever its widget makes of it, and a
// new record takes the default, as far as there is one.
func (e *entry) untouched(f data.FormField, sent url.Values) bool {
	opened := *e
	opened.sent, opened.errs = nil, nil
	c := f.Column
	if sent.Get(ui.ParamEmpty+c.Name) == "1" {
		return false
	}
	if e.record == nil && !c.HasDefault && !c.Nullable && !f.Assigned || e.v.View.Unseen(c) || c.Masked {
		return false
	}
	return opened.shape(f).Untouched(lastOf(sent[c.Name]), sent.Get(ui.ParamNull+c.Name) == "1")
}

// overtyped reports a value that was entered beside a NULL box which the form had ticked itself,
// for a new record or for a NULL that is stored: without JavaScript nothing unticks it.
func (e *entry) overtyped(name string, sent url.Values) bool {
	stored, ok := e.cell(name)
	return (e.record == nil || ok && stored.Null()) && lastOf(sent[name]) != ""
}

// readField takes a text, or says what is wrong with it. What a form sends for a field that was
// left alone on a new record is not a value: the column's default is, else NULL where that is
// allowed, and otherwise it has to be filled.
func (e *entry) readField(in data.Input, name, value string) text.Message {
	i := slices.IndexFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == name })
	if i >= 0 && value == "" {
		f := e.fields.Fields[i]
		switch {
		case e.record == nil && (f.Assigned || f.Column.HasDefault):
			return nil
		case e.mayBeEmpty(f) && f.Column.Nullable:
			in.Fields[name] = data.Field{Null: true}
			return nil
		case e.mayBeEmpty(f):
			return text.FillOrEmpty
		}
	}
	in.Fields[name] = e.given(name, value)
	return nil
}

// given is a text as it was entered. An empty text is not a reference, also where the key
// referred to is a text.
func (e *entry) given(name, value string) data.Field {
	none := value == "" && slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool {
		return f.Column.Name == name && f.Reference != nil && f.Column.Nullable
	})
	return data.Field{Text: value, Null: none}
}

// readHidden takes what was entered and is never shown; empty is unchanged, and
// a password is hashed.
func (e *entry) readHidden(in *data.Input, name, value string) error {
	if value == "" {
		return nil
	}
	stored, err := e.v.View.Stored(name, value)
	if err != nil {
		return err
	}
	in.Fields[name] = data.Field{Text: stored}
	in.Masked = append(in.Masked, name)
	return nil
}

// readFiles takes the files that were chosen.
func (e *entry) readFiles(in data.Input) error {
	form := e.v.R.MultipartForm
	if form == nil {
		return nil
	}
	for name, headers := range form.File {
		header := headers[len(headers)-1]
		if header.Size == 0 && header.Filename == "" {
			continue
		}
		if !e.settable(name) {
			return &data.FieldError{Field: name, Message: text.NotInForm}
		}
		if header.Size > data.MaxFile {
			return &data.FieldError{Field: name, Value: header.Filename, Message: text.FileTooLarge(data.MaxFile >> 20)}
		}
		file, err := header.Open()
		if err != nil {
			return fmt.Errorf("read the file of %s: %w", name, err)
		}
		content := make([]byte, header.Size)
		_, err = io.ReadFull(file, content)
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("read the file of %s: %w", name, err)
		}
		in.Fields[name] = data.Field{File: content}
	}
	return nil
}

func (e *entry) has(name string) bool {
	_, ok := e.v.Table.Column(name)
	return ok
}

func (e *entry) nullable(name string) bool {
	c, ok := e.v.Table.Column(name)
	return ok && c.Nullable
}

// settable reports whether a field of the form may be sent. Where a View says
// which fields a form has, no other is taken.
func (e *entry) settable(name string) bool {
	if !e.v.View.Declared() {
		return true
	}
	return slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == name && f.ReadOnly == "" })
}

// foldNames gives what was sent under the name of a column or relation, as a browser writes it, its
// own name: browsers send line breaks in names as CR LF, and in the names of parts as %0D%0A, with
// %22 for a quotation mark (HTML, "Multipart form data").
func (e *entry) foldNames() {
	r := e.v.R
	own := map[string]string{}
	var names []string
	for _, c := range e.v.Table.Columns {
		names = append(names, c.Name)
	}
	for _, relation := range e.fields.Relations {
		names = append(names, relation.Name)
	}
	for _, name := range names {
		if !strings.ContainsAny(name, "\r\n\"") {
			continue
		}
		lines := strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(name)
		for _, written := range []string{lines, strings.NewReplacer("\r\n", "%0D%0A", `"`, "%22").Replace(lines)} {
			if slices.Contains(names, written) {
				continue
			}
			if _, taken := own[written]; taken {
				own[written] = "" // which of two it is cannot be told
				continue
			}
			own[written] = name
		}
	}
	for sent, name := range own {
		if name == "" {
			continue
		}
		for _, prefix := range []string{"", ui.ParamNull, ui.ParamEmpty, ui.ParamClear, EditPrefix, ui.ParamNull + EditPrefix, ui.ParamSet + EditPrefix} {
			for _, form := range []url.Values{r.PostForm, r.Form} {
				renamed(form, prefix+sent, prefix+name)
			}
		}
		if r.MultipartForm != nil {
			renamed(r.MultipartForm.File, sent, name)
		}
	}
}

// renamed moves values to another name.
func renamed[V any](form map[string][]V, from, to string) {
	if values, ok := form[from]; ok {
		form[to] = append(form[to], values...)
		delete(form, from)
	}
}

// unprefixed is the column that a parameter is about.
func unprefixed(name string) string {
	for _, prefix := range []string{ui.ParamNull, ui.ParamEmpty, ui.ParamClear} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// lastOf returns the value that counts of a field that was sent more than once.
func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}
