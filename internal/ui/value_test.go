// Tests of values, counts and tables as they are shown.

package ui_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// cell is how a value is shown in a table, without its tag.
func cell(t testing.TB, v ui.Value) string {
	t.Helper()
	r := stories.Renderer(t)
	page := render(t, r, ui.List{Columns: []ui.Column{{Label: "c"}}, Rows: []ui.Row{{Cells: []ui.Value{v}}}})
	found := regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no cell in\n%s", page)
	}
	return found[1]
}

// field is how a value is shown on the record page.
func field(t testing.TB, v ui.Value) string {
	t.Helper()
	page := render(t, stories.Renderer(t), ui.Record{Fields: []ui.Field{{Label: "c", Value: v}}})
	_, rest, _ := strings.Cut(page, "<dd>")
	shown, _, found := strings.Cut(rest, "</dd>")
	if !found {
		t.Fatalf("no field in\n%s", page)
	}
	return shown
}

func TestValues(t *testing.T) {
	at := time.Date(2024, 2, 29, 23, 5, 6, 123456000, time.FixedZone("", -5*3600))
	for _, c := range []struct {
		name        string
		value       ui.Value
		cell, field string // parts that must be there
	}{
		{"text", ui.Text("a < b"), "a &lt; b", "a &lt; b"},
		{"null", ui.Null(), `<span class="null">NULL</span>`, `<span class="null">NULL</span>`},
		{"the word NULL", ui.Text("NULL"), "NULL", "NULL"},
		{"empty", ui.Text(""), `<span class="blank">empty</span>`, `<span class="blank">empty</span>`},
		{"spaces", ui.Text("  "), "␣", "  "},
		{"lines", ui.Text("a\n b"), "a b", "a\n b"},
		{"number", ui.Number("-1.50"), "-1.50", "-1.50"},
		{"true", ui.Bool(true), "Yes", "Yes"},
		{"false", ui.Bool(false), "No", "No"},
		{"time", ui.Time(at), `<time datetime="2024-03-01T04:05:06.123456Z" title="2024-03-01 04:05:06.123456 UTC">2024-03-01 04:05 UTC</time>`,
			`datetime="2024-03-01T04:05:06.123456Z" title="2024-03-01 04:05:06.123456 UTC" data-full>2024-03-01 04:05:06.123456 UTC</time>`},
		{"date", ui.Date("0001-01-01"), "0001-01-01", "0001-01-01"},
		{"json", ui.JSON(`{"a":1}`), `<code>{&#34;a&#34;:1}</code>`, "{\n  &#34;a&#34;: 1\n}"},
		{"bad json", ui.JSON(`{"a"`), `{&#34;a&#34;`, `{&#34;a&#34;`},
		{"no bytes", ui.Bytes(0), "0 bytes", "0 bytes"},
		{"a byte", ui.Bytes(1), "1 byte<", "1 byte<"},
		{"bytes", ui.Bytes(999), "999 bytes", "999 bytes"},
		{"kilobytes", ui.Bytes(1449), "1.4 kB", "1.4 kB"},
		{"a megabyte", ui.Bytes(999_999), "1.0 MB", "1.0 MB"},
		{"megabytes", ui.Bytes(48_200_000), "48 MB", "48 MB"},
		{"unknown size", ui.Bytes(-1), "binary", "binary"},
		{"reference", ui.Ref("Ada", "7", "/admin/m/people/7"), `<a href="/admin/m/people/7" title="7">Ada</a>`, `<a href="/admin/m/people/7">Ada</a> <span class="muted">7</span>`},
		{"reference without address", ui.Ref("Ada", "7", ""), `<span title="7">Ada</span>`, "Ada"},
		{"masked", ui.Value{Kind: ui.KindMasked, Text: "hunter2"}, "••••••", "••••••"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := cell(t, c.value); !strings.Contains(got, c.cell) || strings.Contains(got, "hunter2") {
				t.Errorf("cell %s\nwant %s", got, c.cell)
			}
			if got := field(t, c.value); !strings.Contains(got, c.field) || strings.Contains(got, "hunter2") {
				t.Errorf("field %s\nwant %s", got, c.field)
			}
		})
	}
}

func TestLongText(t *testing.T) {
	long := strings.Repeat("é", 401)
	if got := cell(t, ui.Text(long)); got != strings.Repeat("é", 80)+"…" {
		t.Errorf("cell %q", got)
	}
	if got := field(t, ui.Text(long)); !strings.Contains(got, "<details>") || !strings.Contains(got, "Show 401 characters") || !strings.Contains(got, long) {
		t.Errorf("field %q", got)
	}
	if got := field(t, ui.Text(long[:800])); strings.Contains(got, "<details>") {
		t.Error("400 characters are folded")
	}
	if got := field(t, ui.Value{Text: "begin", Cut: true}); !strings.Contains(got, "Only the beginning") {
		t.Errorf("a cut value does not say so: %s", got)
	}
}

// The record is reached from the first column, and from a column of its own
// when the first leads elsewhere.
func TestRecordLink(t *testing.T) {
	r := stories.Renderer(t)
	ref := ui.Ref("Ada", "7", "/p/7")
	for _, c := range []struct {
		name    string
		columns []ui.Column
		href    string
		want    string
		open    bool
	}{
		{"first column", []ui.Column{{}, {}}, "/r/1", `<th scope="row" class="key"><a href="/r/1" data-row>Ada</a></th>`, false},
		{"first is a reference", []ui.Column{{Ref: true}, {}}, "/r/1", `<a href="/r/1" data-row aria-label="Open one">`, true},
		{"no key", []ui.Column{{}, {}}, "", `<td>x</td>`, false},
	} {
		page := render(t, r, ui.List{Columns: c.columns, Rows: []ui.Row{{Href: c.href, Label: "one", Cells: []ui.Value{ref, ui.Text("x")}}}})
		if !strings.Contains(page, c.want) || strings.Contains(page, `class="open"`) != c.open {
			t.Errorf("%s: no %s in\n%s", c.name, c.want, page)
		}
	}
}

func TestListStates(t *testing.T) {
	r := stories.Renderer(t)
	row := []ui.Row{{Cells: []ui.Value{ui.Text("x")}}}
	for want, l := range map[string]ui.List{
		"No rows yet":       {},
		"No rows match":     {Search: &ui.Search{Query: "x"}, ClearHref: "/clear"},
		"No rows are shown": {Filters: []ui.Filter{{Error: text.Verbatim("not a number")}}, Rows: row},
		"No more rows":      {Pager: ui.Pager{First: "/first"}},
		"Too slow":          {Problem: &ui.Problem{Title: text.Verbatim("Too slow")}, Rows: row},
		`<td>x</td>`:        {Rows: row},
	} {
		l.Columns = []ui.Column{{}}
		page := render(t, r, l)
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
		if strings.Contains(page, "<td>x</td>") && want != `<td>x</td>` {
			t.Errorf("%s: rows are shown beside it", want)
		}
	}
}

func TestSearchCanBeTakenBack(t *testing.T) {
	r := stories.Renderer(t)
	const link = `<a href="/without" aria-label="Remove search oak">`
	for query, want := range map[string]bool{"oak": true, "": false} {
		page := render(t, r, ui.List{Search: &ui.Search{Query: query, Cancel: "/without"}})
		if strings.Contains(page, link) != want {
			t.Errorf("query %q: link is there: %v", query, !want)
		}
	}
}

// Each form of the list carries the rest of the state along.
func TestListFormsKeepTheState(t *testing.T) {
	r := stories.Renderer(t)
	page := render(t, r, ui.List{
		State:  []ui.Param{{Name: "q", Value: "oak"}, {Name: "columns", Value: "a,b"}, {Name: "limit", Value: "50"}, {Name: "f.x.eq", Value: `"1"`}},
		Search: &ui.Search{Query: "oak"}, AddFilter: &ui.FilterForm{}, Choices: []ui.ColumnChoice{{Name: "a"}}, SortOptions: []ui.Option{{Value: "a"}},
	})
	for hidden, want := range map[string]int{
		`<input type="hidden" name="q" value="oak">`:              3,
		`<input type="hidden" name="columns" value="a,b">`:        3,
		`<input type="hidden" name="limit" value="50">`:           4,
		`<input type="hidden" name="f.x.eq" value="&#34;1&#34;">`: 4,
	} {
		if got := strings.Count(page, hidden); got != want {
			t.Errorf("%s is there %d times, want %d", hidden, got, want)
		}
	}
}

// Indenting makes no page of many megabytes of a deep value, and leaves the others alone.
func TestDeepJSONIsNotIndented(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 5000) + strings.Repeat("]", 5000), strings.Repeat(`{"a":[1,"[",`, 900) + "1" + strings.Repeat("]}", 900)} {
		if got := ui.JSON(text).Pretty(); got != text {
			t.Errorf("%d bytes became %d", len(text), len(got))
		}
	}
	if got, want := ui.JSON(`{"a":[1,"[[[\"[[["]}`).Pretty(), "{\n  \"a\": [\n    1,\n    \"[[[\\\"[[[\"\n  ]\n}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
