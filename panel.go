// Panel: the handler, from the request line to the right page.

package crudadmin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/home"
	"github.com/go-crudadmin/crudadmin/internal/people"
	"github.com/go-crudadmin/crudadmin/internal/records"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Panel is an admin panel. It is an http.Handler for every address under its
// mount path and safe for use by many goroutines.
type Panel struct {
	frame    *frame.Frame
	policy   *frame.Policy
	records  *records.Pages
	people   *people.Pages
	home     *home.Pages
	accounts *account.Accounts
	manager  *session.Manager

	registering sync.Mutex
	serving     atomic.Bool  // nothing is registered any more
	source      *data.Source // the application's data, as it is
	tables      data.Config  // of the configuration
	rights      map[string]Rights
	drift       map[string][]typed.Drift // by table
	log         *slog.Logger
}

// New returns a panel. It reads the schema of cfg.DB, brings the tables of cfg.AdminDB up
// to date, and creates the first administrator if there is none; it is the one function
// called New in this module that talks to databases. Everything that is wrong in cfg is
// named in the error. New starts no goroutine: call [Panel.Run].
func New(ctx context.Context, cfg Config) (*Panel, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Sessions == nil {
		cfg.Sessions = memstore.New(memstore.Config{Now: cfg.Now})
	}
	pages, err := ui.New(ui.Options{Base: cfg.MountPath, Name: cfg.Title, Environment: cfg.Environment, Overrides: cfg.Templates})
	if err != nil {
		return nil, fmt.Errorf("crudadmin: templates: %w", err)
	}
	var f *frame.Frame // it needs the sessions, and events of sessions need it
	told := cfg.SessionRules.OnEvent
	cfg.SessionRules.OnEvent = func(ctx context.Context, e session.Event) {
		f.Alert(ctx, e)
		if told != nil {
			told(ctx, e)
		}
	}
	manager, err := session.New(cfg.Sessions, cfg.SessionRules)
	if err != nil {
		return nil, err
	}
	sessions, err := sessionhttp.New(manager, sessionhttp.Config{
		CookieName:     cfg.CookieName,
		Secure:         cfg.Secure,
		Path:           cfg.MountPath,
		TrustedProxies: cfg.TrustedProxies,
		TrustUnix:      cfg.TrustUnix,
		Unavailable:    func(w http.ResponseWriter, r *http.Request, err error) { f.Unavailable(w, r, err) },
	})
	if err != nil {
		return nil, err
	}
	source, err := data.Open(ctx, cfg.DB, cfg.Tables)
	if err != nil {
		return nil, fmt.Errorf("crudadmin: DB: %w", withRights(ctx, cfg, err))
	}
	if err := checkRights(source.Schema(), cfg.Rights); err != nil {
		return nil, fmt.Errorf("crudadmin: configuration:\n%w", err)
	}
	policy, err := frame.NewPolicy(source, cfg.Tables, cfg.Rights, cfg.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("crudadmin: DB: %w", err)
	}
	accounts, err := account.Open(ctx, cfg.AdminDB, cfg.Accounts)
	if err != nil {
		return nil, fmt.Errorf("crudadmin: AdminDB: %w", err)
	}
	first, password, made, err := accounts.EnsureFirst(ctx, cfg.FirstUsername, string(cfg.FirstPassword))
	if err != nil {
		return nil, fmt.Errorf("crudadmin: first administrator: %w", err)
	}
	if made && !password.IsZero() {
		cfg.Announce(first.Username, password.Reveal())
	}
	f, err = frame.New(frame.Config{
		MountPath: cfg.MountPath, Secure: cfg.Secure, Policy: policy, Gates: cfg.gates(), DB: cfg.DB, AdminDB: cfg.AdminDB,
		Accounts: accounts, Sessions: sessions, UI: pages, Logger: cfg.Logger, Keep: records.Keep,
	})
	if err != nil {
		return nil, err
	}
	p := &Panel{
		frame: f, policy: policy, accounts: accounts, manager: manager, source: source,
		tables: cfg.Tables, rights: cfg.Rights, drift: map[string][]typed.Drift{}, log: cfg.Logger.With("component", "panel"),
		records: &records.Pages{Manager: manager, Now: cfg.Now, Spools: spool.NewRoom(cfg.ExportDir, int64(cfg.ExportSpoolMB)<<20)},
		people:  &people.Pages{Accounts: accounts, Manager: manager, Sessions: sessions},
		home:    home.New(source, cfg.AdminDB, manager, cfg.Now),
	}
	f.Add(p.table()...)
	return p, nil
}

// Run does the panel's background work, which is to remove expired sessions. It returns
// nil when ctx ends.
func (p *Panel) Run(ctx context.Context) error { return p.manager.Run(ctx) }

// Manager returns the manager of the panel's sessions.
func (p *Panel) Manager() *session.Manager { return p.manager }

// Accounts returns the accounts of the panel's administrators.
func (p *Panel) Accounts() *account.Accounts { return p.accounts }

// ServeHTTP answers one request.
func (p *Panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.serving.Load() {
		p.registering.Lock() // until a Register that is under way is done
		p.serving.Store(true)
		p.registering.Unlock()
	}
	p.frame.ServeHTTP(w, r)
}
