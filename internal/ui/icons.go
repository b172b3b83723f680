// This file names the icons and reads their drawings from the static files.

package ui

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// Icon names a drawing in static/icons. The zero value draws nothing.
type Icon string

// The icons handlers may choose for navigation, figures and actions.
const (
	IconDashboard Icon = "layout-dashboard"
	IconTable     Icon = "table"
	IconView      Icon = "eye"
	IconSessions  Icon = "devices"
	IconAccount   Icon = "user-circle"
	IconUsers     Icon = "users"
	IconHealth    Icon = "heartbeat"
	IconDatabase  Icon = "database"
	IconEdit      Icon = "pencil"
)

// brand is the one icon that stands in the page itself: it may have colours of
// its own, and lines of another width.
const brand Icon = "brand"

// icons are the drawings: as what stands in a page, and as the rules of the style
// sheet that draw there. Drawn in the page they were half of it.
type icons struct {
	marks map[Icon]template.HTML
	style string
}

// loadIcons reads the drawings. They are files of the program or of its
// operator, never data, which is why they may become template.HTML.
func loadIcons(files fs.FS) (icons, error) {
	names, err := fs.Glob(files, "static/icons/*.svg")
	if err != nil {
		return icons{}, fmt.Errorf("ui: list icons: %w", err)
	}
	all := icons{marks: map[Icon]template.HTML{"": ""}}
	var style strings.Builder
	for _, name := range names {
		svg, err := fs.ReadFile(files, name)
		if err != nil {
			return icons{}, fmt.Errorf("ui: %w", err)
		}
		_, tag, ok := strings.Cut(string(svg), "<svg")
		_, body, open := strings.Cut(tag, ">")
		body, _, end := strings.Cut(body, "</svg>")
		if !ok || !open || !end {
			return icons{}, fmt.Errorf("ui: %s: not an SVG drawing", name)
		}
		body = strings.ReplaceAll(body, `<path stroke="none" d="M0 0h24v24H0z" fill="none" />`, "")
		body = strings.Join(strings.Fields(body), " ")
		icon := Icon(strings.TrimSuffix(path.Base(name), ".svg"))
		if icon == brand {
			all.marks[icon] = template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">` + body + `</svg>`) // #nosec G203
			continue
		}
		class := "i-" + template.HTMLEscapeString(string(icon))
		all.marks[icon] = template.HTML(`<i class="icon ` + class + `"></i>`) // #nosec G203
		drawing := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">` + body + `</svg>`
		fmt.Fprintf(&style, ".%s{--icon:url(\"data:image/svg+xml,%s\")}\n", class, inURL.Replace(drawing))
	}
	all.style = style.String()
	return all, nil
}

// inURL writes a drawing into a data URL between double quotes.
var inURL = strings.NewReplacer(`"`, "'", "%", "%25", "#", "%23", "<", "%3C", ">", "%3E", "\\", "%5C")
