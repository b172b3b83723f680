// cell: what one check works with, and how it counts what is left behind.

package faults

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

const (
	// deadline is what a call is given while the fault lasts.
	deadline = 150 * time.Millisecond

	// late is how long after its deadline a call may come back.
	late = 50 * time.Millisecond

	// back is how soon service is back after a fault, and busy how much more a
	// machine gets that does other things too; the table tells how long it took. A
	// long run, which is made on a quiet machine, gets as much again.
	back = time.Second
	busy = 14 * time.Second

	// unhurried is what a call is given where no fault delays it.
	unhurried = 5 * time.Second

	// decided is what a write is given whose server dies or freezes at its end.
	decided = time.Second

	// patience is how long is waited for what has no bound of its own.
	patience = 10 * time.Second

	// slack is how many goroutines and connections more than before the fault a
	// store may have after it: its pool may have been smaller than allowed.
	slack = 24

	limit = 3 // of sessions of one user
)

// cell is one check on one subject.
type cell struct {
	testing.TB
	subject *Subject
	server  *Server
	long    bool
	clock   *shiftedClock
	ledger  *ledger
	label   string
	own     int // goroutines of the check itself

	life  *lifetime
	store session.Store
	proxy *proxy // nil where the store speaks to the server itself

	measured Measured
}

// labelKey marks the goroutines of a check, and those they start.
const labelKey = "faults"

var labels atomic.Int64

// observe runs a check and returns what it measured.
func observe(t testing.TB, s *Subject, server *Server, run func(*cell)) Measured {
	t.Helper()
	c := &cell{
		TB: t, subject: s, server: server, long: s.Long,
		clock: &shiftedClock{}, ledger: newLedger(), label: fmt.Sprint(labels.Add(1)),
	}
	// What the store starts inherits the label of the goroutine that opens and
	// calls it; what harms the server runs without.
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelKey, c.label)))
	defer pprof.SetGoroutineLabels(context.Background())
	c.own = c.goroutines()
	defer c.close()
	run(c)
	return c.measured
}

// harm does something to the server.
func (c *cell) harm(do func()) {
	pprof.SetGoroutineLabels(context.Background())
	do()
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelKey, c.label)))
}

// times returns how often to repeat.
func (c *cell) times(long, short int) int {
	if c.long {
		return long
	}
	return short
}

// soon is how long service may take to be back.
func (c *cell) soon() time.Duration {
	if c.long {
		return 2 * back
	}
	return back + busy
}

// shiftedClock is the real time, and a jump.
type shiftedClock struct{ by atomic.Int64 }

func (c *shiftedClock) now() time.Time              { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *shiftedClock) jump(d time.Duration)        { c.by.Add(int64(d)) }
func (c *shiftedClock) shifted() (by time.Duration) { return time.Duration(c.by.Load()) }

// lifetime is the test a store is opened for: it ends before the check does.
type lifetime struct {
	testing.TB
	cleanups []func()
}

func (l *lifetime) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }

func (l *lifetime) end() {
	for len(l.cleanups) > 0 {
		last := len(l.cleanups) - 1
		f := l.cleanups[last]
		l.cleanups = l.cleanups[:last]
		f()
	}
}

// open opens the store, directly or through a proxy.
func (c *cell) open(proxied bool) {
	c.Helper()
	addr := c.server.Addr
	if proxied {
		c.harm(func() { c.proxy = newProxy(c.TB, c.server.Addr) })
		addr = c.proxy.addr
	}
	c.life = &lifetime{TB: c.TB}
	c.store = c.another(addr, c.life, c.clock.now)
}

// another opens one more store for as long as life lasts, and runs its loop.
func (c *cell) another(addr string, life *lifetime, now func() time.Time) session.Store {
	c.Helper()
	store := c.subject.Open(life, addr, now)
	if loop := store.Traits().Background; loop != nil {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = loop(ctx) // what it could not write at the end, the checks see
		}()
		life.Cleanup(func() { stop(); <-ended })
	}
	return store
}

// close closes the store.
func (c *cell) close() {
	if c.life != nil {
		c.life.end()
		c.life = nil
	}
}

// goroutines returns how many carry the label of the check.
func (c *cell) goroutines() int {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		c.Fatal(err)
	}
	mark := fmt.Sprintf("%q:%q", labelKey, c.label)
	n, count := 0, 0
	for line := range strings.Lines(b.String()) {
		if head, _, ok := strings.Cut(line, " @ "); ok {
			count, _ = strconv.Atoi(head)
		}
		if strings.HasPrefix(line, "# labels:") && strings.Contains(line, mark) {
			n += count
		}
	}
	return n
}

// stacks returns the stacks of the goroutines that carry the label.
func (c *cell) stacks() string {
	var b bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&b, 1)
	mark := fmt.Sprintf("%q:%q", labelKey, c.label)
	var out []string
	for block := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(block, mark) {
			out = append(out, block)
		}
	}
	return strings.Join(out, "\n\n")
}

// connections returns how many there are to the server or the proxy before it; 0
// where the system does not tell.
func (c *cell) connections() int {
	addr := c.server.Addr
	if c.proxy != nil {
		addr = c.proxy.addr
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	number, _ := strconv.Atoi(port)
	text, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		return 0
	}
	want, n := fmt.Sprintf(":%04X", number), 0
	for line := range strings.Lines(string(text)) {
		// number, local address, remote address, state: proc(5); 06 is TIME_WAIT,
		// which the kernel keeps by itself.
		if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[2], want) && f[3] != "06" {
			n++
		}
	}
	return n
}

// left is what a store holds at a moment.
type left struct{ goroutines, connections int }

func (c *cell) count() left { return left{c.goroutines(), c.connections()} }

// grown fails the check if goroutines or connections stay above before.
func (c *cell) grown(before left, when string) {
	c.Helper()
	ok := c.eventually(patience, func() bool {
		now := c.count()
		return now.goroutines <= before.goroutines+slack && now.connections <= before.connections+slack
	})
	if !ok {
		now := c.count()
		c.Errorf("%s: %d goroutines, were %d; %d connections, were %d", when, now.goroutines, before.goroutines, now.connections, before.connections)
	}
}

// clean closes the store and fails the check if anything of it is left.
func (c *cell) clean() {
	c.Helper()
	c.close()
	ok := c.eventually(patience, func() bool { return c.goroutines() <= c.own && c.connections() == 0 })
	if !ok {
		c.Errorf("after Close: %d goroutines and %d connections are left\n%s", c.goroutines()-c.own, c.connections(), c.stacks())
	}
	c.measured.Clean = ok
}

// eventually polls until ok, less and less often, and reports whether it was within the time.
func (c *cell) eventually(within time.Duration, ok func() bool) bool {
	for began, until := time.Now(), time.Now().Add(within); ; {
		if ok() {
			return true
		}
		if time.Now().After(until) {
			return false
		}
		<-time.After(5*time.Millisecond + min(time.Since(began)/20, 100*time.Millisecond))
	}
}

// within calls f with a context that ends after d.
func within[T any](d time.Duration, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return f(ctx)
}

// user returns a user of this check alone.
func (c *cell) user() session.User {
	var tag session.Tag
	_, _ = rand.Read(tag[:])
	return session.User{ID: "user-" + rand.Text(), Tag: tag}
}

// record returns a session of a user that is not stored yet.
func (c *cell) record(u session.User) session.Session {
	now := c.clock.now().UTC().Truncate(time.Microsecond)
	s := session.Session{
		UserID: u.ID, CreatedAt: now, LastActivity: now, RotatedAt: now,
		ExpiresAt: now.Add(30 * time.Minute), Deadline: now.Add(12 * time.Hour), Version: 1,
		Metadata: session.StoredMetadata(`{"cart":[1,2]}`),
	}
	_, _ = rand.Read(s.ID[:])
	copy(s.ID[:], u.Tag[:])
	return s
}

// create stores a session of the user while all is well.
func (c *cell) create(u session.User) session.Session {
	c.Helper()
	s := c.record(u)
	e := c.ledger.begin(op{Kind: "create", User: u.ID, ID: s.ID})
	evicted, err := within(patience, func(ctx context.Context) ([]session.ID, error) {
		return c.store.Create(ctx, s, session.Admission{})
	})
	if err != nil {
		c.Fatalf("Create while all is well: %v", err)
	}
	c.ledger.end(e, done, nil, evicted)
	return s
}

// remove ends a session while all is well.
func (c *cell) remove(s session.Session) {
	c.Helper()
	e := c.ledger.begin(op{Kind: "delete", User: s.UserID, ID: s.ID})
	_, err := within(patience, func(ctx context.Context) (session.Session, error) {
		return c.store.Delete(ctx, s.ID, session.Ending{Reason: session.ReasonLogout})
	})
	if err != nil {
		c.Fatalf("Delete while all is well: %v", err)
	}
	c.ledger.end(e, done, nil, nil)
}

// get asks for a session, and notes the answer.
func (c *cell) get(d time.Duration, id session.ID) (session.Session, error) {
	s, err := within(d, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, id) })
	c.ledger.saw(id, err)
	return s, err
}

var quiet = slog.New(slog.DiscardHandler)

// site is the store behind a manager and HTTP, with one who is signed in and one
// who has signed out.
type site struct {
	manager   *session.Manager
	handler   http.Handler
	in, out   session.Token
	inSession session.Session
}

func (c *cell) newSite() *site {
	c.Helper()
	m, err := session.New(c.store, session.Config{
		SecretKey: "a key of this suite alone, 32 bytes or more", MaxPerUser: session.Unlimited,
		Logger: quiet, Now: c.clock.now,
	})
	if err != nil {
		c.Fatal(err)
	}
	sessions, err := sessionhttp.New(m, sessionhttp.Config{})
	if err != nil {
		c.Fatal(err)
	}
	s := &site{manager: m}
	s.handler = sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("hello " + sessionhttp.UserID(r.Context())))
	}))
	login := func() session.Token {
		token, made, err := m.Create(c.patient(), session.NewSession{UserID: "site-" + rand.Text()})
		if err != nil {
			c.Fatalf("Manager.Create while all is well: %v", err)
		}
		s.inSession = made
		return token
	}
	s.out = login()
	if err := m.Logout(c.patient(), s.out); err != nil {
		c.Fatalf("Logout while all is well: %v", err)
	}
	s.in = login()
	return s
}

// patient returns a context for what is done while all is well.
func (c *cell) patient() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	c.Cleanup(cancel)
	return ctx
}
