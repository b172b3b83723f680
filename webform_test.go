// Forms that are opened, filled and sent as a browser does, in a panel over a database of its own.

package crudadmin

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// faultBench is a panel over a database of its own.
func faultBench(t testing.TB, statements ...string) *bench {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	return benchOver(t, db, statements...)
}

// benchOver is a panel over the database, which it closes, after the statements.
func benchOver(t testing.TB, db *sql.DB, statements ...string) *bench {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.200s: %v", statement, err)
		}
	}
	b := newBench(t, func(c *Config) { c.DB = db })
	b.db = db
	return b
}

// webForm is a form as a browser would send it.
type webForm struct {
	action    string
	multipart bool
	values    url.Values
	files     []string
	required  []string // controls that the browser would not send empty
}

var crlf = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n")

// controls reads the form of a record, and fills it as a browser does.
func (b *browser) controls(path string) webForm {
	b.t.Helper()
	w := b.get(path)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, w.Code, inner(w.Body.String()))
	}
	_, body, found := strings.Cut(w.Body.String(), `<form class="form card"`)
	if !found {
		b.t.Fatalf("%s has no form:\n%s", path, inner(w.Body.String()))
	}
	body, _, _ = strings.Cut(`<form class="form card"`+body, "</form>")
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body) // as a parser of HTML reads it
	page := programtest.Page{Body: body}
	form := webForm{values: url.Values{}}
	for _, tag := range page.Tags("form") {
		form.action, form.multipart = strings.TrimPrefix(tag.Attrs["action"], b.base), tag.Attrs["enctype"] == "multipart/form-data"
	}
	add := func(name, value string) { form.values.Add(crlf.Replace(name), crlf.Replace(value)) }
	for _, tag := range page.Tags("input", "select", "textarea") {
		name, value := tag.Attrs["name"], tag.Attrs["value"]
		if _, required := tag.Attrs["required"]; required {
			form.required = append(form.required, name)
		}
		_, checked := tag.Attrs["checked"]
		switch {
		case tag.Name == "textarea":
			inside, _, _ := strings.Cut(tag.Rest, "</textarea>")
			add(name, html.UnescapeString(strings.TrimPrefix(inside, "\n")))
		case tag.Name == "select":
			inside, _, _ := strings.Cut(tag.Rest, "</select>")
			options := programtest.Page{Body: inside}.Tags("option")
			at := slices.IndexFunc(options, func(o programtest.Tag) bool { _, selected := o.Attrs["selected"]; return selected })
			if len(options) > 0 {
				add(name, options[max(at, 0)].Attrs["value"])
			}
		case tag.Attrs["type"] == "file":
			form.files = append(form.files, name)
		case tag.Attrs["type"] == "checkbox":
			if checked {
				add(name, value)
			}
		case tag.Attrs["type"] == "datetime-local" && value != "":
			at, err := time.Parse("2006-01-02T15:04:05", strings.Replace(value, " ", "T", 1))
			if err == nil && at.Second() == 0 && at.Nanosecond() == 0 {
				value = at.Format("2006-01-02T15:04")
			}
			add(name, strings.Replace(value, " ", "T", 1))
		case name != "":
			add(name, strings.NewReplacer("\r", "", "\n", "").Replace(value))
		}
	}
	return form
}

// sendForm sends a form.
func (b *browser) sendForm(form webForm) *httptest.ResponseRecorder {
	b.t.Helper()
	if !form.multipart {
		return b.do(http.MethodPost, form.action, form.values)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	named := func(name string) string {
		return `form-data; name="` + strings.NewReplacer("\r\n", "%0D%0A", `"`, "%22").Replace(name) + `"`
	}
	for name, values := range form.values {
		for _, value := range values {
			part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {named(name)}})
			if err != nil {
				b.t.Fatal(err)
			}
			_, _ = part.Write([]byte(value))
		}
	}
	for _, name := range form.files {
		_, _ = w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {named(name) + `; filename=""`}, "Content-Type": {"application/octet-stream"}})
	}
	_ = w.Close()
	return b.sendBody(form.action, w.FormDataContentType(), &body)
}

// saveUntouched opens a form and sends it as it is.
func (b *browser) saveUntouched(path string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.sendForm(b.controls(path))
}

// changeFields opens a form, changes fields of it and sends it.
func (b *browser) changeFields(path string, changes map[string]string) *httptest.ResponseRecorder {
	b.t.Helper()
	form := b.controls(path)
	for name, value := range changes {
		if value == "" {
			form.values.Del(name)
			continue
		}
		form.values.Set(name, value)
	}
	return b.sendForm(form)
}

// rowsOf are the rows of a table as SQL writes them, with their storage classes.
func (b *bench) rowsOf(t testing.TB, table string) []string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	rows, err := b.db.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	names, err := rows.Columns()
	if err := errors.Join(err, rows.Close(), rows.Err()); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, name := range names {
		parts = append(parts, "typeof("+quoted(name)+") || ' ' || CASE typeof("+quoted(name)+") WHEN 'text' THEN hex("+quoted(name)+") ELSE quote("+quoted(name)+") END")
	}
	if rows, err = b.db.QueryContext(ctx, "SELECT "+strings.Join(parts, " || ', ' || ")+" FROM "+table); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// sendFile sends a form with a file for one of its fields.
func (b *browser) sendFile(form webForm, name, content string) *httptest.ResponseRecorder {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for field, values := range form.values {
		_ = w.WriteField(field, values[len(values)-1])
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + name + `"; filename="a.txt"`}, "Content-Type": {"text/plain"}})
	if err != nil {
		b.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	_ = w.Close()
	return b.sendBody(form.action, w.FormDataContentType(), &body)
}
