package main

// This file makes the database of a running panel fail for real, and holds the panel to the table
// of docs/reliability.md.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// patience guards against hanging.
const patience = time.Minute

// failing is a server that can be made to fail.
type failing interface {
	Kill()
	Restart()
	Freeze()
	Thaw()
}

// panelFault is a fault of a server with the application's database.
type panelFault struct {
	name       string
	begin, end func(*faultyPanel)
	want       []string // what becomes of each of panelRequests, in the words of outcome
}

// panelRequests are sent at once while the fault lasts.
var panelRequests = []string{"list", "record", "save", "bulk", "export", "sign-in"}

var (
	served      = []string{"answered", "answered", "done", "done", "answered", "done"}
	unavailable = []string{"503", "503", "503, kept", "503, kept", "503", "done"}
)

// Frozen comes first: a panel that has just met a fault does not ask whether the schema has
// changed.
var panelFaults = []panelFault{
	{"frozen", func(p *faultyPanel) { p.server.Freeze() }, func(p *faultyPanel) { p.server.Thaw() }, unavailable},
	{"killed", func(p *faultyPanel) { p.server.Kill() }, func(p *faultyPanel) { p.server.Restart() }, unavailable},
	{"restarted", func(p *faultyPanel) { p.server.Restart() }, func(*faultyPanel) {}, served},
	{
		"read-only", func(p *faultyPanel) { p.readOnly("on") }, func(p *faultyPanel) { p.readOnly("off") },
		[]string{"answered", "answered", "403, kept", "403, kept", "answered", "done"},
	},
	{"disk full", func(p *faultyPanel) { p.fill() }, func(p *faultyPanel) { p.free() }, []string{"answered", "answered", "503, kept", "503, kept", "answered", "done"}},
	{"out of connections", func(p *faultyPanel) { p.crowd() }, func(p *faultyPanel) { p.leave() }, unavailable},
	{"locked by a migration", func(p *faultyPanel) { p.lock() }, func(p *faultyPanel) { p.leave() }, unavailable},
}

// faultyPanel is a panel over a server that fails.
type faultyPanel struct {
	t       *testing.T
	server  failing
	driver  string
	dsn     string
	node    *node
	visitor *programtest.Visitor
	disk    string       // with the table; empty where none can be made
	end     func() error // of a transaction with a lock
	held    []*sql.DB    // that hold connections and locks
}

// nameSize is the length of the names: four rows fill a page of the table, so that no change of a
// row finds room in it.
const nameSize = 1900

func sized(name string) string { return name + strings.Repeat(".", nameSize-len(name)) }

func newFaultyPanel(t *testing.T) *faultyPanel {
	t.Helper()
	server := testserver.Postgres(t)
	p := &faultyPanel{t: t, server: server, driver: "pgx", dsn: server.URL()}
	place := ""
	if p.disk = smallDisk(t); p.disk != "" {
		p.do("CREATE TABLESPACE small LOCATION '" + p.disk + "'")
		place = " TABLESPACE small"
	}
	p.begin(server.URL(), "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL)"+place)
	return p
}

// newFaultyMariaDB is a panel over MariaDB.
func newFaultyMariaDB(t *testing.T) *faultyPanel {
	t.Helper()
	server := testserver.MariaDB(t)
	p := &faultyPanel{t: t, server: server, driver: "mysql", dsn: server.DSN()}
	p.begin(server.URL(), "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL) ENGINE = InnoDB")
	return p
}

// begin makes the table and starts the panel.
func (p *faultyPanel) begin(address, table string) {
	p.t.Helper()
	statements := []string{table}
	for i := range 100 {
		statements = append(statements, fmt.Sprintf("INSERT INTO customers VALUES (%d, '%s')", i+1, sized(fmt.Sprint("customer ", i+1))))
	}
	p.do(statements...)
	p.node = startOver(p.t, address, dataDir(p.t), "MAX_SESSIONS_PER_USER", "unlimited")
	p.visitor = p.program().SignIn(p.t)
}

// smallDisk is the path of a file system of 4 MiB of PostgreSQL's user; empty where none can be
// mounted.
func smallDisk(t *testing.T) string {
	t.Helper()
	owner, err := user.Lookup("postgres")
	if err != nil {
		return ""
	}
	outer, err := os.MkdirTemp("", "crudadmin-disk-") //nolint:usetesting // the folders around those of a test are closed to other users
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(outer, "disk")
	t.Cleanup(func() { _ = os.RemoveAll(outer) })
	if err := errors.Join(os.Chmod(outer, 0o755), os.Mkdir(path, 0o755)); err != nil {
		t.Fatal(err)
	}
	if exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=4m,mode=0700,uid="+owner.Uid+",gid="+owner.Gid, "tmpfs", path).Run() != nil {
		return ""
	}
	t.Cleanup(func() { _ = exec.CommandContext(context.WithoutCancel(t.Context()), "umount", "-l", path).Run() })
	return path
}

func (p *faultyPanel) program() *programtest.Program {
	return &programtest.Program{URL: p.node.url, Username: "admin", Password: nodePassword}
}

// do runs statements on a connection that is closed then.
func (p *faultyPanel) do(statements ...string) {
	p.t.Helper()
	db := p.pool()
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(p.t.Context(), statement); err != nil {
			p.t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (p *faultyPanel) pool() *sql.DB {
	p.t.Helper()
	db, err := sql.Open(p.driver, p.dsn)
	if err != nil {
		p.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// readOnly sets default_transaction_read_only, and waits until new connections have it: by then
// the server has told the others.
func (p *faultyPanel) readOnly(value string) {
	p.t.Helper()
	p.do("ALTER SYSTEM SET default_transaction_read_only = "+value, "SELECT pg_reload_conf()")
	for until := time.Now().Add(testserver.Guard); p.setting("default_transaction_read_only") != value; {
		if time.Now().After(until) {
			p.t.Fatalf("default_transaction_read_only does not become %s", value)
		}
	}
}

// setting is what a new connection has.
func (p *faultyPanel) setting(name string) (value string) {
	p.t.Helper()
	db := p.pool()
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(p.t.Context(), "SHOW "+name).Scan(&value); err != nil {
		p.t.Fatal(err)
	}
	return value
}

// fill writes until the disk has no room, and the table none for another version of a row.
func (p *faultyPanel) fill() {
	p.t.Helper()
	p.do("VACUUM FULL customers")
	file, err := os.Create(filepath.Join(p.disk, "filler"))
	if err != nil {
		p.t.Fatal(err)
	}
	for size := 64 << 10; size > 0; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	_ = file.Close() // the error is the one that was wanted
}

func (p *faultyPanel) free() {
	if err := os.Remove(filepath.Join(p.disk, "filler")); err != nil {
		p.t.Error(err)
	}
}

// crowd ends the panel's connections and takes all that there are.
func (p *faultyPanel) crowd() {
	p.t.Helper()
	most := p.setting("max_connections")
	p.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
	for until := time.Now().Add(testserver.Guard); fmt.Sprint(len(p.held)) != most; {
		db := p.pool()
		err := db.PingContext(p.t.Context())
		if err == nil {
			p.held = append(p.held, db)
			continue
		}
		_ = db.Close() // one that ended is not gone yet
		if time.Now().After(until) {
			p.t.Fatalf("%d of %s connections were had: %v", len(p.held), most, err)
		}
	}
}

func (p *faultyPanel) lock() {
	db := p.pool()
	p.held = append(p.held, db)
	tx, err := db.BeginTx(context.WithoutCancel(p.t.Context()), nil) // ends with its connection
	if err == nil {
		_, err = tx.ExecContext(p.t.Context(), map[string]string{"pgx": "LOCK TABLE customers IN ACCESS EXCLUSIVE MODE", "mysql": "LOCK TABLES customers WRITE"}[p.driver])
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.end = tx.Rollback
}

func (p *faultyPanel) leave() {
	if p.end != nil {
		_ = p.end()
	}
	p.end = nil
	for _, db := range p.held {
		_ = db.Close()
	}
	p.held = nil
}

// answered is what became of one request.
type answered struct {
	status int
	body   string
	took   time.Duration
}

// ask sends one request, and follows no redirection to another page.
func (p *faultyPanel) ask(visitor *programtest.Visitor, method, path string, form url.Values) answered {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, visitor.Resolve(path), strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Error(err)
		return answered{}
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	began := time.Now()
	got := visitor.Do(request)
	return answered{got.Status, got.Body, time.Since(began)}
}

// outcome says in a word or two what became of a request: a page was answered, something was done,
// or the status; and that what was entered is kept on the page.
func (a answered) outcome(request string, entered string) string {
	changes := request == "save" || request == "bulk" || request == "sign-in"
	switch {
	case a.status == http.StatusOK && changes:
		return "done"
	case a.status == http.StatusOK:
		return "answered"
	case changes && strings.Contains(a.body, "What you sent is kept on this page") && strings.Contains(a.body, entered):
		return fmt.Sprint(a.status, ", kept")
	}
	return fmt.Sprint(a.status)
}

func TestPanelFaultsOnPostgresLong(t *testing.T) {
	testserver.LongForm(t)
	panelFaultsAreSurvived(t, newFaultyPanel(t), panelFaults)
}

// On MariaDB the faults are tried that are made in the same way.
func TestPanelFaultsOnMariaDBLong(t *testing.T) {
	testserver.LongForm(t)
	panelFaultsAreSurvived(t, newFaultyMariaDB(t), slices.DeleteFunc(slices.Clone(panelFaults), func(f panelFault) bool {
		return f.name == "read-only" || f.name == "disk full" || f.name == "out of connections"
	}))
}

// panelFaultsAreSurvived makes each fault, sends a request of each kind at once, ends the fault,
// and finds the next page served, and the records as they were unless it was told that they were
// changed.
func panelFaultsAreSurvived(t *testing.T, p *faultyPanel, faults []panelFault) {
	t.Helper()
	for _, fault := range faults {
		if fault.name == "disk full" && p.disk == "" {
			t.Log("no disk can be mounted here: the row is left out")
			continue
		}
		late := p.survive(fault)
		for tries := 1; late != nil && tries < 3; tries++ { // the machine may have been busy
			t.Log(late)
			late = p.survive(fault)
		}
		if late != nil {
			t.Error(late)
		}
	}
	p.node.end(t)
}

// survive makes one fault. Requests that took too long are its error.
func (p *faultyPanel) survive(fault panelFault) (late error) {
	p.t.Helper()
	before := p.names()
	answers := p.suffer(fault)
	for i, name := range panelRequests {
		got := answers[name]
		if word := got.outcome(name, "while "+fault.name); word != fault.want[i] {
			p.t.Errorf("%s: %s: %s, want %s: %s", fault.name, name, word, fault.want[i], programtest.Clip(programtest.AnyTag.ReplaceAllString(got.body, " ")))
		}
		if limit := map[bool]time.Duration{false: data.DefaultQueryTimeout, true: data.DefaultBulkTimeout}[name == "bulk"]; got.took > limit+5*time.Second {
			late = errors.Join(late, fmt.Errorf("%s: %s took %v", fault.name, name, got.took))
		}
	}
	after := p.names()
	for i, request := range []string{"save", "bulk", "bulk"} {
		want := before[i]
		if answers[request].status == http.StatusOK {
			want = sized(request + " while " + fault.name)
		}
		if after[i] != want {
			p.t.Errorf("%s: record %d is %.40q, want %.40q", fault.name, i+1, after[i], want)
		}
	}
	return late
}

// names are those of the records that are changed.
func (p *faultyPanel) names() (names [3]string) {
	p.t.Helper()
	db := p.pool()
	defer func() { _ = db.Close() }()
	for i := range names {
		if err := db.QueryRowContext(p.t.Context(), fmt.Sprint("SELECT name FROM customers WHERE id = ", i+1)).Scan(&names[i]); err != nil {
			p.t.Fatal(err)
		}
	}
	return names
}

// suffer sends the requests while the fault lasts, and returns when a page is served again after
// it: one of the first requests, and within a second on a machine that does nothing else.
func (p *faultyPanel) suffer(fault panelFault) map[string]answered {
	p.t.Helper()
	save := p.visitor.Get("m/customers/1/edit").Fields("hidden")
	save.Set("name", sized("save while "+fault.name))
	bulk := url.Values{"csrf_token": save["csrf_token"], "confirm": {"1"}, "key": {"2", "3"}, "set.to.name": {"1"}, "to.name": {sized("bulk while " + fault.name)}}
	stranger := p.program().Stranger(p.t)
	in := url.Values{"username": {"admin"}, "password": {nodePassword}, "csrf_token": {stranger.Get("login").Field("csrf_token")}}
	fault.begin(p)
	answers := map[string]answered{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, send := range map[string]func() answered{
		"list":    func() answered { return p.ask(p.visitor, http.MethodGet, "m/customers", nil) },
		"record":  func() answered { return p.ask(p.visitor, http.MethodGet, "m/customers/1", nil) },
		"save":    func() answered { return p.ask(p.visitor, http.MethodPost, "m/customers/1/edit", save) },
		"bulk":    func() answered { return p.ask(p.visitor, http.MethodPost, "m/customers/actions/edit", bulk) },
		"export":  func() answered { return p.ask(p.visitor, http.MethodGet, "m/customers/export.csv", nil) },
		"sign-in": func() answered { return p.ask(stranger, http.MethodPost, "login", in) },
	} {
		all.Go(func() {
			got := send()
			mu.Lock()
			defer mu.Unlock()
			answers[name] = got
		})
	}
	all.Wait()
	fault.end(p)
	began, tries := time.Now(), 1
	for p.ask(p.visitor, http.MethodGet, "m/customers", nil).status != http.StatusOK {
		if tries++; tries > 3 {
			p.t.Errorf("%s: three pages after it are not served", fault.name)
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	line := "| " + fault.name
	for _, name := range panelRequests {
		line += fmt.Sprintf(" | %s, %.2f s", answers[name].outcome(name, "while "+fault.name), answers[name].took.Seconds())
	}
	p.t.Logf("%s | page %d after it, %v |", line, tries, time.Since(began).Round(time.Millisecond))
	return answers
}

// The table of docs/reliability.md is that of the test.
func TestThePanelsFaultsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "| fault | " + strings.Join(panelRequests, " | ") + " |\n|---|" + strings.Repeat("---|", len(panelRequests)) + "\n"
	for _, fault := range panelFaults {
		want += "| " + fault.name + " | " + strings.Join(fault.want, " | ") + " |\n"
	}
	if !strings.Contains(string(text), want) {
		t.Errorf("docs/reliability.md has not the table\n%s", want)
	}
}
