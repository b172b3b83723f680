// Choices: what a reference can refer to.

package records

import (
	"net/http"
	"net/url"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// Choices lists what a foreign key can refer to, in pages.
func (p *Pages) Choices(v *frame.Visit) error {
	t := v.Table
	query := v.R.URL.Query()
	field := v.R.PathValue("column")
	action := choicesURL(v, field)
	page := ui.Choices{Action: action, Query: query.Get("q")}
	if page.Query != "" {
		if err := v.Take(frame.Searching); err != nil {
			return err
		}
	}
	found, err := v.Data.Choices(v.R.Context(), t.Name, field, page.Query, query.Get("after"), data.DefaultLimit)
	if err != nil {
		return err
	}
	page.Heading = frame.TableLabel(found.Table)
	for _, c := range found.Choices {
		page.Options = append(page.Options, ui.Option{Value: c.Value, Label: text.Verbatim(c.Label)})
	}
	next := url.Values{}
	if page.Query != "" {
		next.Set("q", page.Query)
	}
	if query.Has("after") {
		page.Pager.First = action + "?" + next.Encode()
	}
	if found.Next != "" {
		next.Set("after", found.Next)
		page.Pager.Next = action + "?" + next.Encode()
	}
	if v.WantsJSON() {
		return v.JSON(http.StatusOK, page)
	}
	page.Layout = v.Layout(v.TableURL(t.Name))
	return v.Render(http.StatusOK, page)
}

func choicesURL(v *frame.Visit, field string) string {
	return v.URL("m", frame.TableSegment(v.Table.Name), "choices", frame.TableSegment(field))
}
