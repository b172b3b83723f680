// Keep: what was entered stays on the page that says why it could not be taken.

package crudadmin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// keep adds to the page of an error what was sent to a table: to be sent again as
// it is, where a server was down or its person had too much under way, else to be
// read. Of a form that did not come whole it is what had come. Secrets are not sent back, and
// nothing that was refused before it was read. Until it is known who asks, the page
// holds names and values as they were sent and nothing of the schema: whether a
// table or column exists is not told to everybody.
func (p *Panel) keep(page *ui.Error, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), p.base+"/m/")
	again := page.Status >= http.StatusInternalServerError || page.Status == http.StatusTooManyRequests
	known := visitor(r).ID != ""
	if r.Method != http.MethodPost || !ok || !again && (r.PostForm == nil || !known) {
		return
	}
	if r.PostForm == nil { // it was refused before the form was read
		size := int64(maxBody)
		if known && isMultipart(r) {
			size = maxUpload
		}
		r.Body = http.MaxBytesReader(nil, r.Body, size)
		if readValues(r) != nil {
			again = false // it is not whole
		}
	}
	segment, below, _ := strings.Cut(rest, "/")
	secret, entered := secretByName, enteredAsSent
	if known {
		name, _ := url.PathUnescape(segment)
		t, shown := p.dataOf(r).Schema().Table(strings.TrimPrefix(name, "~"))
		if !shown {
			return
		}
		secret = func(name string) bool {
			c, is := t.Column(strings.TrimPrefix(name, editPrefix))
			return is && (c.Masked || p.view(t).Unseen(c))
		}
		entered = func(form url.Values) []ui.Field { return p.enteredIn(t, form) }
	}
	switch {
	case below == "":
		page.FormHref = p.base + "/m/" + segment + "/new"
	case strings.HasSuffix(below, "/edit") && !strings.HasPrefix(below, "actions/"):
		page.FormHref = r.URL.EscapedPath()
	}
	page.Lacks = false // whether something is not sent back
	if r.MultipartForm != nil {
		for _, files := range r.MultipartForm.File {
			page.Lacks = page.Lacks || files[0].Filename != ""
		}
	}
	page.SendToken = r.PostForm.Get(csrfField)
	for _, name := range sortedNames(r.PostForm) {
		switch {
		case name == csrfField:
		case secret(name):
			page.Lacks = page.Lacks || lastOf(r.PostForm[name]) != ""
		default:
			for _, value := range r.PostForm[name] {
				page.Params = append(page.Params, ui.Param{Name: name, Value: value})
			}
		}
	}
	page.Entered = entered(r.PostForm)
	if page.Status == http.StatusRequestTimeout && len(page.Entered) > 0 {
		page.Detail += " What had come of it is below."
	}
	if again && !page.Lacks {
		page.SendHref = r.URL.EscapedPath()
	}
}

// secretByName is what is not sent back to somebody who is not known yet.
func secretByName(name string) bool {
	return data.DefaultMasked("", &data.Column{Name: strings.TrimPrefix(name, editPrefix), Kind: data.KindText})
}

// enteredAsSent are the values of a form under the names that they were sent by.
func enteredAsSent(form url.Values) []ui.Field {
	var all []ui.Field
	for _, name := range sortedNames(form) {
		prefix, _, helping := strings.Cut(name, ".")
		helping = helping && slices.Contains([]string{"row", "null", "empty", "clear", "set", "f"}, prefix)
		if value := lastOf(form[name]); value != "" && name != csrfField && !helping && !secretByName(name) {
			all = append(all, ui.Field{Name: name, Label: strings.TrimPrefix(name, editPrefix), Value: ui.Text(value)})
		}
	}
	return all
}

// enteredIn are the values of a form in the order of the table's columns.
func (p *Panel) enteredIn(t *data.Table, form url.Values) []ui.Field {
	var all []ui.Field
	for _, c := range t.Columns {
		for _, name := range []string{c.Name, editPrefix + c.Name} {
			if value := lastOf(form[name]); value != "" && !c.Masked && !p.view(t).Unseen(c) && !c.Hidden {
				all = append(all, ui.Field{Name: name, Label: columnLabel(c), Value: ui.Text(value)})
			}
		}
	}
	return all
}
