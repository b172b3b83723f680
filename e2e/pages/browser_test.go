// The pages in a real browser: no script error, no policy violation, nothing
// wider than a phone, and nothing axe-core objects to.

package pages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/go-crudadmin/crudadmin/e2e/chromium"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// browser is one headless Chromium and what its console said since the last
// look.
type browser struct {
	ctx context.Context
	url string

	mu       sync.Mutex
	messages []string
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(chromium.Path(t))}
	for name, value := range chromium.Flags(t) {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	server := httptest.NewServer(stories.Handler(stories.Renderer(t), func(err error) { t.Error(err) }))
	t.Cleanup(server.Close)

	b := &browser{ctx: ctx, url: server.URL}
	// The first call starts the browser; it must not carry a deadline.
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.messages = append(b.messages, fmt.Sprint("exception: ", e.ExceptionDetails.Text))
	case *runtime.EventConsoleAPICalled:
		b.messages = append(b.messages, fmt.Sprint("console: ", e.Type))
	case *cdplog.EventEntryAdded:
		b.messages = append(b.messages, e.Entry.Text)
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
	}
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	run(t, b, chromedp.Steps(steps...))
}

// call calls a method of the DevTools protocol.
func call[P, R any](t *testing.T, b *browser, method cdp.Command[P, R], params P) {
	t.Helper()
	b.do(t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, method, params)
		return err
	}))
}

// guard ends a step that hangs; it decides nothing.
const guard = 3 * time.Minute

func run[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, guard)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// said returns the console's messages and forgets them.
func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	messages := b.messages
	b.messages = nil
	return messages
}

// tab opens a new page of the same browser, with cookies of its own.
func (b *browser) tab(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	other := &browser{ctx: ctx, url: b.url}
	if err := chromedp.Listen(ctx, other.listen); err != nil {
		t.Fatal(err)
	}
	return other
}

// scheme changes the colours at once, without a transition.
func (b *browser) scheme(t *testing.T, scheme string) {
	t.Helper()
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-reduced-motion", Value: "reduce"}, {Name: "prefers-color-scheme", Value: scheme}}})
}

func (b *browser) size(t *testing.T, width, height int64) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(width, height))
}

func (b *browser) open(t *testing.T, story string, width, height int64) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(width, height), chromedp.Navigate(b.url+"/admin/story/"+story))
}

const pageState = `JSON.stringify({
	pwned: window.pwned,
	wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
	beyond: [...document.querySelectorAll("main *")].filter((e) => !e.closest(".table-wrap") && e.getBoundingClientRect().right > document.documentElement.clientWidth)
		.map((e) => e.outerHTML.slice(0, 80)),
	small: [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")].filter((e) => {
		const r = e.getBoundingClientRect();
		return e.checkVisibility() && r.width > 1 && r.height > 1 && getComputedStyle(e).display !== "inline" && (r.width < 23.9 || r.height < 23.9) && e.type !== "checkbox";
	}).map((e) => e.outerHTML.slice(0, 120)),
})`

func (b *browser) check(t *testing.T) {
	t.Helper()
	state := run(t, b, chromedp.Evaluate[string](pageState))
	var page struct {
		Pwned  any
		Wide   int
		Beyond []string
		Small  []string
	}
	if err := json.Unmarshal([]byte(state), &page); err != nil {
		t.Fatal(err)
	}
	if page.Pwned != nil {
		t.Error("a script in a value ran")
	}
	if page.Wide > 0 {
		t.Errorf("the page scrolls sideways by %d px: %q", page.Wide, page.Beyond)
	}
	if len(page.Small) > 0 {
		t.Errorf("targets under 24 px: %q", page.Small)
	}
	if said := b.said(); len(said) > 0 {
		t.Errorf("console: %q", said)
	}
}

// TestBrowser is every test in the browser. Each group has a page of its own,
// one after the other: a page behind another is not drawn and would wait.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	for _, group := range []struct {
		name string
		test func(*testing.T, *browser)
	}{{"forms", browserForms}, {"comfort", browserComfort}, {"without script", browserWithoutScript}, {"stories", func(t *testing.T, b *browser) { browserStories(t, b, 320) }}, {"hostile", browserHostile}} {
		t.Run(group.name, func(t *testing.T) { group.test(t, b.tab(t)) })
	}
}

func browserHostile(t *testing.T, b *browser) {
	for _, s := range stories.Hostile() {
		t.Run(s.Name, func(t *testing.T) {
			b.open(t, s.Name, 320, 640)
			b.check(t)
		})
	}
}

func TestStoriesLong(t *testing.T) {
	testserver.LongForm(t)
	browserStories(t, startBrowser(t), 320, 1440)
}

// browserStories opens every story at these widths, in pixels. With UI_AXE set
// to the path of axe.min.js (npm axe-core 4.14.1) it runs axe too, with
// UI_SCREENSHOTS set to a directory it leaves pictures, both in both schemes.
func browserStories(t *testing.T, b *browser, widths ...int64) {
	t.Helper()
	var axe string
	if path := os.Getenv("UI_AXE"); path != "" {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		axe = string(source)
	}
	pictures := os.Getenv("UI_SCREENSHOTS")
	schemes := []string{"light"}
	if axe != "" {
		schemes = []string{"light", "dark"}
	}
	if pictures != "" {
		if err := os.MkdirAll(pictures, 0o700); err != nil {
			t.Fatal(err)
		}
		widths, schemes = []int64{320, 375, 768, 1440}, []string{"light", "dark"}
	}
	for _, s := range stories.All(stories.Renderer(t)) {
		t.Run(s.Name, func(t *testing.T) {
			b.open(t, s.Name, widths[0], 900)
			for _, width := range widths {
				b.size(t, width, 900)
				b.check(t)
				for _, scheme := range schemes {
					b.scheme(t, scheme)
					if axe != "" && (width == 320 || width == 1440) {
						b.axe(t, axe)
					}
					if pictures != "" && width != 320 {
						b.size(t, width, max(900, eval[int64](t, b, `document.documentElement.scrollHeight`)))
						b.picture(t, fmt.Sprintf("%s-%d-%s", s.Name, width, scheme))
						b.size(t, width, 900)
					}
				}
			}
		})
	}
}

func (b *browser) axe(t *testing.T, source string) {
	t.Helper()
	run(t, b, chromedp.Evaluate[chromedp.Void](source+";undefined"))
	found := run(t, b, chromedp.Evaluate[[]string](`axe.run().then((r) => r.violations.map((v) => v.id + ": " +
		v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? "")).join("\n")))`, chromedp.EvalAwaitPromise))
	for _, violation := range found {
		t.Errorf("axe: %s", violation)
	}
}
