// Layout: what every page has around its content.

package crudadmin

import (
	"net/http"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// plainLayout is the frame of a page for nobody in particular.
func (p *Panel) plainLayout(r *http.Request) ui.Layout {
	l := ui.Layout{ReadOnly: p.cfg.ReadOnly}
	if c, err := r.Cookie(ui.ThemeCookie); err == nil {
		l.Theme = ui.ParseTheme(c.Value)
	}
	return l
}

// layout is the frame of a page for the visitor. current is the page's own link
// in the navigation. Call it before the header is written.
func (p *Panel) layout(w http.ResponseWriter, r *http.Request, current string) ui.Layout {
	l := p.plainLayout(r)
	u := visitor(r)
	l.User = &ui.User{Name: u.Username, Role: string(u.Role)}
	l.CSRFToken = p.sessions.CSRFToken(w, r)
	l.Notices = p.takeNotices(r)
	link := func(label string, icon ui.Icon, segments ...string) ui.NavItem {
		href := p.ui.URL(segments...)
		return ui.NavItem{Label: label, Href: href, Icon: icon, Current: href == current}
	}
	l.Nav = append(l.Nav, link("Dashboard", ui.IconDashboard))
	if u.Role == account.Superuser {
		l.Nav = append(l.Nav, link("Sessions", ui.IconSessions, "sessions", ""), link("Users", ui.IconUsers, "users", ""), link("Health", ui.IconHealth, "health"))
	}
	l.Nav = append(l.Nav, link("Account", ui.IconAccount, "account"))
	for _, group := range p.menu(r) {
		shown := ui.NavGroup{Label: group.label}
		for _, t := range group.tables {
			href := p.tableURL(t.Name)
			item := ui.NavItem{Label: tableLabel(t), Href: href, Icon: ui.IconTable, Current: href == current}
			if t.View {
				item.Icon = ui.IconView
			}
			shown.Items = append(shown.Items, item)
		}
		l.Tables = append(l.Tables, shown)
	}
	return l
}

// notify leaves a message for the next page. A message that cannot be left is
// lost; what it was about is done.
func (p *Panel) notify(r *http.Request, kind ui.NoticeKind, text string) {
	s, ok := p.current(r)
	if !ok {
		return
	}
	p.notifySession(r, s.ID, kind, text)
}

func (p *Panel) notifySession(r *http.Request, id session.ID, kind ui.NoticeKind, text string) {
	_, err := p.manager.Update(r.Context(), id, func(m *session.Metadata) error {
		return session.AddFlash(m, session.Flash{Kind: string(kind), Text: text})
	})
	if err != nil {
		p.log.WarnContext(r.Context(), "a notice is lost", "error", err)
	}
}

// takeNotices returns the messages left for this page, each to one page only.
func (p *Panel) takeNotices(r *http.Request) []ui.Notice {
	s, ok := p.current(r)
	if !ok || !session.HasFlash(s.Metadata) {
		return nil
	}
	var taken []session.Flash
	_, err := p.manager.Update(r.Context(), s.ID, func(m *session.Metadata) (err error) {
		taken, err = session.TakeFlashes(m)
		return err
	})
	if err != nil {
		return nil
	}
	var notices []ui.Notice
	for _, f := range taken {
		notices = append(notices, ui.Notice{Kind: ui.NoticeKind(f.Kind), Text: f.Text})
	}
	return notices
}
