// Package stories holds every page in its states with made values, for tests and to look at, and
// pages with hostile values.
package stories

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Token is the CSRF token in every form.
const Token = "Zm9yLXRoZS1zdG9yeS1wYWdlcy1vbmx5LW5vdC1hLXNlY3JldC1vZi1hbnlvbmU" //nolint:gosec // of the stories alone

var madeAt = time.Date(2026, 11, 21, 18, 4, 5, 678_000_000, time.UTC)

var renderer = sync.OnceValues(func() (*ui.Renderer, error) {
	return ui.New(ui.Options{Base: "/admin", Name: "Corner Shop", Environment: "staging"})
})

// Renderer is the renderer of the stories, made once.
func Renderer(t testing.TB) *ui.Renderer {
	t.Helper()
	r, err := renderer()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Story is a page in one of its states.
type Story struct {
	Name string
	Page ui.Page
}

var tables = []struct {
	name  string
	count text.Count
	kind  string
}{
	{"addresses", text.Exact(2104), ""}, {"categories", text.Exact(38), ""}, {"coupons", text.Exact(120), ""},
	{"customers", text.Estimate(12480), ""}, {"order_items", text.Estimate(51230), ""}, {"orders", text.Estimate(20114), ""},
	{"payments", text.Estimate(19870), ""}, {"products", text.Exact(1204), ""}, {"reviews", text.Exact(8431), ""},
	{"sales_by_month", text.Count{}, "view"}, {"shipments", text.Estimate(18002), ""}, {"suppliers", text.Exact(64), ""},
}

// Layout is the frame of a page of somebody who is signed in, at an item of the navigation.
func Layout(r *ui.Renderer, current string) ui.Layout {
	l := ui.Layout{
		User:      &ui.User{Name: "ada.lovelace", Role: "superuser"},
		CSRFToken: Token,
		Nav: []ui.NavItem{
			{Label: text.Verbatim("Dashboard"), Href: r.URL(), Icon: ui.IconDashboard, Current: current == "dashboard"},
			{Label: text.Verbatim("Users"), Href: r.URL("users", ""), Icon: ui.IconUsers, Current: current == "users"},
			{Label: text.Verbatim("Sessions"), Href: r.URL("sessions", ""), Icon: ui.IconSessions, Current: current == "sessions"},
			{Label: text.Verbatim("Account"), Href: r.URL("account"), Icon: ui.IconAccount, Current: current == "account"},
		},
	}
	group := ui.NavGroup{Label: text.Verbatim("Tables")}
	for _, table := range tables {
		item := ui.NavItem{Label: text.Verbatim(table.name), Href: r.URL("m", table.name, ""), Icon: ui.IconTable, Current: current == table.name}
		if table.kind == "view" {
			item.Icon = ui.IconView
		}
		group.Items = append(group.Items, item)
	}
	l.Tables = []ui.NavGroup{group}
	return l
}

func signedOut() ui.Layout { return ui.Layout{CSRFToken: Token} }

func columns(r *ui.Renderer) []ui.Column {
	at := r.URL("m", "products", "")
	column := func(name, label, typ string) ui.Column {
		return ui.Column{Name: name, Label: label, Type: typ, SortHref: at + "?sort=" + name, AddHref: at + "?sort=-price," + name}
	}
	columns := []ui.Column{
		column("name", "Name", "TEXT"), column("sku", "SKU", "TEXT"), column("price", "Price", "NUMERIC(10,2)"),
		column("category_id", "Category", "INTEGER"), column("active", "Active", "BOOLEAN"), column("stock", "Stock", "INTEGER"),
		column("note", "Note", "TEXT"), column("photo", "Photo", "BLOB"), column("attributes", "Attributes", "JSON"),
		column("api_token", "API token", "TEXT"), column("created_at", "Created at", "TIMESTAMP"),
	}
	columns[2].End, columns[2].Sorted, columns[2].Position = true, ui.Descending, 1
	columns[0].Sorted, columns[0].Position = ui.Ascending, 2
	columns[3].Ref = true
	columns[5].End, columns[7].End = true, true
	columns[6].Slow = true
	columns[8].SortHref, columns[9].SortHref = "", ""
	return columns
}

func rows(r *ui.Renderer, n int) []ui.Row {
	names := []string{"Walnut desk organiser", "Linen apron", "Cast iron teapot", "Wool throw, charcoal", "Brass letter opener",
		"Enamel mug 350 ml", "Oak cutting board", "Beeswax candle", "Copper kettle", "Ceramic planter"}
	categories := []string{"Home office", "Kitchen", "Textiles", "Lighting & candles"}
	var rows []ui.Row
	for i := range n {
		cells := []ui.Value{
			ui.Text(names[i%len(names)]), ui.Text(fmt.Sprintf("CS-%04d-%02d", 1000+i*7, i%40)),
			ui.Number(fmt.Sprintf("%d.%02d", 189-i*3, (i*37)%100)),
			ui.Ref(categories[i%4], fmt.Sprint(i%4+1), r.URL("m", "categories", fmt.Sprint(i%4+1))),
			ui.Bool(i%3 != 0), ui.Number(fmt.Sprint((i * 61) % 400)), ui.Text("Hand finished, ships within two days; care: wipe with a damp cloth and oil it once a year to keep the grain alive"),
			ui.Bytes(int64(1200 + i*90001)), ui.JSON(`{"colour": "oak", "weight_g": 840, "tags": ["gift", "desk"]}`),
			ui.Masked(), ui.Time(madeAt.Add(-time.Duration(i) * 37 * time.Hour)),
		}
		switch i % 5 {
		case 1:
			cells[6], cells[7] = ui.Null(), ui.Null()
		case 2:
			cells[6] = ui.Text("")
		case 3:
			cells[3] = ui.Null()
		}
		rows = append(rows, ui.Row{Key: fmt.Sprint(i + 1), Href: r.URL("m", "products", fmt.Sprint(i+1)), Label: names[i%len(names)], Cells: cells})
	}
	return rows
}

// List is the list of a table with everything on it.
func List(r *ui.Renderer) ui.List {
	at := r.URL("m", "products", "")
	l := ui.List{
		Layout: Layout(r, "products"), Heading: "Products", Action: at,
		State:  []ui.Param{{Name: "sort", Value: "-price,name"}, {Name: "f.active.eq", Value: "true"}},
		Search: &ui.Search{Hint: text.Verbatim("Search name, SKU, note")},
		AddFilter: &ui.FilterForm{
			Columns: []ui.FilterColumn{
				{Name: "name", Label: "Name", Ops: []string{"contains", "eq", "startswith", "isnull"}},
				{Name: "price", Label: "Price", Type: "number", Ops: []string{"eq", "lt", "gt", "isnull"}},
				{Name: "created_at", Label: "Created at", Type: "date"},
			},
			Ops: []ui.FilterOp{{Value: "eq", Label: text.Verbatim("is")}, {Value: "contains", Label: text.Verbatim("contains")}, {Value: "startswith", Label: text.Verbatim("starts with")},
				{Value: "lt", Label: text.Verbatim("is less than")}, {Value: "gt", Label: text.Verbatim("is greater than")}, {Value: "isnull", Label: text.Verbatim("is empty"), NoValue: true}},
		},
		ClearHref:   at,
		Columns:     columns(r),
		SortKeys:    []ui.Link{{Label: "Price, descending", Href: at + "?sort=name"}, {Label: "Name", Href: at + "?sort=-price"}},
		SortOptions: []ui.Option{{Value: "stock", Label: text.Verbatim("Stock, ascending"), Note: text.Verbatim("no index, may be slow")}, {Value: "-stock", Label: text.Verbatim("Stock, descending")}},
		Rows:        rows(r, 25),
		Count:       text.Exact(1204),
		Limits:      []ui.Link{{Label: "25", Href: at, Current: true}, {Label: "50", Href: at + "?limit=50"}, {Label: "100", Href: at + "?limit=100"}},
		Pager:       ui.Pager{Next: at + "?after=x", Last: at + "?before=end"},
		Filters:     []ui.Filter{{Column: "Active", Op: text.Verbatim("is"), Value: "true", RemoveHref: at + "?sort=-price,name"}},
	}
	l.NewHref = at + "new"
	l.Exports = []ui.Link{{Label: "CSV", Href: at + "export.csv?sort=-price"}, {Label: "JSON", Href: at + "export.json"}, {Label: "JSON Lines", Href: at + "export.json?lines=1"}}
	l.Actions = []ui.BulkAction{{Label: text.Verbatim("Edit"), Href: r.URL("m", "products", "actions", "edit")}, {Label: text.Verbatim("Mark as featured"), Href: r.URL("m", "products", "actions", "feature")},
		{Label: text.Verbatim("Delete"), Href: r.URL("m", "products", "actions", "delete"), Danger: true}}
	for i, c := range l.Columns {
		l.Choices = append(l.Choices, ui.ColumnChoice{Name: c.Name, Label: c.Label, Visible: i < 9})
	}
	return l
}

func record(r *ui.Renderer) ui.Record {
	long := strings.Repeat("Turned from a single block of walnut and finished by hand. ", 40)
	return ui.Record{
		Layout: Layout(r, "products"), Heading: "Walnut desk organiser", Key: "id 1042",
		Model: "Products", ModelHref: r.URL("m", "products", ""),
		EditHref: r.URL("m", "products", "1042", "edit"), DeleteHref: r.URL("m", "products", "1042", "delete"),
		Fields: []ui.Field{
			{Name: "id", Label: "ID", Type: "INTEGER", Note: text.Verbatim("primary key"), Value: ui.Number("1042")},
			{Name: "name", Label: "Name", Type: "TEXT", Note: text.Verbatim("unique"), Value: ui.Text("Walnut desk organiser")},
			{Name: "category_id", Label: "Category", Type: "INTEGER", Value: ui.Ref("Home office", "1", r.URL("m", "categories", "1"))},
			{Name: "price", Label: "Price", Type: "NUMERIC(10,2)", Value: ui.Number("189.00")},
			{Name: "active", Label: "Active", Type: "BOOLEAN", Value: ui.Bool(true)},
			{Name: "featured", Label: "Featured", Type: "BOOLEAN", Value: ui.Bool(false)},
			{Name: "subtitle", Label: "Subtitle", Type: "TEXT", Value: ui.Text("")},
			{Name: "note", Label: "Note", Type: "TEXT", Value: ui.Null()},
			{Name: "description", Label: "Description", Type: "TEXT", Value: ui.Text(long)},
			{Name: "attributes", Label: "Attributes", Type: "JSON", Value: ui.JSON(`{"colour":"walnut","size_mm":{"w":320,"d":110},"tags":["gift","desk"]}`)},
			{Name: "photo", Label: "Photo", Type: "BLOB", Value: ui.Bytes(482113)},
			{Name: "api_token", Label: "API token", Type: "TEXT", Value: ui.Masked()},
			{Name: "released", Label: "Released", Type: "DATE", Value: ui.Date("2024-03-01")},
			{Name: "created_at", Label: "Created at", Type: "TIMESTAMP", Note: text.Verbatim("generated"), Value: ui.Time(madeAt)},
		},
		Related: []ui.Related{
			{Label: "Order items", Count: text.Exact(212), AllHref: r.URL("m", "order_items", "") + "?f.product_id.eq=1042",
				Columns: []ui.Column{{Label: "Order", Ref: true}, {Label: "Quantity", End: true}, {Label: "Unit price", End: true}},
				Rows: []ui.Row{
					{Href: r.URL("m", "order_items", "1"), Cells: []ui.Value{ui.Ref("#20114", "20114", r.URL("m", "orders", "20114")), ui.Number("2"), ui.Number("189.00")}},
					{Href: r.URL("m", "order_items", "2"), Cells: []ui.Value{ui.Ref("#20098", "20098", r.URL("m", "orders", "20098")), ui.Number("1"), ui.Number("179.00")}},
				}},
			{Label: "Suppliers", Count: text.Exact(1), AllHref: r.URL("m", "product_suppliers", ""),
				Columns: []ui.Column{{Label: "Product", Ref: true}, {Label: "Supplier", Ref: true}},
				Rows: []ui.Row{{Href: r.URL("m", "product_suppliers", "1042,7"), Label: "1042, 7",
					Cells: []ui.Value{ui.Ref("Walnut desk organiser", "1042", r.URL("m", "products", "1042")), ui.Ref("Nordwood AB", "7", r.URL("m", "suppliers", "7"))}}}},
			{Label: "Reviews", Count: text.Exact(0), AllHref: r.URL("m", "reviews", "") + "?f.product_id.eq=1042"},
			{Label: "Shipments", Via: "return_of", Problem: &ui.Problem{Title: text.Verbatim("These rows took too long"), Detail: text.Verbatim("return_of has no index. The list may still load."), Action: text.Verbatim("Open the list"), Href: r.URL("m", "shipments", "")}},
		},
	}
}

func wideRecord(r *ui.Renderer) ui.Record {
	rec := record(r)
	rec.Heading, rec.Related = "A hundred columns", nil
	for i := len(rec.Fields); i < 100; i++ {
		rec.Fields = append(rec.Fields, ui.Field{Name: fmt.Sprintf("metric_%02d", i), Label: fmt.Sprintf("Metric %02d", i), Type: "REAL", Value: ui.Number(fmt.Sprintf("%d.5", i*i))})
	}
	return rec
}

func sessions() []ui.Session {
	now := time.Now()
	device := []string{"Firefox 145 on Linux", "Chrome 142 on Windows", "Safari 19 on iPhone", ""}
	user := []string{"ada.lovelace", "grace.hopper", "ada.lovelace", "linus"}
	var rows []ui.Session
	for i := range 8 {
		rows = append(rows, ui.Session{ID: fmt.Sprintf("id%d", i), User: user[i%4], UserID: user[i%4], Device: text.Verbatim(device[i%4]),
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", IP: fmt.Sprintf("203.0.113.%d", i*9+4),
			Created: now.Add(-time.Duration(i*53) * time.Minute), LastActivity: now.Add(-time.Duration(i*i*70) * time.Second),
			Expires: now.Add(time.Duration(30-i) * time.Minute), Current: i == 0})
	}
	return rows
}

// All returns every story: a page in each of its states.
func All(r *ui.Renderer) []Story {
	list := List(r)
	dashboard := ui.Dashboard{
		Layout: Layout(r, "dashboard"),
		Stats: []ui.Stat{
			{Label: text.Verbatim("Live sessions"), Value: text.Verbatim("8"), Note: text.Verbatim("4 users"), Href: r.URL("sessions", ""), Icon: ui.IconSessions},
			{Label: text.Verbatim("Tables"), Value: text.Verbatim("12"), Note: text.Verbatim("about 134,000 rows"), Icon: ui.IconDatabase},
			{Label: text.Verbatim("Health"), Value: text.Verbatim("Degraded"), Note: text.Verbatim("1 of 3 parts"), Icon: ui.IconHealth},
		},
		Health: []ui.HealthCheck{{Name: text.Verbatim("Application database"), State: ui.HealthOK, Detail: text.Verbatim("SQLite 3.50, 0.4 ms")},
			{Name: text.Verbatim("Admin database"), State: ui.HealthOK, Detail: text.Verbatim("SQLite 3.50, 0.3 ms")},
			{Name: text.Verbatim("Session store"), State: ui.HealthDegraded, Detail: text.Verbatim("memory; sessions end when the process stops")}},
	}
	dashboard.HealthHref = r.URL("health")
	health := ui.Health{Layout: Layout(r, "health"), Parts: dashboard.Health, Store: "memory",
		Promises: []ui.Fact{{Name: text.Verbatim("After a crash"), Value: text.Verbatim("everybody signs in again")}, {Name: text.Verbatim("Several processes"), Value: text.Verbatim("each has its own sessions")}},
		Notes:    []text.Message{text.Verbatim("Sessions end when the process stops.")},
		Versions: []ui.Fact{{Name: text.Verbatim("CRUDAdmin"), Value: text.Verbatim("v0.1.0")}, {Name: text.Verbatim("Application database"), Value: text.Verbatim("SQLite 3.50")}}}
	down := health
	down.Notes = nil
	down.Parts = []ui.HealthCheck{{Name: text.Verbatim("Session store"), State: ui.HealthDown, Detail: text.Verbatim("does not answer")}, {Name: text.Verbatim("Application database"), State: ui.HealthOK, Detail: text.Verbatim("0.4 ms")}}
	group := ui.ModelGroup{}
	for _, table := range tables {
		group.Items = append(group.Items, ui.Model{Label: table.name, Href: r.URL("m", table.name, ""), Kind: table.kind, Total: table.count})
	}
	dashboard.Models = []ui.ModelGroup{group}
	emptyDashboard := ui.Dashboard{Layout: Layout(r, "dashboard")}
	emptyDashboard.Tables = nil
	emptyDashboard.Notices = []ui.Notice{{Kind: ui.NoticeSuccess, Text: text.Verbatim("Welcome. The first administrator was created.")},
		{Kind: ui.NoticeInfo, Text: text.Verbatim("An update is available.")}, {Kind: ui.NoticeWarning, Text: text.Verbatim("Sessions end when the process stops.")},
		{Kind: ui.NoticeError, Text: text.Verbatim("The health check failed twice.")}}

	filtered := list
	filtered.Rows, filtered.Count, filtered.Pager, filtered.SortKeys = nil, text.Exact(0), ui.Pager{}, nil
	empty := filtered
	empty.Filters, empty.ReadOnly = nil, true
	refused := filtered
	refused.Count = text.Count{}
	refused.Filters = append(refused.Filters[:1:1], ui.Filter{Column: "Price", Op: text.Verbatim("is greater than"), Value: "cheap", RemoveHref: list.Action, Error: text.Verbatim("“cheap” is not a number; write one such as 12.50.")})
	mistyped := list
	form := *list.AddFilter
	form.Column, form.Op, form.Value, form.Error = "price", "gt", "cheap", text.Verbatim("“cheap” is not a number; write one such as 12.50.")
	mistyped.AddFilter = &form
	gone := empty
	gone.Pager = ui.Pager{First: list.Action}
	problem := empty
	problem.Problem = &ui.Problem{Title: text.Verbatim("This table took too long to read"), Detail: text.Verbatim("The query was stopped after 5 seconds. Sort by an indexed column or narrow the filters."), Action: text.Verbatim("Reset the list"), Href: list.Action}
	few := list
	few.Rows, few.Count, few.Filters, few.SortKeys = list.Rows[:4], text.Exact(4), nil, nil
	last := list
	last.Count = text.AtLeast(10000)
	last.Pager = ui.Pager{First: list.Action, Prev: list.Action + "?before=x"}
	last.Notices = []ui.Notice{{Kind: ui.NoticeWarning, Text: text.Verbatim("Note has no index, so sorting by it reads the whole table.")}}

	filtered.Search = &ui.Search{Query: "oak", Hint: list.Search.Hint, Cancel: list.Action}
	noSearch := list
	noSearch.Search = nil

	account := ui.Account{Layout: Layout(r, "account"), Sessions: sessions()[:3], Password: &ui.PasswordForm{Min: 12, Max: 256}}
	wrong := account
	wrong.Password = &ui.PasswordForm{Min: 12, Max: 256, CurrentError: text.Verbatim("This is not your current password."), NewError: text.Verbatim("Use at least 12 characters."), RepeatError: text.Verbatim("The two entries differ.")}
	unlistable := ui.Sessions{Layout: Layout(r, "sessions"), Problem: &ui.Problem{Title: text.Verbatim("This store cannot list every session"),
		Detail: text.Verbatim("Memcached finds sessions by user only. Your own sessions are on the account page."), Action: text.Verbatim("Your sessions"), Href: r.URL("account")}}

	all := []Story{
		{"login", ui.Login{Layout: signedOut(), Next: "/admin/m/products/"}},
		{"login-failed", ui.Login{Layout: signedOut(), Username: "ada", Error: text.Verbatim("Username or password is wrong.")}},
		{"login-throttled", ui.Login{Layout: signedOut(), Username: "ada", Error: text.Verbatim("Too many attempts."), RetryAfter: 42 * time.Second}},
		{"health", health}, {"health-down", down}, {"dashboard", dashboard}, {"dashboard-empty", emptyDashboard},
		{"list", list}, {"list-few", few}, {"list-last", last}, {"list-no-match", filtered}, {"list-empty", empty}, {"list-refused", refused}, {"list-mistyped", mistyped}, {"list-no-search", noSearch}, {"list-problem", problem}, {"list-gone", gone},
		{"record", record(r)}, {"record-wide", wideRecord(r)},
		{"sessions", ui.Sessions{Layout: Layout(r, "sessions"), Rows: sessions(), Count: text.Exact(8), CanEnd: true, Filter: &ui.SessionFilter{}}},
		{"sessions-ending", ui.Sessions{Layout: Layout(r, "sessions"), Rows: sessions(), Count: text.Exact(8), CanEnd: true, Filter: &ui.SessionFilter{Device: "Firefox"}, Ending: &ui.SessionsEnding{Count: text.Exact(7), Mine: true}}},
		{"sessions-filtered", ui.Sessions{Layout: Layout(r, "sessions"), Rows: sessions(), CanEnd: true, Filter: &ui.SessionFilter{User: "ada"}}},
		{"sessions-ending-none", ui.Sessions{Layout: Layout(r, "sessions"), CanEnd: true, Filter: &ui.SessionFilter{User: "grace"}, Ending: &ui.SessionsEnding{Count: text.Exact(0)}}},
		{"sessions-ending-own", ui.Sessions{Layout: Layout(r, "sessions"), Rows: sessions()[:1], CanEnd: true, Filter: &ui.SessionFilter{User: "ada"}, Ending: &ui.SessionsEnding{Count: text.Exact(0), Mine: true}}},
		{"sessions-ended-none", ui.Sessions{Layout: Layout(r, "sessions"), Ended: true}},
		{"sessions-unlistable", unlistable},
		{"account", account}, {"account-errors", wrong},
	}
	for _, status := range []int{400, 401, 403, 404, 405, 409, 422, 429, 500, 503} {
		e := ui.Error{Layout: Layout(r, ""), Status: status, RequestID: "01JD8ZQ4"}
		switch status {
		case 401:
			e.User = nil
		case 422:
			e.Detail = text.Verbatim("price: “cheap” is not a number.")
		case 429, 503:
			e.RetryAfter, e.RetryHref = 90*time.Second, r.URL()
		}
		all = append(all, Story{fmt.Sprintf("error-%d", status), e})
		if e.Entered = []ui.Field{{Name: "name", Label: "Name", Value: ui.Text("Zoë <b>")}, {Name: "note", Label: "Note", Value: ui.Text(strings.Repeat("What a day. ", 60))}}; status == 503 {
			e.RetryHref, e.SendHref, e.SendToken, e.Params = "", r.URL("m", "customers", ""), Token, []ui.Param{{Name: "name", Value: "Zoë <b>"}}
			all = append(all, Story{"error-503-kept", e})
		} else if status == 403 {
			e.FormHref, e.Lacks = r.URL("m", "customers", "new"), true
			all = append(all, Story{"error-403-kept", e})
		}
	}
	return append(all, formStories(r)...)
}

// Handler serves the stories under /admin/story/{name}, an index under
// /admin/, choices and the static files, with the panel's policy.
func Handler(r *ui.Renderer, fail func(error)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/admin/static/", r.Static())
	mux.HandleFunc("/admin/choices", func(w http.ResponseWriter, req *http.Request) { serveChoices(w, req, r) })
	all := append(All(r), Hostile()...)
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", csp)
		theme := ui.ThemeSystem
		if c, err := req.Cookie(ui.ThemeCookie); err == nil {
			theme = ui.ParseTheme(c.Value)
		}
		name, found := strings.CutPrefix(req.URL.Path, "/admin/story/")
		for _, s := range all {
			if found && s.Name == name {
				if err := r.Render(w, withTheme(s.Page, theme)); err != nil {
					fail(err)
				}
				return
			}
		}
		index := ui.Dashboard{Layout: Layout(r, "")}
		group := ui.ModelGroup{}
		for _, s := range all {
			group.Items = append(group.Items, ui.Model{Label: s.Name, Href: r.URL("story", s.Name)})
		}
		index.Models, index.Theme = []ui.ModelGroup{group}, theme
		if err := r.Render(w, index); err != nil {
			fail(err)
		}
	})
	return mux
}

func withTheme(p ui.Page, theme ui.Theme) ui.Page {
	themed := reflect.New(reflect.TypeOf(p)).Elem()
	themed.Set(reflect.ValueOf(p))
	themed.FieldByName("Theme").SetString(string(theme))
	return themed.Interface().(ui.Page)
}
