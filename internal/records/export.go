// Export: the rows of a list as a file, read at full speed and sent as it is taken.

package records

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// ExportCSV sends the rows of a list as CSV.
func (p *Pages) ExportCSV(v *frame.Visit) error {
	return p.export(v, "csv", "text/csv; charset=utf-8", data.CSV)
}

// ExportJSON sends the rows of a list as JSON, with lines=1 as JSON Lines.
func (p *Pages) ExportJSON(v *frame.Visit) error {
	if v.R.URL.Query().Get("lines") == "1" {
		return p.export(v, "jsonl", "application/jsonl", data.JSONLines)
	}
	return p.export(v, "json", "application/json", data.JSON)
}

// export sends all rows that match the list's query. They are read at full speed
// into a spool, which gives the database back, and sent from there for as long as
// the browser takes. What goes wrong before the first byte is a page; after it the
// answer is cut, so that half a file is not taken for a whole one.
//
// It ends with the request's context, at once: whoever ends that cuts the answer,
// and the reading.
func (p *Pages) export(v *frame.Visit, ending, contentType string, format func(io.Writer) data.RowWriter) error {
	t := v.Table
	values := v.R.URL.Query()
	for _, name := range []string{"after", "before", "limit", "lines"} {
		values.Del(name)
	}
	if v.R.Method != http.MethodHead { // which asks nothing of the table
		v.Data.LearnFilters(v.R.Context(), t, values)
	}
	q, err := data.ParseQuery(t, sorted(v, values))
	if err != nil {
		return frame.Refused(http.StatusUnprocessableEntity, data.Refusal(err).Text())
	}
	if len(t.Exported(q)) == 0 {
		return frame.Refused(http.StatusUnprocessableEntity, text.NothingToExport)
	}
	begin := func() { attach(v.W.Header(), frame.TableLabel(t)+"."+ending, contentType) }
	if v.R.Method == http.MethodHead { // the database is not asked
		begin()
		return nil
	}
	source := v.Data
	return p.sendSpooled(v, "an export", begin, func(ctx context.Context, to io.Writer) error {
		return source.Export(ctx, q, format(to))
	})
}

// sendSpooled sends what make writes, by way of a spool. begin sets the headers.
func (p *Pages) sendSpooled(v *frame.Visit, what string, begin func(), make func(ctx context.Context, to io.Writer) error) error {
	file, err := p.Spools.Open()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing of it is needed any more
	ctx, stop := context.WithCancel(v.R.Context())
	made := sync.WaitGroup{}
	made.Go(func() {
		var err error
		defer func() {
			if wrong := recover(); wrong != nil {
				err = fmt.Errorf("panic: %v", wrong)
			}
			file.Finish(err)
		}()
		err = make(ctx, file)
	})
	defer made.Wait()
	defer stop()

	controller := http.NewResponseController(v.W)
	cut := context.AfterFunc(ctx, func() { _ = controller.SetWriteDeadline(time.Now()) })
	defer cut()
	out := &firstByte{w: &paced{w: v.W, ctx: ctx, controller: controller, pace: cmp.Or(p.Pace, ExportPace)}, begin: begin}
	err = file.SendTo(ctx, out)
	if err == nil && !out.begun { // nothing was written, which is all
		begin()
	}
	if err == nil {
		// The next answer on the connection has no deadline of this one's.
		_ = cut()
		_ = controller.SetWriteDeadline(time.Time{})
		return nil
	}
	if !out.begun {
		return err
	}
	v.Log().WarnContext(v.R.Context(), what+" is cut", "table", v.Table.Name, "error", err)
	return v.Cut(err)
}

// paced ends a connection that does not keep the pace. What the browser waits for
// the database does not count.
type paced struct {
	w          io.Writer
	ctx        context.Context // that ends the writing at once
	controller *http.ResponseController
	pace       frame.Pace
	written    int64
	spent      time.Duration // in writing
}

func (p *paced) Write(b []byte) (int, error) {
	p.written += int64(len(b))
	begun := time.Now()
	// A writer that is not a connection has no deadlines, and waits for nobody.
	_ = p.controller.SetWriteDeadline(p.pace.Due(begun.Add(-p.spent), p.written))
	if err := p.ctx.Err(); err != nil { // its end may have set a deadline that this one replaced
		return 0, err
	}
	n, err := p.w.Write(b)
	p.spent += time.Since(begun)
	if err != nil {
		err = fmt.Errorf("%w: %w", frame.ErrBrowser, err)
	}
	return n, err
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
