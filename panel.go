// Panel: the handler, from the request line to the right page.

package crudadmin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Panel is an admin panel. It is an http.Handler for every address under its
// mount path and safe for use by many goroutines.
type Panel struct {
	cfg      Config
	base     string // the mount path without a slash at its end; empty for "/"
	log      *slog.Logger
	security *slog.Logger                     // of the security log
	source   *data.Source                     // the application's data
	sources  map[account.Role]data.DataSource // … as the views show it, to each role what it may see
	whole    *data.Source                     // … to nobody in particular: no table is hidden by rights
	views    map[string]*typed.View           // what the program says, by table
	rights   map[string]Rights                // … of rights, by table
	offered  map[string][]Right               // by table; all where there are none
	accounts *account.Accounts
	manager  *session.Manager
	sessions *sessionhttp.Sessions
	ui       *ui.Renderer

	registering sync.Mutex
	serving     atomic.Bool // nothing is registered any more

	routes []route
	fixed  *http.ServeMux // addresses with a word where others have a key
	mux    *http.ServeMux // all others
	gates  *frame.Gates
	origin *http.CrossOriginProtection
	pace   pace // of exports
	slow   frame.Deadlines
	shares frame.Shares
	spools *spool.Room

	adminPing chan struct{} // one place
	once      once
	watch     frame.Watch // of what takes long
}

// New returns a panel. It reads the schema of cfg.DB, brings the tables of
// cfg.AdminDB up to date and makes the first administrator where there is none.
// Everything that is wrong in cfg is named in the error. It starts no goroutine:
// call [Panel.Run].
func New(ctx context.Context, cfg Config) (*Panel, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Panel{
		cfg:       cfg,
		base:      strings.TrimSuffix(cfg.MountPath, "/"),
		log:       cfg.Logger.With("component", "panel"),
		security:  cfg.Logger.With("component", "security"),
		origin:    http.NewCrossOriginProtection(),
		views:     map[string]*typed.View{},
		rights:    map[string]Rights{},
		offered:   map[string][]Right{},
		pace:      exportPace,
		slow:      frame.DefaultDeadlines,
		adminPing: make(chan struct{}, 1),
		spools:    spool.NewRoom(cfg.ExportDir, int64(cfg.ExportSpoolMB)<<20),
	}
	var err error
	if p.ui, err = ui.New(ui.Options{Base: cfg.MountPath, Name: cfg.Title, Environment: cfg.Environment, Overrides: cfg.Templates}); err != nil {
		return nil, fmt.Errorf("crudadmin: templates: %w", err)
	}
	cfg.SessionRules.OnEvent = p.alerting(cfg.SessionRules.OnEvent)
	if p.manager, err = session.New(cfg.Sessions, cfg.SessionRules); err != nil {
		return nil, err
	}
	if p.sessions, err = sessionhttp.New(p.manager, sessionhttp.Config{
		CookieName:     cfg.CookieName,
		Secure:         cfg.Secure,
		Path:           cfg.MountPath,
		TrustedProxies: cfg.TrustedProxies,
		TrustUnix:      cfg.TrustUnix,
		Unavailable:    p.unavailable,
	}); err != nil {
		return nil, err
	}
	gates := cfg.gates()
	gates.Client, gates.IsHTTPS, gates.Logger = p.sessions.Client, p.sessions.IsHTTPS, p.log
	if p.gates, err = frame.NewGates(gates); err != nil {
		return nil, err
	}
	if p.source, err = data.Open(ctx, cfg.DB, cfg.Tables); err != nil {
		return nil, fmt.Errorf("crudadmin: DB: %w", withRights(ctx, cfg, err))
	}
	if err := checkRights(p.source.Schema(), cfg.Rights); err != nil {
		return nil, fmt.Errorf("crudadmin: configuration:\n%w", err)
	}
	if err := p.show(); err != nil {
		return nil, fmt.Errorf("crudadmin: DB: %w", err)
	}
	if p.accounts, err = account.Open(ctx, cfg.AdminDB, cfg.Accounts); err != nil {
		return nil, fmt.Errorf("crudadmin: AdminDB: %w", err)
	}
	first, password, made, err := p.accounts.EnsureFirst(ctx, cfg.FirstUsername, cfg.FirstPassword)
	if err != nil {
		return nil, fmt.Errorf("crudadmin: first administrator: %w", err)
	}
	if made && !password.IsZero() {
		cfg.Announce(first.Username, password.Reveal())
	}
	p.cfg.SecretKey, p.cfg.FirstPassword = nil, "" // not needed any more
	p.cfg.SessionRules.SecretKey = nil
	p.route()
	return p, nil
}

// Run does the panel's background work, which is sweeping expired sessions, until
// ctx ends; it then returns nil.
func (p *Panel) Run(ctx context.Context) error { return p.manager.Run(ctx) }

// Manager returns the manager of the panel's sessions.
func (p *Panel) Manager() *session.Manager { return p.manager }

// Accounts returns the panel's administrators.
func (p *Panel) Accounts() *account.Accounts { return p.accounts }

// maxURL bounds a request's address.
const maxURL = 16 << 10

// ServeHTTP answers one request. Every answer passes through here: its headers,
// the origin check, the bounds, and the recovery from a panic.
func (p *Panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.serving.Load() {
		p.registering.Lock() // until a Register that is under way is done
		p.serving.Store(true)
		p.registering.Unlock()
	}
	w, end := p.slow.Bound(w, r)
	defer end()
	p.setHeaders(w.Header())
	defer p.recover(w, r)
	if path := r.URL.EscapedPath(); path != p.base && !strings.HasPrefix(path, p.base+"/") {
		http.NotFound(w, r)
		return
	}
	if !p.gates.Admit(w, r) {
		return
	}
	if len(r.URL.RequestURI()) > maxURL {
		p.fail(w, r, &statusError{status: http.StatusRequestURITooLong, detail: "The address is too long."})
		return
	}
	if err := p.origin.Check(r); err != nil {
		p.fail(w, r, errOrigin)
		return
	}
	p.dispatch(w, r)
}

// recover turns a panic into an error page. http.ErrAbortHandler is net/http's
// own way to end an answer.
func (p *Panel) recover(w http.ResponseWriter, r *http.Request) {
	what := recover()
	if what == nil {
		return
	}
	if err, ok := what.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(what)
	}
	p.fail(w, r, fmt.Errorf("panic: %v", what))
}

// contentSecurityPolicy allows the panel's own files and nothing else.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (p *Panel) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if p.cfg.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
