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
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Config is what a panel is made of. DB, AdminDB and SecretKey are required. It prints
// without its secrets.
type Config struct {
	// DB is the application's database, whose tables the panel shows. The caller
	// keeps it and closes it. Supported: SQLite.
	DB *sql.DB `json:"-"`

	// AdminDB is the database of the administrators: tables named crudadmin_… are
	// made in it. It may not be DB unless the program wants them there. Package
	// sqlite opens an embedded one.
	AdminDB *sql.DB `json:"-"`

	// Sessions keeps the sessions; in memory by default.
	Sessions session.Store `json:"-"`

	// SecretKey is at least 32 random bytes, kept out of the code, the same on
	// every node. Tokens are derived from it: another key signs everybody out.
	SecretKey config.Secret

	// MountPath is the full path under which the panel is served, "/admin" by
	// default; "/" for the whole host. Behind a proxy that adds a prefix it
	// includes the prefix.
	MountPath string

	// PublicURL is the origin that people type, such as https://admin.example.com: HTTPS
	// is enforced for its host and those of AllowedHosts alone, where there is one.
	PublicURL string

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

	// SessionRules are the timeouts and limits of sessions; see session.Config
	// for the defaults. SecretKey, Now and Logger in it are set by the panel; what
	// OnEvent tells of attacks on an account is in the security log too.
	SessionRules session.Config

	// Accounts sets how passwords are hashed; the defaults will do.
	Accounts account.Config

	// ExportDir is the folder in which exports wait until browsers have taken them,
	// in files of mode 0600 that lose their names at once; the system's folder for
	// temporary files by default.
	ExportDir string

	// ExportSpoolMB is how many MiB all waiting exports may hold together, 1 to
	// MaxExportSpoolMB; DefaultExportSpoolMB by default. Beyond it exports are
	// refused with 503.
	ExportSpoolMB int

	// Tables says which tables are shown and which columns are secret.
	Tables data.Config

	// Rights are what each role may do with single tables, by their names; those of
	// "*" are for the tables that it does not name. See [Rights] for the others. View.Rights says it for a registered table.
	Rights map[string]Rights

	// ReadOnly says on every page that nothing can be changed.
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

	// FirstUsername and FirstPassword are the administrator to make where there
	// is none yet. By default the username is "admin" and the password is
	// generated and told to Announce.
	FirstUsername string
	FirstPassword config.Secret

	// Announce is told, once, of a first administrator whose password was
	// generated. It is kept nowhere else. By default it is printed on standard
	// error.
	Announce func(username, password string) `json:"-"`

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets what operators should know; slog.Default() by default.
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

// Validate returns nil, or one error with a config.FieldError for each field that is
// wrong, those of the configurations in it included. It asks no database: names of
// tables and columns are checked by New, which calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
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
