package program_test

// This file looks at a page of every kind, in both themes and at several widths: nothing is said on
// the console, nothing is wider than the window, and axe-core finds nothing.

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/go-crudadmin/crudadmin/e2e/chromium"
	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// kept is a page of the demo, and how to get there. Without a way there its address leads there.
type kept struct {
	name, address string
	there         func(b *browser)
	refused       bool // its status is an error, which the browser logs
}

// filled is a form that is opened, filled in and sent.
func filled(b *browser, address string, values map[string]string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
	for name, value := range values {
		b.enter(name, value)
	}
	b.send()
}

// enter puts a value into a field, as typing does.
func (b *browser) enter(name, value string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{ const e = document.querySelector('main [name=%q]:not([type=hidden])'); e.value = %q; e.dispatchEvent(new Event("input", { bubbles: true })) }`, name, value)))
}

// send sends the page's form, wherever that leads.
func (b *browser) send() {
	b.t.Helper()
	b.sendBy("main form[method=post] .primary, main form[method=post] .danger, main form[method=post] button:not([type])")
}

// sendBy sends the form of a button.
func (b *browser) sendBy(button string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("main form").forEach((e) => e.noValidate = true)`))
	if _, err := b.lead(chromedp.Click(chromedp.CSS(button))); err != nil {
		b.t.Fatalf("at %s: %v", b.where(), err)
	}
}

// demoPages are the demo's pages of every kind.
func demoPages(s *programtest.Program, other *programtest.Visitor) []kept {
	at := func(path string) string { return s.URL + path }
	bulk := func(table, action string) func(*browser) {
		return func(b *browser) {
			b.t.Helper()
			b.do(chromedp.Navigate(at("m/" + table + "/")))
			b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll(".choose input[name=key]").forEach((e, i) => { if (i < 3) e.click() })`))
			if _, err := b.lead(chromedp.Click(chromedp.CSS(fmt.Sprintf("#bulk [formaction$=%q]", "/"+action)))); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	return []kept{
		{name: "dashboard"}, {name: "sessions", address: "sessions/"}, {name: "users", address: "users/"}, {name: "user-new", address: "users/new"}, {name: "account", address: "account"}, {name: "health", address: "health"},
		{name: "list", address: "m/categories/"}, {name: "list-filtered", address: "m/orders/?columns=id,customer_id,status,total,gift&f.status.eq=paid&f.total.gt=50&sort=-placed_at,id&q=a"},
		{name: "list-refused", address: "m/orders/?f.id.eq=abc", refused: true}, {name: "list-empty", address: "m/orders/?q=nosuchthing"}, {name: "list-view", address: "m/monthly_revenue/"},
		{name: "record", address: "m/orders/1200"}, {name: "record-customer", address: "m/customers/7"}, {name: "record-product", address: "m/products/3"}, {name: "record-composite", address: "m/order_lines/1,1"},
		{name: "choices", address: "m/orders/choices/customer_id?q=an"},
		{name: "new", address: "m/products/new"}, {name: "new-image", address: "m/product_images/new"}, {name: "edit", address: "m/customers/7/edit"}, {name: "edit-links", address: "m/products/3/edit"},
		{name: "edit-refused", refused: true, there: func(b *browser) {
			filled(b, at("m/customers/7/edit"), map[string]string{"email": "", "credit_limit": "1.234", "preferences": "{", "loyalty_points": "-3"})
		}},
		{name: "conflict", refused: true, there: func(b *browser) {
			b.do(chromedp.Navigate(at("m/customers/8/edit")))
			form := other.Get("m/customers/8/edit")
			other.Post("m/customers/8/edit", url.Values{"csrf_token": {form.Field("csrf_token")}, "row.token": {form.Field("row.token")}, "company": {"Theirs & Sons"}, "newsletter": {"true"}})
			b.enter("company", "Yours")
			b.send()
		}},
		{name: "delete", address: "m/customers/9/delete"}, {name: "delete-forbidden", address: "m/categories/1/delete"}, {name: "delete-alone", address: "m/reviews/1/delete"},
		{name: "bulk-edit", there: bulk("products", "edit")}, {name: "bulk-delete", there: bulk("reviews", "delete")},
		{name: "bulk-edit-refused", refused: true, there: func(b *browser) {
			bulk("products", "edit")(b)
			b.enter("to.price", "-1")
			b.do(chromedp.Evaluate[chromedp.Void](`{ const box = document.querySelector("[name='set.to.price']"); if (!box.checked) box.click() }`))
			b.send()
		}},
		{name: "delete-conflict", refused: true, there: func(b *browser) {
			b.do(chromedp.Navigate(at("m/reviews/2/delete")))
			form := other.Get("m/reviews/2/edit")
			other.Post("m/reviews/2/edit", url.Values{"csrf_token": {form.Field("csrf_token")}, "row.token": {form.Field("row.token")}, "title": {"Theirs & Sons"}})
			b.send()
		}},
		{name: "missing", address: "m/orders/0", refused: true}, {name: "no-table", address: "m/nothing/", refused: true},
		{name: "forbidden", refused: true, there: func(b *browser) {
			b.do(chromedp.Navigate(at("m/categories/new")))
			b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("main [name=csrf_token]").value = "of another page"`))
			b.send()
		}},
		{name: "user-refused", refused: true, there: func(b *browser) {
			filled(b, at("users/new"), map[string]string{"username": "mallory", "new_password": "short"})
		}},
		{name: "user", there: func(b *browser) {
			filled(b, at("users/new"), map[string]string{"username": "ada", "new_password": "correct horse battery staple"})
			b.do(chromedp.Navigate(at("users/")))
			b.click("user", "tbody tr:not(:has(.accent)) a[data-row]")
		}},
		{name: "account-refused", refused: true, there: func(b *browser) {
			b.do(chromedp.Navigate(at("account")))
			for _, name := range []string{"current_password", "new_password", "confirm_password"} {
				b.enter(name, "short")
			}
			b.sendBy("#password .primary")
		}},
	}
}

// TestPagesInBrowser opens the pages on a phone and on a desktop, and asks axe of every fourth in
// the light theme on the desktop and of every eighth in the dark one on the phone; in the long form
// of all, on both, in both. With CRUDADMIN_SCREENSHOTS set to a directory it leaves pictures there,
// and looks at a tablet's width and every table too; with CRUDADMIN_PAGES at some pages only.
func TestPagesInBrowser(t *testing.T) { pagesInBrowser(t, os.Getenv("CRUDADMIN_SCREENSHOTS") != "") }

func TestPagesInBrowserLong(t *testing.T) {
	testserver.LongForm(t)
	pagesInBrowser(t, true)
}

func pagesInBrowser(t *testing.T, both bool) {
	t.Parallel()
	b := openBrowser(t)
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	pictures := os.Getenv("CRUDADMIN_SCREENSHOTS")
	widths := []int64{320, 375, 1440}
	if pictures != "" {
		widths = []int64{320, 375, 768, 1440}
	}
	only := strings.Split(os.Getenv("CRUDADMIN_PAGES"), ",")
	looked := 0
	look := func(p kept) {
		t.Helper()
		looked++
		if only[0] != "" && !slices.Contains(only, p.name) {
			return
		}
		start := time.Now()
		defer func() { t.Log(p.name, time.Since(start).Round(time.Millisecond)) }()
		b.do(chromedp.EmulateViewport(1440, 900))
		if p.there == nil {
			b.do(chromedp.Navigate(s.URL + p.address))
		} else {
			p.there(b)
		}
		if p.refused {
			b.forget()
		}
		b.quiet(p.name)
		asked := false
		for _, width := range widths {
			if !both && width == 375 && looked%8 > 0 {
				continue
			}
			b.do(chromedp.EmulateViewport(width, 900))
			what := fmt.Sprintf("%s at %d px", p.name, width)
			if wide := tell(b, chromedp.EvaluateAsDevTools[int]("document.documentElement.scrollWidth - document.documentElement.clientWidth")); wide > 0 {
				t.Errorf("%s: wider than the window by %d px", what, wide)
			}
			if width == 320 || !both && looked%4 > 0 {
				continue
			}
			if !asked {
				asked = true
				b.do(chromedp.Evaluate[chromedp.Void](chromium.Axe + ";undefined"))
			}
			schemes := []string{"light", "dark"}
			if width != 1440 {
				slices.Reverse(schemes)
			}
			if !both {
				schemes = schemes[:1]
			}
			for i, scheme := range schemes {
				b.scheme(scheme)
				// The first theme is asked everything; the other one differs in colours only.
				for _, found := range tell(b, chromedp.Evaluate[[]string](chromium.AxeFound(i > 0), chromedp.EvalAwaitPromise)) {
					t.Errorf("%s, %s: axe: %s", what, scheme, found)
				}
				if pictures != "" {
					b.picture(filepath.Join(pictures, fmt.Sprintf("%s-%d-%s.png", p.name, width, scheme)), width)
				}
			}
		}
		b.quiet(p.name)
	}
	look(kept{name: "login", address: "login"})
	look(kept{name: "login-refused", refused: true, there: func(b *browser) {
		filled(b, s.URL+"login", map[string]string{"username": "admin", "password": "wrong"})
	}})
	b.signIn(s)
	pages := demoPages(s, s.SignIn(t))
	for _, table := range b.demoTables() {
		if pictures != "" {
			pages = append(pages, kept{name: "table-" + filepath.Base(table), address: strings.TrimPrefix(table, s.URL)})
		}
	}
	for _, p := range pages {
		look(p)
	}
}

// picture leaves a picture of the whole page.
func (b *browser) picture(path string, width int64) {
	b.t.Helper()
	high := tell(b, chromedp.EvaluateAsDevTools[int64]("document.documentElement.scrollHeight"))
	b.do(chromedp.EmulateViewport(width, max(900, high)))
	if err := os.WriteFile(path, tell(b, chromedp.CaptureScreenshot()), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, 900))
}
