package program_test

// This file works in the demo with the keyboard alone.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
)

// press presses keys where the focus is.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// skip goes past the navigation, with the first link of the page.
func (b *browser) skip() {
	b.t.Helper()
	b.press(kb.Tab)
	b.press(kb.Enter)
	tell(b, chromedp.Poll[bool](`document.activeElement.id === "main"`)) // the first link leads there
}

// tabTo presses Tab until the focus, which is always to be seen, is on what matches.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range 200 {
		b.press(kb.Tab)
		at := tell(b, chromedp.EvaluateAsDevTools[string](fmt.Sprintf(`(() => {
			const e = document.activeElement, box = e.getBoundingClientRect();
			if (e.matches(%q)) return "there";
			return e === document.body || e.matches(".skip") || box.width && box.bottom > 0 && box.top < innerHeight && getComputedStyle(e).outlineStyle !== "none" ? "" : e.outerHTML.slice(0, 200);
		})()`, selector)))
		switch at {
		case "there":
			return
		case "":
		default:
			b.t.Errorf("%s: the focus is not to be seen on %s", b.where(), at)
		}
	}
	b.t.Fatalf("at %s nothing that matches %s is reached with Tab", b.where(), selector)
}

// TestKeyboardAlone finds a record, opens it, and changes it, with keys and nothing else.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	b.signIn(s)
	b.goTo(s.URL + "m/suppliers/")
	keys := func(what, keys string) {
		t.Helper()
		b.leads(what, chromedp.KeyEvent(keys))
	}
	name := b.all("tbody tr:nth-child(4) td:not(.choose)", "textContent")[0]
	b.press("/")                                                                // the search
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.value = ""`)) // DevTools types the key whatever keydown says
	b.press(name)
	keys("search", kb.Enter)
	if got := b.all("tbody td:not(.choose)", "textContent"); len(b.all("tbody tr", "tagName")) != 1 || got[0] != name {
		t.Fatalf("searching %q found %q", name, got)
	}
	b.skip()
	b.tabTo("tbody a[data-row]")
	keys("record", kb.Enter)
	b.skip()
	b.tabTo("main .actions .primary")
	keys("edit", kb.Enter)
	b.skip()
	b.tabTo("[name=country]")
	b.press("ZZ") // over what Tab has selected
	b.tabTo("main form .form-foot button")
	keys("save", kb.Enter)
	if got := strings.Join(b.all(".notice", "textContent"), " "); !strings.Contains(got, "saved") {
		t.Errorf("at %s the page says %q", b.where(), got)
	}
	if fields := strings.Join(b.all("main dl.fields dd", "textContent"), "|"); !strings.Contains(fields, "ZZ") {
		t.Errorf("the record has %s", fields)
	}
}
