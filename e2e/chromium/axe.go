// This file holds axe-core, which finds what keeps people from using a page.

package chromium

import _ "embed" // for axe-core

// Axe is the script of axe-core. Evaluated in a page it makes AxeFound work.
//
//go:embed axe/axe.min.js
var Axe string

// AxeFound is an expression that promises what axe-core finds wrong with the
// page, or with its colours alone, as an array of strings.
func AxeFound(colours bool) string {
	rules := "{}"
	if colours {
		rules = `{ runOnly: ["color-contrast", "link-in-text-block"] }`
	}
	return "axe.run(" + rules + `).then((r) => r.violations.map((v) => v.id + ": " +
	v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? "")).join("\n")))`
}
