// What scripts say on every page, and how they come to the sentences that they name by code.

package text

import (
	"regexp"

	"golang.org/x/text/feature/plural"
)

// Times, themes and questions.
var (
	_ = plain("time.just_now", "just now")
	_ = plain("time.in_a_moment", "in a moment")
	_ = with[Message]("theme.now", "Theme: {theme}")
	_ = with[Message]("theme.change", "Colour theme: {theme}. Change")
	_ = plain("theme.system", "system")
	_ = plain("theme.light", "light")
	_ = plain("theme.dark", "dark")
	_ = plain("ask.go_on", "Go on")
)

// quoted is a code as scripts write it.
var quoted = regexp.MustCompile(`"([a-z_]+(?:\.[a-z_]+)+)"`)

// pluralNames are the plural forms as scripts know them.
var pluralNames = map[plural.Form]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// ForScript is what a script needs to say the sentences whose codes stand in it in quotes, as JSON:
// by code, the texts by plural form.
func (c *Catalogue) ForScript(script []byte) []byte {
	said := map[string]map[string]string{}
	for _, match := range quoted.FindAllSubmatch(script, -1) {
		code, forms := string(match[1]), c.forms
		texts := c.texts[code]
		if texts == nil {
			texts, forms = English.texts[code], English.forms
		}
		if texts == nil {
			continue // something else in quotes
		}
		said[code] = map[string]string{"other": texts[len(texts)-1]}
		for i := range texts[:len(texts)-1] {
			said[code][pluralNames[forms[i]]] = texts[i]
		}
	}
	return encoded(said)
}
