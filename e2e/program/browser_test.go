package program_test

// This file looks at the demo through a real browser, as somebody who works with it: every table is
// listed, filtered, sorted, paged and its records opened by clicks, with scripts and without, in
// both themes.

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/go-crudadmin/crudadmin/e2e/chromium"
	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// browser is one headless Chromium, and what its console said since the last look.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	messages []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	testserver.WithoutRaceDetector(t)
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(chromium.Path(t))}
	for name, value := range chromium.Flags(t) {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	// The first call starts the browser; it must not carry a deadline.
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1440, 1300)) // all of the navigation is in sight
	return b
}

// listen notes everything that a page may not do: errors, exceptions, dialogs, and violations of
// the content security policy, which Chromium writes to the log.
func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.messages = append(b.messages, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.messages = append(b.messages, fmt.Sprint("console: ", e.Type))
	case *cdplog.EventEntryAdded:
		b.messages = append(b.messages, fmt.Sprint(e.Entry.Source, ": ", e.Entry.Text, " ", e.Entry.URL))
	case *cdppage.EventJavascriptDialogOpening:
		if e.Type == cdppage.DialogTypeBeforeunload { // the page asks before it is left: it is
			go func() {
				_, _ = chromedp.Run(b.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
					_, err := cdp.Call(ctx, target, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
					return err
				}))
			}()
			return
		}
		b.messages = append(b.messages, "dialog: "+e.Message)
	}
}

// quiet fails the test where a page has said something since the last look.
func (b *browser) quiet(what string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range b.messages {
		b.t.Errorf("%s: %s", what, message)
	}
	b.messages = nil
}

// forget drops what a page has said.
func (b *browser) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = nil
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	tell(b, chromedp.Steps(steps...))
}

func tell[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, guard)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("at %s: %v", b.where(), err)
	}
	return value
}

// guard ends a step that hangs; it decides nothing.
const guard = 3 * time.Minute

// leads runs steps that lead to another page, and expects it to be there.
func (b *browser) leads(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	status, err := b.lead(steps...)
	if err != nil {
		b.t.Fatalf("%s: at %s: %v", what, b.where(), err)
	}
	if status != 200 {
		b.t.Errorf("%s: %s: status %d", what, b.where(), status)
	}
	b.quiet(what)
}

// lead runs steps that lead to another page, and returns its status.
func (b *browser) lead(steps ...chromedp.Action[chromedp.Void]) (status int64, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, guard)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		return 0, err
	}
	return response.Status, nil
}

func (b *browser) where() string {
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return at
}

func (b *browser) has(selector string) bool {
	b.t.Helper()
	return len(b.all(selector, "tagName")) > 0
}

// all returns a property of every element that matches.
func (b *browser) all(selector, property string) []string {
	b.t.Helper()
	quotedSelector, err := json.Marshal(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	return tell(b, chromedp.EvaluateAsDevTools[[]string](fmt.Sprintf("[...document.querySelectorAll(%s)].map((e) => String(e.%s))", quotedSelector, property)))
}

func (b *browser) click(what, selector string) {
	b.t.Helper()
	b.leads(what, chromedp.Click(chromedp.CSS(selector)))
}

func (b *browser) goTo(address string) {
	b.t.Helper()
	b.leads(address, chromedp.Navigate(address))
}

// scheme makes the browser prefer a theme, and take it on at once.
func (b *browser) scheme(name string) {
	b.t.Helper()
	set := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-reduced-motion", Value: "reduce"}, {Name: "prefers-color-scheme", Value: name}}}
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, set)
		return err
	}))
}

func (b *browser) scripts(on bool) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// signIn signs in through the form, from an empty browser.
func (b *browser) signIn(s *programtest.Program) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
	b.goTo(s.URL)
	if at := b.where(); !strings.HasPrefix(at, s.URL+"login") {
		b.t.Fatalf("who is not signed in is at %s", at)
	}
	b.leads("sign in",
		chromedp.SendKeys(chromedp.CSS("input[name=username]"), s.Username),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), s.Password),
		chromedp.Click(chromedp.CSS("main button")))
	if at := b.where(); at != s.URL {
		b.t.Fatalf("signing in led to %s", at)
	}
	if got := b.all("h1", "textContent"); !slices.Equal(got, []string{"Dashboard"}) {
		b.t.Fatalf("headings %q", got)
	}
}

const pagerLink = "nav.pager a[href]:nth-child(%d)" // 1 first, 2 previous, 3 next, 4 last

// workThrough does with one table what people do. It is at the table's list.
func (b *browser) workThrough(table string) {
	b.t.Helper()
	list := strings.SplitN(b.where(), "?", 2)[0]
	rows := func() []string { return b.all("tbody tr", "textContent") }
	first := rows()
	if len(first) == 0 {
		b.t.Fatalf("%s: no rows", table)
	}
	// Paging, there and back.
	if next := fmt.Sprintf(pagerLink, 3); b.has(next) {
		b.click(table+", next", next)
		if second := rows(); slices.Equal(first, second) {
			b.t.Errorf("%s: the second page is the first", table)
		}
		if last := fmt.Sprintf(pagerLink, 4); b.has(last) { // of two pages the second is the last
			b.click(table+", last", last)
		}
		if b.has(next) || len(rows()) == 0 {
			b.t.Errorf("%s: %d rows on the last page, and after it another", table, len(rows()))
		}
		b.click(table+", previous", fmt.Sprintf(pagerLink, 2))
		if len(rows()) == 0 || !b.has(next) {
			b.t.Errorf("%s: %d rows on the last page but one, and none after it", table, len(rows()))
		}
		if first := fmt.Sprintf(pagerLink, 1); b.has(first) {
			b.click(table+", first", first)
		}
		if !slices.Equal(rows(), first) {
			b.t.Errorf("%s: the first page has become another", table)
		}
	}
	// Sorting, up and down.
	heading := "thead th a"
	for _, want := range []string{"ascending", "descending"} {
		b.click(table+", sort", heading)
		if got := b.all("th[aria-sort]", "ariaSort"); !slices.Equal(got, []string{want}) {
			b.t.Errorf("%s: sorted %q, want %s", table, got, want)
		}
		if len(rows()) != len(first) {
			b.t.Errorf("%s: %d rows sorted, %d before", table, len(rows()), len(first))
		}
	}
	// A filter, added and removed.
	filter := "details:has([name=filter_column])"
	condition := chromedp.SetValue(chromedp.CSS("select[name=filter_op]"), "notnull")
	b.do(chromedp.Click(chromedp.CSS(filter + " summary")))
	b.leads(table+", filter", condition, chromedp.Click(chromedp.CSS(filter+" form button")))
	if b.has("th[aria-sort]") != true || len(b.all(".chips a[aria-label^='Remove filter']", "href")) != 1 {
		b.t.Errorf("%s: at %s there is no filter", table, b.where())
	}
	b.click(table+", filter removed", ".chips a[aria-label^='Remove filter']")
	if len(rows()) != len(first) {
		b.t.Errorf("%s: %d rows without the filter, %d before it", table, len(rows()), len(first))
	}
	// A search that finds nothing says so.
	if b.has("input[name=q]") {
		b.leads(table+", search", chromedp.SendKeys(chromedp.CSS("input[name=q]"), "no such thing anywhere\r"))
		if len(rows()) != 0 || !strings.Contains(strings.Join(b.all("main h2", "textContent"), " "), "No rows match") {
			b.t.Errorf("%s: %d rows found of what is not there", table, len(rows()))
		}
		b.goTo(list)
	}
	// A record, and the way back.
	if b.has("tbody a[data-row]") {
		b.click(table+", record", "tbody a[data-row]")
		if !b.has("main.record dl.fields dd") {
			b.t.Errorf("%s: %s is not a record", table, b.where())
		}
		b.click(table+", back", ".crumbs a")
	}
	if at := b.where(); !strings.HasPrefix(at, strings.TrimSuffix(list, "/")) {
		b.t.Errorf("%s: ended at %s", table, at)
	}
}

// demoTables are the links of the demo's tables and views in the navigation.
func (b *browser) demoTables() []string {
	b.t.Helper()
	tables := b.all(".nav-group a.nav-link", "href")
	if len(tables) < 18 {
		b.t.Fatalf("%d tables and views: %q", len(tables), tables)
	}
	return tables
}

// TestDemoInBrowserLong walks through tables and a view of different nature, with -tables all
// through all of them. What every table leads to is followed by TestCrawlChangesNothing, without a
// browser, and TestDemoInBrowserWithoutScripts takes the same steps through one table.
func TestDemoInBrowserLong(t *testing.T) {
	testserver.LongForm(t)
	few := []string{"categories", "events", "exchange_rates", "monthly_revenue", "order_lines", "orders", "settings"}
	t.Parallel()
	b := openBrowser(t)
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	b.signIn(s)
	walked := 0
	for i, table := range b.demoTables() {
		b.scheme([]string{"light", "dark"}[i%2])
		if *workTables != "all" && !slices.Contains(few, filepath.Base(table)) {
			continue
		}
		path := strings.TrimPrefix(table, strings.TrimSuffix(s.URL, "/admin/"))
		b.click(path, fmt.Sprintf(".nav-group a.nav-link[href=%q]", path))
		b.workThrough(path)
		walked++
	}
	if walked < len(few) {
		t.Errorf("%d tables and views were walked through, want %d", walked, len(few))
	}
}

func TestDemoInBrowserWithoutScripts(t *testing.T) { demoInBrowserWithoutScripts(t, "reviews") }

func TestDemoInBrowserWithoutScriptsLong(t *testing.T) {
	testserver.LongForm(t)
	demoInBrowserWithoutScripts(t, "products", "orders", "monthly_revenue")
}

func demoInBrowserWithoutScripts(t *testing.T, tables ...string) {
	t.Parallel()
	b := openBrowser(t)
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	b.scripts(false)
	b.signIn(s)
	for _, table := range tables {
		b.click(table, fmt.Sprintf(".nav-group a.nav-link[href=%q]", "/admin/m/"+table+"/"))
		b.workThrough(table)
	}
	b.click("sign out", "form[action$='/logout'] button")
	if at := b.where(); at != s.URL+"login" {
		t.Errorf("signing out led to %s", at)
	}
	b.goTo(s.URL)
	if at := b.where(); !strings.HasPrefix(at, s.URL+"login") {
		t.Errorf("who has signed out is at %s", at)
	}
}

// TestStrangersInBrowser opens tables and records whose names and values are markup and scripts.
func TestStrangersInBrowser(t *testing.T) { strangersInBrowser(t, "values") }

func TestStrangersInBrowserLong(t *testing.T) {
	testserver.LongForm(t)
	strangersInBrowser(t, "names", "values", "relations")
}

func strangersInBrowser(t *testing.T, names ...string) {
	t.Parallel()
	b := openBrowser(t)
	for _, name := range names {
		path := filepath.Join(t.TempDir(), "mine.db")
		programtest.MakeFile(t, path, programtest.Strangers[name])
		s := programtest.ServeFile(t, path)
		b.signIn(s)
		for i, table := range b.all(".nav-group a.nav-link", "href") {
			if name == "names" && i%4 != 0 && !strings.Contains(table, "script") && !strings.Contains(table, "img") {
				continue
			}
			b.goTo(table)
			if b.has("tbody a[data-row]") {
				b.click(table, "tbody tr:last-child a[data-row]")
			}
		}
		if got := tell(b, chromedp.EvaluateAsDevTools[string]("typeof window.pwned")); got != "undefined" {
			t.Errorf("%s: a script ran", name)
		}
	}
}
