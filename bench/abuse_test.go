// Abuse: one person takes all that they can, and others work on.

package bench

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

var (
	abuseRows = flag.Int("abuse", 0, "let one person abuse a panel over a table of so many `rows`, and measure the others")
	abuseTime = flag.Duration("abuse-time", time.Minute, "for how `long`")
)

const abusePassword = "a password for the bench"

// abused is a panel that listens, over a copy of the orders in a journal mode.
type abused struct {
	*httptest.Server
	path string
}

func newAbused(t *testing.T, journal string) *abused {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	from, err := os.Open(ordersFile(t, *abuseRows))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	to, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	_ = to.Close()
	plain, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.ExecContext(t.Context(), `PRAGMA journal_mode = `+journal+`;
		CREATE TABLE texts (id INTEGER PRIMARY KEY, body TEXT, picture BLOB);
		INSERT INTO texts VALUES (1, replace(hex(zeroblob(450000)), '0', 'a'), NULL), (2, replace(hex(zeroblob(10000000)), '0', 'a'), NULL), (3, NULL, zeroblob(150000000))`); err != nil {
		t.Fatal(err)
	}
	_ = plain.Close()
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
		DB: db, AdminDB: admin, SecretKey: "0123456789abcdef0123456789abcdef", FirstUsername: "ann", FirstPassword: abusePassword,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), ExportDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vera", "olga", "otto"} {
		if _, err := panel.Accounts().Create(t.Context(), name, abusePassword, account.Viewer); err != nil {
			t.Fatal(err)
		}
	}
	a := &abused{Server: httptest.NewServer(panel), path: path}
	t.Cleanup(a.Close)
	return a
}

var csrfToken = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// signIn returns a browser of its own.
func (a *abused) signIn(name string) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 200}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(a.URL + "/admin/login")
	if err != nil {
		return nil, err
	}
	page, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	found := csrfToken.FindSubmatch(page)
	if found == nil {
		return nil, fmt.Errorf("the login has no token: %d", answer.StatusCode)
	}
	answer, err = client.PostForm(a.URL+"/admin/login", url.Values{"username": {name}, "password": {abusePassword}, "csrf_token": {string(found[1])}})
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("sign-in of %s: %d", name, answer.StatusCode)
	}
	return client, nil
}

// attack does all at once, again and again, until ctx ends. It returns what was answered, by
// status.
func (a *abused) attack(ctx context.Context, t *testing.T, all *sync.WaitGroup) *sync.Map {
	t.Helper()
	vera, err := a.signIn("vera")
	if err != nil {
		t.Fatal(err)
	}
	answers := &sync.Map{}
	count := func(what string) {
		n, _ := answers.LoadOrStore(what, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
	get := func(what, path string, read func(io.Reader)) {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+path, nil)
		answer, err := vera.Do(r)
		if err != nil {
			return
		}
		defer func() { _ = answer.Body.Close() }()
		count(fmt.Sprint(what, " ", answer.StatusCode))
		read(answer.Body)
		if answer.StatusCode != http.StatusOK {
			select { // who is refused asks again soon
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	again := func(one func()) {
		all.Go(func() {
			for ctx.Err() == nil {
				one()
			}
		})
	}
	slow := func(r io.Reader) {
		buf := make([]byte, 8<<10)
		for ctx.Err() == nil {
			if _, err := io.ReadFull(r, buf); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	whole := func(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
	for i := range 20 {
		table := []string{"orders", "texts"}[i%2]
		again(func() { get("export", "/admin/m/"+table+"/export.csv", slow) })
	}
	for i := range 100 {
		again(func() { get("search", fmt.Sprintf("/admin/m/orders/?q=zzqqzz%d", i), whole) })
	}
	worst := strings.Repeat("a", 199) + "b"
	for range 10 {
		again(func() { get("pattern", "/admin/m/texts/?f.body.contains="+worst, whole) })
		again(func() { get("pattern", "/admin/m/texts/?q="+worst+"&sort=-body", whole) })
	}
	address := strings.TrimPrefix(a.URL, "http://")
	for i := range 100 {
		again(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			if i%2 == 0 { // a body that does not end
				_, _ = fmt.Fprintf(conn, "POST /admin/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 16000\r\n\r\nusername=%s", strings.Repeat("x", 8000))
			} else { // answers that are not read
				_ = conn.(*net.TCPConn).SetReadBuffer(2 << 10)
				_, _ = io.WriteString(conn, strings.Repeat("GET /admin/login HTTP/1.1\r\nHost: x\r\n\r\n", 100))
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Second):
			}
		})
	}
	return answers
}

func atPercent(times []time.Duration, of int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*of/100)]
}

func TestAbuse(t *testing.T) {
	if *abuseRows == 0 {
		t.Skip("give -abuse 1000000")
	}
	fmt.Println("load average before:", loadAverage())
	t.Run("wal", func(t *testing.T) { abuse(t, newAbused(t, "wal"), false) })
	t.Run("delete", func(t *testing.T) { abuse(t, newAbused(t, "delete"), true) })
}

// abuse measures the others, and the application's writes, while one attacks.
func abuse(t *testing.T, a *abused, writes bool) {
	olga, err := a.signIn("olga")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), *abuseTime)
	defer stop()
	var all, measured sync.WaitGroup
	answers := a.attack(ctx, t, &all)
	var lists, signIns, waits []time.Duration
	var wrongs atomic.Int64
	var notReady, peak int64
	measured.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			path := []string{"/admin/m/orders/", "/admin/m/orders/?sort=-placed_at", "/admin/m/orders/?f.status.eq=cart", "/admin/m/customers/?sort=name"}[i%4]
			begun := time.Now()
			answer, err := olga.Get(a.URL + path)
			if err != nil {
				wrongs.Add(1)
				continue
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if lists = append(lists, time.Since(begun)); answer.StatusCode != http.StatusOK {
				wrongs.Add(1)
			}
		}
	})
	measured.Go(func() {
		client := &http.Client{Transport: &http.Transport{}}
		for ctx.Err() == nil {
			answer, err := client.Get(a.URL + "/admin/readyz")
			if err == nil {
				_ = answer.Body.Close()
			}
			if err != nil || answer.StatusCode != http.StatusOK {
				notReady++
			}
			peak = max(peak, resident(t, "VmRSS:"))
			time.Sleep(100 * time.Millisecond)
		}
	})
	measured.Go(func() {
		for ctx.Err() == nil {
			begun := time.Now()
			if _, err := a.signIn("otto"); err != nil { // not olga, whose first session five more would end
				wrongs.Add(1)
			}
			signIns = append(signIns, time.Since(begun))
			time.Sleep(2 * time.Second)
		}
	})
	if writes {
		measured.Go(func() {
			db, err := sql.Open("sqlite", "file:"+a.path+"?_pragma=busy_timeout(30000)")
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = db.Close() }()
			db.SetMaxOpenConns(1)
			for i := 0; ctx.Err() == nil; i++ {
				begun := time.Now()
				if _, err := db.ExecContext(context.WithoutCancel(ctx), "UPDATE orders SET note = 'x' WHERE id = ?", 1+i*7919%*abuseRows); err != nil {
					t.Error(err)
				}
				waits = append(waits, time.Since(begun))
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	measured.Wait()
	a.CloseClientConnections()
	all.Wait()
	answers.Range(func(what, n any) bool { fmt.Printf("  %v: %d\n", what, n.(*atomic.Int64).Load()); return true })
	goal := func(what string, got, want any, met bool) {
		verdict := "met"
		if !met {
			verdict = "MISSED"
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		fmt.Printf("%-46s %12v   ≤ %v: %s\n", what, got, want, verdict)
	}
	p95 := atPercent(lists, 95)
	fmt.Printf("%d lists of another viewer, p50 %v, longest %v\n", len(lists), atPercent(lists, 50).Round(time.Millisecond), atPercent(lists, 100).Round(time.Millisecond))
	goal("other people's lists, p95", p95.Round(time.Millisecond), 300*time.Millisecond, p95 <= 300*time.Millisecond)
	goal("answers to others that are not 200", wrongs.Load(), 0, wrongs.Load() == 0)
	goal("readyz not 200", notReady, 0, notReady == 0)
	longest := atPercent(signIns, 100)
	goal("sign-in, longest", longest.Round(time.Millisecond), time.Second, longest <= time.Second)
	goal("memory (RSS), MiB", peak>>20, 512, peak <= 512<<20)
	if writes {
		p95, longest := atPercent(waits, 95), atPercent(waits, 100)
		fmt.Printf("%d writes of the application\n", len(waits))
		goal("the application's writes, p95", p95.Round(time.Millisecond), 100*time.Millisecond, p95 <= 100*time.Millisecond)
		goal("the application's writes, longest", longest.Round(time.Millisecond), time.Second, longest <= time.Second)
	}
}
