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

// The icons handlers may choose for navigation and figures.
const (
	IconDashboard Icon = "layout-dashboard"
	IconTable     Icon = "table"
	IconView      Icon = "eye"
	IconSessions  Icon = "devices"
	IconAccount   Icon = "user-circle"
	IconUsers     Icon = "users"
	IconHealth    Icon = "heartbeat"
	IconDatabase  Icon = "database"
)

// loadIcons reads the drawings. They are files of the program or of its
// operator, never data, which is why they may become template.HTML.
func loadIcons(files fs.FS) (map[Icon]template.HTML, error) {
	names, err := fs.Glob(files, "static/icons/*.svg")
	if err != nil {
		return nil, fmt.Errorf("ui: list icons: %w", err)
	}
	icons := map[Icon]template.HTML{"": ""}
	for _, name := range names {
		svg, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("ui: %w", err)
		}
		_, tag, ok := strings.Cut(string(svg), "<svg")
		_, body, open := strings.Cut(tag, ">")
		body, _, end := strings.Cut(body, "</svg>")
		if !ok || !open || !end {
			return nil, fmt.Errorf("ui: %s: not an SVG drawing", name)
		}
		body = strings.ReplaceAll(body, `<path stroke="none" d="M0 0h24v24H0z" fill="none" />`, "")
		body = strings.Join(strings.Fields(body), " ")
		icons[Icon(strings.TrimSuffix(path.Base(name), ".svg"))] = template.HTML( // #nosec G203
			`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">` + body + `</svg>`)
	}
	return icons, nil
}
