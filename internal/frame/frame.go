// Frame: what every request of a panel passes through, and what its pages stand in.

package frame

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Config is what a frame is made of.
type Config struct {
	MountPath string  // "/" or without a slash at its end
	Secure    bool    // browsers are told to stay on HTTPS
	Policy    *Policy // who may do what, and with which data
	Gates     GateConfig

	DB       *sql.DB // the application's
	AdminDB  *sql.DB
	Accounts *account.Accounts
	Sessions *sessionhttp.Sessions
	UI       *ui.Renderer
	Logger   *slog.Logger

	// Keep adds to the page of an error what was entered, so that it is not lost.
	Keep func(*Visit, *ui.Error)
}

// Frame is what every request of a panel passes through. It is safe for use by many
// goroutines.
type Frame struct {
	*Policy

	// Deadlines, Shares and Watch are for tests to look into and to hasten.
	Deadlines Deadlines
	Shares    Shares
	Watch     Watch // of what takes long

	cfg      Config
	base     string // the mount path without a slash at its end; empty for "/"
	log      *slog.Logger
	security *slog.Logger // of the security log
	accounts *account.Accounts
	manager  *session.Manager
	sessions *sessionhttp.Sessions
	ui       *ui.Renderer

	mux       *http.ServeMux      // finds the pattern of an address
	crossings map[string]crossing // what stands at it
	addresses crossing            // of all patterns
	gates     *Gates
	origin    *http.CrossOriginProtection
}

// New returns a frame without addresses: add them before the first request. What is wrong in
// cfg.Gates is in the error.
func New(cfg Config) (*Frame, error) {
	f := &Frame{
		Policy: cfg.Policy, Deadlines: DefaultDeadlines, cfg: cfg, base: strings.TrimSuffix(cfg.MountPath, "/"),
		log: cfg.Logger.With("component", "panel"), security: cfg.Logger.With("component", "security"),
		accounts: cfg.Accounts, manager: cfg.Sessions.Manager(), sessions: cfg.Sessions, ui: cfg.UI,
		mux: http.NewServeMux(), crossings: map[string]crossing{}, origin: http.NewCrossOriginProtection(),
	}
	cfg.Gates.Client, cfg.Gates.IsHTTPS, cfg.Gates.Logger = f.sessions.Client, f.sessions.IsHTTPS, f.log
	var err error
	if f.gates, err = NewGates(cfg.Gates); err != nil {
		return nil, err
	}
	if f.base != "" {
		f.Add(Route{Method: http.MethodGet, Access: SignedIn, Handler: AddSlash})
	}
	return f, nil
}

// MaxURL bounds a request's address.
const MaxURL = 16 << 10

// ServeHTTP answers one request. Every answer passes through here: its headers,
// the origin check, the bounds, and the recovery from a panic.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, end := f.Deadlines.Bound(w, r)
	defer end()
	f.setHeaders(w.Header())
	defer f.recover(w, r)
	if path := r.URL.EscapedPath(); path != f.base && !strings.HasPrefix(path, f.base+"/") {
		http.NotFound(w, r)
		return
	}
	if !f.gates.Admit(w, r) {
		return
	}
	if len(r.URL.RequestURI()) > MaxURL {
		f.fail(f.visit(w, r), Refused(http.StatusRequestURITooLong, text.AddressTooLong))
		return
	}
	if err := f.origin.Check(r); err != nil {
		f.fail(f.visit(w, r), errOrigin)
		return
	}
	f.dispatch(w, r)
}

// recover turns a panic into an error page, but for one that ends an answer.
func (f *Frame) recover(w http.ResponseWriter, r *http.Request) {
	what := recover()
	if what == nil {
		return
	}
	if aborted(what) {
		panic(what)
	}
	f.fail(f.visit(w, r), fmt.Errorf("panic: %v", what))
}

// ContentSecurityPolicy allows the panel's own files and nothing else.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (f *Frame) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", ContentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if f.cfg.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
