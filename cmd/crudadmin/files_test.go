package main

// This file serves SQLite files the program never saw, the odder the better, and walks every page
// of them.

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// TestFilesNeverSeenBefore walks the pages of files with odd tables. The short form tries one of 56
// conditions, sorts by two columns, reads the first two records, and leaves the file with hundreds
// of tables and the one with tables of every shape to the long one.
func TestFilesNeverSeenBefore(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	filesNeverSeenBefore(t, walk{skip: 56, sorts: 1, records: 2}, "crowd", "shapes")
}

func TestFilesNeverSeenBeforeLong(t *testing.T) {
	testserver.LongForm(t)
	filesNeverSeenBefore(t, walk{skip: 1, sorts: 3, records: 20})
}

func filesNeverSeenBefore(t *testing.T, w walk, not ...string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(programtest.Strangers)) {
		if slices.Contains(not, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mine.db")
			programtest.MakeFile(t, path, programtest.Strangers[name])
			before := sum(t, path)
			s := programtest.ServeFile(t, path)
			w := w
			w.Visitor, w.pages = s.SignIn(t), map[string]bool{}
			if len(programtest.Strangers[name]) > 150 {
				w.skip *= 7
			}
			w.file(rowCounts(t, path))
			t.Logf("%d pages", len(w.pages))
			if sum(t, path) != before {
				t.Error("the file has changed")
			}
		})
	}
}

func sum(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	content, err := os.ReadFile(path) // #nosec G304
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(content)
}

// rowCounts counts the rows of each table and view that SQLite can read.
func rowCounts(t *testing.T, path string) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	counts := map[string]int{}
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		found = append(found, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		counts[name] = rowCount(t, db, name)
	}
	return counts
}

// rowCount reads every row; -1 says that SQLite could not.
func rowCount(t *testing.T, db *sql.DB, name string) (n int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+programtest.Quoted(name))
	if err != nil {
		return -1
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	if rows.Err() != nil {
		return -1
	}
	return n
}

// walk reads the pages of a panel and says what is wrong with them.
type walk struct {
	*programtest.Visitor
	pages map[string]bool

	skip    int // of so many conditions one is tried
	sorts   int // so many columns at the left of a list are sorted by, and the last one
	records int // the links of so many records are followed, and thrice as many are opened
	turn    int // which of the entries to try is next: they go round the tables
}

// open gets a link that the panel itself has made: it must work.
func (w *walk) open(href string) programtest.Page {
	w.T.Helper()
	p := w.Get(href)
	w.pages[href] = true
	tooLong := strings.Contains(href, "sort=") && strings.Contains(p.Body, "too long to sort by without an index")
	if p.Status != http.StatusOK && !tooLong {
		w.T.Errorf("%s: status %d: %s", programtest.Clip(href), p.Status, programtest.Clip(problemOf(p)))
	}
	w.inspect(href, p)
	return p
}

// ask gets an address that may be refused, as an entry in a form is, but may not fail.
func (w *walk) ask(href string) programtest.Page {
	w.T.Helper()
	p := w.Get(href)
	w.pages[href] = true
	if p.Status != http.StatusOK && p.Status != http.StatusUnprocessableEntity {
		w.T.Errorf("%s: status %d: %s", programtest.Clip(href), p.Status, programtest.Clip(problemOf(p)))
	}
	w.inspect(href, p)
	return p
}

// inspect holds for every page: valid text, nothing that runs, no word of the driver's.
func (w *walk) inspect(href string, p programtest.Page) {
	w.T.Helper()
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		return // an export
	}
	if !utf8.ValidString(p.Body) {
		w.T.Errorf("%s: the page is not UTF-8", programtest.Clip(href))
	}
	if strings.Count(p.Body, "<script") != 1 || strings.Contains(p.Body, "<img") || strings.Contains(p.Body, "<style") || strings.Contains(p.Body, "<svg onload") {
		w.T.Errorf("%s: markup of the data is markup of the page", programtest.Clip(href))
	}
	for _, link := range p.Tags("a") {
		to := strings.ToLower(strings.TrimSpace(link.Attrs["href"]))
		for _, scheme := range []string{"javascript:", "data:", "vbscript:"} {
			if strings.HasPrefix(to, scheme) {
				w.T.Errorf("%s: links to %q", programtest.Clip(href), to)
			}
		}
	}
	for _, word := range []string{"SQL logic error", "CANARY-", "ZgotmplZ", "%!", "SELECT "} {
		if strings.Contains(p.Body, word) {
			w.T.Errorf("%s: the page says %q", programtest.Clip(href), word)
		}
	}
}

// problemOf is the page's heading and what it says of a problem.
func problemOf(p programtest.Page) string {
	_, main, _ := strings.Cut(p.Body, "<main")
	return strings.Join(strings.Fields(programtest.AnyTag.ReplaceAllString(main, " ")), " ")
}

// file walks every table of the dashboard.
func (w *walk) file(counts map[string]int) {
	w.T.Helper()
	home := w.open("./")
	shown := home.Navigation()
	for name, n := range counts {
		href, found := shown[strings.TrimSpace(name)]
		switch strings.TrimSpace(name) {
		case "":
			href, found = shown[map[bool]string{true: "(unnamed)", false: strconv.Quote(name)}[name == ""]]
		case "\x01", "\u200b":
			href, found = shown[strconv.QuoteToASCII(name)]
		}
		if !found {
			for _, shadow := range []string{"docs_", "places_"} { // of virtual tables
				found = found || strings.HasPrefix(name, shadow)
			}
			if !found {
				w.T.Errorf("the table %q is not in the navigation", name)
			}
			continue
		}
		if len(counts) > 100 && n == 0 && !strings.HasSuffix(name, "00") {
			continue // one of hundreds that are alike
		}
		w.table(href, name, n)
	}
	for _, link := range home.Links() {
		if !w.pages[link] && len(counts) <= 100 {
			w.open(link)
		}
	}
}

// table walks one table: its pages both ways, its sorts, filters, search and records.
func (w *walk) table(href, name string, n int) {
	w.T.Helper()
	list := w.open(href)
	records := w.everyRow(href, name, n)
	for i, link := range list.Headings() {
		if columns := len(list.Headings()); i >= w.sorts && i < columns-1 {
			continue
		}
		sorted := w.open(link)
		if i <= w.sorts && n > 25 {
			w.everyRow(link, name, n)
		}
		for _, again := range sorted.Headings() {
			if strings.Contains(again, "sort=-") {
				w.open(again)
				if i <= w.sorts && n > 25 {
					w.everyRow(again, name, n)
				}
				break
			}
		}
	}
	w.filters(href, list)
	searches := []string{"a", "1", "'", "%", "_", `"`, "\\", "\x00", "\xff", "雪", "<script>", "-", "*"}
	for range 3 {
		w.turn++
		w.ask(href + "?q=" + url.QueryEscape(searches[w.turn%len(searches)]))
	}
	for i, record := range records {
		if record == "" || i > 3*w.records {
			continue
		}
		p := w.open(record)
		if i > w.records {
			continue
		}
		for _, link := range p.Links() {
			if !w.pages[link] && strings.Contains(link, "/m/") {
				w.open(link)
			}
		}
	}
}

// everyRow turns the pages to the end and back: each row is there once. It returns the rows'
// addresses.
func (w *walk) everyRow(href, name string, n int) []string {
	w.T.Helper()
	var there, back []string
	last := href
	for at := href; at != ""; {
		p := w.open(at)
		there = append(there, p.Rows()...)
		last, at = at, p.Link("Next")
	}
	for at := last; at != ""; {
		p := w.open(at)
		back = append(p.Rows(), back...)
		at = p.Link("Previous")
	}
	if n >= 0 && len(there) != n {
		w.T.Errorf("%s: %d rows on its pages, %q has %d", programtest.Clip(href), len(there), name, n)
	}
	if !slices.Equal(there, back) {
		w.T.Errorf("%s: %d rows on the way to the end, %d others on the way back", programtest.Clip(href), len(there), len(back))
	}
	seen := map[string]bool{}
	for _, row := range there {
		if row != "" && seen[row] {
			w.T.Errorf("%s: the row %s is there twice", programtest.Clip(href), programtest.Clip(row))
		}
		seen[row] = true
	}
	return there
}

// filters sends the filter's form for every column with every condition it offers.
func (w *walk) filters(href string, list programtest.Page) {
	w.T.Helper()
	var columns, conditions []programtest.Tag
	for _, option := range list.Tags("option") {
		_, isColumn := option.Attrs["data-ops"]
		_, isSort := option.Attrs["selected"]
		switch {
		case isColumn:
			columns = append(columns, option)
		case !isSort && slices.Contains([]string{"eq", "ne", "lt", "le", "gt", "ge", "contains", "startswith", "in", "isnull", "notnull"}, option.Attrs["value"]):
			conditions = append(conditions, option)
		}
	}
	values := []string{"", "1", "a", "2024-01-31", "'", "\x00", "\xff", "<script>", "1e999", "-9223372036854775809", "00ff"}
	for i, column := range columns {
		if i >= 5 && i < len(columns)-1 {
			continue
		}
		for _, condition := range conditions {
			op := condition.Attrs["value"]
			if !slices.Contains(strings.Fields(column.Attrs["data-ops"]), op) {
				continue
			}
			if w.turn++; w.turn%w.skip != 0 {
				continue
			}
			w.ask(href + "?" + url.Values{"filter_column": {column.Attrs["value"]}, "filter_op": {op}, "filter_value": {values[w.turn%len(values)]}}.Encode())
		}
	}
}

func TestFilesThatAreNoDatabases(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	noise := make([]byte, 8192)
	for i := range noise {
		noise[i] = byte(i*i*31 + i>>3)
	}
	truncated := append([]byte("SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20"), make([]byte, 40)...)
	for what, path := range map[string]string{
		"missing":   filepath.Join(dir, "missing.db"),
		"text":      write("notes.txt", []byte("Dear diary,\n"+strings.Repeat("nothing happened today.\n", 100))),
		"short":     write("short.db", []byte("x")),
		"directory": dir,
		"encrypted": write("encrypted.db", noise),
		"truncated": write("truncated.db", truncated),
		"device":    "/dev/null",
	} {
		t.Run(what, func(t *testing.T) {
			var stdout, stderr strings.Builder
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			code := run(ctx, []string{"serve", "--database", "sqlite:" + path, "--addr", "127.0.0.1:0", "--data-dir", dataDir(t)}, nil, &stdout, &stderr, from())
			said := strings.TrimSpace(stderr.String())
			lines := strings.Split(said, "\n")
			if last := lines[len(lines)-1]; code != exitFailed || stdout.Len() > 0 || !strings.HasPrefix(last, "crudadmin: ") || !strings.Contains(last, path) || strings.Contains(said, "panic") {
				t.Errorf("exit code %d, printed %q, said %s", code, &stdout, said)
			} else {
				t.Log(last)
			}
			if _, err := os.Stat(filepath.Join(dir, "missing.db")); err == nil {
				t.Error("the missing file was made")
			}
		})
	}
}

func TestFilesWithOddPaths(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	dir := t.TempDir()
	for _, name := range []string{"with space.db", "100%.db", "a?b=c.db", "a#b.db", "file:x.db", "quote'\".db", "ünï🚀.db", "%20.db", "no-extension", "empty.db", "?mode=memory", ":memory:"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			want := 0
			if name == "empty.db" {
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			} else {
				db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := db.ExecContext(t.Context(), `CREATE TABLE here (v); INSERT INTO here VALUES (1)`); err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				want = 1
			}
			r := programtest.ServeFile(t, path).SignIn(t)
			home := r.Get("./")
			if home.Status != http.StatusOK || len(home.Navigation()) != want {
				t.Fatalf("status %d, tables %v", home.Status, home.Navigation())
			}
			if want == 1 {
				if rows := r.Get(home.Navigation()["here"]).Rows(); len(rows) != 1 {
					t.Errorf("rows %q", rows)
				}
			}
		})
	}
	if found, err := os.ReadDir(dir); err != nil || len(found) != 12 {
		t.Errorf("%v, %v: files were made beside the 12", found, err)
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "mine.db")
	programtest.MakeFile(t, path, []string{`CREATE TABLE here (v)`, `INSERT INTO here VALUES (1)`})
	for name, mode := range map[string]os.FileMode{path: 0o400, dir: 0o500} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) // #nosec G302 -- to remove it
	if rows := programtest.ServeFile(t, path).SignIn(t).Get("m/here/").Rows(); len(rows) != 1 {
		t.Errorf("rows %q", rows)
	}
}
