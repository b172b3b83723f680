package main

// This file is the one place where the program meets the panel: it opens the databases and builds the handler.

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
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// panelOptions is everything that the command decided before there is a panel.
type panelOptions struct {
	Settings settings // its SecretKey is never empty here

	Database string // the path of the SQLite file to show
	ReadOnly bool

	// Username and Password are of the first administrator. An empty Password is generated when the
	// administrator is made. ResetPassword gives an administrator that exists this Password again: the
	// demo does, so that what it prints is true on every run.
	Username      string
	Password      secret
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

	db, err := sqlite.OpenData(ctx, o.Database, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	closers = append(closers, db.Close)
	admin, err := sqlite.Open(ctx, o.Settings.AdminDatabase)
	if err != nil {
		return nil, err
	}
	closers = append(closers, admin.Close)
	store, err := openSessions(ctx, o, admin)
	if err != nil {
		return nil, err
	}
	if store != nil {
		closers = append(closers, store.Close)
	}

	panel, err := crudadmin.New(ctx, crudadmin.Config{
		DB:        db,
		AdminDB:   admin,
		SecretKey: []byte(o.Settings.SecretKey.text),
		MountPath: o.Settings.MountPath,
		Sessions:  store,
		SessionRules: session.Config{
			IdleTimeout:     o.Settings.IdleTimeout,
			Lifetime:        o.Settings.Lifetime,
			MaxPerUser:      o.Settings.MaxPerUser,
			RefuseOverLimit: o.Settings.RefuseOver,
			SweepInterval:   o.Settings.SweepInterval,
		},
		Secure:         o.Settings.SecureCookies,
		TrustedProxies: o.Settings.TrustedProxies,
		ReadOnly:       o.ReadOnly,
		Environment:    badge(o.Settings.Environment),
		FirstUsername:  o.Username,
		FirstPassword:  o.Password.text,
		Announce:       func(_, password string) { opened.Generated = password },
		Logger:         o.Log,
	})
	if err != nil {
		return nil, err
	}
	if opened.Username, err = greeted(ctx, panel.Accounts(), o); err != nil {
		return nil, err
	}
	opened.Handler, opened.Run = panel, panel.Run
	return opened, nil
}

// openSessions opens the store that SESSION_BACKEND names; nil is the panel's default, memory.
func openSessions(ctx context.Context, o panelOptions, admin *sql.DB) (session.Store, error) {
	if o.Settings.SessionBackend != "database" {
		return nil, nil //nolint:nilnil // no store is a choice: the panel's own
	}
	return sqlstore.Open(ctx, admin, sqlstore.Config{Logger: o.Log})
}

// badge is what the panel shows of the environment: nothing where it is the usual one of a developer.
func badge(environment string) string {
	if environment == "development" {
		return ""
	}
	return environment
}

// greeted is the username to print, of an administrator who has the password that is printed with it.
func greeted(ctx context.Context, accounts *account.Accounts, o panelOptions) (string, error) {
	user, err := accounts.ByUsername(ctx, o.Username)
	if errors.Is(err, account.ErrNotFound) {
		return o.Username, nil // others were made, and this one never
	}
	if err != nil || !o.ResetPassword {
		return user.Username, err
	}
	if _, err := accounts.Authenticate(ctx, o.Username, o.Password.text); err == nil {
		return user.Username, nil
	}
	if user.Disabled {
		if err := accounts.SetDisabled(ctx, user.ID, false); err != nil {
			return "", fmt.Errorf("enable %s: %w", strings.TrimSpace(user.Username), err)
		}
	}
	if err := accounts.ResetPassword(ctx, user.ID, o.Password.text); err != nil {
		return "", fmt.Errorf("set the password of %s: %w", strings.TrimSpace(user.Username), err)
	}
	return user.Username, nil
}
