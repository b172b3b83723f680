// Export: the rows of a list as a file, streamed.

package crudadmin

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
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
	out := &firstByte{w: &paced{w: w, controller: http.NewResponseController(w), pace: p.pace, begun: time.Now()}, begin: func() { attach(w.Header(), tableLabel(t)+"."+ending, contentType) }}
	err = p.dataOf(r).Export(r.Context(), q, format(out))
	if err == nil {
		// The next answer on the connection has no deadline of this one's.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		return
	}
	if !out.begun {
		p.fail(w, r, err)
		return
	}
	p.log.WarnContext(r.Context(), "an export is cut", "table", t.Name, "error", err)
	panic(http.ErrAbortHandler)
}

// pace is how fast a browser must take an export: rate bytes a second on the
// whole, after grace. An export reads from the database for as long as it is
// taken, and a SQLite file that is not in WAL mode cannot be written to meanwhile.
type pace struct {
	grace time.Duration
	rate  int64
}

// exportPace cuts an export of 100 MB after an hour at the latest.
var exportPace = pace{grace: 30 * time.Second, rate: 32 << 10}

// paced ends a connection that does not keep the pace.
type paced struct {
	w          io.Writer
	controller *http.ResponseController
	pace       pace
	begun      time.Time
	written    int64
}

func (p *paced) Write(b []byte) (int, error) {
	p.written += int64(len(b))
	due := p.pace.grace + time.Duration(float64(p.written)/float64(p.pace.rate)*float64(time.Second))
	// A writer that is no connection has no deadlines, and waits for nobody.
	_ = p.controller.SetWriteDeadline(p.begun.Add(due))
	return p.w.Write(b)
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
