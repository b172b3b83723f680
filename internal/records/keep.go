// Keep: what was entered stays on the page that says why it could not be taken.

package records

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Keep adds to the page of an error what was sent to a table: to be sent again as
// it is, where a server was down or its person had too much under way, else to be
// read. Of a form that did not come whole it is what had come. Secrets are not sent back, and
// nothing that was refused before it was read. Until it is known who asks, the page
// holds names and values as they were sent and nothing of the schema: whether a
// table or column exists is not told to everybody.
func Keep(v *frame.Visit, page *ui.Error) {
	tables := v.URL("m", "")
	rest, ok := strings.CutPrefix(v.R.URL.EscapedPath(), tables)
	again := page.Status >= http.StatusInternalServerError || page.Status == http.StatusTooManyRequests
	known := v.User.ID != ""
	if v.R.Method != http.MethodPost || !ok || !again && (v.R.PostForm == nil || !known) {
		return
	}
	if v.R.PostForm == nil && v.ReadRefused() != nil {
		again = false // it is not whole
	}
	segment, below, _ := strings.Cut(rest, "/")
	secret, entered := secretByName, enteredAsSent
	if known {
		name, _ := url.PathUnescape(segment)
		t, shown := v.Data.Schema().Table(strings.TrimPrefix(name, "~"))
		if !shown {
			return
		}
		secret = func(name string) bool {
			c, is := t.Column(strings.TrimPrefix(name, EditPrefix))
			return is && (c.Masked || v.ViewOf(t).Unseen(c))
		}
		entered = func(form url.Values) []ui.Field { return enteredIn(v, t, form) }
	}
	switch {
	case below == "":
		page.FormHref = tables + segment + "/new"
	case strings.HasSuffix(below, "/edit") && !strings.HasPrefix(below, "actions/"):
		page.FormHref = v.R.URL.EscapedPath()
	}
	page.Lacks = false // whether something is not sent back
	if v.R.MultipartForm != nil {
		for _, files := range v.R.MultipartForm.File {
			page.Lacks = page.Lacks || files[0].Filename != ""
		}
	}
	page.SendToken = v.R.PostForm.Get(sessionhttp.CSRFField)
	for _, name := range slices.Sorted(maps.Keys(v.R.PostForm)) {
		switch {
		case name == sessionhttp.CSRFField:
		case secret(name):
			page.Lacks = page.Lacks || lastOf(v.R.PostForm[name]) != ""
		default:
			for _, value := range v.R.PostForm[name] {
				page.Params = append(page.Params, ui.Param{Name: name, Value: value})
			}
		}
	}
	page.Entered = entered(v.R.PostForm)
	if page.Status == http.StatusRequestTimeout && len(page.Entered) > 0 {
		page.Detail = text.Sentences(page.Detail, text.PartArrived)
	}
	if again && !page.Lacks {
		page.SendHref = v.R.URL.EscapedPath()
	}
}

// secretByName is what is not sent back to somebody who is not known yet.
func secretByName(name string) bool {
	return data.DefaultMasked("", &data.Column{Name: strings.TrimPrefix(name, EditPrefix), Kind: data.KindText})
}

// enteredAsSent are the values of a form under the names that they were sent by.
func enteredAsSent(form url.Values) []ui.Field {
	var all []ui.Field
	for _, name := range slices.Sorted(maps.Keys(form)) {
		prefix, _, helping := strings.Cut(name, ".")
		helping = helping && slices.Contains([]string{"row", "null", "empty", "clear", "set", "f"}, prefix)
		if value := lastOf(form[name]); value != "" && name != sessionhttp.CSRFField && !helping && !secretByName(name) {
			all = append(all, ui.Field{Name: name, Label: strings.TrimPrefix(name, EditPrefix), Value: ui.Text(value)})
		}
	}
	return all
}

// enteredIn are the values of a form in the order of the table's columns.
func enteredIn(v *frame.Visit, t *data.Table, form url.Values) []ui.Field {
	var all []ui.Field
	for _, c := range t.Columns {
		for _, name := range []string{c.Name, EditPrefix + c.Name} {
			if value := lastOf(form[name]); value != "" && !c.Masked && !v.ViewOf(t).Unseen(c) && !c.Hidden {
				all = append(all, ui.Field{Name: name, Label: frame.ColumnLabel(c), Value: ui.Text(value)})
			}
		}
	}
	return all
}
