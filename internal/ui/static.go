// This file holds the static files: fingerprinted, compressed once, cached for good.

package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// bundles are the files served, each made of its sources in this order.
var bundles = []struct {
	name, contentType string
	sources           []string
}{
	{"app.css", "text/css; charset=utf-8", []string{
		"static/css/tokens.css", "static/css/base.css", "static/css/shell.css", "static/css/components.css",
		"static/css/table.css", "static/css/pages.css", "static/css/forms.css", "static/css/print.css"}},
	{"app.js", "text/javascript; charset=utf-8", []string{"static/js/say.js", "static/js/app.js", "static/js/forms.js"}},
	{"favicon.svg", "image/svg+xml", []string{"static/favicon.svg"}},
}

// asset is one served file.
type asset struct {
	contentType string
	plain, gzip []byte
}

// assets are the served files by fingerprinted name, and those names by plain
// name.
type assets struct {
	files map[string]asset
	names map[string]string
}

// loadAssets reads the bundles; style is what the style sheet ends with, words are the language of
// the script, which begins with the sentences that it says.
func loadAssets(files fs.FS, style string, words *text.Catalogue) (assets, error) {
	a := assets{files: map[string]asset{}, names: map[string]string{}}
	for _, b := range bundles {
		var plain bytes.Buffer
		for _, source := range b.sources {
			content, err := fs.ReadFile(files, source)
			if err != nil {
				return assets{}, fmt.Errorf("ui: %w", err)
			}
			plain.Write(content)
		}
		if b.name == "app.css" {
			plain.WriteString(style)
		}
		if b.name == "app.js" {
			script := slices.Clone(plain.Bytes())
			plain.Reset()
			fmt.Fprintf(&plain, "const crudadminSentences = { language: %q, texts: %s };\n%s", words.Language(), words.ForScript(script), script)
		}
		packed, err := compress(plain.Bytes())
		if err != nil {
			return assets{}, fmt.Errorf("ui: compress %s: %w", b.name, err)
		}
		sum := sha256.Sum256(plain.Bytes())
		ext := path.Ext(b.name)
		name := strings.TrimSuffix(b.name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.names[b.name] = name
		a.files[name] = asset{contentType: b.contentType, plain: plain.Bytes(), gzip: packed}
	}
	return a, nil
}

func compress(b []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// Static serves the style sheet, the script and the icon under
// "{mount path}static/". The last segment of the request's path is the file's
// name. Names carry a fingerprint of the content, so that answers may be kept
// for good; any other name is 404.
func (r *Renderer) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		file, ok := r.assets.files[path.Base(req.URL.Path)]
		if !ok {
			http.NotFound(w, req)
			return
		}
		h := w.Header()
		h.Set("Content-Type", file.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		body := file.plain
		if AcceptsGzip(req) {
			h.Set("Content-Encoding", "gzip")
			body = file.gzip
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if req.Method == http.MethodGet {
			_, _ = w.Write(body) // the client went away
		}
	})
}

// AcceptsGzip reports whether an answer may be gzipped, by the request's
// Accept-Encoding (RFC 9110, section 12.5.3).
func AcceptsGzip(req *http.Request) bool {
	headers := req.Header.Values("Accept-Encoding")
	accepted, named := false, false
	for _, item := range strings.Split(strings.Join(headers, ","), ",") {
		coding, params, _ := strings.Cut(item, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && (coding != "*" || named) {
			continue
		}
		named = named || coding == "gzip"
		accepted = true
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			weight, err := strconv.ParseFloat(q, 64)
			accepted = err == nil && weight > 0
		}
	}
	return accepted
}
