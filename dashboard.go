// Dashboard: the first page.

package crudadmin

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

func (p *Panel) dashboard(w http.ResponseWriter, r *http.Request) {
	page := ui.Dashboard{}
	schema := p.dataOf(r).Schema()
	estimates := p.estimates(r)
	for _, group := range p.menu(r) {
		shown := ui.ModelGroup{Label: group.label}
		for _, t := range group.tables {
			m := ui.Model{Label: tableLabel(t), Href: p.tableURL(t.Name), Note: t.Problem}
			if n, ok := estimates[t.Name]; ok && n >= 0 {
				m.Total = ui.Estimate(n)
			}
			if m.Note == "" && !t.View && !t.Identity.Addressable() {
				m.Note = "no key: rows can be listed only"
			}
			if t.View {
				m.Kind = "view"
			}
			shown.Items = append(shown.Items, m)
		}
		page.Models = append(page.Models, shown)
	}
	if len(page.Models) == 0 {
		page.Problem = &ui.Problem{Title: "No tables", Detail: "The database has no table that is shown."}
	}
	page.Stats = append(page.Stats,
		ui.Stat{Label: "Database", Value: schema.Engine, Note: schema.Version, Icon: ui.IconDatabase},
		p.sessionStat(r),
	)
	for _, c := range p.checks(r.Context()) {
		page.Health = append(page.Health, c.page())
	}
	if mayManage(r) {
		page.HealthHref = p.ui.URL("health")
	}
	page.Layout = p.layout(w, r, p.ui.URL())
	p.render(w, r, http.StatusOK, page)
}

// estimates are the numbers of rows, as far as they can be had in the time of a
// check: the page does without them.
func (p *Panel) estimates(r *http.Request) map[string]int64 {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	found, err := p.dataOf(r).Estimates(ctx)
	if err != nil {
		p.log.WarnContext(r.Context(), "row estimates failed", "error", err)
	}
	return found
}

// sessionStat says how many sessions are live, as far as one page of them goes.
func (p *Panel) sessionStat(r *http.Request) ui.Stat {
	stat := ui.Stat{Label: "Live sessions", Value: "unknown", Icon: ui.IconSessions, Note: p.manager.Traits().Name}
	if mayManage(r) {
		stat.Href = p.ui.URL("sessions", "")
	}
	found, err := p.manager.List(r.Context(), session.Query{Limit: session.MaxPage})
	if err != nil {
		return stat
	}
	stat.Value = fmt.Sprint(len(found.Sessions))
	if found.Next != "" {
		stat.Value += "+"
	}
	return stat
}
