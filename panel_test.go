// A panel under test: real SQLite files behind it, and browsers that keep
// cookies in front.

package crudadmin

import (
	"cmp"
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

const (
	adminName     = "root"
	adminPassword = "correct horse battery staple"
)

// shop is a small application database.
const shop = `
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, password_hash TEXT, born DATE, vip BOOLEAN);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), note TEXT, total REAL, placed DATETIME);
CREATE TABLE "odd ""table/%" ("a b" TEXT, "<b>" TEXT, PRIMARY KEY ("a b", "<b>")) WITHOUT ROWID;
CREATE VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE VIEW broken AS SELECT missing FROM customers;
INSERT INTO customers VALUES (1, 'Ann', 'ann@example.com', 'topsecrethash', '1990-01-02', 1), (2, '<script>alert(1)</script>', NULL, 'x', NULL, 0);
INSERT INTO orders VALUES (1, 1, 'first', 9.5, '2026-01-02T03:04:05Z'), (2, 1, NULL, 1, '2026-01-03 03:04:05'), (3, 2, '', 2, NULL);
INSERT INTO "odd ""table/%" VALUES ('x/y,z', 'new'), ('', '~');
`

// fastHashes makes passwords cheap in tests that are not about hashing.
var fastHashes = account.Config{Argon2: account.Argon2{Memory: 8, Time: 1, Threads: 1}}

// bench is a panel with its databases and a clock that can be moved.
type bench struct {
	*Panel
	db, admin *sql.DB
	store     *faultyStore
	cfg       Config       // it was made of
	base      string       // under which it is served
	now       atomic.Int64 // microseconds after start
}

// faultyStore is a store that can be switched off.
type faultyStore struct {
	session.Store
	down    atomic.Bool
	panics  atomic.Bool // it has a fault
	partial atomic.Bool // endings are not confirmed everywhere
	calls   atomic.Int64
}

func (s *faultyStore) receipt(err error) error {
	if err == nil && s.partial.Load() {
		return &session.PartialError{Within: 1200 * time.Millisecond, Cause: session.ErrUnavailable}
	}
	return err
}

func (s *faultyStore) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	ended, err := s.Store.Delete(ctx, id, why)
	return ended, s.receipt(err)
}

func (s *faultyStore) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	n, err := s.Store.DeleteUser(ctx, user, why, keep...)
	return n, s.receipt(err)
}

func (s *faultyStore) Get(ctx context.Context, id session.ID) (session.Session, error) {
	s.calls.Add(1)
	if s.panics.Load() {
		panic("a fault of the store")
	}
	if s.down.Load() {
		return session.Session{}, session.ErrUnavailable
	}
	return s.Store.Get(ctx, id)
}

func (s *faultyStore) Ping(ctx context.Context) error {
	if s.down.Load() {
		return session.ErrUnavailable
	}
	return s.Store.Ping(ctx)
}

func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{}
	var err error
	if b.db, err = sqlite.Open(t.Context(), filepath.Join(dir, "shop.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.db.Close() })
	if _, err := b.db.ExecContext(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	if b.admin, err = sqlite.Open(t.Context(), filepath.Join(dir, "admin.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.admin.Close() })
	start := time.Now()
	now := func() time.Time { return start.Add(time.Duration(b.now.Load()) * time.Microsecond) }
	b.store = &faultyStore{Store: memstore.New(memstore.Config{Now: now})}
	cfg := Config{
		DB: b.db, AdminDB: b.admin, SecretKey: config.Secret(strings.Repeat("s", 32)), Now: now,
		Sessions: b.store, FirstUsername: adminName, FirstPassword: adminPassword, Accounts: fastHashes,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	b.cfg, b.base = cfg, strings.TrimSuffix(cmp.Or(cfg.MountPath, "/admin"), "/")
	if b.Panel, err = New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

// declares reports whether a View of the table is registered.
func (b *bench) declares(table string) bool {
	t, ok := b.source.Schema().Table(table)
	return ok && b.policy.View(t).Declared()
}

func (b *bench) advance(d time.Duration) { b.now.Add(d.Microseconds()) }

// user makes an administrator.
func (b *bench) user(t testing.TB, name string, role account.Role) account.User {
	t.Helper()
	u, err := b.accounts.Create(t.Context(), name, adminPassword, role)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// browser keeps cookies, as one person's browser would, and follows nothing.
type browser struct {
	t       testing.TB
	handler http.Handler
	base    string
	cookies map[string]string
	headers map[string]string
	ip      string
}

func (b *bench) browser(t testing.TB) *browser {
	return &browser{t: t, handler: b.Panel, base: b.base, cookies: map[string]string{}, headers: map[string]string{}, ip: "192.0.2.1"}
}

// request is a request to an address under the mount path.
func (b *browser) request(method, path string, form url.Values) *http.Request {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, b.base+path, body)
	r.RemoteAddr = b.ip + ":4711"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

// do sends a request to an address under the mount path.
func (b *browser) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, b.request(method, path, form))
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// read returns what a page says, without tokens, which hold any short word by chance.
func (b *browser) read(path string) string {
	b.t.Helper()
	return programtest.WithoutTokens(b.get(path).Body.String())
}

var csrfInput = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// token loads a page and returns the token in its forms.
func (b *browser) token(path string) string {
	b.t.Helper()
	found := csrfInput.FindStringSubmatch(b.get(path).Body.String())
	if found == nil {
		b.t.Fatalf("%s has no form with a CSRF token", path)
	}
	return found[1]
}

// post sends a form as the page at from would.
func (b *browser) post(from, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("csrf_token", b.token(from))
	return b.do(http.MethodPost, path, form)
}

// login tries to sign in.
func (b *browser) login(username, password string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.post("/login", "/login", url.Values{"username": {username}, "password": {password}})
}

// signIn signs in and fails the test if that fails.
func (b *browser) signIn(username string) *browser {
	b.t.Helper()
	if w := b.login(username, adminPassword); w.Code != http.StatusSeeOther {
		b.t.Fatalf("sign-in of %s: %d", username, w.Code)
	}
	return b
}

const cookieName = "crudadmin_session"
