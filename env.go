// ConfigFromEnv: a panel's configuration from environment variables.

package crudadmin

import (
	"cmp"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/internal/loglevel"
)

// EnvConfig is what [ConfigFromEnv] has read. The caller sets DB, AdminDB and Sessions of
// its Config.
type EnvConfig struct {
	Config

	// DataDir is the folder of the program's own files.
	DataDir string

	// AdminDatabase is the path of the SQLite file for AdminDB, see sqlite.Open; empty where
	// AdminServer says where AdminDB is.
	AdminDatabase string

	// AdminServer is ADMIN_DATABASE_URL where it names a database on a server: postgres://…,
	// postgresql://…, mysql://… or mariadb://…. The program opens it, with a driver of its own.
	AdminServer config.Secret

	// TLSCertFile and TLSKeyFile are PEM files of the certificate, with its chain, and of
	// its key. Both are empty unless the program itself is to speak TLS.
	TLSCertFile, TLSKeyFile string

	// RightsLines are the lines of RIGHTS_FILE, by the tables that stand there.
	RightsLines map[string]int

	// Warnings are sentences to log, about what production would refuse.
	Warnings []string

	levels loglevel.Levels
}

// LogHandler returns a handler that passes on to next the records that LOG_LEVEL lets
// through. LOG_LEVEL sets one level for all, and others for single components. The component
// of a record is its logger's attribute "component", or else its own, outside any group. The
// level of a component is also that of its parts: session is session.redis too.
func (c EnvConfig) LogHandler(next slog.Handler) slog.Handler { return c.levels.Handler(next) }

// ConfigFromEnv reads the configuration of a panel from the variables that getenv
// returns, such as os.Getenv: ENVIRONMENT, ADMIN_…, SESSION_…, MAX_SESSIONS_PER_USER,
// CLEANUP_INTERVAL_MINUTES, STORE_TIMEOUT_MS, MOUNT_PATH, SECURE_COOKIES,
// TRUSTED_PROXIES, TLS_CERT_FILE, TLS_KEY_FILE, ENFORCE_HTTPS, HTTPS_PORT, ALLOWED_…,
// PUBLIC_URL, DATA_DIR, EXPORT_SPOOL_MB, SHOW_TABLES, HIDE_TABLES, MASK_COLUMNS,
// UNMASK_COLUMNS, RIGHTS_FILE and LOG_LEVEL; docs/operations.md has each with its default
// and its range. Those that say where the sessions are kept are for
// backend.FromEnv.
//
// Everything wrong is in one error, by variable and without secrets; the EnvConfig then has
// Tables, Rights and RightsLines alone, as far as they could be read. Production refuses what
// staging warns of: no secret key, and cookies over plain HTTP. In development SecretKey can be
// empty afterwards; the program crudadmin then generates one and keeps it in DATA_DIR.
func ConfigFromEnv(getenv func(string) string) (EnvConfig, error) {
	r := panelReader{environ.NewReader(getenv)}
	environment := r.Environment()
	c := EnvConfig{DataDir: r.dataDir()}
	if environment != environ.Development {
		c.Environment = environment // the badge
	}
	c.SecretKey = config.Secret(r.SecretKey())
	c.TLSCertFile, c.TLSKeyFile = r.tlsFiles()
	if c.Secure = r.Bool("SECURE_COOKIES", environment != environ.Development || c.TLSCertFile != ""); !c.Secure {
		r.Discourage("SECURE_COOKIES", "production never sends the session cookie over plain HTTP: set it to true, or leave it unset")
	}
	c.AdminDatabase, c.AdminServer = r.adminDatabase(c.DataDir)
	c.FirstUsername = cmp.Or(r.Text("ADMIN_USERNAME"), "admin")
	if c.FirstPassword = config.Secret(r.Text("ADMIN_PASSWORD")); c.FirstPassword != "" {
		if err := account.CheckPassword(c.FirstUsername, string(c.FirstPassword)); err != nil {
			r.Wrong("ADMIN_PASSWORD", "%w", err)
		}
	}
	c.ExportDir = c.DataDir
	c.ExportSpoolMB = r.Int("EXPORT_SPOOL_MB", DefaultExportSpoolMB, 1, MaxExportSpoolMB, "")
	c.MountPath = r.mountPath()
	c.TrustedProxies, c.TrustUnix = r.proxies()
	r.gates(&c)
	r.rights(&c)
	c.SessionRules = r.SessionRules()
	levels, err := loglevel.Parse(r.Text("LOG_LEVEL"))
	if err != nil {
		r.Wrong("LOG_LEVEL", "%w", err)
	}
	c.levels = levels
	r.RefuseUnbuilt(environ.UnbuiltOfPanel)
	r.RefuseUnbuilt(environ.UnbuiltOfSessions)
	if err := r.Err(); err != nil {
		return EnvConfig{Config: Config{Tables: c.Tables, Rights: c.Rights}, RightsLines: c.RightsLines}, err
	}
	c.Warnings = r.Warnings
	return c, nil
}

// panelReader reads the variables of the panel.
type panelReader struct{ *environ.Reader }

func (r panelReader) dataDir() string {
	dir := cmp.Or(r.Text("DATA_DIR"), "crudadmin_data")
	if !environ.Path(dir) {
		r.Wrong("DATA_DIR", "it has %d bytes, want a path", len(dir))
	}
	return dir
}

func (r panelReader) adminDatabase(dataDir string) (path string, server config.Secret) {
	address := r.Text("ADMIN_DATABASE_URL")
	if address == "" {
		return filepath.Join(dataDir, "admin.db"), ""
	}
	path, onServer, err := environ.Database(address)
	if err != nil {
		r.Wrong("ADMIN_DATABASE_URL", "%w", err)
	}
	if onServer {
		server = config.Secret(address)
	}
	return path, server
}

// mountPath is MOUNT_PATH; a slash at its end does no harm.
func (r panelReader) mountPath() string {
	text := r.Text("MOUNT_PATH")
	path := cmp.Or(strings.TrimSuffix(text, "/"), "/")
	if text == "" {
		path = "/admin"
	}
	if len(path) > maxMountPath || !mountPath.MatchString(path) {
		r.Wrong("MOUNT_PATH", "%q, want a path such as /admin: letters, digits, - . _ ~ between single slashes, at most %d", clip.Value(text), maxMountPath)
	}
	return path
}

const maxMountPath = 256
