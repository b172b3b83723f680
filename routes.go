// Routes: every address of the panel, who may ask for it, and what answers.

package crudadmin

import (
	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// table is the panel's addresses.
func (p *Panel) table() []frame.Route {
	get, post, needs := frame.Get, frame.Post, frame.Needs
	open, anybody, signedIn, superuser := frame.Open, frame.Anybody, frame.SignedIn, frame.Superuser
	records, people, home := p.records, p.people, p.home
	return []frame.Route{
		get("/healthz", open, home.Healthz),
		get("/readyz", open, home.Readyz),
		get("/static/{file}", open, frame.Static),
		get("/login", anybody, people.ShowLogin),
		post("/login", anybody, people.Login),
		post("/logout", anybody, people.Logout),
		get("/{$}", signedIn, home.Dashboard),
		get("/m/{table}/{$}", needs(RightView), records.List),
		get("/m/{table}/export.csv", needs(RightView, RightExport), records.ExportCSV),
		get("/m/{table}/export.json", needs(RightView, RightExport), records.ExportJSON),
		get("/m/{table}/choices/{column}", needs(RightView), records.Choices),
		post("/m/{table}/actions/delete", needs(RightView, RightBulk, RightDelete), records.DeleteChosen),
		post("/m/{table}/actions/edit", needs(RightView, RightBulk, RightUpdate), records.EditChosen),
		post("/m/{table}/actions/{name}", needs(RightView, RightBulk), records.RunAction), // the action says what it needs beside
		get("/m/{table}/new", needs(RightView, RightCreate), records.ShowNew),
		post("/m/{table}/{$}", needs(RightView, RightCreate), records.Create),
		get("/m/{table}/{key}", needs(RightView), records.Show),
		get("/m/{table}/{key}/file/{column}", needs(RightView), records.Download),
		get("/m/{table}/{key}/edit", needs(RightView, RightUpdate), records.ShowEdit),
		post("/m/{table}/{key}/edit", needs(RightView, RightUpdate), records.Update),
		get("/m/{table}/{key}/delete", needs(RightView, RightDelete), records.ShowDelete),
		post("/m/{table}/{key}/delete", needs(RightView, RightDelete), records.Delete),
		get("/account", signedIn, people.ShowAccount),
		post("/account/password", signedIn, people.ChangePassword),
		post("/account/revoke", signedIn, people.EndOwn),
		get("/sessions/{$}", superuser, people.ListSessions),
		post("/sessions/revoke", superuser, people.EndSessions),
		get("/health", superuser, home.ShowHealth),
		get("/users/{$}", superuser, people.ListUsers),
		get("/users/new", superuser, people.ShowNewUser),
		post("/users/{$}", superuser, people.CreateUser),
		get("/users/{id}", superuser, people.ShowUser),
		post("/users/{id}", superuser, people.ChangeRole),
		post("/users/{id}/disable", superuser, people.Disable),
		post("/users/{id}/enable", superuser, people.Enable),
		post("/users/{id}/password", superuser, people.ResetPassword),
		post("/users/{id}/unlock", superuser, people.Unlock),
		// Addresses that lack their last slash.
		get("/m/{table}", needs(RightView), frame.AddSlash),
		get("/sessions", signedIn, frame.AddSlash),
		get("/users", signedIn, frame.AddSlash),
	}
}

// events are the names of what is logged, by the route that does it. Every route that changes
// something has a name here, or an empty one where its line would be about data and not about
// security.
var events = map[string]string{
	"POST /login":                        "sign-in",
	"POST /logout":                       "sign-out",
	"POST /account/password":             "account.password",
	"POST /account/revoke":               "account.end-sessions",
	"POST /sessions/revoke":              "sessions.end",
	"POST /users/{$}":                    "user.create",
	"POST /users/{id}":                   "user.role",
	"POST /users/{id}/disable":           "user.disable",
	"POST /users/{id}/enable":            "user.enable",
	"POST /users/{id}/password":          "user.password",
	"POST /users/{id}/unlock":            "user.unlock",
	"GET /m/{table}/export.csv":          "export",
	"GET /m/{table}/export.json":         "export",
	"GET /m/{table}/{key}/file/{column}": "file",
	"POST /m/{table}/{key}/delete":       "delete",
	"POST /m/{table}/actions/delete":     "bulk.delete",
	"POST /m/{table}/actions/edit":       "bulk.edit",
	"POST /m/{table}/actions/{name}":     "bulk.action",
	"POST /m/{table}/{$}":                "",
	"POST /m/{table}/{key}/edit":         "",
}
