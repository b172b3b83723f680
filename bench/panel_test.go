// The panel on a table of 1,000,000 rows: lists, forms and exports, through its
// handler as a signed-in browser would ask.

package bench

import (
	"compress/gzip"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

var (
	panelRows = flag.Int("panel", 0, "measure the panel on a table of so many `rows`")
	panelDoc  = flag.String("panel-doc", "", "put the panel's tables into this `file`, each between <!-- name --> and <!-- /name -->")
	panelAsks = flag.Int("asks", 100, "how often each page is asked for")
)

// panelVersion is part of the name of the file that is kept between runs.
const panelVersion = 1

// ordersSchema is a table of 14 columns, of which five have an index beside the
// key, and two tables that it refers to: itself and customers.
const ordersSchema = `
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE INDEX customers_name ON customers (name);
CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, customer_id INTEGER NOT NULL REFERENCES customers (id), replaces INTEGER REFERENCES orders (id),
	status TEXT NOT NULL CHECK (status IN ('cart', 'paid', 'shipped', 'returned')), total DECIMAL(12,2) NOT NULL, currency TEXT NOT NULL, placed_at DATETIME NOT NULL,
	shipped_on DATE, gift BOOLEAN NOT NULL, weight REAL, note TEXT, address TEXT, checksum UUID);
`

// ordersFill takes the number of customers and that of orders.
const ordersFill = `
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %[1]d)
	INSERT INTO customers SELECT i, 'Customer ' || printf('%%07d', i * 7919 %% 1000003), 'c' || i || '@example.com' FROM n;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %[2]d)
	INSERT INTO orders SELECT i, printf('A%%08d', i), 1 + i * 7919 %% %[1]d, CASE WHEN i %% 50 = 0 THEN i / 2 END,
		CASE i * 31 %% 10 WHEN 0 THEN 'cart' WHEN 1 THEN 'returned' WHEN 2 THEN 'paid' ELSE 'shipped' END, (i * 104729 %% 1000000) / 100.0, CASE i %% 3 WHEN 0 THEN 'USD' ELSE 'EUR' END,
		strftime('%%Y-%%m-%%d %%H:%%M:%%S', 1577836800 + i * 197, 'unixepoch'), date(1577836800 + i * 197 + 86400, 'unixepoch'), i %% 11 = 0, (i * 37 %% 5000) / 10.0,
		CASE WHEN i %% 4 = 0 THEN 'Leave it with the neighbour at number ' || (i %% 100) END, (i %% 300) || ' High Street, Town ' || (i * 13 %% 9973),
		printf('%%08x-0000-4000-8000-%%012x', i, i * 7919) FROM n;
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_replaces ON orders (replaces);
CREATE INDEX orders_status ON orders (status);
CREATE INDEX orders_total ON orders (total);
CREATE INDEX orders_placed ON orders (placed_at);
ANALYZE;
`

// ordersFile makes the database, or finds it where an earlier run made it.
func ordersFile(t *testing.T, rows int) string {
	t.Helper()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("crudadmin-bench-%d-v%d.db", rows, panelVersion))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	making := path + ".making"
	_ = os.Remove(making)
	db, err := sql.Open("sqlite", "file:"+making+"?_pragma=journal_mode(off)&_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	start := time.Now()
	if _, err := db.ExecContext(t.Context(), ordersSchema+fmt.Sprintf(ordersFill, max(rows/10, 1), rows)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(making, path); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("made %s in %v\n", path, time.Since(start).Round(time.Second))
	return path
}

// sitting is a panel and one who is signed in.
type sitting struct {
	t       *testing.T
	panel   http.Handler
	cookies []*http.Cookie
}

func sit(t *testing.T, path string) *sitting {
	t.Helper()
	db, err := sqlite.OpenData(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	admin, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "admin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	panel, err := crudadmin.New(t.Context(), crudadmin.Config{
		DB: db, AdminDB: admin, SecretKey: config.Secret(strings.Repeat("k", 32)), FirstUsername: "ann", FirstPassword: "a password for the bench",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &sitting{t: t, panel: panel}
	form := url.Values{"username": {"ann"}, "password": {"a password for the bench"}, "csrf_token": {s.find("/admin/login", `name="csrf_token" value="([^"]+)"`)}}
	r := httptest.NewRequest(http.MethodPost, "/admin/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := s.do(r); w.Code != http.StatusSeeOther {
		t.Fatalf("sign-in: %d", w.Code)
	}
	return s
}

func (s *sitting) do(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range s.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.panel.ServeHTTP(w, r)
	s.cookies = append(s.cookies, w.Result().Cookies()...)
	return w
}

// find returns what a pattern finds on a page.
func (s *sitting) find(path, pattern string) string {
	s.t.Helper()
	body := html.UnescapeString(s.do(httptest.NewRequest(http.MethodGet, path, nil)).Body.String())
	found := regexp.MustCompile(pattern).FindStringSubmatch(body)
	if found == nil {
		s.t.Fatalf("%s: no %s", path, pattern)
	}
	return found[1]
}

// page is what asking for a page again and again showed.
type pageCost struct {
	p50, p95  time.Duration
	processor time.Duration // of the whole process, the median
	bytes     int           // compressed
	body      string
	status    int
}

func (s *sitting) measure(path string, asks int) pageCost {
	s.t.Helper()
	var cost pageCost
	var times, processor []time.Duration
	warm := min(asks-1, 2)
	for i := range asks + warm {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		for _, c := range s.cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		start, used := time.Now(), processorTime()
		s.panel.ServeHTTP(w, r)
		took := time.Since(start)
		used = processorTime() - used
		cost.bytes, cost.status = w.Body.Len(), w.Code
		if i < warm {
			continue
		}
		times, processor = append(times, took), append(processor, used)
		if i == asks+warm-1 {
			cost.body = unzipped(s.t, w)
		}
	}
	slices.Sort(times)
	slices.Sort(processor)
	cost.p50, cost.p95, cost.processor = times[len(times)/2], times[len(times)*95/100], processor[len(processor)/2]
	return cost
}

func unzipped(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Encoding") != "gzip" {
		return w.Body.String()
	}
	zip, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

func kilobytes(n int) string { return fmt.Sprintf("%.1f KB", float64(n)/1000) }

const list = "/admin/m/orders/"

func TestPanel(t *testing.T) {
	if *panelRows == 0 {
		t.Skip("give -panel 1000000")
	}
	s := sit(t, ordersFile(t, *panelRows))
	loads := "load average before: " + loadAverage()
	t.Run("pages", s.pages)
	t.Run("exports", s.exports)
	s.tell(t, "circumstances", panelCircumstances(loads))
}

// pages measures one page after the other.
func (s *sitting) pages(t *testing.T) {
	middle := list + "?sort=-placed_at&after=" + s.find(list+"?sort=-placed_at", `[?&]after=([\w-]+)`)
	for range 20 {
		middle = list + "?sort=-placed_at&after=" + s.find(middle, `[?&]after=([\w-]+)`)
	}
	half := strconv.Itoa(*panelRows / 2)
	pages := newTable("page", "p50", "p95", "to the first page", "processor time, median", "compressed", "goal")
	var first time.Duration
	verdict := func(cost pageCost, list, form bool) string {
		var misses []string
		if list && (cost.p50 > 10*time.Millisecond || cost.p95 > 25*time.Millisecond) {
			misses = append(misses, "p50 ≤ 10 ms, p95 ≤ 25 ms: **missed**")
		}
		if list && cost.p50 > 2*first {
			misses = append(misses, "≤ 2 × the first page: **missed**")
		}
		if form && cost.bytes > 15_000 {
			misses = append(misses, "≤ 15 KB: **missed**")
		}
		switch {
		case len(misses) > 0:
			return strings.Join(misses, "; ")
		case list || form:
			return "met"
		}
		return "–"
	}
	for _, one := range []struct {
		name, path string
		list, form bool
		asks       int
	}{
		{"first page", list, true, false, *panelAsks},
		{"last page", list + "?before=last", true, false, *panelAsks},
		{"sorted by an indexed column, first page", list + "?sort=-placed_at", true, false, *panelAsks},
		{"… 21st page", middle, true, false, *panelAsks},
		{"… last page", list + "?sort=-placed_at&before=last", true, false, *panelAsks},
		{"sorted by a unique text, from the middle", list + "?sort=number&f.number.ge=A" + fmt.Sprintf("%08d", *panelRows/2), true, false, *panelAsks},
		{"filtered: status is paid (a tenth), sorted by date", list + "?f.status.eq=paid&sort=-placed_at", true, false, *panelAsks},
		{"filtered: one customer's orders", list + "?f.customer_id.eq=4711", true, false, *panelAsks},
		{"filtered: total from 10 to 20, sorted by total", list + "?f.total.ge=10&f.total.le=20&sort=total", true, false, *panelAsks},
		{"… last page", list + "?f.total.ge=10&f.total.le=20&sort=total&before=last", true, false, *panelAsks},
		{"filtered: placed on one day", list + "?f.placed_at.eq=2022-02-02", true, false, *panelAsks},
		{"100 rows a page", list + "?limit=100", false, false, *panelAsks},
		{"searched: many match", list + "?q=neighbour", false, false, 5},
		{"searched: one matches, by its key", list + "?q=" + half, false, false, 1},
		{"searched: none matches", list + "?q=zzzzzz", false, false, 1},
		{"sorted by a column without an index", list + "?sort=weight", false, false, 1},
		{"record", "/admin/m/orders/" + half, false, false, *panelAsks},
		{"edit form", "/admin/m/orders/" + half + "/edit", false, true, *panelAsks},
		{"new form", "/admin/m/orders/new", false, true, *panelAsks},
		{"choices of a customer, first page", "/admin/m/orders/choices/customer_id", false, false, *panelAsks},
		{"choices of an order, searched by its key", "/admin/m/orders/choices/replaces?q=" + half, false, false, 1},
		{"deletion, its preview", "/admin/m/orders/" + half + "/delete", false, false, 20},
		{"dashboard", "/admin/", false, false, 20},
	} {
		cost := s.measure(one.path, one.asks)
		fmt.Println(one.name, milliseconds(cost.p50), milliseconds(cost.processor))
		if cost.status != http.StatusOK {
			t.Errorf("%s: %d", one.path, cost.status)
		}
		if first == 0 {
			first = cost.p50
			if !strings.Contains(cost.body, "no index, sorting may be slow") {
				t.Error("a sort without an index has no hint")
			}
			if *panelRows > 10_000 && strings.Contains(cost.body, fmt.Sprintf("of %d rows", *panelRows)) {
				t.Error("the list counts every row")
			}
		}
		pages.add(one.name, milliseconds(cost.p50), milliseconds(cost.p95), fmt.Sprintf("%.2f ×", float64(cost.p50)/float64(first)), milliseconds(cost.processor), kilobytes(cost.bytes), verdict(cost, one.list, one.form))
	}
	s.tell(t, "pages", pages.String())
}

// exports measures exports of every row.
func (s *sitting) exports(t *testing.T) {
	exports := newTable("export", "time", "processor time", "size", "rows/s", "extra memory at the peak", "goal")
	for _, one := range []struct{ name, path string }{
		{"CSV, every row and column", "export.csv"},
		{"CSV, sorted by an indexed column", "export.csv?sort=-placed_at"},
		{"JSON Lines", "export.json?lines=1"},
	} {
		used := processorTime()
		took, size, extra := s.export(list + one.path)
		used = processorTime() - used
		goal := "≤ 64 MB: met"
		if extra > 64<<20 {
			goal = "≤ 64 MB: **missed**"
		}
		fmt.Println(one.name, took, used, extra>>20)
		exports.add(one.name, took.Round(10*time.Millisecond), used.Round(10*time.Millisecond), fmt.Sprintf("%d MB", size/1_000_000), fmt.Sprintf("%.0f", float64(*panelRows)/took.Seconds()), fmt.Sprintf("%.1f MB", float64(extra)/(1<<20)), goal)
	}
	s.tell(t, "exports", exports.String())
}

// export streams an export to nowhere, and says what memory the process had at
// the peak beyond what it had before.
func (s *sitting) export(path string) (took time.Duration, size, extra int64) {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(context.Background())
	for _, c := range s.cookies {
		r.AddCookie(c)
	}
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak begins anew
		s.t.Fatal(err)
	}
	before := resident(s.t, "VmRSS:")
	w := &sink{header: http.Header{}}
	start := time.Now()
	s.panel.ServeHTTP(w, r)
	return time.Since(start), w.n, resident(s.t, "VmHWM:") - before
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

func panelCircumstances(load string) string {
	driver := "modernc.org/sqlite of an unknown version"
	if out, err := exec.Command("go", "list", "-m", "modernc.org/sqlite").Output(); err == nil {
		driver = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("- command: `make bench-panel`\n- date: %s\n- machine: %d cores, %s, %s\n- %s\n- Go %s, %s\n- table: %d rows of 14 columns; each page is asked for %d times, the slow ones less\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), processor(), runtime.GOARCH, load, runtime.Version(), driver, *panelRows, *panelAsks)
}

// tell prints a part, and puts it into the document.
func (s *sitting) tell(t *testing.T, name, text string) {
	t.Helper()
	fmt.Printf("\n%s\n\n%s\n", name, text)
	if *panelDoc == "" {
		return
	}
	document, err := os.ReadFile(*panelDoc)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, found := strings.Cut(string(document), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %q with its end", *panelDoc, strings.TrimSpace(begin))
	}
	if err := os.WriteFile(*panelDoc, []byte(before+begin+"\n"+text+"\n"+end+after), 0o644); err != nil { //nolint:gosec // a document
		t.Fatal(err)
	}
}

// sink is an answer that is thrown away.
type sink struct {
	header http.Header
	n      int64
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
func (s *sink) Write(b []byte) (int, error) {
	s.n += int64(len(b))
	return len(b), nil
}

// resident is a figure of /proc/self/status in bytes.
func resident(t *testing.T, name string) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
