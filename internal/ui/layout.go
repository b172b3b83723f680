// This file holds what every page carries: navigation, user, notices, theme.

package ui

import "github.com/go-crudadmin/crudadmin/internal/text"

// Layout is the frame around a page. Every page struct embeds it.
type Layout struct {
	// Title is the page's name in the window title. Default: by page.
	Title string
	// User is who is signed in. With nil the page is shown without sidebar.
	User *User
	// CSRFToken goes into every POST form and into <meta name="csrf-token">.
	CSRFToken string
	// Nav is the fixed part of the sidebar: dashboard, sessions, account.
	Nav []NavItem
	// Tables is the filterable part of the sidebar: tables and views.
	Tables []NavGroup
	// Notices are messages above the page's content, such as flash messages.
	Notices []Notice
	// Theme overrides the system's choice; see ThemeCookie.
	Theme Theme
	// ReadOnly shows a badge that says nothing can be changed.
	ReadOnly bool
}

// User is the signed-in administrator.
type User struct {
	Name string
	Role string
}

// NavGroup is a labelled group of links in the sidebar. The label may be empty.
type NavGroup struct {
	Label text.Message
	Items []NavItem
}

// NavItem is one link in the sidebar.
type NavItem struct {
	Label   text.Message
	Href    string
	Icon    Icon   // default: none
	Count   string // short text at the end, such as "1,204"; may be empty
	Current bool   // the page being shown
}

// NoticeKind says how a notice is coloured and announced.
type NoticeKind string

// The kinds of notices. The zero value is shown as NoticeInfo.
const (
	NoticeInfo    NoticeKind = "info"
	NoticeSuccess NoticeKind = "success"
	NoticeWarning NoticeKind = "warning"
	NoticeError   NoticeKind = "error"
)

// Notice is one message to the user.
type Notice struct {
	Kind NoticeKind
	Text text.Message
}

// Shown is the kind that the notice is shown as.
func (n Notice) Shown() NoticeKind {
	if n.Kind == "" {
		return NoticeInfo
	}
	return n.Kind
}

// Theme is the colour scheme of a page.
type Theme string

// The themes. The zero value follows the system.
const (
	ThemeSystem Theme = ""
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
)

// ThemeCookie is the cookie in which the theme switch keeps the user's choice,
// under the mount path. Handlers pass its value through ParseTheme.
const ThemeCookie = "crudadmin_theme"

// ParseTheme returns the theme a cookie value names, ThemeSystem for any other.
func ParseTheme(s string) Theme {
	switch t := Theme(s); t {
	case ThemeLight, ThemeDark:
		return t
	default:
		return ThemeSystem
	}
}
