// Routes: every address of the panel, who may ask for it, and what answers.

package crudadmin

import (
	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// table is the panel's addresses.
func (p *Panel) table() []frame.Route {
	get, getLogged, post, needs := frame.Get, frame.GetLogged, frame.Post, frame.Needs
	open, anybody, signedIn, superuser := frame.Open, frame.Anybody, frame.SignedIn, frame.Superuser
	const unlogged = frame.Unlogged // a line would be about data, and not about security
	records, people, home := p.records, p.people, p.home
	return []frame.Route{
		get("/healthz", open, home.Healthz),
		get("/readyz", open, home.Readyz),
		get("/static/{file}", open, frame.Static),
		get("/login", anybody, people.ShowLogin),
		post("/login", anybody, "sign-in", people.Login),
		post("/logout", anybody, "sign-out", people.Logout),
		get("/{$}", signedIn, home.Dashboard),
		get("/m/{table}/{$}", needs(RightView), records.List),
		getLogged("/m/{table}/export.csv", needs(RightView, RightExport), "export", records.ExportCSV),
		getLogged("/m/{table}/export.json", needs(RightView, RightExport), "export", records.ExportJSON),
		get("/m/{table}/choices/{column}", needs(RightView), records.Choices),
		post("/m/{table}/actions/delete", needs(RightView, RightBulk, RightDelete), "bulk.delete", records.DeleteChosen),
		post("/m/{table}/actions/edit", needs(RightView, RightBulk, RightUpdate), "bulk.edit", records.EditChosen),
		post("/m/{table}/actions/{name}", needs(RightView, RightBulk), "bulk.action", records.RunAction), // the action says what it needs beside
		get("/m/{table}/new", needs(RightView, RightCreate), records.ShowNew),
		post("/m/{table}/{$}", needs(RightView, RightCreate), unlogged, records.Create),
		get("/m/{table}/{key}", needs(RightView), records.Show),
		getLogged("/m/{table}/{key}/file/{column}", needs(RightView), "file", records.Download),
		get("/m/{table}/{key}/edit", needs(RightView, RightUpdate), records.ShowEdit),
		post("/m/{table}/{key}/edit", needs(RightView, RightUpdate), unlogged, records.Update),
		get("/m/{table}/{key}/delete", needs(RightView, RightDelete), records.ShowDelete),
		post("/m/{table}/{key}/delete", needs(RightView, RightDelete), "delete", records.Delete),
		get("/account", signedIn, people.ShowAccount),
		post("/account/password", signedIn, "account.password", people.ChangePassword),
		post("/account/revoke", signedIn, "account.end-sessions", people.EndOwn),
		get("/sessions/{$}", superuser, people.ListSessions),
		post("/sessions/revoke", superuser, "sessions.end", people.EndSessions),
		get("/health", superuser, home.ShowHealth),
		get("/users/{$}", superuser, people.ListUsers),
		get("/users/new", superuser, people.ShowNewUser),
		post("/users/{$}", superuser, "user.create", people.CreateUser),
		get("/users/{id}", superuser, people.ShowUser),
		post("/users/{id}", superuser, "user.role", people.ChangeRole),
		post("/users/{id}/disable", superuser, "user.disable", people.Disable),
		post("/users/{id}/enable", superuser, "user.enable", people.Enable),
		post("/users/{id}/password", superuser, "user.password", people.ResetPassword),
		post("/users/{id}/unlock", superuser, "user.unlock", people.Unlock),
		// Addresses that lack their last slash.
		get("/m/{table}", needs(RightView), frame.AddSlash),
		get("/sessions", signedIn, frame.AddSlash),
		get("/users", signedIn, frame.AddSlash),
	}
}
