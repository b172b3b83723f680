// Render: the ways to answer: a page, another address, JSON.

package frame

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// errUnmade means that a page could not be made. It is answered without one.
var errUnmade = errors.New("no page")

// Render answers with a whole page.
func (v *Visit) Render(status int, page ui.Page) error {
	var buf bytes.Buffer
	if err := v.frame.ui.Render(&buf, page); err != nil {
		return fmt.Errorf("%w: %w", errUnmade, err)
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if ui.AcceptsGzip(v.R) {
		h.Set("Content-Encoding", "gzip")
		buf = gzipped(buf)
	}
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	v.W.WriteHeader(status)
	_, _ = v.W.Write(buf.Bytes())
	return nil
}

var gzips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// gzipped compresses a page. What it repeats of the request cannot be used to
// guess at its CSRF token, which is masked anew on every page.
func gzipped(page bytes.Buffer) bytes.Buffer {
	var buf bytes.Buffer
	zip := gzips.Get().(*gzip.Writer)
	defer gzips.Put(zip)
	zip.Reset(&buf)
	_, _ = zip.Write(page.Bytes()) // a buffer takes everything
	_ = zip.Close()
	return buf
}

// Redirect leads to a page after something was done.
func (v *Visit) Redirect(to string) error {
	http.Redirect(v.W, v.R, to, http.StatusSeeOther)
	return nil
}

// WantsJSON reports whether a program asks, not a browser.
func (v *Visit) WantsJSON() bool {
	accept := v.R.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// JSON answers a program.
func (v *Visit) JSON(status int, body any) error {
	v.W.Header().Set("Content-Type", "application/json")
	v.W.WriteHeader(status)
	_ = json.NewEncoder(v.W).Encode(body)
	return nil
}

// Say is a message in the words of the visitor's language, for answers that are not pages.
func (v *Visit) Say(m text.Message) string { return text.English.Say(m) }

// Static answers with one of the panel's own files.
func Static(v *Visit) error {
	v.frame.ui.Static().ServeHTTP(v.W, v.R)
	return nil
}
