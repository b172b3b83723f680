// Keep: what was entered stays on the page that says why it could not be taken.

package crudadmin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-crudadmin/crudadmin/ui"
)

// keep adds to the page of an error what was sent to a table: to be sent again as
// it is, where a server was down, else to be read. Secrets are not sent back, and
// nothing that was refused before it was read.
func (p *Panel) keep(page *ui.Error, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), p.base+"/m/")
	again := page.Status >= http.StatusInternalServerError
	if r.Method != http.MethodPost || !ok || !again && r.PostForm == nil {
		return
	}
	if r.PostForm == nil { // the store was asked before the form was read
		r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	}
	if readValues(r) != nil {
		return
	}
	segment, below, _ := strings.Cut(rest, "/")
	name, _ := url.PathUnescape(segment)
	t, known := p.source.Schema().Table(strings.TrimPrefix(name, "~"))
	if !known {
		return
	}
	switch {
	case below == "":
		page.FormHref = p.tableURL(t.Name) + "new"
	case strings.HasSuffix(below, "/edit") && !strings.HasPrefix(below, "actions/"):
		page.FormHref = r.URL.EscapedPath()
	}
	lacks := false // what is not sent back
	if r.MultipartForm != nil {
		for _, files := range r.MultipartForm.File {
			lacks = lacks || files[0].Filename != ""
		}
	}
	page.SendToken = r.PostForm.Get(csrfField)
	for _, name := range sortedNames(r.PostForm) {
		if name == csrfField {
			continue
		}
		column, is := t.Column(strings.TrimPrefix(name, editPrefix))
		if is && (column.Masked || p.unseen(t, column)) {
			lacks = lacks || lastOf(r.PostForm[name]) != ""
			continue
		}
		for _, value := range r.PostForm[name] {
			page.Params = append(page.Params, ui.Param{Name: name, Value: value})
		}
	}
	for _, c := range t.Columns {
		for _, name := range []string{c.Name, editPrefix + c.Name} {
			if value := lastOf(r.PostForm[name]); value != "" && !c.Masked && !p.unseen(t, c) {
				page.Entered = append(page.Entered, ui.Field{Name: name, Label: columnLabel(c), Value: ui.Text(value)})
			}
		}
	}
	page.Lacks = lacks
	if again && !lacks {
		page.SendHref = r.URL.EscapedPath()
	}
}
