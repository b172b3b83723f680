// This file holds the rows a foreign key can refer to, as a page and as JSON.

package ui

import (
	"encoding/json"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Choices is one page of the rows that a foreign key can refer to. As JSON it
// is what the searchable select reads: {"options": [{"value", "label", "note"}],
// "next", "error"}, where next is the address of the next page; as a page it
// serves those who look a key up without JavaScript. The select asks for it
// with "Accept: application/json" and "q".
type Choices struct {
	Layout

	Heading string // the table referred to
	Action  string // the address without query; the search form goes there
	Query   string // sent as "q"
	Options []Option
	Pager   Pager
	Error   text.Message // why nothing is listed, such as a query that took too long
}

func (Choices) template() string { return "choices.html" }

// MarshalJSON writes what the searchable select reads.
func (c Choices) MarshalJSON() ([]byte, error) {
	type option struct {
		Value string `json:"value"`
		Label string `json:"label"`
		Note  string `json:"note,omitempty"`
	}
	answer := struct {
		Options []option `json:"options"`
		Next    string   `json:"next,omitempty"`
		Error   string   `json:"error,omitempty"`
	}{Options: make([]option, 0, len(c.Options)), Next: c.Pager.Next, Error: text.English.Say(c.Error)}
	for _, o := range c.Options {
		answer.Options = append(answer.Options, option{o.Value, text.English.Say(o.Label), text.English.Say(o.Note)})
	}
	return json.Marshal(answer)
}
