// Config: what a panel is made of, its defaults and its bounds.

package crudadmin

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

// Config is what a panel is made of. DB, AdminDB and SecretKey are required.
type Config struct {
	// DB is the application's database, whose tables the panel shows. The caller
	// keeps it and closes it. Supported: SQLite.
	DB *sql.DB

	// AdminDB is the database of the administrators: tables named crudadmin_… are
	// made in it. It may not be DB unless the program wants them there. Package
	// sqlite opens an embedded one.
	AdminDB *sql.DB

	// SecretKey is at least 32 random bytes, kept out of the code, the same on
	// every node. Tokens are derived from it: another key signs everybody out.
	SecretKey []byte

	// MountPath is the full path under which the panel is served, "/admin" by
	// default; "/" for the whole host. Behind a proxy that adds a prefix it
	// includes the prefix.
	MountPath string

	// Sessions keeps the sessions; in memory by default.
	Sessions session.Store

	// SessionRules are the timeouts and limits of sessions; see session.Config
	// for the defaults. SecretKey, Now and Logger in it are set by the panel; what
	// OnEvent tells of attacks on an account is in the security log too.
	SessionRules session.Config

	// Secure is for panels served over HTTPS: cookies are then sent over HTTPS
	// only and under the prefix __Host-, and browsers are told to stay on HTTPS.
	Secure bool

	// CookieName is the session cookie's name: "crudadmin_session" by default,
	// behind the prefix __Host- where Secure is set. Panels that share a host need
	// different names.
	CookieName string

	// TrustedProxies are the addresses whose X-Forwarded-For and
	// X-Forwarded-Proto are believed; none by default.
	TrustedProxies []netip.Prefix

	// TrustUnix says that whatever connects over a Unix socket is a trusted proxy.
	TrustUnix bool

	// AllowedNetworks are the clients' addresses that are let in, at most 1,024 ranges;
	// all where there are none. Others are answered 403 in plain text, before a session is
	// looked up, but for healthz and readyz.
	AllowedNetworks []netip.Prefix

	// AllowedHosts are the hosts' names that the panel answers to, without ports, at most
	// 256; all where there are none. Others are answered 421.
	AllowedHosts []string

	// EnforceHTTPS leads GET and HEAD requests over plain HTTP to HTTPS (308), at the port
	// HTTPSPort, 443 by default; others are refused (403). HTTPS is what the server itself
	// or a trusted proxy says.
	EnforceHTTPS bool
	HTTPSPort    int

	// PublicURL is the origin that people type, such as https://admin.example.com: HTTPS
	// is enforced for its host and those of AllowedHosts alone, where there is one.
	PublicURL string

	// Tables says which tables are shown and which columns are secret.
	Tables data.Options

	// Rights are what each role may do with single tables, by their names; those of
	// "*" are for the tables that it does not name. See [Rights] for the others. View.Rights says it for a registered table.
	Rights map[string]Rights

	// ReadOnly says on every page that nothing can be changed.
	ReadOnly bool

	// ExportDir is the folder in which exports wait until browsers have taken them,
	// in files of mode 0600 that lose their names at once; the system's folder for
	// temporary files by default.
	ExportDir string

	// ExportSpoolMB is how many MiB all waiting exports may hold together, 1 to
	// MaxExportSpoolMB; DefaultExportSpoolMB by default. Beyond it exports are
	// refused with 503.
	ExportSpoolMB int

	// Title is the panel's name, "CRUDAdmin" by default.
	Title string

	// Environment is shown as a badge, such as "staging"; none by default.
	Environment string

	// Templates overrides the panel's own templates and static files: a file with the
	// path of one in internal/ui, such as "templates/login.html" or
	// "static/css/tokens.css", is used instead of it; docs/panel.md says what a
	// template may call. A file under templates/ or static/ that replaces nothing, or
	// a template that cannot be rendered, is an error of New that names it.
	Templates fs.FS

	// Accounts sets how passwords are hashed; the defaults will do.
	Accounts account.Config

	// FirstUsername and FirstPassword are the administrator to make where there
	// is none yet. By default the username is "admin" and the password is
	// generated and told to Announce.
	FirstUsername, FirstPassword string

	// Announce is told, once, of a first administrator whose password was
	// generated. It is kept nowhere else. By default it is printed on standard
	// error.
	Announce func(username, password string)

	// Logger gets what operators should know; slog.Default() by default.
	Logger *slog.Logger

	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// Bounds of Config.ExportSpoolMB.
const (
	DefaultExportSpoolMB = 4096
	MaxExportSpoolMB     = 1 << 20 // 1 TiB
)

func (c Config) withDefaults() Config {
	if c.ExportSpoolMB == 0 {
		c.ExportSpoolMB = DefaultExportSpoolMB
	}
	if c.MountPath == "" {
		c.MountPath = "/admin"
	}
	if c.MountPath != "/" {
		c.MountPath = strings.TrimRight(c.MountPath, "/")
	}
	if c.CookieName == "" {
		c.CookieName = "crudadmin_session"
	}
	if c.Title == "" {
		c.Title = "CRUDAdmin"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Sessions == nil {
		c.Sessions = memstore.New(memstore.Config{Now: c.Now})
	}
	if c.Announce == nil {
		c.Announce = func(username, password string) {
			_, _ = fmt.Fprintf(os.Stderr, "crudadmin: made the first administrator\nusername: %s\npassword: %s\n", username, password)
		}
	}
	c.Accounts.Now, c.Accounts.Logger = c.Now, c.Logger
	c.SessionRules.SecretKey = c.SecretKey
	c.SessionRules.Now, c.SessionRules.Logger = c.Now, c.Logger
	return c
}

// mountPath is a path whose segments need no escaping, so that it looks the same
// in a pattern, a link and a cookie.
var mountPath = regexp.MustCompile(`^(/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$`)

// validate reports what is wrong here; sessions, accounts and data report their
// own.
func (c Config) validate() error {
	var errs []error
	if c.DB == nil {
		errs = append(errs, errors.New("DB: nil, want the application's database"))
	}
	if c.AdminDB == nil {
		errs = append(errs, errors.New("AdminDB: nil, want the administrators' database, such as sqlite.Open(ctx, \"crudadmin_data/admin.db\")"))
	}
	if n := len(c.SecretKey); n < session.MinSecretKey {
		errs = append(errs, fmt.Errorf("SecretKey: %d bytes, want at least %d random ones; make them with: crudadmin secret", n, session.MinSecretKey))
	}
	if !mountPath.MatchString(c.MountPath) || len(c.MountPath) > 256 {
		errs = append(errs, fmt.Errorf("MountPath: %q, want a path such as /admin of letters, digits and - . _ ~", c.MountPath))
	}
	if _, err := frame.NewGates(c.gates()); err != nil {
		errs = append(errs, err)
	}
	if c.ExportSpoolMB < 1 || c.ExportSpoolMB > MaxExportSpoolMB {
		errs = append(errs, fmt.Errorf("ExportSpoolMB: %d, want 1 to %d MiB", c.ExportSpoolMB, MaxExportSpoolMB))
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("crudadmin: configuration:\n%w", errors.Join(errs...))
}

// gates are what of c is about where requests come from.
func (c Config) gates() frame.GateConfig {
	base := strings.TrimSuffix(c.MountPath, "/")
	return frame.GateConfig{
		Networks:     c.AllowedNetworks,
		Hosts:        c.AllowedHosts,
		EnforceHTTPS: c.EnforceHTTPS,
		HTTPSPort:    c.HTTPSPort,
		PublicURL:    c.PublicURL,
		Exempt:       []string{base + "/healthz", base + "/readyz"},
	}
}
