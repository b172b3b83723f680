// Export: the rows of a list as a file, streamed.

package crudadmin

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"

	"github.com/go-crudadmin/crudadmin/data"
)

func (p *Panel) exportCSV(w http.ResponseWriter, r *http.Request) {
	p.export(w, r, "csv", "text/csv; charset=utf-8", data.CSV)
}

func (p *Panel) exportJSON(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("lines") == "1" {
		p.export(w, r, "jsonl", "application/jsonl", data.JSONLines)
		return
	}
	p.export(w, r, "json", "application/json", data.JSON)
}

// export streams all rows that match the list's query. What goes wrong before
// the first byte is a page; after it the answer is cut, so that half a file is
// not taken for a whole one.
func (p *Panel) export(w http.ResponseWriter, r *http.Request, ending, contentType string, format func(io.Writer) data.RowWriter) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	values := r.URL.Query()
	for _, name := range []string{"after", "before", "limit", "lines"} {
		values.Del(name)
	}
	q, err := data.ParseQuery(t, p.sorted(t, values))
	if err != nil {
		p.fail(w, r, &statusError{status: http.StatusUnprocessableEntity, detail: err.Error()})
		return
	}
	out := &firstByte{w: w, begin: func() { attach(w.Header(), tableLabel(t)+"."+ending, contentType) }}
	if err = p.dataOf(r).Export(r.Context(), q, format(out)); err == nil {
		return
	}
	if !out.begun {
		p.fail(w, r, err)
		return
	}
	p.log.WarnContext(r.Context(), "an export is cut", "table", t.Name, "error", err)
	panic(http.ErrAbortHandler)
}

// firstByte calls begin before the first byte is written.
type firstByte struct {
	w     io.Writer
	begin func()
	begun bool
}

func (f *firstByte) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.begin()
	}
	return f.w.Write(b)
}

// attach makes the answer a file to keep, under a name of plain characters.
func attach(h http.Header, name, contentType string) {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	if len(plain) > 200 {
		plain = plain[len(plain)-200:]
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": strings.ToValidUTF8(plain, "")}))
	h.Set("Cache-Control", "no-store")
}
