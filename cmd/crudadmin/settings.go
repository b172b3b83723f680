package main

// This file holds the settings: what the environment variables say of the panel and of the store of
// its sessions.

import (
	"reflect"
	"slices"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/environ"
)

// settings are the variables, read and checked. It prints without secrets.
type settings struct {
	crudadmin.EnvConfig

	Admin connect.Address // of the administrators' database
	Store backend.Config  // of the sessions
}

// flagged is what a flag of a struct of flags says instead of its variable; empty if there is no
// such flag, or it was not given.
func flagged(flags any, variable string) string {
	values := reflect.ValueOf(flags)
	for i := range values.NumField() {
		if values.Type().Field(i).Tag.Get("variable") == variable {
			return values.Field(i).String()
		}
	}
	return ""
}

// readSettings reads and checks every variable; dataDir is DATA_DIR or the flag that beats it,
// given are structs of flags that beat theirs. All that are wrong are in the one error.
func readSettings(getenv func(string) string, dataDir string, given ...any) (settings, error) {
	panel, panelErr := crudadmin.ConfigFromEnv(func(name string) string {
		if name == "DATA_DIR" {
			return dataDir
		}
		for _, flags := range given {
			if text := flagged(flags, name); text != "" {
				return text
			}
		}
		return getenv(name)
	})
	admin, adminErr := connect.File(panel.AdminDatabase), error(nil)
	if panel.AdminServer != "" {
		r := environ.NewReader(getenv)
		var err error
		if admin, err = connect.Parse(string(panel.AdminServer)); err != nil {
			r.Wrong("ADMIN_DATABASE_URL", "%w", err)
		}
		adminErr = r.Err()
	}
	store, storeErr := backend.FromEnv(getenv)
	if err := environ.Join(panelErr, adminErr, storeErr); err != nil {
		return settings{EnvConfig: panel}, err
	}
	for _, warning := range store.Warnings {
		if !slices.Contains(panel.Warnings, warning) {
			panel.Warnings = append(panel.Warnings, warning)
		}
	}
	store.Warnings = nil // they are the panel's now, to be logged once
	return settings{EnvConfig: panel, Admin: admin, Store: store}, nil
}
