// Dashboard: the first page.

package home

import (
	"context"
	"net/http"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// Dashboard is the first page: the tables, and how the panel is doing.
func (p *Pages) Dashboard(v *frame.Visit) error {
	page := ui.Dashboard{}
	schema := v.Data.Schema()
	estimates := p.estimates(v)
	for _, group := range v.Menu() {
		shown := ui.ModelGroup{Label: group.Label}
		for _, t := range group.Tables {
			m := ui.Model{Label: frame.TableLabel(t), Href: v.TableURL(t.Name), Note: text.Verbatim(t.Problem)}
			if n, ok := estimates[t.Name]; ok && n >= 0 {
				m.Total = text.Estimate(n)
			}
			if m.Note == nil && !t.View && !t.Identity.Addressable() {
				m.Note = text.ListedOnly
			}
			if t.View {
				m.Kind = "view"
			}
			shown.Items = append(shown.Items, m)
		}
		page.Models = append(page.Models, shown)
	}
	if len(page.Models) == 0 {
		page.Problem = &ui.Problem{Title: text.NoTables, Detail: text.NoTablesShown}
	}
	page.Stats = append(page.Stats,
		ui.Stat{Label: text.Database, Value: text.Verbatim(schema.Engine), Note: text.Verbatim(schema.Version), Icon: ui.IconDatabase},
		p.sessionStat(v),
	)
	for _, c := range p.checks(v.R.Context()) {
		page.Health = append(page.Health, c.page())
	}
	if v.IsSuperuser() {
		page.HealthHref = v.URL("health")
	}
	page.Layout = v.Layout(v.URL())
	return v.Render(http.StatusOK, page)
}

// estimates are the numbers of rows, as far as they can be had in the time of a
// check: the page does without them.
func (p *Pages) estimates(v *frame.Visit) map[string]int64 {
	ctx, cancel := context.WithTimeout(v.R.Context(), checkTimeout)
	defer cancel()
	found, err := v.Data.Estimates(ctx)
	if err != nil {
		v.Log().WarnContext(v.R.Context(), "row estimates failed", "error", err)
	}
	return found
}

// sessionStat says how many sessions are live, as far as one page of them goes.
func (p *Pages) sessionStat(v *frame.Visit) ui.Stat {
	stat := ui.Stat{Label: text.LiveSessions, Value: text.Unknown, Icon: ui.IconSessions, Note: text.Verbatim(p.manager.Traits().Name)}
	if v.IsSuperuser() {
		stat.Href = v.URL("sessions", "")
	}
	found, err := p.manager.List(v.R.Context(), session.Query{Limit: session.MaxPage})
	if err != nil {
		return stat
	}
	n := text.Exact(int64(len(found.Sessions)))
	if found.Next != "" {
		n = text.AtLeast(n.N)
	}
	stat.Value = text.Number(n)
	return stat
}
