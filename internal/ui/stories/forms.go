// Stories of the pages that change something: forms, conflicts, deletion, bulk
// actions and users.

package stories

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

func fields(r *ui.Renderer) []ui.FormField {
	return []ui.FormField{
		{Name: "id", Label: "ID", Type: "INTEGER", Note: text.Verbatim("primary key"), Value: "1042", ReadOnly: true},
		{Name: "name", Label: "Name", Type: "TEXT", Note: text.Verbatim("unique"), Value: "Walnut desk organiser", MaxLength: 120},
		{Name: "category_id", Label: "Category", Type: "INTEGER", Widget: ui.WidgetReference, Value: "1", Display: "Home office", Required: true,
			DisplayHref: r.URL("m", "categories", "1"), ChoicesHref: r.URL("choices")},
		{Name: "parent_id", Label: "Variant of", Type: "INTEGER", Widget: ui.WidgetReference, Nullable: true, Null: true, ChoicesHref: r.URL("choices")},
		{Name: "price", Label: "Price", Type: "NUMERIC(10,2)", Widget: ui.WidgetNumber, Value: "189.00", Min: "0", Step: "0.01", Required: true, Help: text.Verbatim("In euros, without tax.")},
		{Name: "weight", Label: "Weight", Type: "REAL", Widget: ui.WidgetNumber, Nullable: true, Value: "840"},
		{Name: "active", Label: "Active", Type: "BOOLEAN", Widget: ui.WidgetCheckbox, Checked: true},
		{Name: "giftable", Label: "Giftable", Type: "BOOLEAN", Widget: ui.WidgetTriState, Nullable: true, Null: true},
		{Name: "status", Label: "Status", Type: "TEXT", Note: text.Verbatim("one of 3"), Widget: ui.WidgetSelect, Value: "in_stock", Required: true,
			Options: []ui.Option{{Value: "in_stock", Label: text.Verbatim("in stock")}, {Value: "sold_out", Label: text.Verbatim("sold out")}, {Value: "retired", Label: text.Verbatim("retired")}}},
		{Name: "shade", Label: "Shade", Type: "TEXT", Widget: ui.WidgetSelect, Nullable: true, Null: true, Options: []ui.Option{{Value: "light"}, {Value: "dark"}}},
		{Name: "subtitle", Label: "Subtitle", Type: "TEXT", Nullable: true, Value: ""},
		{Name: "note", Label: "Note", Type: "TEXT", Nullable: true, Null: true},
		{Name: "description", Label: "Description", Type: "TEXT", Widget: ui.WidgetTextArea, Value: "Turned from a single block of walnut.\n\nFinished by hand, with oil and wax.", Nullable: true},
		{Name: "attributes", Label: "Attributes", Type: "JSON", Widget: ui.WidgetJSON, Value: "{\n  \"colour\": \"walnut\",\n  \"tags\": [\"gift\", \"desk\"]\n}", Nullable: true},
		{Name: "external_id", Label: "External ID", Type: "UUID", Widget: ui.WidgetUUID, Value: "0192d7c4-8a53-7b1e-9d55-2f4f1c8d7a10", Nullable: true},
		{Name: "api_token", Label: "API token", Type: "TEXT", Widget: ui.WidgetPassword, Placeholder: text.Verbatim("Unchanged"), Help: text.Verbatim("Leave it empty to keep the present one."), Nullable: true},
		{Name: "photo", Label: "Photo", Type: "BLOB", Widget: ui.WidgetFile, Stored: true, Size: 482113, DownloadHref: r.URL("m", "products", "1042", "file", "photo"), Nullable: true},
		{Name: "released", Label: "Released", Type: "DATE", Widget: ui.WidgetDate, Value: "2024-03-01"},
		{Name: "opens_at", Label: "Opens at", Type: "TIME", Widget: ui.WidgetTime, Value: "09:30:00", Nullable: true},
		{Name: "checked_at", Label: "Checked at", Type: "TIMESTAMP", Widget: ui.WidgetDateTime, Value: "2026-11-21T18:04:05", Placeholder: text.Verbatim("CURRENT_TIMESTAMP")},
	}
}

// Form is the form of a record with every widget.
func Form(r *ui.Renderer) ui.Form {
	return ui.Form{ //nolint:gosec // a token of a story
		Layout: Layout(r, "products"), Heading: text.Verbatim("Edit Walnut desk organiser"), Model: "Products", ModelHref: r.URL("m", "products", ""),
		Action: r.URL("m", "products", "1042", "edit"), Token: "3q2-7wEz", CancelHref: r.URL("m", "products", "1042"), Multipart: true,
		Fields: fields(r),
		Links: []ui.LinkField{
			{Name: "product_suppliers", Label: "Suppliers", Selected: []ui.Option{{Value: "7", Label: text.Verbatim("Nordwood AB")}, {Value: "12", Label: text.Verbatim("Forest & Sons")}}, ChoicesHref: r.URL("choices")},
			{Name: "product_tags", Label: "Tags", ReadOnly: true, AllHref: r.URL("m", "product_tags", "")},
		},
	}
}

func effects(r *ui.Renderer) []ui.Effect {
	return []ui.Effect{
		{Kind: ui.EffectCascade, Table: text.Verbatim("Reviews"), Count: text.Exact(41), Href: r.URL("m", "reviews", "")},
		{Kind: ui.EffectCascade, Table: text.Verbatim("Product suppliers"), Count: text.Exact(1), Href: r.URL("m", "product_suppliers", "")},
		{Kind: ui.EffectSetNull, Table: text.Verbatim("Products"), Via: "parent_id", Count: text.AtLeast(10000), Href: r.URL("m", "products", "")},
		{Kind: ui.EffectSetDefault, Table: text.Verbatim("Coupons"), Count: text.Exact(1)},
	}
}

func formStories(r *ui.Renderer) []Story {
	edit := Form(r)
	create := edit
	create.Heading, create.Action, create.Token, create.SubmitLabel = text.Verbatim("New product"), r.URL("m", "products", ""), "", text.Verbatim("Create")
	create.Fields = fields(r)[1:]
	for i, f := range create.Fields {
		create.Fields[i].Value, create.Fields[i].Display, create.Fields[i].Stored = "", "", false
		create.Fields[i].Null = f.Nullable
	}
	create.Links = nil
	wrong := Form(r)
	wrong.Error = text.Verbatim("price must not be less than weight (check price_covers_weight).")
	for i, f := range wrong.Fields {
		switch f.Name {
		case "name":
			wrong.Fields[i].Error = text.Verbatim("Another row has this name already.")
		case "price":
			wrong.Fields[i].Value, wrong.Fields[i].Error = "cheap", text.Verbatim("“cheap” is not a number; write one such as 12.50.")
		case "category_id":
			wrong.Fields[i].Value, wrong.Fields[i].Display, wrong.Fields[i].Error = "99", "", text.Verbatim("No row of categories has the key 99.")
		case "attributes":
			wrong.Fields[i].Value, wrong.Fields[i].Error = `{"colour": walnut}`, text.Verbatim("Not JSON: a value is missing at character 12.")
		case "released":
			wrong.Fields[i].Value, wrong.Fields[i].Error = "31.12.2024", text.Verbatim("Not a date; write one such as 2024-12-31.")
		case "status":
			wrong.Fields[i].Value, wrong.Fields[i].Error = "lost", text.Verbatim("Not one of in_stock, sold_out, retired.")
		case "active":
			wrong.Fields[i].Error = text.Verbatim("A product without price cannot be active.")
		}
	}
	wrong.Links[0].Error = text.Verbatim("No row of suppliers has the key 99.")
	short := edit
	short.Fields, short.Links = fields(r)[:6], nil
	closed := ui.Form{Layout: Layout(r, "products"), Heading: text.Verbatim("New product"), Model: "Products", ModelHref: edit.ModelHref,
		Problem: &ui.Problem{Title: text.Verbatim("This table cannot be written to"), Detail: text.Verbatim("It has no key by which a row could be found again."), Action: text.Verbatim("Back to the list"), Href: edit.ModelHref}}

	conflict := ui.Conflict{
		Layout: Layout(r, "products"), Heading: "Walnut desk organiser", Model: "Products", ModelHref: edit.ModelHref, Action: edit.Action, Token: "new",
		Kept:       []ui.Param{{Name: "name", Value: "Walnut desk organiser, large"}, {Name: "note", Value: "a\nb"}},
		TheirsHref: edit.CancelHref, EditHref: edit.Action, Note: text.Verbatim("A chosen file cannot be kept; choose it again."),
		Fields: []ui.ConflictField{
			{Name: "name", Label: "Name", Theirs: ui.Text("Walnut organiser"), Yours: ui.Text("Walnut desk organiser, large"), Changed: true},
			{Name: "price", Label: "Price", Theirs: ui.Number("179.00"), Yours: ui.Number("189.00"), Changed: true},
			{Name: "note", Label: "Note", Theirs: ui.Null(), Yours: ui.Text(""), Changed: true},
			{Name: "category_id", Label: "Category", Theirs: ui.Ref("Kitchen", "2", r.URL("m", "categories", "2")), Yours: ui.Ref("Home office", "1", r.URL("m", "categories", "1")), Changed: true},
			{Name: "attributes", Label: "Attributes", Theirs: ui.JSON(`{"colour":"oak"}`), Yours: ui.JSON(`{"colour":"walnut","tags":["gift"]}`), Changed: true},
			{Name: "active", Label: "Active", Theirs: ui.Bool(true), Yours: ui.Bool(true)},
			{Name: "description", Label: "Description", Theirs: ui.Text(strings.Repeat("Turned from one block. ", 30)), Yours: ui.Text(strings.Repeat("Turned from one block. ", 30))},
		},
	}
	deleted := conflict
	deleted.Deleted, deleted.TheirsHref, deleted.EditHref = true, "", ""

	//nolint:gosec // a token of a story
	remove := ui.Delete{Layout: Layout(r, "products"), Heading: "Walnut desk organiser", Key: "id 1042", Model: "Products", ModelHref: edit.ModelHref,
		RecordHref: edit.CancelHref, Action: r.URL("m", "products", "1042", "delete"), Token: "3q2-7wEz", Effects: effects(r)}
	alone := remove
	alone.Effects, alone.Error = nil, text.Verbatim("The database was busy. Nothing was deleted; try again.")
	forbidden := remove
	forbidden.Effects = append([]ui.Effect{{Kind: ui.EffectRestrict, Table: text.Verbatim("Order items"), Via: "product_id", Count: text.Exact(212), Href: r.URL("m", "order_items", "")}}, effects(r)...)

	bulk := ui.Bulk{Layout: Layout(r, "products"), Heading: text.Verbatim("Delete"), Model: "Products", ModelHref: edit.ModelHref, Action: r.URL("m", "products", "actions", "delete"),
		Params: []ui.Param{{Name: "key", Value: "1"}, {Name: "key", Value: "2"}, {Name: "key", Value: "3"}}, Count: text.Exact(3), Danger: true, CancelHref: edit.ModelHref,
		Sample: []ui.Link{{Label: "Walnut desk organiser", Href: r.URL("m", "products", "1")}, {Label: "Linen apron", Href: r.URL("m", "products", "2")}, {Label: "Cast iron teapot"}}, Effects: effects(r)}
	everything := bulk
	everything.Heading, everything.SubmitLabel, everything.All, everything.Count, everything.Effects, everything.Danger = text.Verbatim("Edit"), text.Verbatim("Change"), true, text.Exact(1204), nil, false
	everything.Params = []ui.Param{{Name: "all", Value: "1"}, {Name: "f.active.eq", Value: "true"}}
	everything.Fields = []ui.FormField{fields(r)[4], fields(r)[8], fields(r)[2]}
	for i := range everything.Fields {
		everything.Fields[i].Optional = true
	}
	everything.Fields[0].Set, everything.Fields[0].Error = true, text.Verbatim("Use 0 or more.")
	barred := bulk
	barred.Effects = forbidden.Effects

	choices := choices(r, "", 0)
	none := choices
	none.Query, none.Options, none.Pager = "zebra", nil, ui.Pager{}
	failed := none
	failed.Error = text.Verbatim("The search took too long and was stopped. Search for the beginning of a name.")

	now := time.Now()
	roles := []ui.Option{{Value: "superuser", Label: text.Verbatim("Superuser"), Note: text.Verbatim("everything")}, {Value: "editor", Label: text.Verbatim("Editor"), Note: text.Verbatim("reads and changes")}, {Value: "viewer", Label: text.Verbatim("Viewer"), Note: text.Verbatim("reads")}}
	users := ui.Users{Layout: Layout(r, "users"), Count: text.Exact(4), NewHref: r.URL("users", "new"), Rows: []ui.UserRow{
		{Name: "ada.lovelace", Href: r.URL("users", "u1"), Role: "superuser", Self: true, Created: now.AddDate(0, -8, 0), LastSignIn: now.Add(-3 * time.Minute)},
		{Name: "grace.hopper", Href: r.URL("users", "u2"), Role: "editor", Created: now.AddDate(0, -2, 0), LastSignIn: now.Add(-26 * time.Hour)},
		{Name: "linus", Href: r.URL("users", "u3"), Role: "viewer", Created: now.AddDate(0, 0, -3)},
		{Name: "old.account", Href: r.URL("users", "u4"), Role: "viewer", Disabled: true, Created: now.AddDate(-2, 0, 0), LastSignIn: now.AddDate(-1, 0, 0)},
	}}
	newUser := ui.UserNew{Layout: Layout(r, "users"), Role: "viewer", Roles: roles, Min: 12, Max: 256}
	badUser := newUser
	badUser.Username, badUser.UsernameError, badUser.PasswordError, badUser.RoleError = "grace.hopper", text.Verbatim("This username is taken."), text.Verbatim("This password is too common."), text.Verbatim("Choose a role.")
	user := ui.UserEdit{Layout: Layout(r, "users"), ID: "u2", Username: "grace.hopper", Role: "editor", Roles: roles, Created: now.AddDate(0, -2, 0), Min: 12, Max: 256, Sessions: sessions()[1:3]}
	disabled := user
	disabled.Disabled, disabled.Sessions, disabled.Error, disabled.PasswordError = true, nil, text.Verbatim("The last superuser stays a superuser. Make another one first."), text.Verbatim("Use at least 12 characters.")
	self := user
	self.ID, self.Username, self.Role, self.Self, self.Sessions = "u1", "ada.lovelace", "superuser", true, sessions()[:1]

	return []Story{
		{"form-edit", edit}, {"form-new", create}, {"form-errors", wrong}, {"form-short", short}, {"form-closed", closed},
		{"conflict", conflict}, {"conflict-deleted", deleted},
		{"delete", remove}, {"delete-alone", alone}, {"delete-forbidden", forbidden},
		{"bulk", bulk}, {"bulk-all", everything}, {"bulk-forbidden", barred},
		{"choices", choices}, {"choices-none", none}, {"choices-failed", failed},
		{"users", users}, {"user-new", newUser}, {"user-new-errors", badUser}, {"user-edit", user}, {"user-disabled", disabled}, {"user-self", self},
	}
}

// choices are the made rows from number first on whose name contains q.
func choices(r *ui.Renderer, q string, first int) ui.Choices {
	c := ui.Choices{Layout: Layout(r, ""), Heading: "Categories", Action: r.URL("choices"), Query: q}
	for i := first; i < 60; i++ {
		label := fmt.Sprintf("Category %d", i+1)
		if i == 0 {
			label = "Home office"
		}
		if !strings.Contains(strings.ToLower(label), strings.ToLower(q)) {
			continue
		}
		if len(c.Options) == 20 {
			c.Pager.Next = fmt.Sprintf("%s?q=%s&after=%d", c.Action, q, i)
			break
		}
		c.Options = append(c.Options, ui.Option{Value: strconv.Itoa(i + 1), Label: text.Verbatim(label)})
	}
	return c
}

// serveChoices answers the searchable selects of the stories.
func serveChoices(w http.ResponseWriter, req *http.Request, r *ui.Renderer) {
	after, _ := strconv.Atoi(req.FormValue("after"))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(choices(r, req.FormValue("q"), after)) // the browser went away
}
