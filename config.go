// Config: what a panel is made of, its defaults and its bounds.

package crudadmin

import (
	"cmp"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Config is what a panel is made of. DB, AdminDB and SecretKey are required. It prints
// without its secrets.
type Config struct {
	// DB is the application's database, whose tables the panel shows. The caller
	// keeps it and closes it. Supported: SQLite, PostgreSQL from version 13 on, MySQL from
	// 8.0 on and MariaDB from 10.6 on.
	DB *sql.DB `json:"-"`

	// AdminDB is the database of the administrators, in which New creates tables named
	// crudadmin_…. It can be DB, if the program wants these tables there. Package sqlite
	// opens an embedded one.
	AdminDB *sql.DB `json:"-"`

	// Sessions is the store of the sessions; one in memory by default.
	Sessions session.Store `json:"-"`

	// SecretKey is at least 32 random bytes, kept out of the code, the same on
	// every node. Tokens are derived from it: another key signs everybody out.
	SecretKey config.Secret

	// MountPath is the full path under which the panel is served, "/admin" by
	// default; "/" for the whole host. Behind a proxy that adds a prefix it
	// includes the prefix.
	MountPath string

	// PublicURL is the origin that visitors type, such as https://admin.example.com. If it
	// is set, EnforceHTTPS leads to its host and to those of AllowedHosts alone.
	PublicURL string

	// Secure is for panels that are served over HTTPS: cookies are then sent over HTTPS
	// only, under the prefix __Host-, and browsers are told to stay on HTTPS.
	Secure bool

	// CookieName is the session cookie's name: "crudadmin_session" by default,
	// behind the prefix __Host- where Secure is set. Panels that share a host need
	// different names.
	CookieName string

	// TrustedProxies are the addresses whose X-Forwarded-For and
	// X-Forwarded-Proto are believed; none by default.
	TrustedProxies []netip.Prefix

	// TrustUnix says that programs that connect over a Unix socket are trusted proxies.
	TrustUnix bool

	// AllowedNetworks are the addresses of clients that are let in, at most 1,024 ranges;
	// none means all. Others get 403 in plain text, before a session is looked up. Requests
	// for healthz and readyz are always let in.
	AllowedNetworks []netip.Prefix

	// AllowedHosts are the names of hosts that the panel answers to, without ports, at most
	// 256; none means all. Requests for others get 421.
	AllowedHosts []string

	// EnforceHTTPS redirects GET and HEAD requests over plain HTTP to HTTPS (308), at the
	// port HTTPSPort, 443 by default, and refuses others (403). A request came over HTTPS if
	// the server itself or a trusted proxy says so.
	EnforceHTTPS bool
	HTTPSPort    int

	// SessionRules are the timeouts and limits of sessions; see session.Config for the
	// defaults. The panel sets its SecretKey, Now and Logger. OnEvent is called after the
	// security log was written.
	SessionRules session.Config

	// Accounts sets how passwords are hashed; see account.Config for the defaults. The
	// panel sets its Now and Logger.
	Accounts account.Config

	// ExportDir is the folder in which exports wait until browsers have taken them, in
	// files of mode 0600 whose names are removed at once; os.TempDir() by default.
	ExportDir string

	// ExportSpoolMB is how many MiB all waiting exports may hold together, 1 to
	// MaxExportSpoolMB; DefaultExportSpoolMB by default. Beyond it exports are
	// refused with 503.
	ExportSpoolMB int

	// Tables says which tables are shown and which columns are secret.
	Tables data.Config

	// Rights are what each role may do, by the names of tables; those of "*" are for all
	// tables without rights of their own. By default they are those of the type [Rights].
	// A table that is registered has them either here or in View.Rights.
	Rights map[string]Rights

	// ReadOnly refuses every change of the application's data, and says so on every page.
	ReadOnly bool

	// Title is the panel's name, "CRUDAdmin" by default.
	Title string

	// Environment is shown as a badge, such as "staging"; none by default.
	Environment string

	// Templates overrides the panel's own templates and static files: a file with the
	// path of one in internal/ui, such as "templates/login.html" or
	// "static/css/tokens.css", is used instead of it; docs/panel.md says what a
	// template may call. A file under templates/ or static/ that replaces nothing, or
	// a template that cannot be rendered, is an error of New that names it.
	Templates fs.FS `json:"-"`

	// FirstUsername and FirstPassword are those of the administrator whom New creates if
	// there is none. By default the username is "admin", and the password is generated
	// and told to Announce.
	FirstUsername string
	FirstPassword config.Secret

	// Announce is called once, with the generated password of the first administrator,
	// which is kept nowhere else. By default it prints both on standard error.
	Announce func(username, password string) `json:"-"`

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger is what operators read; slog.Default() by default.
	Logger *slog.Logger `json:"-"`
}

// Bounds of Config.ExportSpoolMB.
const (
	DefaultExportSpoolMB = 4096
	MaxExportSpoolMB     = 1 << 20 // 1 TiB
)

func (c Config) withDefaults() Config {
	c.ExportSpoolMB = cmp.Or(c.ExportSpoolMB, DefaultExportSpoolMB)
	c.MountPath = cmp.Or(c.MountPath, "/admin")
	if c.MountPath != "/" {
		c.MountPath = strings.TrimRight(c.MountPath, "/")
	}
	c.CookieName = cmp.Or(c.CookieName, "crudadmin_session")
	c.Title = cmp.Or(c.Title, "CRUDAdmin")
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Logger = cmp.Or(c.Logger, slog.Default())
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

// Validate returns nil, or one error with a config.FieldError for each field that is
// wrong, those of the configurations in it included. It asks no database: names of
// tables and columns are checked by New, which calls it.
func (c Config) Validate() error { return c.withDefaults().check() }

// check is Validate of a configuration with its defaults.
func (c Config) check() error {
	var check fields.Check
	if c.DB == nil {
		check.Wrong("DB", "nil", "want the application's database")
	}
	if c.AdminDB == nil {
		check.Wrong("AdminDB", "nil", "want the administrators' database, such as sqlite.Open(ctx, \"crudadmin_data/admin.db\")")
	}
	check.Key("SecretKey", c.SecretKey, session.MinSecretKey)
	if !mountPath.MatchString(c.MountPath) || len(c.MountPath) > maxMountPath {
		check.Wrong("MountPath", fields.Quote(c.MountPath), "want a path such as /admin of letters, digits and - . _ ~, at most %d bytes", maxMountPath)
	}
	check.Add(c.gates().Validate())
	check.Add(sessionhttp.Config{CookieName: c.CookieName, TrustedProxies: c.TrustedProxies}.Validate())
	check.Int("ExportSpoolMB", c.ExportSpoolMB, 1, MaxExportSpoolMB)
	rules := c.SessionRules
	rules.SecretKey = config.Secret(strings.Repeat("k", session.MinSecretKey)) // SecretKey is looked at above
	check.Within("SessionRules", rules.Validate())
	check.Within("Accounts", c.Accounts.Validate())
	check.Within("Tables", c.Tables.Validate())
	return check.Err("crudadmin")
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
