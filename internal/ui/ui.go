// Package ui renders the pages of the admin panel: templates, static files,
// the design system and the view models that handlers fill.
//
// The package knows no database and no session. A handler fills a page struct
// (Login, Dashboard, List, Record, Form, Choices, Conflict, Delete, Bulk,
// Sessions, Account, Users, UserNew, UserEdit, Error) and calls
// Renderer.Render; the page is complete or not written at all. Links that
// carry state (sort, filters, cursors) come ready made from the handler;
// links with a fixed address are built here from the mount path, every
// segment escaped.
//
// The output needs nothing beyond the Content-Security-Policy
// "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'
// data:; connect-src 'self'; form-action 'self'; base-uri 'none';
// frame-ancestors 'none'", and every page works without JavaScript.
package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

//go:embed templates static
var embedded embed.FS

// Options configures a Renderer. The zero value serves a panel named
// "CRUDAdmin" at "/".
type Options struct {
	// Base is the mount path, such as "/admin" or "/admin/". Default "/".
	Base string
	// Name is the product name shown in the sidebar and in page titles.
	// Default "CRUDAdmin".
	Name string
	// Environment is shown as a badge beside the name, such as "staging".
	// Default: no badge.
	Environment string
	// Catalogue is the language of the pages. Default: text.English.
	Catalogue *text.Catalogue
	// Overrides replaces embedded files: a file with the same path, such as
	// "templates/login.html" or "static/css/tokens.css", wins over the embedded
	// one. A path under templates/ or static/ that replaces nothing is an
	// error, so that a misspelt name does not pass silently.
	Overrides fs.FS
}

// Renderer renders pages and serves the static files they use. It is safe for
// concurrent use.
type Renderer struct {
	base   string
	words  *text.Catalogue
	pages  map[string]*template.Template
	assets assets
}

// Page is a view model of this package, such as Login or List, by value or by
// pointer.
type Page interface {
	template() string
}

// New loads the templates and static files. With Overrides it renders every page
// with sample values, so that a broken one is an error here, naming its file, and
// never half a page later.
func New(o Options) (*Renderer, error) {
	base, err := cleanBase(o.Base)
	if err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = "CRUDAdmin"
	}
	if o.Catalogue == nil {
		o.Catalogue = text.English
	}
	files, err := overlay(embedded, o.Overrides)
	if err != nil {
		return nil, err
	}
	r := &Renderer{base: base, words: o.Catalogue}
	drawn, err := loadIcons(files)
	if err != nil {
		return nil, err
	}
	if r.assets, err = loadAssets(files, drawn.style, r.words); err != nil {
		return nil, err
	}
	if r.pages, err = loadTemplates(files, r.funcs(o, drawn.marks), r.words); err != nil {
		return nil, err
	}
	if o.Overrides != nil { // the panel's own are tried by the tests
		if err := r.probe(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Render writes the whole page to w, or nothing when the page cannot be
// rendered.
func (r *Renderer) Render(w io.Writer, p Page) error {
	t, ok := r.pages[p.template()]
	if !ok {
		return fmt.Errorf("ui: no template %q", p.template())
	}
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, "layout.html", p); err != nil {
		return fmt.Errorf("ui: render %s: %w", p.template(), err)
	}
	if _, err := buf.WriteTo(w); err != nil {
		return fmt.Errorf("ui: write page: %w", err)
	}
	return nil
}

// URL returns an absolute path under the mount path with every segment
// escaped: URL("m", "a/b", "") is "/admin/m/a%2Fb/" and URL() is "/admin/".
func (r *Renderer) URL(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	return r.base + strings.Join(escaped, "/")
}

// cleanBase returns the mount path with one leading and one trailing slash.
func cleanBase(base string) (string, error) {
	if strings.ContainsAny(base, "?#\\") || strings.Contains(base, "//") {
		return "", fmt.Errorf("ui: Options.Base: %q is not a path; use a path such as \"/admin\"", base)
	}
	clean := path.Clean("/" + base)
	if clean != "/" {
		clean += "/"
	}
	return (&url.URL{Path: clean}).EscapedPath(), nil
}
