// Tests of forms as they are written: names, kept values, secrets, weight.

package ui_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// control is the element with which a field is entered.
func control(t *testing.T, f ui.FormField) string {
	t.Helper()
	f.Name, f.Label = "c", "C"
	page := render(t, stories.Renderer(t), ui.Form{Fields: []ui.FormField{f}})
	found := regexp.MustCompile(`(?s)<(input|textarea|select)[^>]* id="field-0"[^>]*>`).FindString(page)
	if found == "" {
		t.Fatalf("no control in\n%s", page)
	}
	return found
}

// A browser's own input drops what does not fit it, so that such a value is
// kept in another.
func TestWidgetsKeepTheirValue(t *testing.T) {
	for _, c := range []struct {
		widget ui.Widget
		value  string
		want   string
	}{
		{ui.WidgetText, "a", `type="text"`}, {ui.WidgetText, "a\nb", "<textarea"}, {ui.WidgetText, "a\r", "<textarea"},
		{ui.WidgetNumber, "", `type="text" value="" autocomplete="off" inputmode="decimal"`}, {ui.WidgetNumber, "-12.50", `value="-12.50"`}, {ui.WidgetNumber, "1e9", `inputmode="decimal"`},
		{ui.WidgetNumber, "9223372036854775807", `value="9223372036854775807"`}, {ui.WidgetNumber, "cheap", `value="cheap"`}, {ui.WidgetNumber, "1,5", `value="1,5"`},
		{ui.WidgetNumber, "NaN", `type="text"`}, {ui.WidgetNumber, "1.", `type="text"`}, {ui.WidgetNumber, "+1", `type="text"`}, {ui.WidgetNumber, "1e999", `type="text"`},
		{ui.WidgetDate, "2024-02-29", `type="date"`}, {ui.WidgetDate, "2023-02-29", `type="text"`}, {ui.WidgetDate, "31.12.2024", `type="text"`}, {ui.WidgetDate, "0000-01-01", `type="text"`},
		{ui.WidgetTime, "09:30", `type="time"`}, {ui.WidgetTime, "09:30:59.123", `type="time"`}, {ui.WidgetTime, "09:30:59.123456", `type="text"`}, {ui.WidgetTime, "25:00", `type="text"`}, {ui.WidgetTime, "9:30", `type="text"`},
		{ui.WidgetDateTime, "2024-02-29T09:30", `type="datetime-local"`}, {ui.WidgetDateTime, "2024-02-29 09:30:01.5", `type="datetime-local"`},
		{ui.WidgetDateTime, "2024-02-29T09:30:00Z", `type="text"`}, {ui.WidgetDateTime, "2024-02-29 09:30:00+02:00", `type="text"`}, {ui.WidgetDateTime, "2024-02-29", `type="text"`}, {ui.WidgetDateTime, "2024-02-29 09:30:00.123456", `type="text"`},
		{ui.WidgetUUID, "x", `type="text"`}, {ui.WidgetJSON, "{}", "<textarea"}, {"unknown", "x", `type="text"`},
	} {
		if got := control(t, ui.FormField{Widget: c.widget, Value: c.value}); !strings.Contains(got, c.want) {
			t.Errorf("%s %q: no %s in %s", c.widget, c.value, c.want, got)
		}
	}
	page := render(t, stories.Renderer(t), ui.Form{Fields: []ui.FormField{{Widget: ui.WidgetTextArea, Value: "\nfirst line is empty"}}})
	if !strings.Contains(page, ">\n\nfirst line is empty</textarea>") {
		t.Error("a browser drops the first line break of a text area, and it is the value's")
	}
	page = render(t, stories.Renderer(t), ui.Form{Fields: []ui.FormField{{Widget: ui.WidgetSelect, Value: "lost", Options: []ui.Option{{Value: "a"}}}}})
	if !strings.Contains(page, `<option value="lost" selected>`) {
		t.Error("a value that is not an option is lost")
	}
}

func TestPasswordsAreNotEchoed(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		page := render(t, stories.Renderer(t), ui.Form{Fields: []ui.FormField{
			{Name: "p", Widget: ui.WidgetPassword, Value: "canary", ReadOnly: readOnly, Error: text.Verbatim("Too short.")}}})
		if strings.Contains(page, "canary") {
			t.Errorf("read only %t: the password is on the page", readOnly)
		}
	}
}

func TestFormParameters(t *testing.T) {
	r := stories.Renderer(t)
	form, list := render(t, r, stories.Form(r)), render(t, r, stories.List(r))
	optional := render(t, r, ui.Bulk{Fields: []ui.FormField{{Name: "c", Optional: true, Set: true}}})
	question := render(t, r, ui.Delete{}) + render(t, r, ui.Bulk{})
	for _, c := range []struct{ page, want string }{
		{form, `name="` + ui.ParamToken + `" value="3q2-7wEz"`},
		{form, `name="` + ui.ParamNull + `note" value="1" checked`},
		{form, `name="` + ui.ParamClear + `photo" value="1"`},
		{form, `enctype="multipart/form-data"`},
		{optional, `name="` + ui.ParamSet + `c" value="1" checked`},
		{list, `name="` + ui.ParamAll + `" value="1"`},
		{list, `name="key" value="1" form="bulk"`},
	} {
		if !strings.Contains(c.page, c.want) {
			t.Errorf("no %s", c.want)
		}
	}
	if n := strings.Count(question, `name="`+ui.ParamConfirm+`" value="1"`); n != 2 {
		t.Errorf("%d questions are confirmed, want 2", n)
	}
	if strings.Contains(form, `name="id"`) {
		t.Error("a field that is read only is sent")
	}
}

func TestNullIsOfferedOnce(t *testing.T) {
	for widget, want := range map[ui.Widget]string{
		ui.WidgetText: "box", ui.WidgetNumber: "box", ui.WidgetReference: "box", ui.WidgetTextArea: "box", ui.WidgetJSON: "box", ui.WidgetDate: "box",
		ui.WidgetTriState: "option", ui.WidgetSelect: "option", ui.WidgetFile: "neither", ui.WidgetCheckbox: "neither",
	} {
		page := render(t, stories.Renderer(t), ui.Form{Fields: []ui.FormField{{Name: "c", Widget: widget, Nullable: true}}})
		got := "neither"
		if strings.Contains(page, `name="null.c"`) {
			got = "box"
		}
		if strings.Contains(page, `<option value="">NULL</option>`) {
			got = strings.TrimPrefix(got+" and option", "neither and ")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", widget, got, want)
		}
	}
	page := render(t, stories.Renderer(t), ui.Form{Fields: []ui.FormField{{Name: "c", Widget: ui.WidgetSelect, Nullable: true, Options: []ui.Option{{Value: ""}, {Value: "a"}}}}})
	if !strings.Contains(page, `name="null.c"`) || strings.Contains(page, ">NULL</option>") {
		t.Error("where empty is a choice, NULL needs a box")
	}
}

func TestForbiddenDeletionHasNoButton(t *testing.T) {
	r := stories.Renderer(t)
	effects := []ui.Effect{{Kind: ui.EffectCascade, Table: text.Verbatim("a")}, {Kind: ui.EffectRestrict, Table: text.Verbatim("b"), Count: text.Exact(1)}}
	for to, p := range map[string]ui.Page{"this record": ui.Delete{Effects: effects}, "these records": ui.Bulk{Effects: effects, Heading: text.Verbatim("Delete")}} {
		page := render(t, r, p)
		if strings.Contains(page, `method="post"`) || !strings.Contains(page, "1 row of b refers to "+to+" and prevents the deletion.") {
			t.Errorf("%T: a form, or no reason:\n%s", p, page)
		}
	}
}

func TestChoicesAsJSON(t *testing.T) {
	for _, c := range []struct {
		choices ui.Choices
		want    string
	}{
		{ui.Choices{}, `{"options":[]}`},
		{ui.Choices{Options: []ui.Option{{Value: "1", Label: text.Verbatim("</script>")}}, Pager: ui.Pager{Next: "?after=1"}}, `{"options":[{"value":"1","label":"\u003c/script\u003e"}],"next":"?after=1"}`},
		{ui.Choices{Layout: ui.Layout{CSRFToken: "canary"}, Error: text.Verbatim("late")}, `{"options":[],"error":"late"}`},
	} {
		if got, err := json.Marshal(c.choices); err != nil || string(got) != c.want {
			t.Errorf("%s, %v; want %s", got, err, c.want)
		}
	}
}

// TestFormWeight holds the budget of an edit form, 15 KB compressed: with every
// widget, and with a hundred columns.
func TestFormWeight(t *testing.T) {
	r := stories.Renderer(t)
	form := stories.Form(r)
	small := compressed(t, render(t, r, form))
	for i := len(form.Fields); i < 100; i++ {
		f := form.Fields[1+i%19]
		f.Name, f.Label = fmt.Sprintf("%s_%d", f.Name, i), fmt.Sprintf("%s %d", f.Label, i)
		form.Fields = append(form.Fields, f)
	}
	large := compressed(t, render(t, r, form))
	t.Logf("edit form: %d bytes; with 100 columns %d bytes", small, large)
	if small > 15<<10 || large > 15<<10 {
		t.Error("over the budget")
	}
}

// A refused form leads to what is wrong first, by the first element that asks for the focus.
func TestFocusIsOnWhatIsWrong(t *testing.T) {
	r := stories.Renderer(t)
	first := regexp.MustCompile(`id="([a-z_]+)"[^>]* autofocus`)
	layout := stories.Layout(r, "users")
	for want, page := range map[string]ui.Page{
		"username":         ui.UserNew{Layout: layout, UsernameError: text.Verbatim("taken"), PasswordError: text.Verbatim("short")},
		"role":             ui.UserNew{Layout: layout, RoleError: text.Verbatim("none"), PasswordError: text.Verbatim("short")},
		"new_password":     ui.UserNew{Layout: layout, PasswordError: text.Verbatim("short")},
		"confirm_password": ui.Account{Layout: layout, Password: &ui.PasswordForm{RepeatError: text.Verbatim("differ")}},
	} {
		if found := first.FindStringSubmatch(render(t, r, page)); found == nil || found[1] != want {
			t.Errorf("the focus is on %q, want %q", found, want)
		}
	}
	if found := first.FindStringSubmatch(render(t, r, ui.UserEdit{Layout: layout, ID: "u", PasswordError: text.Verbatim("short")})); found == nil || found[1] != "new_password" {
		t.Errorf("the focus is on %q", found)
	}
	if found := first.FindStringSubmatch(render(t, r, ui.UserNew{Layout: layout})); found == nil || found[1] != "username" {
		t.Errorf("on a new form the focus is on %q", found)
	}
}
