// Subject and Run: how a store enters the suite, and how the suite is run.

package faults

import (
	"os"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// Subject is a store and the server that is to fail under it. Name and Open are
// required.
type Subject struct {
	// Name heads the store's column in the table.
	Name string

	// Open opens the store on the server at addr, which is Server.Addr or a proxy
	// before it, with now as its clock, and closes it with t.Cleanup. All stores
	// opened on one server share their sessions. It must not depend on Start: it
	// runs in processes of its own too, which see Server.Env.
	Open func(t testing.TB, addr string, now func() time.Time) session.Store

	// Start starts a server that the suite may harm. Where there is none NoServer
	// says why, in a phrase, and Start may be nil, or return the address alone.
	Start    func(t testing.TB) Server
	NoServer string

	// Keeps means that what was acknowledged survives Server.Kill and Restart.
	Keeps bool

	// Serves means that the store answers on while the server is gone, as one does
	// that only caches there.
	Serves bool

	// Decisive is what a write sends last, as bytes on the wire, such as "COMMIT".
	// The server dies and freezes at that moment. Empty: that check is skipped.
	Decisive string

	// Poison is sessiontest.Harness.Poison; the suite uses it while a store is in
	// use.
	Poison func(t testing.TB, s session.Store, id session.ID, p sessiontest.Poison) bool

	// Long repeats what is proved by repetition as often as it takes to be sure; by
	// default it is repeated as often as a test run has time for.
	Long bool

	// Reasons say why a row does not apply, in a phrase, by the row's name.
	Reasons map[string]string
}

// Server is a running server of one test. A function that is nil is something it
// cannot do.
type Server struct {
	// Addr is what Subject.Open is given. If it is host:port the suite also puts a
	// proxy before it.
	Addr string

	Kill    func() // ends it at once, as SIGKILL does
	Freeze  func() // stops it, as SIGSTOP does
	Thaw    func()
	Restart func() // kills it if it runs, and returns when it answers, with what it keeps
	Empty   func() // Restart, with nothing kept

	// Snapshot copies what the server keeps, and rewind restarts it with that.
	Snapshot func() (rewind func())

	// Env is added to the environment of processes that the suite starts, for what
	// Subject.Open must know beside the address.
	Env []string
}

// check is one row of the table.
type check struct {
	row  string
	rule string

	// inapplicable says why the row does not apply to a subject; empty if it does.
	inapplicable func(*Subject, *Server) string

	run func(*cell)
}

// checks are the rows that apply to any store.
func checks() []check {
	var all []check
	for _, some := range [][]check{outageChecks, networkChecks, writeChecks, contentChecks, processChecks, localChecks} {
		all = append(all, some...)
	}
	return all
}

// Rows returns the names of the rows that Run goes through.
func Rows() []string {
	var rows []string
	for _, k := range checks() {
		rows = append(rows, k.row)
	}
	return rows
}

// Run runs the suite as subtests named by row, and returns the results. One server
// serves all rows, so they run one after the other; Run may run in parallel with
// others.
func Run(t *testing.T, s Subject) []Result {
	t.Helper()
	if s.Name == "" || s.Open == nil {
		t.Fatal("faults: Subject.Name and Subject.Open are required")
	}
	if addr, ok := os.LookupEnv(childVariable); ok {
		childMain(t, &s, addr)
	}
	var server *Server
	if s.Start != nil {
		started := s.Start(t)
		server = &started
	} else {
		server = &Server{}
	}
	var results []Result
	for _, k := range checks() {
		t.Run(k.row, func(t *testing.T) {
			results = append(results, runCheck(t, &s, server, k))
		})
	}
	return results
}

// runCheck runs one row and brings the server back to life after it.
func runCheck(t *testing.T, s *Subject, server *Server, k check) Result {
	t.Helper()
	r := Result{Row: k.row, Subject: s.Name}
	if why := s.Reasons[k.row]; why != "" {
		r.Reason = why
		return r
	}
	if k.inapplicable != nil {
		if why := k.inapplicable(s, server); why != "" {
			r.Reason = why
			return r
		}
	}
	defer func() {
		if t.Failed() {
			t.Logf("the rule: %s", k.rule)
			if server.Restart != nil {
				server.Restart()
			}
		}
	}()
	r.Measured = observe(t, s, server, k.run)
	r.Violation = t.Failed()
	return r
}

// Reasons why a row does not apply.
func needsServer(s *Subject, server *Server) string {
	if s.NoServer != "" {
		return s.NoServer
	}
	if server.Kill == nil || server.Freeze == nil || server.Thaw == nil || server.Restart == nil {
		return "the server cannot be harmed"
	}
	return ""
}

func needsNetwork(s *Subject, server *Server) string {
	if s.NoServer != "" {
		return s.NoServer
	}
	if !isNetwork(server.Addr) {
		return "there is no network between"
	}
	return ""
}
