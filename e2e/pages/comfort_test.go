// What the script adds, and that the pages do without it, in a real browser.

package pages_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func eval[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	return run(t, b, chromedp.Evaluate[T](expression))
}

// press sends a key to what has the focus.
func (b *browser) press(t *testing.T, key string) {
	t.Helper()
	b.do(t, chromedp.KeyEvent(key))
}

func (b *browser) click(t *testing.T, selector string) {
	t.Helper()
	b.do(t, chromedp.Click(chromedp.CSS(selector)))
}

// picture leaves a picture where UI_SCREENSHOTS says.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	if pictures := os.Getenv("UI_SCREENSHOTS"); pictures != "" {
		if err := os.WriteFile(filepath.Join(pictures, name+".png"), run(t, b, chromedp.CaptureScreenshot()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// until waits for get to be want: what a script answers an event with may come later.
func until[T comparable](t *testing.T, what string, get func() T, want T) {
	t.Helper()
	for end := time.Now().Add(patience); ; <-time.After(20 * time.Millisecond) {
		got := get()
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// patience is how long a page that a busy machine draws is waited for; it decides nothing.
const patience = time.Minute

func browserComfort(t *testing.T, b *browser) {
	t.Run("theme is kept", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		for _, theme := range []string{"light", "dark"} {
			b.click(t, ".theme-switch")
			until(t, "theme", func() string { return eval[string](t, b, `document.documentElement.dataset.theme`) }, theme)
			b.do(t, chromedp.Reload())
			until(t, "theme after a reload", func() string { return eval[string](t, b, `document.documentElement.dataset.theme`) }, theme)
		}
		until(t, "background", func() string { return eval[string](t, b, `getComputedStyle(document.body).backgroundColor`) }, "rgb(14, 19, 21)")
		b.click(t, ".theme-switch")
		until(t, "cookie", func() string { return eval[string](t, b, `document.cookie`) }, "")
	})

	t.Run("keyboard", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		b.press(t, "\t")
		until(t, "first stop", func() string { return eval[string](t, b, `document.activeElement.className`) }, "skip")
		b.press(t, "/")
		until(t, "slash focuses", func() string { return eval[string](t, b, `document.activeElement.name`) }, "q")
		eval[bool](t, b, `document.activeElement.value = "", true`) // DevTools types the key whatever keydown says
		b.press(t, "/")
		until(t, "slash in the box is typed", func() string { return eval[string](t, b, `document.activeElement.value`) }, "/")
		eval[bool](t, b, `document.querySelector(".table-wrap").focus(), true`)
		b.press(t, "j")
		b.press(t, "j")
		b.press(t, "j")
		b.press(t, "k")
		until(t, "row", func() string { return eval[string](t, b, `document.activeElement.textContent`) }, "Linen apron")
	})

	t.Run("row click", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		b.do(t, chromedp.Click(chromedp.CSS("tbody tr:nth-child(2) td:nth-child(3)")), chromedp.WaitReady(chromedp.CSS(".dashboard")))
		until(t, "address", func() string { return eval[string](t, b, `location.pathname`) }, "/admin/m/products/2")
	})

	t.Run("shift click adds to the sort", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		eval[bool](t, b, `document.querySelectorAll("thead a")[1].dispatchEvent(new MouseEvent("click", {shiftKey: true, bubbles: true, cancelable: true}))`)
		b.do(t, chromedp.WaitReady(chromedp.CSS(".dashboard")))
		until(t, "query", func() string { return eval[string](t, b, `location.search`) }, "?sort=-price,sku")
	})

	t.Run("filter form fits the column", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		b.click(t, "details.menu summary")
		const ops = `[...document.querySelectorAll("#filter-op option:not([hidden])")].map((o) => o.value).join()`
		until(t, "comparisons of name", func() string { return eval[string](t, b, ops) }, "eq,contains,startswith,isnull")
		eval[bool](t, b, `(() => { const s = document.querySelector("#filter-column"); s.value = "price"; return s.dispatchEvent(new Event("change")); })()`)
		until(t, "comparisons of price", func() string { return eval[string](t, b, ops) }, "eq,lt,gt,isnull")
		b.picture(t, "menu-filter")
		eval[bool](t, b, `(() => { const s = document.querySelector("#filter-op"); s.value = "isnull"; return s.dispatchEvent(new Event("change")); })()`)
		until(t, "value hidden for is empty", func() bool { return eval[bool](t, b, `document.querySelector("#filter-value").checkVisibility()`) }, false)
		b.press(t, "\x1b")
		until(t, "escape closes", func() bool { return eval[bool](t, b, `document.querySelector("details.menu").open`) }, false)
		b.click(t, "details.menu:nth-of-type(3) summary")
		until(t, "one menu open", func() int { return eval[int](t, b, `document.querySelectorAll("details.menu[open]").length`) }, 1)
		b.picture(t, "menu-columns")
	})

	t.Run("menus stay on the page", func(t *testing.T) {
		for _, name := range []string{"list", "list-no-search"} {
			b.open(t, name, 320, 900)
			for _, width := range []int64{320, 768, 1024} {
				b.size(t, width, 900)
				eval[bool](t, b, `document.querySelectorAll("[data-seen]").forEach((e) => delete e.dataset.seen), true`)
				for range eval[int](t, b, `document.querySelectorAll("details.menu").length`) {
					eval[bool](t, b, `(() => { const m = [...document.querySelectorAll("details.menu:not([data-seen])")][0]; for (const o of document.querySelectorAll("details.menu")) o.open = false; m.dataset.seen = ""; return m.open = true; })()`)
					b.check(t)
					until(t, "panel begins on the page", func() bool {
						return eval[bool](t, b, `document.querySelector("details[open] .panel").getBoundingClientRect().left >= 0`)
					}, true)
				}
			}
		}
	})

	t.Run("sidebar filter", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		eval[bool](t, b, `document.querySelector(".sidebar [data-filter]").focus(), true`)
		b.press(t, "s")
		b.press(t, "u")
		until(t, "tables left", func() string {
			return eval[string](t, b, `[...document.querySelectorAll("[data-filter-scope] .nav-link")].filter((e) => e.checkVisibility()).map((e) => e.textContent.trim()).join()`)
		}, "suppliers")
	})

	t.Run("ending asks first", func(t *testing.T) {
		b.open(t, "sessions", 1440, 900)
		eval[bool](t, b, `document.querySelector("form[method=post] table").closest("form").addEventListener("submit", (e) => { e.preventDefault(); window.sent = new FormData(e.target, e.submitter).get("id"); }), true`)
		b.click(t, "button[name=id]")
		b.picture(t, "dialog")
		until(t, "dialog", func() bool { return eval[bool](t, b, `document.querySelector("dialog")?.open === true`) }, true)
		b.click(t, "dialog button[value=cancel]")
		b.do(t, chromedp.WaitNotPresent(chromedp.CSS("dialog"))) // what it was closed with has been dealt with
		want(t, "cancelled", eval[string](t, b, `String(window.sent)`), "undefined")
		b.click(t, "button[name=id]")
		b.click(t, "dialog button[value=go]")
		b.do(t, chromedp.WaitNotPresent(chromedp.CSS("dialog")))
		until(t, "sent", func() string { return eval[string](t, b, `String(window.sent)`) }, "id1")
	})

	t.Run("record in the viewer's zone", func(t *testing.T) {
		call(t, b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"})
		b.open(t, "record", 1440, 900)
		until(t, "time", func() string { return eval[string](t, b, `document.querySelector("time").textContent`) }, "2026-11-22 03:04:05 GMT+9")
		until(t, "indented JSON keeps its lines", func() bool {
			return eval[bool](t, b, `document.querySelector("dd pre").getBoundingClientRect().height > 120`)
		}, true)
		until(t, "title", func() string { return eval[string](t, b, `document.querySelector("time").title`) }, "2026-11-21 18:04:05.678 UTC")
	})

	t.Run("right to left", func(t *testing.T) {
		for _, name := range []string{"list", "record", "dashboard", "form-errors", "conflict", "bulk"} {
			b.open(t, name, 1440, 900)
			eval[bool](t, b, `document.documentElement.dir = "rtl", true`)
			b.check(t)
			b.picture(t, "rtl-"+name)
			until(t, "sidebar at the end", func() bool {
				return eval[bool](t, b, `document.querySelector("#nav").getBoundingClientRect().left > 1000`)
			}, true)
		}
	})
	if said := b.said(); len(said) > 0 {
		t.Errorf("console: %q", said)
	}
}

func browserWithoutScript(t *testing.T, b *browser) {
	call(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(t, "list", 375, 812)
	until(t, "drawer closed", func() bool { return eval[bool](t, b, `document.querySelector("#nav").checkVisibility()`) }, false)
	b.click(t, ".topbar button")
	until(t, "drawer open", func() bool { return eval[bool](t, b, `document.querySelector("#nav").checkVisibility()`) }, true)
	b.picture(t, "drawer")
	until(t, "switch that would do nothing", func() bool { return eval[bool](t, b, `document.querySelector(".theme-switch").checkVisibility()`) }, false)
	until(t, "time", func() string { return eval[string](t, b, `document.querySelector("time").textContent`) }, "2026-11-21 18:04 UTC")

	b.open(t, "list", 1440, 900)
	b.click(t, "details.menu summary")
	b.do(t, chromedp.SetValue(chromedp.CSS("#filter-value"), "oak & elm"))
	b.click(t, "details.menu button")
	b.do(t, chromedp.WaitReady(chromedp.CSS(".dashboard")))
	query := eval[string](t, b, `location.search`)
	for _, part := range []string{"sort=-price%2Cname", "f.active.eq=true", "filter_column=name", "filter_op=eq", "filter_value=oak+%26+elm"} {
		if !strings.Contains(query, part) {
			t.Errorf("%s has no %s", query, part)
		}
	}
	formsWithoutScript(t, b)
}
