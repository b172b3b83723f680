// Forms and chosen rows in a real browser, with and without script.

package pages_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// sent is what the form would send, as "name=value" joined by "&".
const sent = `((form, by) => [...new FormData(form, by)].map(([k, v]) => k + "=" + (v.name ?? v)).join("&"))`

// becomes waits until the expression is true.
func (b *browser) becomes(t *testing.T, expression string) {
	t.Helper()
	run(t, b, chromedp.Poll[bool](expression))
}

func (b *browser) focus(t *testing.T, selector string) {
	t.Helper()
	eval[bool](t, b, fmt.Sprintf(`document.querySelector(%q).focus(), true`, selector))
}

// value is what the form sends for one name, all its values joined by ",".
func (b *browser) value(t *testing.T, name string) string {
	t.Helper()
	return eval[string](t, b, fmt.Sprintf(`new FormData(document.querySelector("form.form")).getAll(%q).join()`, name))
}

func browserForms(t *testing.T, b *browser) {
	t.Run("combobox", func(t *testing.T) {
		const category = "#field-2"
		b.open(t, "form-edit", 1440, 900)
		until(t, "label", func() string { return eval[string](t, b, `document.querySelector("label[for=field-2]").control.role`) }, "combobox")
		until(t, "shown", func() string { return eval[string](t, b, `document.querySelector("#field-2").value`) }, "Home office")
		until(t, "sent", func() string { return b.value(t, "category_id") }, "1")
		b.focus(t, category)
		b.press(t, kb.ArrowDown)
		b.becomes(t, `document.querySelector("#field-2").getAttribute("aria-expanded") === "true"`)
		until(t, "rows of the first page", func() int { return eval[int](t, b, `document.querySelectorAll("#field-2-list [role=option]").length`) }, 20)
		until(t, "the present one is selected", func() string {
			return eval[string](t, b, `document.querySelector("#field-2-list [aria-selected=true]").textContent`)
		}, "Home office1")
		b.picture(t, "combobox")
		b.press(t, kb.ArrowUp)
		b.becomes(t, `document.querySelectorAll("#field-2-list [role=option]").length === 40`)
		until(t, "up goes to the last, and a page that comes by scrolling leaves it there", func() string {
			return eval[string](t, b, `document.querySelector("#field-2").getAttribute("aria-activedescendant")`)
		}, "field-2-19")
		b.press(t, kb.ArrowDown)
		until(t, "down goes on to the next page", func() string {
			return eval[string](t, b, `document.querySelector("#field-2").getAttribute("aria-activedescendant")`)
		}, "field-2-20")
		b.press(t, kb.Escape)
		until(t, "escape closes", func() bool { return eval[bool](t, b, `document.querySelector("#field-2-list").checkVisibility()`) }, false)

		eval[bool](t, b, `document.querySelector("#field-2").select(), true`)
		for _, key := range "ry 7" {
			b.press(t, string(key))
		}
		b.becomes(t, `document.querySelectorAll("#field-2-list [role=option]").length === 1`)
		b.press(t, kb.ArrowDown)
		want(t, "enter does not send the form", eval[bool](t, b, // DevTools types the key whatever keydown says
			`document.querySelector("#field-2").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}))`), false)
		until(t, "chosen", func() string { return b.value(t, "category_id") }, "7")
		until(t, "shown after choosing", func() string { return eval[string](t, b, `document.querySelector("#field-2").value`) }, "Category 7")

		eval[bool](t, b, `document.querySelector("#field-2").select(), true`)
		for _, key := range "zebra" {
			b.press(t, string(key))
		}
		b.becomes(t, `document.querySelector("#field-2-list .says")?.textContent === "No rows match"`)
		b.press(t, kb.Tab)
		until(t, "what names no row is taken back", func() string { return eval[string](t, b, `document.querySelector("#field-2").value`) }, "Category 7")
		until(t, "and not sent", func() string { return b.value(t, "category_id") }, "7")

		b.click(t, "#links-0")
		b.becomes(t, `document.querySelectorAll("#links-0-list [role=option]").length === 20`)
		b.click(t, "#links-0-list li:nth-child(3)")
		until(t, "links", func() string { return b.value(t, "product_suppliers") }, "7,12,3,")
		b.check(t)
	})

	t.Run("NULL", func(t *testing.T) {
		b.open(t, "form-edit", 1440, 900)
		until(t, "NULL and empty differ", func() string { return b.value(t, "null.note") + b.value(t, "null.subtitle") }, "1")
		b.focus(t, `[name="note"]`)
		b.press(t, "x")
		until(t, "typing takes NULL back", func() string { return b.value(t, "null.note") + b.value(t, "note") }, "x")
		b.click(t, `[name="null.external_id"]`)
		until(t, "NULL empties", func() string { return b.value(t, "null.external_id") + b.value(t, "external_id") }, "1")
		b.click(t, `[name="null.external_id"]`)
		until(t, "and gives back", func() string { return b.value(t, "external_id") }, "0192d7c4-8a53-7b1e-9d55-2f4f1c8d7a10")
		b.click(t, `[name="null.parent_id"]`)
		b.click(t, "#field-3")
		b.becomes(t, `document.querySelectorAll("#field-3-list [role=option]").length === 20`)
		b.click(t, "#field-3-list li")
		until(t, "a chosen reference", func() string { return b.value(t, "null.parent_id") + b.value(t, "parent_id") }, "1")
		until(t, "NULL box of the reference", func() bool { return eval[bool](t, b, `document.querySelector('[name="null.parent_id"]').checked`) }, false)
		b.click(t, `[name="null.parent_id"]`)
		b.click(t, `[name="null.parent_id"]`)
		until(t, "the reference comes back", func() string {
			return eval[string](t, b, `document.querySelector("#field-3").value`) + b.value(t, "parent_id")
		}, "Home office1")
	})

	t.Run("widgets", func(t *testing.T) {
		b.open(t, "form-edit", 1440, 900)
		before := b.value(t, "external_id")
		b.click(t, "[data-uuid]")
		until(t, "a random UUID", func() bool {
			return eval[bool](t, b, `/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(document.querySelector("[name=external_id]").value)`)
		}, true)
		want(t, "another one than before", b.value(t, "external_id") == before, false)
		eval[bool](t, b, `(() => { const a = document.querySelector("[data-json]"); a.value = "{1"; return a.dispatchEvent(new Event("change")); })()`)
		b.becomes(t, `document.querySelector("#field-13-json").textContent.startsWith("Not valid JSON: ")`)
		until(t, "the hint describes", func() string {
			return eval[string](t, b, `document.querySelector("[data-json]").getAttribute("aria-describedby")`)
		}, "field-13-json")
		until(t, "boxes send false before true", func() string { return b.value(t, "active") }, "false,true")
		want(t, "nothing else", eval[string](t, b, sent+`(document.querySelector("form.form"))`), strings.Join([]string{"csrf_token=" + stories.Token, "row.token=3q2-7wEz",
			"name=Walnut desk organiser", "category_id=1", "parent_id=", "null.parent_id=1", "price=189.00", "weight=840", "active=false", "active=true", "giftable=", "status=in_stock", "shade=",
			"subtitle=", "note=", "null.note=1", "description=Turned from a single block of walnut.\n\nFinished by hand, with oil and wax.", "attributes={1", "external_id=" + b.value(t, "external_id"), "api_token=",
			"photo=", "released=2024-03-01", "opens_at=09:30:00", "checked_at=2026-11-21T18:04:05", "product_suppliers=7", "product_suppliers=12", "product_suppliers="}, "&"))
		eval[bool](t, b, `(window.times = 0, document.querySelector("form.form").addEventListener("submit", (e) => { if (!e.defaultPrevented) window.times++; e.preventDefault(); }), true)`)
		eval[bool](t, b, `document.querySelector("form.form").requestSubmit(), document.querySelector("form.form").requestSubmit(), true`)
		want(t, "sent once", eval[int](t, b, `window.times`), 1) // requestSubmit returns after its event
	})

	t.Run("a click is not lost to what moves", func(t *testing.T) {
		for _, width := range []int64{320, 1440} {
			b.open(t, "form-edit", width, 900)
			eval[bool](t, b, `(window.times = 0, document.querySelector("form.form").addEventListener("submit", (e) => { window.times++; e.preventDefault(); }, true), true)`)
			// The check while typing never comes, so that leaving the field is what moves the
			// button, and by its whole height.
			eval[bool](t, b, `((timer) => { window.setTimeout = (f, ms, ...rest) => ms === 300 ? 0 : timer(f, ms, ...rest); return true; })(setTimeout)`)
			eval[bool](t, b, `(document.querySelector(".form-foot").style.position = "static", document.querySelector("#field-13-json").style.lineHeight = 5, true)`)
			eval[bool](t, b, `(document.querySelector("#field-13-json").style.minBlockSize = 0, true)`)
			b.focus(t, "[data-json]")
			for _, key := range "nonsense{" {
				b.press(t, string(key))
			}
			b.click(t, ".form-foot .primary")
			until(t, fmt.Sprint("sent at ", width), func() int { return eval[int](t, b, `window.times`) }, 1)
			b.becomes(t, `document.querySelector("#field-13-json").textContent.startsWith("Not valid JSON: ")`)
			want(t, fmt.Sprint("sent once at ", width), eval[int](t, b, `window.times`), 1)
		}
	})

	t.Run("unsaved changes", func(t *testing.T) {
		const asks = `((e) => { dispatchEvent(e); return e.defaultPrevented; })(new Event("beforeunload", {cancelable: true}))`
		said := func() string { return eval[string](t, b, `document.querySelector(".unsaved").textContent`) }
		b.open(t, "form-edit", 1440, 900)
		want(t, "an untouched form is left without a question", eval[bool](t, b, asks), false)
		want(t, "and says nothing", said(), "")
		b.focus(t, `[name="name"]`)
		b.press(t, "x")
		b.becomes(t, `document.querySelector(".unsaved").textContent === "1 unsaved change"`)
		b.press(t, kb.Backspace)
		b.becomes(t, `document.querySelector(".unsaved").textContent === ""`)
		want(t, "a form that is as it was is left without a question", eval[bool](t, b, asks), false) // the script is at work by now
		b.press(t, "x")
		b.becomes(t, `document.querySelector(".unsaved").textContent === "1 unsaved change"`)
		until(t, "the field is marked", func() int { return eval[int](t, b, `document.querySelectorAll(".row.changed [name=name]").length`) }, 1)
		b.click(t, `[name="null.external_id"]`)
		b.becomes(t, `document.querySelector(".unsaved").textContent === "2 unsaved changes"`)
		b.click(t, "#links-0")
		b.becomes(t, `document.querySelectorAll("#links-0-list [role=option]").length === 20`)
		b.click(t, "#links-0-list li:nth-child(3)")
		b.becomes(t, `document.querySelector(".unsaved").textContent === "3 unsaved changes"`)
		until(t, "leaving asks", func() bool { return eval[bool](t, b, asks) }, true)
		b.click(t, `[name="null.external_id"]`)
		b.focus(t, `[name="name"]`)
		b.press(t, kb.Home+kb.Delete)
		b.becomes(t, `document.querySelector(".unsaved").textContent === "1 unsaved change"`)
		eval[bool](t, b, `(document.querySelector("form.form").addEventListener("submit", (e) => e.preventDefault()), true)`)
		eval[bool](t, b, `(document.querySelector("form.form").requestSubmit(), true)`)
		until(t, "a form that was stopped is still unsaved", func() bool { return eval[bool](t, b, asks) }, true)
		b.open(t, "form-errors", 1440, 900)
		b.becomes(t, `document.activeElement.matches(".summary")`) // autofocus, which would be told as blocked
		b.focus(t, `[name="name"]`)
		b.press(t, kb.End)
		until(t, "what came back with errors is unsaved", func() bool { return eval[bool](t, b, asks) }, true)
		b.check(t)
	})

	t.Run("impatience", func(t *testing.T) { browserImpatience(t, b, []string{"form-new"}, 2) })

	t.Run("errors", func(t *testing.T) {
		b.open(t, "form-errors", 1440, 900)
		b.becomes(t, `document.activeElement.matches(".summary")`)
		until(t, "kept number", func() string { return b.value(t, "price") }, "cheap")
		until(t, "kept date", func() string { return b.value(t, "released") }, "31.12.2024")
		until(t, "kept choice", func() string { return b.value(t, "status") }, "lost")
		for i, id := range []string{"field-1", "field-2", "field-4", "field-6", "field-8", "field-13", "field-17", "links-0"} {
			b.click(t, fmt.Sprintf(".summary li:nth-child(%d) a", i+2))
			until(t, "the summary leads to the field", func() string { return eval[string](t, b, `document.activeElement.id`) }, id)
			until(t, "error of "+id, func() bool {
				return eval[bool](t, b, `document.activeElement.getAttribute("aria-describedby").split(" ").some((id) => document.getElementById(id).matches(".error"))`)
			}, true)
			until(t, id+" is in sight", func() bool {
				return eval[bool](t, b, `document.activeElement.getBoundingClientRect().bottom <= document.querySelector(".form-foot").getBoundingClientRect().top`)
			}, true)
		}
	})

	t.Run("optional fields", func(t *testing.T) {
		b.open(t, "bulk-all", 1440, 900)
		want(t, "untouched", b.value(t, "set.status"), "") // the page is drawn, and its script has run
		eval[bool](t, b, `(() => { const s = document.querySelector("[name=status]"); s.value = "retired"; return s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
		until(t, "touched", func() string {
			return b.value(t, "set.price") + b.value(t, "set.status") + b.value(t, "set.category_id")
		}, "11")
	})

	t.Run("chosen rows", func(t *testing.T) {
		b.open(t, "list", 1440, 900)
		disabled := `document.querySelector("#bulk button").disabled`
		says := `document.querySelector("#bulk .chosen").textContent`
		want(t, "nothing chosen", eval[bool](t, b, disabled), true)
		b.click(t, "tbody tr:nth-child(2) .choose label")
		until(t, "one", func() string { return eval[string](t, b, says) }, "1 chosen")
		want(t, "the row did not open", eval[string](t, b, `location.pathname`), "/admin/story/list") // its click was dealt with: one is chosen
		eval[bool](t, b, `document.querySelector("tbody tr:nth-child(5) .choose input").dispatchEvent(new MouseEvent("click", {shiftKey: true, bubbles: true}))`)
		until(t, "a range", func() string { return eval[string](t, b, says) }, "4 chosen")
		b.focus(t, "tbody tr:nth-child(8) [data-row]")
		b.press(t, "x")
		until(t, "by keyboard", func() string { return eval[string](t, b, sent+`(document.querySelector("#bulk"))`) }, "csrf_token="+stories.Token+"&sort=-price,name&f.active.eq=true&key=2&key=3&key=4&key=5&key=8")
		until(t, "address", func() string {
			return eval[string](t, b, `new URL(document.querySelector("#bulk button:nth-of-type(3)").formAction).pathname`)
		}, "/admin/m/products/actions/delete")
		b.picture(t, "chosen")
		b.click(t, ".choose [data-choose-all]")
		until(t, "the page", func() string { return eval[string](t, b, says) }, "25 chosen")
		b.click(t, "#bulk label")
		until(t, "all", func() string { return eval[string](t, b, says+` + document.querySelector("#bulk label").textContent`) }, "All chosen:All 1,204 that match")
		until(t, "all is sent alone", func() string { return eval[string](t, b, sent+`(document.querySelector("#bulk"))`) }, "csrf_token="+stories.Token+"&sort=-price,name&f.active.eq=true&all=1")
		b.picture(t, "chosen-all")
		b.check(t)
	})
	if said := b.said(); len(said) > 0 {
		t.Errorf("console: %q", said)
	}
}

// formsWithoutScript is what the same pages do when nothing is run.
func formsWithoutScript(t *testing.T, b *browser) {
	b.open(t, "form-edit", 1440, 900)
	until(t, "reference", func() string { return b.value(t, "category_id") }, "1")
	until(t, "links", func() string { return b.value(t, "product_suppliers") }, "7,12,")
	until(t, "look-up", func() string {
		return eval[string](t, b, `document.querySelector(".combo a[target]").getAttribute("href")`)
	}, "/admin/choices")
	until(t, "button that would do nothing", func() bool { return eval[bool](t, b, `document.querySelector("[data-uuid]").checkVisibility()`) }, false)
	b.check(t)
	b.picture(t, "form-without-script")
	b.open(t, "form-errors", 1440, 900)
	until(t, "focus is asked for", func() bool { return eval[bool](t, b, `document.querySelector(".summary").hasAttribute("autofocus")`) }, true)
	b.click(t, ".summary li:nth-child(4) a")
	until(t, "summary", func() string { return eval[string](t, b, `document.activeElement.id`) }, "field-4")
	b.open(t, "list", 1440, 900)
	b.click(t, "tbody tr:nth-child(2) .choose label")
	until(t, "box that would do nothing", func() bool { return eval[bool](t, b, `document.querySelector("[data-choose-all]").checkVisibility()`) }, false)
	until(t, "chosen", func() string { return eval[string](t, b, sent+`(document.querySelector("#bulk"))`) }, "csrf_token="+stories.Token+"&sort=-price,name&f.active.eq=true&key=2")
	b.click(t, "#bulk button:nth-of-type(3)")
	b.do(t, chromedp.WaitReady(chromedp.CSS(".dashboard")))
	until(t, "address", func() string { return eval[string](t, b, `location.pathname`) }, "/admin/m/products/actions/delete")
}

// browserImpatience: a form is sent once and without a question, however often it is told to.
// Browsers go on from a submit only after what comes at once, as the second click does.
func browserImpatience(t *testing.T, b *browser, names []string, often ...int) {
	t.Helper()
	const asked = `(() => {
		let asks = 0, goes = 0;
		const form = document.querySelector("form[data-leave]"), button = form.querySelector("button.primary");
		form.noValidate = true; // no matter what else is empty
		addEventListener("submit", (e) => { if (!e.defaultPrevented) goes++; e.preventDefault(); });
		for (let i = 0; i < %d; i++) %s;
		const leave = new Event("beforeunload", {cancelable: true});
		dispatchEvent(leave);
		return goes + " sent, asks " + leave.defaultPrevented;
	})()`
	for _, story := range names {
		for _, how := range []string{"button.click()", "form.requestSubmit()", `form.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true}))`} {
			for _, times := range often {
				b.open(t, story, 1440, 900)
				b.focus(t, `[name="name"]`)
				b.press(t, "x")
				b.becomes(t, `document.querySelector(".unsaved").textContent !== ""`)
				want(t, fmt.Sprintf("%s, %d times %s", story, times, how), eval[string](t, b, fmt.Sprintf(asked, times, how)), "1 sent, asks false")
			}
		}
	}
	b.press(t, "y") // the sending came to nothing, as a download does
	until(t, "after a sending that led nowhere, leaving asks", func() bool {
		return eval[bool](t, b, `((e) => { dispatchEvent(e); return e.defaultPrevented; })(new Event("beforeunload", {cancelable: true}))`)
	}, true)
}

func TestImpatienceLong(t *testing.T) {
	testserver.LongForm(t)
	browserImpatience(t, startBrowser(t), []string{"form-edit", "form-new"}, 1, 2, 3)
}
