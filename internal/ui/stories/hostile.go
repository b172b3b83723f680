// This file holds hostile values in every member of every page.

package stories

import (
	"reflect"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// HostileStrings are values that break out where they are not escaped, by what they try.
var HostileStrings = map[string]string{
	"script":     `<script>window.pwned=1</script>`,
	"attribute":  `" onmouseover="window.pwned=1" x="`,
	"image":      `'><img src=x onerror=window.pwned=1>`,
	"javascript": `javascript:window.pwned=1`,
	"template":   `{{.CSRFToken}} ${window.pwned=1} </title></textarea></style><svg onload=window.pwned=1>`,
	"rtl":        "שלום \u202eevil\u202c עולם العربية",
	"emoji":      "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0302\u0303",
	"control":    "a\x00b\x07c\x1b[31m \xff\xfe d",
	"long":       strings.Repeat("longword", 250),
	"spaces":     " \t\n ",
	"empty":      "",
}

// fill sets every member reachable from v: strings to s, slices to n
// elements, numbers to n.
func fill(v reflect.Value, s string, n int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.String:
		switch v.Type() {
		case reflect.TypeFor[ui.Icon]():
			v.SetString(string(ui.IconTable))
		case reflect.TypeFor[ui.Kind](), reflect.TypeFor[ui.Theme](), reflect.TypeFor[ui.Direction](),
			reflect.TypeFor[ui.NoticeKind](), reflect.TypeFor[ui.HealthState](), reflect.TypeFor[ui.Widget](), reflect.TypeFor[ui.EffectKind]():
		default:
			v.SetString(s)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s, n)
	case reflect.Slice:
		size := n
		switch v.Type() {
		case reflect.TypeFor[[]ui.Row](), reflect.TypeFor[[]ui.NavGroup](), reflect.TypeFor[[]ui.ModelGroup](), reflect.TypeFor[[]ui.Related](), reflect.TypeFor[[]ui.LinkField]():
			size = min(n, 3)
		}
		v.Set(reflect.MakeSlice(v.Type(), size, size))
		if v.Type() == reflect.TypeFor[[]ui.FormField]() {
			v.Set(reflect.MakeSlice(v.Type(), 2*len(Widgets), 2*len(Widgets)))
		}
		for i := range v.Len() {
			fill(v.Index(i), s, n)
			if f, ok := v.Index(i).Addr().Interface().(*ui.FormField); ok {
				f.Widget, f.ReadOnly, f.Null = Widgets[i%len(Widgets)], i >= len(Widgets), false
			}
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), s, n)
		}
	}
}

var kinds = []ui.Kind{ui.KindText, ui.KindNull, ui.KindNumber, ui.KindBool, ui.KindTime, ui.KindDate, ui.KindJSON, ui.KindBytes, ui.KindMasked}

// Widgets are all that there are.
var Widgets = []ui.Widget{ui.WidgetText, ui.WidgetNumber, ui.WidgetCheckbox, ui.WidgetTriState, ui.WidgetDate, ui.WidgetTime, ui.WidgetDateTime,
	ui.WidgetSelect, ui.WidgetReference, ui.WidgetTextArea, ui.WidgetJSON, ui.WidgetUUID, ui.WidgetPassword, ui.WidgetFile}

// Blank are all pages without anything on them.
func Blank() []ui.Page {
	return []ui.Page{&ui.Login{}, &ui.Dashboard{}, &ui.List{}, &ui.Record{}, &ui.Form{}, &ui.Choices{}, &ui.Conflict{}, &ui.Delete{}, &ui.Bulk{},
		&ui.Sessions{}, &ui.Account{}, &ui.Users{}, &ui.UserNew{}, &ui.UserEdit{}, &ui.Health{}, &ui.Error{}}
}

// Filled are all pages filled with s, and once more without the problem
// that would hide their content.
func Filled(s string, n int) []ui.Page {
	pages := append(Blank(), Blank()...)
	for i, p := range pages {
		fill(reflect.ValueOf(p).Elem(), s, n)
		if i < len(pages)/2 {
			continue
		}
		switch p := p.(type) {
		case *ui.Dashboard:
			p.Problem = nil
		case *ui.List:
			p.Problem, p.Search.Error = nil, nil
			for i := range p.Filters {
				p.Filters[i].Error = nil
			}
			for _, row := range p.Rows {
				for i := range row.Cells {
					row.Cells[i].Kind = kinds[i%len(kinds)]
					if i%2 == 0 {
						row.Cells[i].Href = ""
					}
				}
			}
		case *ui.Record:
			p.Problem = nil
			for i := range p.Related {
				p.Related[i].Problem = nil
			}
			for i := range p.Fields {
				p.Fields[i].Value.Kind = kinds[i%len(kinds)]
				if i%2 == 0 {
					p.Fields[i].Value.Href = ""
				}
			}
		case *ui.Form:
			p.Problem = nil
			for i := range p.Links {
				p.Links[i].ReadOnly = i == 0
			}
		case *ui.Choices:
			p.Error = nil
		case *ui.Conflict:
			p.Deleted = false
			for i := range p.Fields {
				p.Fields[i].Changed = i > 0
				p.Fields[i].Theirs.Kind = kinds[i%len(kinds)]
			}
		case *ui.Delete:
			p.Problem = nil
			for i := range p.Effects {
				p.Effects[i].Kind = []ui.EffectKind{ui.EffectCascade, ui.EffectSetNull, ui.EffectSetDefault}[i%3]
			}
		case *ui.Bulk:
			p.Problem, p.Effects = nil, nil
		case *ui.Users:
			p.Problem = nil
		case *ui.UserEdit:
			p.Problem, p.Self, p.Disabled = nil, false, false
			for i := range p.Sessions {
				p.Sessions[i].Current = false
			}
		case *ui.Sessions:
			p.Problem = nil
			for i := range p.Rows {
				p.Rows[i].Current = false
			}
		case *ui.Account:
			p.Problem = nil
			for i := range p.Sessions {
				p.Sessions[i].Current = false
			}
		case *ui.Error:
			p.User = nil
		}
	}
	return pages
}

// Hostile are all pages with values that would show in a browser: what
// runs, what is wide, what turns or has no width.
func Hostile() []Story {
	all := []Story{}
	for name, s := range map[string]string{
		"markup": HostileStrings["attribute"] + HostileStrings["image"] + HostileStrings["template"] + HostileStrings["script"],
		"long":   HostileStrings["long"],
		"signs":  HostileStrings["rtl"] + HostileStrings["emoji"] + HostileStrings["control"],
		"spaces": HostileStrings["spaces"],
	} {
		for _, p := range Filled(s, 3)[len(Blank()):] {
			all = append(all, Story{"hostile-" + name + "-" + strings.ToLower(reflect.TypeOf(p).Elem().Name()), reflect.ValueOf(p).Elem().Interface().(ui.Page)})
		}
	}
	return all
}
