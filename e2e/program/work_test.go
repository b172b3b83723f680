package program_test

// This file works in the demo as its users do: in a table that can be written a record is created,
// edited, found with a filter, exported, edited in bulk and deleted, with scripts and without.

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// formField is a field of the form in the browser, with what is entered in it.
type formField struct {
	Name, Kind, Value string
	Null              bool // its NULL box is ticked
	About, Error      string
	Choices, Label    string // where the keys it can refer to are looked up, and what the chosen one is called
	Options           []string
	Min, Max          string
	JSON              bool
}

// formFields reads the form of the page.
const formFields = `[...document.querySelectorAll("main form .row")].flatMap((row) => {
	const e = [...row.querySelectorAll("[name]")].filter((e) => !/^(null|clear|set|empty)\./.test(e.name)).at(-1);
	if (!e) return [];
	const combo = row.querySelector(".combo");
	const about = row.querySelector(".about small")?.textContent ?? "";
	const bounds = e.inputMode ? /(-?[\d.]+) to (-?[\d.]+)/.exec(about) : null; // what a number lies between is said
	return [{ Name: e.name, Kind: combo ? (combo.matches(".many") ? "links" : "reference") : e.inputMode ? "number" : e.type, Value: e.type === "checkbox" ? String(e.checked) : e.value,
		Null: row.querySelector('[name^="null."]')?.checked ?? false, About: about, Error: row.querySelector(".error")?.textContent ?? "",
		Choices: combo?.dataset.choicesUrl ?? "", Label: combo?.dataset.display ?? "", Min: bounds?.[1] ?? "", Max: bounds?.[2] ?? "", JSON: e.matches("[data-json]"), Options: e.options ? [...e.options].map((o) => o.value).filter(Boolean) : [] }];
})`

// editPrefix stands before the names of the fields that change many records.
const editPrefix = "to."

// worker does the work in one table.
type worker struct {
	*browser
	table   string
	scripts bool
	reader  *programtest.Visitor // who looks keys up
	file    string               // to upload
	n       int                  // makes values differ
}

func (w *worker) fields() []formField {
	w.t.Helper()
	return tell(w.browser, chromedp.Evaluate[[]formField](formFields))
}

func (w *worker) script(format string, args ...any) {
	w.t.Helper()
	quoted := make([]any, len(args))
	for i, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			w.t.Fatal(err)
		}
		quoted[i] = string(text)
	}
	w.do(chromedp.Evaluate[chromedp.Void]("{" + fmt.Sprintf(format, quoted...) + "}"))
}

// fill enters a value as the field's control takes it.
func (w *worker) fill(f formField) {
	w.t.Helper()
	named := fmt.Sprintf("main form [name=%q]", f.Name)
	box := fmt.Sprintf("main form [name=%q]", "null."+f.Name)
	if f.Null {
		w.script(`const box = document.querySelector(%s); if (!box.checked) box.click()`, box)
		return
	}
	switch {
	case f.Kind == "links", f.Kind == "hidden":
	case f.Kind == "file":
		w.do(chromedp.SetUploadFiles(chromedp.CSS(named), []string{w.file}))
	case f.Kind == "checkbox":
		w.script(`const e = document.querySelector(%s); if (String(e.checked) !== %s) e.click()`, named+`[type="checkbox"]`, f.Value)
	case f.Kind == "reference" && w.scripts:
		w.choose(named, f.Value, f.Label)
	default:
		w.script(`const e = document.querySelector(%s); e.value = %s; for (const type of ["input", "change"]) e.dispatchEvent(new Event(type, { bubbles: true }))`, named, f.Value)
	}
	w.script(`const box = document.querySelector(%s); if (box?.checked) box.click()`, box)
}

// choose picks a key in the searchable select: its label is typed, it is waited for and clicked.
func (w *worker) choose(named, key, label string) {
	w.t.Helper()
	box := fmt.Sprintf(".combo:has(%s) [role=combobox]", strings.TrimPrefix(named, "main form "))
	w.script(`const e = document.querySelector(%s); e.scrollIntoView({ block: "center" }); e.focus(); e.select()`, box)
	w.do(chromedp.SendKeys(chromedp.CSS(box), kb.Delete+label))
	wanted, err := json.Marshal(key)
	if err != nil {
		w.t.Fatal(err)
	}
	find := fmt.Sprintf(`[...document.querySelectorAll(".options:not([hidden]) li")].find((li) => (li.querySelector("small") ?? li.querySelector("span"))?.textContent === %s)`, wanted)
	tell(w.browser, chromedp.Poll[bool](fmt.Sprintf(`(() => { // many may be called that: there are more below
		const one = %s, list = document.querySelector(".options:not([hidden])");
		if (!one && list) list.scrollTop = list.scrollHeight;
		return one !== undefined;
	})()`, find), chromedp.WithPollingInterval(20*time.Millisecond)))
	w.do(chromedp.Evaluate[chromedp.Void](find + ".click()"))
	if got := w.all(named, "value"); !slices.Equal(got, []string{key}) {
		w.t.Fatalf("%s: choosing %q at %s gave %q", w.table, key, named, got)
	}
}

// another returns the field with a value that differs from what it had.
func (w *worker) another(f formField) formField {
	w.t.Helper()
	w.n++
	f.Null = false
	switch f.Kind {
	case "number":
		switch low, err := strconv.Atoi(f.Min); {
		case err == nil && f.Max != "": // such as 1 to 5
			f.Value = fmt.Sprint(low + w.n%2)
		case strings.Contains(f.About, "key"), strings.Contains(f.About, "unique"), f.Error != "":
			f.Value = fmt.Sprint(900000 + w.n)
		default:
			f.Value = fmt.Sprint(1 + w.n%80)
		}
	case "date":
		f.Value = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, w.n).Format(time.DateOnly)
	case "time":
		f.Value = fmt.Sprintf("%02d:%02d:00", 1+w.n/60%20, w.n%60)
	case "datetime-local":
		f.Value = time.Date(2031, 1, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(w.n) * time.Hour).Format("2006-01-02T15:04:05")
	case "checkbox":
		f.Value = fmt.Sprint(f.Value != "true")
	case "select-one":
		f.Value = f.Options[(slices.Index(f.Options, f.Value)+1)%len(f.Options)]
	case "reference":
		keys := w.keys(f.Choices)
		one := keys[w.n*7%len(keys)]
		f.Value, f.Label = one[0], one[1]
	default:
		switch {
		case f.JSON:
			f.Value = fmt.Sprintf(`{"made": %d}`, w.n)
		case strings.Contains(f.About, "UUID"):
			f.Value = fmt.Sprintf("0192d7c4-8a53-7b1e-9d55-2f4f1c%06d", w.n)
		case len(f.Value) <= 4: // a code of so many letters
			f.Value = fmt.Sprintf("%0*d", max(1, len(f.Value)), w.n)
		default:
			f.Value = f.Value[:len(f.Value)-4] + fmt.Sprintf("x%03d", w.n)
		}
	}
	return f
}

// keys are the keys and labels that the look-up page of a reference lists, from one of its pages.
func (w *worker) keys(choices string) (keys [][2]string) {
	w.t.Helper()
	p := w.reader.Get(fmt.Sprintf("%s?q=%d", choices, w.n%10))
	if len(p.Tags("code")) == 0 {
		p = w.reader.Get(choices)
	}
	for _, code := range p.Tags("code") {
		keys = append(keys, [2]string{code.Text(), programtest.Page{Body: code.Rest}.Tags("td")[0].Text()})
	}
	if len(keys) == 0 {
		w.t.Fatalf("%s lists no keys", choices)
	}
	return keys
}

// submit sends the form until it is taken: what is refused is named beside its field, with all that
// was entered kept, and is entered anew.
func (w *worker) submit(what string, entered []formField) {
	w.t.Helper()
	for try := 0; ; try++ {
		status, err := w.lead(chromedp.Click(chromedp.CSS("main form .form-foot button")))
		if err != nil {
			w.t.Fatalf("%s: %s: at %s: %v", w.table, what, w.where(), err)
		}
		if status == 200 {
			w.quiet(w.table + ", " + what)
			return
		}
		w.forget() // the browser logs the status
		fields := w.fields()
		if status != 422 || try == 5 {
			w.t.Fatalf("%s: %s: status %d after %d tries at %s: %v", w.table, what, status, try, w.where(), w.all(".summary li, .failure", "textContent"))
		}
		for _, f := range fields {
			before := slices.IndexFunc(entered, func(e formField) bool { return e.Name == f.Name })
			if before >= 0 && f.Kind != "file" && f.Kind != "links" && f.Kind != "password" && !sameEntry(f, entered[before]) {
				w.t.Errorf("%s: %s: %s was %q and is %q after the refusal", w.table, what, f.Name, entered[before].Value, f.Value)
			}
		}
		wrong := 0
		for _, f := range fields {
			if f.Kind == "file" && slices.ContainsFunc(entered, func(e formField) bool { return e.Name == f.Name }) {
				if says := w.all(".row:has([type=file]) .hint", "textContent"); !strings.Contains(strings.Join(says, " "), "Choose the file again") {
					w.t.Errorf("%s: beside the lost file stands %q", w.table, says)
				}
				w.fill(f)
			}
			if f.Error == "" || f.Kind == "links" {
				continue
			}
			wrong++
			f = w.another(f)
			w.fill(f)
			if before := slices.IndexFunc(entered, func(e formField) bool { return e.Name == f.Name }); before >= 0 {
				entered[before] = f
			}
		}
		if wrong == 0 {
			w.t.Fatalf("%s: %s: refused, and no field is named: %q", w.table, what, w.all(".summary li", "textContent"))
		}
	}
}

func sameEntry(a, b formField) bool {
	plain := func(s string) string {
		if strings.Count(s, ":") == 1 && (a.Kind == "time" || a.Kind == "datetime-local") {
			s += ":00" // which the browser drops
		}
		return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	}
	return a.Null == b.Null && (a.Null || plain(a.Value) == plain(b.Value))
}

func (w *worker) said(want string) {
	w.t.Helper()
	if got := strings.Join(w.all(".notice", "textContent"), " "); !strings.Contains(got, want) {
		w.t.Errorf("%s: the page says %q, want %q", w.table, got, want)
	}
}

// work does it all. It begins and ends at the table's list.
func (w *worker) work() {
	w.t.Helper()
	list := w.where()
	// A record that is there shows what values look like.
	w.goTo(list)
	w.click(w.table+", record", "tbody a[data-row]")
	w.click(w.table+", edit", "main .actions .primary")
	like := w.fields()

	w.goTo(list)
	w.click(w.table+", new", "main .page-head .primary")
	var entered []formField
	for _, f := range w.fields() {
		i := slices.IndexFunc(like, func(l formField) bool { return l.Name == f.Name })
		switch {
		case f.Kind == "links", f.Kind == "file" && !strings.Contains(f.About, "required"):
			continue
		case f.Kind == "password":
			f.Value = "a secret nobody sees"
		case i < 0 && f.Kind != "file":
			continue
		case f.Kind != "file" && strings.Contains(f.About, "primary key") && f.Kind == "number" && !strings.Contains(f.About, "required"):
			continue // the database makes it
		case f.Kind != "file":
			f.Value, f.Label, f.Null = like[i].Value, like[i].Label, like[i].Null
			if strings.Contains(f.About, "key") || strings.Contains(f.About, "unique") && !f.Null {
				f = w.another(f)
			}
		}
		w.fill(f)
		entered = append(entered, f)
	}
	w.submit("create", entered)
	w.said("created")

	// Edited: one field that is not a key.
	w.click(w.table+", edit", "main .actions .primary")
	fields := w.fields()
	i := slices.IndexFunc(fields, changeable)
	if i < 0 {
		i = slices.IndexFunc(fields, func(f formField) bool { return f.Kind == "reference" }) // a join table has nothing else
	}
	edited := w.another(fields[i])
	w.fill(edited)
	w.submit("edit", []formField{edited})
	w.said("saved")
	w.click(w.table+", edit", "main .actions .primary")
	fields = w.fields()
	if got := fields[i]; !sameEntry(got, edited) {
		w.t.Errorf("%s: %s is %q after the edit, want %q", w.table, got.Name, got.Value, edited.Value)
	}

	// Found: by what makes it the only one.
	keys := slices.DeleteFunc(slices.Clone(fields), func(f formField) bool { return !strings.Contains(f.About, "primary key") })
	if len(keys) == 0 {
		keys = fields[:2]
	}
	w.goTo(list)
	for _, key := range keys {
		filter := "details:has([name=filter_column])"
		w.do(chromedp.Click(chromedp.CSS(filter + " summary")))
		for _, one := range [][2]string{{"filter_column", key.Name}, {"filter_op", "eq"}, {"filter_value", key.Value}} {
			w.script(`const e = document.querySelector(%s); e.value = %s; e.dispatchEvent(new Event("change", { bubbles: true }))`, "[name="+one[0]+"]", one[1])
		}
		w.click(w.table+", filter", filter+" form button")
	}
	found := w.where()
	if rows := w.all("tbody tr", "textContent"); len(rows) != 1 || len(w.all(".chips a[aria-label^='Remove filter']", "href")) != len(keys) {
		w.t.Fatalf("%s: %d rows at %s, want the one that was created", w.table, len(rows), found)
	}

	// Exported: the one row that matches.
	for format, want := range map[string]string{"CSV": "", "JSON Lines": "{"} {
		links := w.all("a.export", "href")
		text := w.all("a.export", "textContent")
		address := links[slices.Index(text, format)]
		body := tell(w.browser, chromedp.Evaluate[string](fmt.Sprintf("fetch(%q).then((r) => r.text())", address), chromedp.EvalAwaitPromise))
		lines := strings.Count(strings.TrimSpace(body), "\n") + 1
		if !strings.HasPrefix(body, want) || format == "CSV" && lines < 2 || format != "CSV" && lines != 1 || strings.Contains(body, "a secret nobody sees") {
			w.t.Errorf("%s: %s of one row is %q", w.table, format, programtest.Clip(body))
		}
	}

	if w.has("#bulk [formaction$='/edit']") {
		w.changeAll(found, keys)
	} else if slices.ContainsFunc(fields, changeable) {
		w.t.Errorf("%s: no edit of chosen rows is offered", w.table)
	}
	w.deleteAll(found)
}

// changeable says whether a field can be changed without making the record another.
func changeable(f formField) bool {
	return f.Kind != "links" && f.Kind != "file" && f.Kind != "password" && !strings.Contains(f.About, "key") && !strings.Contains(f.About, "unique") && f.Kind != "reference"
}

// changeAll edits what the list at an address shows, as all that match; not the
// fields by which it was found.
func (w *worker) changeAll(found string, by []formField) {
	w.t.Helper()
	w.chooseAll("edit")
	fields := w.fields()
	column := func(f formField) string { return strings.TrimPrefix(f.Name, editPrefix) }
	i := slices.IndexFunc(fields, func(f formField) bool {
		return changeable(f) && !slices.ContainsFunc(by, func(key formField) bool { return key.Name == column(f) })
	})
	f := w.another(fields[max(0, i)])
	w.fill(f)
	w.script(`const box = document.querySelector(%s); if (!box.checked) box.click()`, fmt.Sprintf("[name=%q]", ui.ParamSet+f.Name))
	if got := w.all("main form .form-foot button", "textContent"); !slices.Equal(got, []string{"Change 1 record"}) {
		w.t.Errorf("%s: the button says %q", w.table, got)
	}
	changed := []formField{f}
	w.submit("bulk edit", changed)
	w.said("1 record was changed.")
	if w.where() != found {
		w.t.Errorf("%s: the bulk edit led to %s", w.table, w.where())
	}
	w.click(w.table+", record", "tbody a[data-row]")
	w.click(w.table+", edit", "main .actions .primary")
	fields = w.fields()
	i = slices.IndexFunc(fields, func(now formField) bool { return now.Name == column(f) })
	if got := fields[i]; !sameEntry(got, changed[0]) {
		w.t.Errorf("%s: %s is %q after the bulk edit, want %q", w.table, got.Name, got.Value, changed[0].Value)
	}
	w.goTo(found)
}

// chooseAll chooses all that match, which is one row, for an action.
func (w *worker) chooseAll(action string) {
	w.t.Helper()
	if w.scripts {
		w.do(chromedp.Click(chromedp.CSS("[data-choose-all]")))
	}
	w.do(chromedp.Click(chromedp.CSS("#bulk [name=all]")))
	w.click(w.table+", "+action, fmt.Sprintf("#bulk [formaction$='/%s']", action))
	if got := w.all(".number strong", "textContent"); !slices.Equal(got, []string{"1 record"}) {
		w.t.Errorf("%s: %s is about %q", w.table, action, got)
	}
}

// deleteAll deletes what the list at an address shows: through its record, or as the chosen row.
func (w *worker) deleteAll(found string) {
	w.t.Helper()
	if w.scripts {
		w.click(w.table+", record", "tbody a[data-row]")
		w.click(w.table+", delete", "main .actions a[href$='/delete']")
		w.click(w.table+", deleted", "main form .danger")
		w.said("deleted")
	} else {
		w.do(chromedp.Click(chromedp.CSS("tbody [name=key]")))
		w.click(w.table+", delete", "#bulk [formaction$='/delete']")
		w.click(w.table+", deleted", "main form .danger")
		w.said("1 record was deleted.")
	}
	w.goTo(found)
	if rows := w.all("tbody tr", "textContent"); len(rows) != 0 || !strings.Contains(strings.Join(w.all("main h2", "textContent"), " "), "No rows match") {
		w.t.Errorf("%s: %d rows are left", w.table, len(rows))
	}
}

// workTables are the tables that work is done in: a test run takes one, the long form a few of
// different nature, as all take minutes.
var workTables = flag.String("tables", "", `work in these tables of the demo, separated by commas, or in "all"`)

func TestWorkInBrowser(t *testing.T) { workInBrowser(t, true, "orders") }

func TestWorkInBrowserLong(t *testing.T) {
	testserver.LongForm(t)
	workInBrowser(t, true, "exchange_rates", "orders", "product_images") // no key, references, a file
}

func TestWorkInBrowserWithoutScriptsLong(t *testing.T) {
	testserver.LongForm(t)
	workInBrowser(t, false, "employees", "order_lines", "products") // a secret, a composite key, links and JSON
}

func workInBrowser(t *testing.T, scripts bool, few ...string) {
	t.Parallel()
	b := openBrowser(t)
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	b.scripts(scripts)
	b.signIn(s)
	file := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(file, []byte("\x89PNG\r\n\x1a\n and so on"), 0o600); err != nil {
		t.Fatal(err)
	}
	looker := s.SignIn(t)
	wanted := cmp.Or(*workTables, strings.Join(few, ","))
	worked := 0
	for i, address := range b.demoTables() {
		table := filepath.Base(address)
		if wanted != "all" && !slices.Contains(strings.Split(wanted, ","), table) {
			continue
		}
		b.goTo(address)
		if !b.has("main .page-head .primary") {
			continue // a view
		}
		worked++
		start := time.Now()
		w := &worker{browser: b, table: table, scripts: scripts, reader: looker, file: file, n: 20 * i}
		w.work()
		t.Log(table, time.Since(start).Round(time.Millisecond))
	}
	want := 19
	if wanted != "all" {
		want = strings.Count(wanted, ",") + 1
	}
	if worked != want {
		t.Errorf("%d tables were worked in, want %d", worked, want)
	}
}
