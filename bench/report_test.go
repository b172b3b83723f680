// Reports: tables as Markdown, on the screen and in docs/benchmarks.md.

package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// write puts each table into the file, between the lines <!-- name --> and
// <!-- /name -->.
var write = flag.String("write", "", "put the tables into this `file` too")

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

// publish prints a section, and puts it into the file of -write.
func publish(t testing.TB, name, text string) {
	t.Helper()
	fmt.Printf("\n%s\n\n%s\n", name, text)
	if *write == "" {
		return
	}
	document, err := os.ReadFile(*write)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, found := strings.Cut(string(document), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %q with its end", *write, strings.TrimSpace(begin))
	}
	if err := os.WriteFile(*write, []byte(before+begin+"\n"+text+"\n"+end+after), 0o644); err != nil { //nolint:gosec // a document
		t.Fatal(err)
	}
}

// circumstances say on what, when and with which versions was measured.
func circumstances() string {
	var b strings.Builder
	say := func(name, value string) { fmt.Fprintf(&b, "- %s: %s\n", name, strings.TrimSpace(value)) }
	say("date", time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	say("machine", fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), processor(), runtime.GOARCH))
	load, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		say("load average at the start", strings.Join(strings.Fields(string(load))[:3], " "))
	}
	say("Go", runtime.Version())
	for _, server := range [][]string{{"redis-server", "--version"}, {"memcached", "--version"}, {"postgres", "--version"}, {"mariadbd", "--version"}} {
		if out, err := exec.Command(server[0], server[1:]...).Output(); err == nil { //nolint:gosec // the list above
			say(server[0], strings.SplitN(string(out), "\n", 2)[0])
		}
	}
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		for _, peer := range []string{"alexedwards/scs", "gorilla/sessions", "boj/redistore", "redis/go-redis", "gomodule/redigo", "redis/rueidis", "bradfitz/gomemcache", "jackc/pgx", "modernc.org/sqlite"} {
			if strings.Contains(dep.Path, peer) {
				say(dep.Path, dep.Version)
			}
		}
	}
	return b.String()
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
