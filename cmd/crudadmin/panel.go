package main

// This file is the one place where the program meets the panel: it opens the databases and builds
// the handler.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// panelOptions is everything that the command decided before there is a panel.
type panelOptions struct {
	Settings settings // its SecretKey is never empty here; an empty FirstPassword is generated when it is needed

	Database connect.Address // to show
	ReadOnly bool

	// ResetPassword gives the first administrator, if there already, the FirstPassword of the
	// settings again: the demo does, so that what it prints is true on every run.
	ResetPassword bool

	Log *slog.Logger
}

// openedPanel is a panel over its open databases.
type openedPanel struct {
	http.Handler
	Run   func(context.Context) error // the panel's loop, until its context is done
	Close func() error                // closes the databases

	Username  string // of the first administrator
	Generated string // its password, when this start made it and chose the password; else empty
}

// openPanel opens the databases and builds the panel.
func openPanel(ctx context.Context, o panelOptions) (_ *openedPanel, err error) {
	opened := &openedPanel{}
	var closers []func() error
	opened.Close = func() error {
		var errs []error
		for _, closer := range closers {
			errs = append([]error{closer()}, errs...)
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.Close())
		}
	}()

	db, err := o.Database.Shown(ctx, o.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("--database: %w", err)
	}
	closers = append(closers, db.Close)
	if o.Database.Engine == sqldb.SQLite {
		warnOfRollbackJournal(ctx, db, o.Log.With("component", "server"))
	}
	admin, err := o.Settings.Admin.Own(ctx)
	if err != nil {
		return nil, fmt.Errorf("the administrators' database: %w", err)
	}
	closers = append(closers, admin.Close)
	sessions := o.Settings.Store
	sessions.DB, sessions.SecretKey, sessions.Logger = admin, o.Settings.SecretKey, o.Log
	store, err := backend.Open(ctx, sessions)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	closers = append(closers, store.Close)

	config := o.Settings.Config
	config.DB, config.AdminDB, config.Sessions = db, admin, store
	config.ReadOnly = o.ReadOnly
	config.Announce = func(_, password string) { opened.Generated = password }
	config.Logger = o.Log
	panel, err := crudadmin.New(ctx, config)
	if err != nil {
		return nil, wrongNames(o.Settings, err)
	}
	if opened.Username, err = greeted(ctx, panel.Accounts(), o); err != nil {
		return nil, err
	}
	opened.Handler, opened.Run = panel, panel.Run
	return opened, nil
}

// warnOfRollbackJournal says at start what a file that is not in WAL mode costs.
func warnOfRollbackJournal(ctx context.Context, db *sql.DB, log *slog.Logger) {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA main.journal_mode").Scan(&mode); err == nil && rollbackJournal(mode) {
		log.Warn(rollbackWarning, "journal_mode", mode)
	}
}

// rollbackWarning is what a rollback journal costs, and how to end it.
const rollbackWarning = "the database file uses a rollback journal, not WAL: nobody can write while somebody reads. " +
	"The panel reads tables in short pieces, so that the application can write between them: exports are not a snapshot of one moment, and large searches take longer. " +
	"To change this, run PRAGMA journal_mode = WAL in the file once"

func rollbackJournal(mode string) bool { return mode != "wal" && mode != "memory" && mode != "off" }

// greeted is the username to print, of an administrator who has the password that is printed with
// it.
func greeted(ctx context.Context, accounts *account.Accounts, o panelOptions) (string, error) {
	username, password := o.Settings.FirstUsername, string(o.Settings.FirstPassword)
	user, err := accounts.ByUsername(ctx, username)
	if errors.Is(err, account.ErrNotFound) {
		return username, nil // others were made, and this one never
	}
	if err != nil || !o.ResetPassword {
		return user.Username, err
	}
	if _, err := accounts.Authenticate(ctx, username, password); err == nil {
		return user.Username, nil
	}
	if user.Disabled {
		if err := accounts.SetDisabled(ctx, user.ID, false); err != nil {
			return "", fmt.Errorf("enable %s: %w", strings.TrimSpace(user.Username), err)
		}
	}
	if err := accounts.ResetPassword(ctx, user.ID, password); err != nil {
		return "", fmt.Errorf("set the password of %s: %w", strings.TrimSpace(user.Username), err)
	}
	return user.Username, nil
}
