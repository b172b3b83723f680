package main

// This file holds the command doctor, which looks at what serve would stand on and changes nothing.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

type doctorCommand struct {
	Database string `placeholder:"sqlite:PATH" required:"" variable:"DATABASE_URL" help:"The database to look at: sqlite:PATH, postgres://USER:PASSWORD@HOST:PORT/NAME, or mysql://… or mariadb://…."`
	DataDir  string `placeholder:"DIR" default:"crudadmin_data" variable:"DATA_DIR" help:"Folder of the program's own files."`
	shownFlags
	JSON bool `name:"json" variable:"JSON_OUTPUT" help:"Print one JSON object on one line."`
}

// Help is shown by doctor --help.
func (*doctorCommand) Help() string {
	return `Reports what in the variables, the database, the administrators' database and the session store would not work, or not well. It changes nothing. Exit code 0: nothing that does not work; 1: something does not; 2: a flag or variable is wrong.`
}

// doctorTimeout bounds each look, at a database or a store.
const doctorTimeout = 10 * time.Second

// finding is a line of the report.
type finding struct {
	Level   data.Level `json:"level"`
	Part    string     `json:"part"` // "settings", "database", "administrators" or "sessions"
	Table   string     `json:"table,omitempty"`
	Columns []string   `json:"columns,omitempty"`
	Message string     `json:"message"`
}

// report is what the doctor found.
type report struct {
	OK       bool      `json:"ok"` // nothing is a failure
	Tables   int       `json:"tables"`
	Findings []finding `json:"findings"`
}

func (r *report) say(level data.Level, part, format string, args ...any) {
	r.Findings = append(r.Findings, finding{Level: level, Part: part, Message: fmt.Sprintf(format, args...)})
}

var errUnwell = errors.New("doctor: something does not work; see the report")

func (c *doctorCommand) run(ctx context.Context, p *program) error {
	const hint = `Run "crudadmin doctor --help" to see its flags.`
	shown, err := connect.Parse(c.Database)
	if err != nil {
		return &usageError{fmt.Errorf("--database: %w", err), hint}
	}
	if c.DataDir == "" {
		return &usageError{errors.New("--data-dir: it is empty, want the path of a folder"), hint}
	}
	settings, err := readSettings(p.getenv, c.DataDir, c.shownFlags)
	if err != nil {
		return withWrongNames(ctx, shown, settings, &usageError{err, variablesHint})
	}
	r := &report{Findings: []finding{}}
	for _, warning := range settings.Warnings {
		r.say(data.Warning, "settings", "%s", warning)
	}
	r.lookAtDatabase(ctx, shown, settings)
	admin := r.lookAtAdministrators(ctx, settings)
	r.lookAtSessions(ctx, settings.Store, admin)
	r.OK = true
	for _, f := range r.Findings {
		r.OK = r.OK && f.Level != data.Failure
	}
	if err := r.print(p.stdout, c.JSON); err != nil {
		return err
	}
	if !r.OK {
		return errUnwell
	}
	return nil
}

// lookAtDatabase opens the application's database for reading.
func (r *report) lookAtDatabase(ctx context.Context, shown connect.Address, s settings) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	db, err := shown.Shown(ctx, true)
	if err != nil {
		r.say(data.Failure, "database", "%v", err)
		return
	}
	defer func() { _ = db.Close() }() // it was only read
	source, wrong, err := openData(ctx, db, s)
	if err != nil {
		r.say(data.Failure, "database", "%v", err)
		return
	}
	for _, line := range wrong {
		r.say(data.Failure, "settings", "%s", line)
	}
	schema := source.Schema()
	r.Tables = len(schema.Tables)
	if r.Tables == 0 {
		r.say(data.Warning, "database", "no table is shown")
	}
	for _, f := range schema.Findings() {
		r.Findings = append(r.Findings, finding{Level: f.Level, Part: "database", Table: f.Table, Columns: f.Columns, Message: f.Message})
	}
	if shown.Engine != sqldb.SQLite {
		r.lookAtServer(ctx, db, schema, shown.Engine)
		return
	}
	r.lookAtSQLite(ctx, db, schema, shown.Path)
}

// lookAtSQLite reads what a SQLite file is set to.
func (r *report) lookAtSQLite(ctx context.Context, db *sql.DB, schema *data.Schema, path string) {
	var version, mode string
	var analyzed, orphans int
	for _, one := range []struct {
		query string
		to    any
	}{
		{"SELECT sqlite_version()", &version},
		{"PRAGMA main.journal_mode", &mode},
		{"SELECT count(*) FROM main.sqlite_master WHERE name = 'sqlite_stat1'", &analyzed},
		{"SELECT count(*) FROM (SELECT 1 FROM pragma_foreign_key_check LIMIT 1)", &orphans},
	} {
		if err := db.QueryRowContext(ctx, one.query).Scan(one.to); err != nil {
			r.say(data.Note, "database", "%s: %v", one.query, err)
		}
	}
	r.say(data.Note, "database", "SQLite %s, journal mode %s", version, mode)
	if rollbackJournal(mode) {
		r.say(data.Warning, "database", "%s", rollbackWarning)
	}
	if analyzed == 0 {
		r.say(data.Note, "database", "ANALYZE was never run: query plans and row counts are guesses")
	}
	if orphans > 0 {
		r.say(data.Warning, "database", "some rows refer to others that do not exist: \"PRAGMA foreign_key_check\" lists them")
	}
	if slices.ContainsFunc(schema.Tables, func(t *data.Table) bool { return len(t.ForeignKeys) > 0 }) {
		r.say(data.Note, "database", "SQLite enforces foreign keys only on connections that ask for it, as those of the panel do: the application must run PRAGMA foreign_keys = ON too")
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o222 == 0 {
		r.say(data.Note, "database", "the file is marked read-only: serve it with --read-only")
	}
}

// lookAtAdministrators opens the administrators' database, if it is there, for reading.
func (r *report) lookAtAdministrators(ctx context.Context, s settings) (there bool) {
	const part = "administrators"
	if errors.Is(s.Admin.Check(), os.ErrNotExist) {
		r.say(data.Note, part, "%s is not there yet: the first start makes it, and the first administrator", s.Admin.Where())
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	db, err := s.Admin.Shown(ctx, true)
	if err != nil {
		r.say(data.Failure, part, "%v", err)
		return false
	}
	defer func() { _ = db.Close() }() // it was only read
	found, err := account.Inspect(ctx, db)
	switch {
	case err != nil:
		r.say(data.Failure, part, "%s: %v", s.Admin.Where(), err)
		return false
	case !found.Made:
		r.say(data.Note, part, "%s has no administrators yet: the first start makes one", s.Admin.Where())
		return false
	case found.Accounts > 0 && found.Superusers == 0:
		r.say(data.Warning, part, "none of the %d administrators is a superuser who is enabled", found.Accounts)
	}
	return true
}

// lookAtSessions opens the session store, unless that would make its tables.
func (r *report) lookAtSessions(ctx context.Context, cfg backend.Config, admin bool) {
	const part = "sessions"
	if cfg.Kind == backend.Database || cfg.TrackInDB || cfg.Fallback == backend.Database {
		if !admin {
			r.say(data.Note, part, "kept in the administrators' database, which is not there yet")
		} else {
			r.say(data.Note, part, "kept in the administrators' database")
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	cfg.SecretKey = config.Secret(strings.Repeat("doctor..", 8)) // nothing is written under it
	store, err := backend.Open(ctx, cfg)
	if err != nil {
		r.say(data.Failure, part, "%v", err)
		return
	}
	defer func() { _ = store.Close() }() // it was only asked
	if err := store.Ping(ctx); err != nil {
		r.say(data.Failure, part, "%v", err)
	}
	traits := store.Traits()
	if !traits.Shared {
		r.say(data.Note, part, "%s: only this process has them; several nodes need another store", traits.Name)
	}
	if !traits.Durable {
		r.say(data.Note, part, "%s: a crash of the store signs everybody out", traits.Name)
	}
	for _, note := range traits.Notes {
		r.say(data.Note, part, "%s: %s", traits.Name, note)
	}
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	var text strings.Builder
	counts := map[data.Level]int{}
	for _, f := range r.Findings {
		counts[f.Level]++
		where := f.Part
		if f.Table != "" {
			where += " " + f.Table
		}
		if len(f.Columns) > 0 {
			where += " (" + strings.Join(f.Columns, ", ") + ")"
		}
		fmt.Fprintf(&text, "%-7s  %s: %s\n", f.Level, where, f.Message)
	}
	fmt.Fprintf(&text, "%d tables; %d failures, %d warnings, %d notes\n", r.Tables, counts[data.Failure], counts[data.Warning], counts[data.Note])
	_, err := io.WriteString(w, text.String())
	return err
}
