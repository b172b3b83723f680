// Reports: tables as Markdown and charts as SVG, on the screen and in docs.

package bench

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// write is the folder of docs. Each table goes into its benchmarks.md as soon as
// it is finished, between the lines <!-- name --> and <!-- /name -->; charts and
// figures go into its folder benchmarks.
var write = flag.String("write", "", "put tables, charts and figures into this `folder` of docs too")

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.StopShared()
	os.Exit(code)
}

type table struct {
	head []string
	rows [][]string
}

func newTable(head ...string) *table { return &table{head: head} }

func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = fmt.Sprint(cell)
	}
	t.rows = append(t.rows, row)
}

// String is the table in Markdown, with its columns aligned.
func (t *table) String() string {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	line := func(row []string) {
		for i, cell := range row {
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", width[i]-len([]rune(cell))))
		}
		b.WriteString("|\n")
	}
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = strings.Repeat("-", width[i])
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// publish prints a section, and puts it into the document.
func publish(t testing.TB, name, text string) {
	t.Helper()
	fmt.Printf("\n## %s\n\n%s\n", name, text)
	if *write == "" {
		return
	}
	figures(t)
	path := filepath.Join(*write, "benchmarks.md")
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, found := strings.Cut(string(document), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %q with its end", path, strings.TrimSpace(begin))
	}
	save(t, path, []byte(before+begin+"\n"+text+"\n"+end+after))
}

// save replaces the file as a whole.
func save(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // documents
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", content, 0o644); err != nil { //nolint:gosec // a document
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// draw writes a chart and returns the Markdown that shows it.
func draw(t testing.TB, name, svg, alt string) string {
	t.Helper()
	file := strings.ReplaceAll(name, " ", "-") + ".svg"
	if *write != "" {
		save(t, filepath.Join(*write, "benchmarks", file), []byte(svg))
	}
	return fmt.Sprintf("![%s](benchmarks/%s)\n", alt, file)
}

// recorded are the figures of this process.
var recorded = map[string]float64{}

// figure keeps a number for the targets.
func figure(t testing.TB, name string, value float64) {
	t.Helper()
	if math.IsNaN(value) || math.IsInf(value, 0) {
		t.Errorf("%s: %f", name, value)
		return
	}
	recorded[name] = value
}

// figures returns what was kept, by earlier processes in the folder too, and keeps
// all of it there.
func figures(t testing.TB) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	path := filepath.Join(*write, "benchmarks", "figures.json")
	if *write != "" {
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &all)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	maps.Copy(all, recorded)
	if *write != "" {
		text, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		save(t, path, append(text, '\n'))
	}
	return all
}

// began says when a table was begun and how busy the machine was then.
func began() string {
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Fields(string(text))[0]
	}
	return fmt.Sprintf("*Begun %s, load average then %s; medians of %d turns of %s.*\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), load, *rounds, *turn)
}

// TestCircumstances says on what, when and with which versions was measured.
func TestCircumstances(t *testing.T) {
	needsMeasure(t)
	var b strings.Builder
	say := func(name, value string) { fmt.Fprintf(&b, "- %s: %s\n", name, strings.TrimSpace(value)) }
	say("command", "`"+strings.TrimSpace("make bench "+os.Getenv("BENCHFLAGS"))+"`")
	say("date", time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	say("machine", fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), processor(), runtime.GOARCH))
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		say("kernel", runtime.GOOS+" "+string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		say("load average before", strings.Join(strings.Fields(string(text))[:3], " "))
	}
	say("Go", runtime.Version())
	for _, server := range []string{"redis-server", "memcached", "postgres", "mariadbd"} {
		if out, err := exec.Command(program(server), "--version").Output(); err == nil { //nolint:gosec // the list above
			say(server, strings.SplitN(string(out), "\n", 2)[0])
		}
	}
	modules, err := exec.Command("go", "list", "-m", "all").Output()
	if err != nil {
		t.Error("go list -m all:", err) // a test binary does not carry the versions
	}
	for line := range strings.Lines(string(modules)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.ContainsFunc(shown, func(part string) bool { return strings.Contains(path, part) }) {
			say(path, version)
		}
	}
	publish(t, "circumstances", b.String())
}

// shown are the modules whose versions are told, by a part of their paths.
var shown = []string{
	"alexedwards/scs", "gofiber/fiber", "valyala/fasthttp", "gorilla/sessions", "boj/redistore", "redis/go-redis/v9", "gomodule/redigo",
	"redis/rueidis", "bradfitz/gomemcache", "jackc/pgx", "go-sql-driver/mysql", "modernc.org/sqlite",
}

// program finds a server that Debian does not put on the path.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return name
	}
	return found[len(found)-1]
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	_, rest, _ := strings.Cut(string(info), "model name")
	name, _, _ := strings.Cut(strings.TrimLeft(rest, "\t :"), "\n")
	return name
}
