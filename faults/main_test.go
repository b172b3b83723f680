// Main: the suite on the stores of this module, and the table of its results.

package faults

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

var (
	long  = flag.Bool("long", false, "repeat everything as often as it takes to be sure")
	write = flag.String("write", "", "write the table between the markers of this file")
	parts = flag.String("parts", "", "add what is found to this file, and make the table of all that it holds: for a run in parts")
)

// whole says whether cells run that the short form leaves out: where the code is the
// same as in the column beside.
func whole() bool { return *long || *parts != "" }

// table collects the results of all tests.
var table struct {
	sync.Mutex
	results  []Result
	versions map[string]string // server → version
}

func note(results ...Result) {
	table.Lock()
	defer table.Unlock()
	table.results = append(table.results, results...)
}

// version notes the version that a server says it has.
func version(server, text string) {
	table.Lock()
	defer table.Unlock()
	if table.versions == nil {
		table.versions = map[string]string{}
	}
	table.versions[server] = text
}

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // they mostly wait
		panic(err)
	}
	code := m.Run()
	testserver.StopShared()
	if code == 0 {
		// The fault proxy leaves goroutines behind where it cuts a connection, and one is planted.
		err := goleak.Find(
			goleak.IgnoreAnyFunction("github.com/go-crudadmin/crudadmin/faults.outlive"),
			goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
			goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"),
			goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if *parts != "" {
		if err := addParts(*parts); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if len(table.results) > 0 {
		text := Table(rows(), columns(), append(table.results, inapplicable()...))
		fmt.Printf("\n%s\n", text)
		if *write != "" && code == 0 && strings.Contains(text, " EMPTY |") {
			fmt.Fprintln(os.Stderr, "the table has empty cells: not written")
			code = 1
		} else if *write != "" {
			if err := writeTable(*write, text); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// addParts adds the results to those of the file, and takes over all of them.
func addParts(path string) error {
	type part struct {
		Results  []Result
		Versions map[string]string
	}
	var all []part
	old, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(old, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	all = append(all, part{table.results, table.versions})
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	table.results = nil
	for _, p := range all {
		table.results = append(table.results, p.Results...)
		for server, v := range p.Versions {
			version(server, v)
		}
	}
	return os.WriteFile(path, text, 0o600)
}

// ownRows are the rows of this module's stores beside those of Run.
var ownRows = []struct {
	name    string
	columns []string // that have a result of their own
	others  string   // why the row does not apply to the others
}{
	{sentinelRow, []string{"redis", "hybrid: cache (redis)"}, "Sentinel and Cluster are Redis's"},
	{masterRow, []string{"redis"}, "Sentinel and Cluster are Redis's"},
	{slotRow, []string{"redis"}, "Sentinel and Cluster are Redis's"},
	{fullRow, []string{"redis", "hybrid: cache (redis)"}, "it evicts, or is bounded by the disk: see there"},
	{evictionRow, []string{"redis", "memcached", "hybrid: cache (redis)", "hybrid: cache (memcached)"}, "it evicts nothing"},
	{refusalsRow, []string{"redis", "hybrid: cache (redis)"}, "these are Redis's words"},
	{threeRow, []string{"memcached", "hybrid: cache (memcached)"}, "it is one server"},
	{deadlockRow, []string{"postgresql", "mariadb", "hybrid: database (postgresql)"}, "its writes are one at a time, or one command"},
	{connectionsRow, []string{"postgresql", "mariadb", "hybrid: database (postgresql)"}, "it refuses no connections, or see server killed"},
	{readOnlyRow, []string{"sqlite", "postgresql", "mariadb", "hybrid: database (postgresql)"}, "it has no such mode; a Redis that is a replica is above"},
	{diskRow, []string{"sqlite", "postgresql", "mariadb", "hybrid: database (postgresql)"}, "it does not write to the disk before it answers"},
	{lockedRow, []string{"sqlite"}, "it is not a file"},
	{corruptRow, []string{"sqlite"}, "it is not a file"},
	{cutOffRow, []string{"hybrid: cache (redis)", "hybrid: cache (memcached)"}, "it has no cache between"},
	{staleRow, []string{"hybrid: database (postgresql)"}, "it has no cache between"},
}

func rows() []string {
	rows := Rows()
	for _, r := range ownRows {
		rows = append(rows, r.name)
	}
	return rows
}

// inapplicable are the cells of ownRows that say why there is nothing to see.
func inapplicable() (cells []Result) {
	for _, r := range ownRows {
		for _, column := range columns() {
			if !slices.Contains(r.columns, column) {
				cells = append(cells, Result{Row: r.name, Subject: column, Reason: r.others})
			}
		}
	}
	return cells
}

// try runs one of ownRows for a column, on a server of its own.
func try(t *testing.T, row, column string, s Subject, server Server, run func(*cell)) {
	t.Helper()
	s.Long = *long
	m := observe(t, &s, &server, run)
	note(Result{Row: row, Subject: column, Violation: t.Failed(), Measured: m})
}

func columns() []string {
	var names []string
	for _, s := range subjects() {
		names = append(names, s.Name)
	}
	return names
}

const (
	beginMark = "<!-- faults: begin -->"
	endMark   = "<!-- faults: end -->"
)

// writeTable puts the table, with its date and versions, between the markers.
func writeTable(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(old), beginMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !found || !closed {
		return fmt.Errorf("%s: no %s … %s", path, beginMark, endMark)
	}
	var servers []string
	for server, version := range table.versions {
		servers = append(servers, server+" "+version)
	}
	slices.Sort(servers)
	command := "`make faults`"
	if !*long {
		command = "`go test .` in `faults`, the short form"
	}
	if *parts != "" {
		command += ", in parts"
	}
	made := fmt.Sprintf("%s\n\nMade on %s by %s, on %s.\n\n%s\n%s", beginMark,
		time.Now().UTC().Format(time.DateOnly), command, strings.Join(servers, ", "), text, endMark)
	return os.WriteFile(path, []byte(before+made+after), 0o644)
}

// TestFaults runs the suite on every store.
func TestFaults(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			note(Run(t, s)...)
		})
	}
}
