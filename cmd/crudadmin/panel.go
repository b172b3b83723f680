package main

// This file is the one place where the program meets the panel: it opens the databases and builds the handler.

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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
func openPanel(context.Context, panelOptions) (*openedPanel, error) {
	return nil, errors.New("panel not wired yet")
}
