// This file loads the templates and holds the functions they call.

package ui

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// loadTemplates returns one template set per page: the layout, the partials
// and the page itself.
func loadTemplates(files fs.FS, funcs template.FuncMap, words *text.Catalogue) (map[string]*template.Template, error) {
	shared, err := template.New("").Funcs(funcs).Option("missingkey=error").
		ParseFS(files, "templates/layout.html", "templates/partials/*.html")
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	if err := checkSentences(shared, words); err != nil { // once for all pages
		return nil, err
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("ui: list templates: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		set, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("ui: %w", err)
		}
		if pages[path.Base(name)], err = set.ParseFS(files, name); err != nil {
			return nil, fmt.Errorf("ui: %w", err)
		}
		if err := checkSentences(pages[path.Base(name)], words); err != nil {
			return nil, err
		}
	}
	delete(pages, "layout.html")
	return pages, nil
}

func (r *Renderer) funcs(o Options, marks map[Icon]template.HTML) template.FuncMap {
	return template.FuncMap{
		"site":        func() string { return o.Name },
		"environment": func() string { return o.Environment },
		"url":         r.URL,
		"iso":         utc(isoTime),
		"exact":       utc(exactTime),
		"minute":      utc(minuteTime),
		"wait":        func(d time.Duration) string { return r.words.Say(text.Wait(d)) },
		"text":        r.words.Text,
		"parts":       r.words.Parts,
		"say":         r.say,
		"language":    r.words.Language,
		"link": func(label string, icon Icon, href string) pagerLink {
			return pagerLink{label, icon, href}
		},
		"asset": func(name string) (string, error) {
			file, ok := r.assets.names[name]
			if !ok {
				return "", fmt.Errorf("no static file %q", name)
			}
			return r.URL("static", file), nil
		},
		"icon": func(name Icon) (template.HTML, error) {
			mark, ok := marks[name]
			if !ok {
				return "", fmt.Errorf("no icon %q in static/icons", name)
			}
			return mark, nil
		},
	}
}

// say is a message in words. A value that is not a message is said as it is: a name of the data, or
// nothing.
func (r *Renderer) say(what any) string {
	switch what := what.(type) {
	case nil:
		return ""
	case text.Message:
		return r.words.Say(what)
	}
	return fmt.Sprint(what)
}

// pagerLink is one link of the pager.
type pagerLink struct {
	Label string
	Icon  Icon
	Href  string
}
