// Layout: what every page has around its content.

package frame

import (
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// PlainLayout is the frame of a page for nobody in particular.
func (v *Visit) PlainLayout() ui.Layout {
	l := ui.Layout{ReadOnly: v.frame.readOnly}
	if c, err := v.R.Cookie(ui.ThemeCookie); err == nil {
		l.Theme = ui.ParseTheme(c.Value)
	}
	return l
}

// Layout is the frame of a page for the visitor. current is the page's own link
// in the navigation. Call it before the header is written.
func (v *Visit) Layout(current string) ui.Layout {
	l := v.PlainLayout()
	u := v.User
	l.User = &ui.User{Name: u.Username, Role: string(u.Role)}
	l.CSRFToken = v.CSRFToken()
	l.Notices = v.takeNotices()
	link := func(label text.Message, icon ui.Icon, segments ...string) ui.NavItem {
		href := v.URL(segments...)
		return ui.NavItem{Label: label, Href: href, Icon: icon, Current: href == current}
	}
	l.Nav = append(l.Nav, link(text.Dashboard, ui.IconDashboard))
	if u.Role == account.Superuser {
		l.Nav = append(l.Nav, link(text.Sessions, ui.IconSessions, "sessions", ""), link(text.Users, ui.IconUsers, "users", ""), link(text.Health, ui.IconHealth, "health"))
	}
	l.Nav = append(l.Nav, link(text.Account, ui.IconAccount, "account"))
	for _, group := range v.Menu() {
		shown := ui.NavGroup{Label: group.Label}
		for _, t := range group.Tables {
			href := v.TableURL(t.Name)
			item := ui.NavItem{Label: text.Verbatim(TableLabel(t)), Href: href, Icon: ui.IconTable, Current: href == current}
			if t.View {
				item.Icon = ui.IconView
			}
			shown.Items = append(shown.Items, item)
		}
		l.Tables = append(l.Tables, shown)
	}
	return l
}

// CSRFToken is the token of the forms on a page. Call it before the header is written.
func (v *Visit) CSRFToken() string { return v.frame.sessions.CSRFToken(v.W, v.R) }

// Notify leaves a message for the next page of the session. A message that cannot be
// left is lost; what it was about is done.
func (v *Visit) Notify(kind ui.NoticeKind, said text.Message) {
	if s, ok := v.Session(); ok {
		v.NotifyIn(s.ID, kind, said)
	}
}

// NotifyIn is Notify for the session with that ID.
func (v *Visit) NotifyIn(id session.ID, kind ui.NoticeKind, said text.Message) {
	_, err := v.frame.manager.Update(v.R.Context(), id, func(m *session.Metadata) error {
		return session.AddFlash(m, session.Flash{Kind: string(kind), Text: text.Store(said)})
	})
	if err != nil {
		v.frame.log.WarnContext(v.R.Context(), "a notice is lost", "error", err)
	}
}

// takeNotices returns the messages left for this page, each to one page only.
func (v *Visit) takeNotices() []ui.Notice {
	s, ok := v.Session()
	if !ok || !session.HasFlash(s.Metadata) {
		return nil
	}
	var taken []session.Flash
	_, err := v.frame.manager.Update(v.R.Context(), s.ID, func(m *session.Metadata) (err error) {
		taken, err = session.TakeFlashes(m)
		return err
	})
	if err != nil {
		return nil
	}
	var notices []ui.Notice
	for _, f := range taken {
		if said := text.Load(f.Text); said != nil {
			notices = append(notices, ui.Notice{Kind: ui.NoticeKind(f.Kind), Text: said})
		}
	}
	return notices
}
