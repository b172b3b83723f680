package main

// This file holds the command serve.

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/go-crudadmin/crudadmin/internal/environ"
)

type serveCommand struct {
	Database string `placeholder:"sqlite:PATH" required:"" variable:"DATABASE_URL" help:"The database to show: sqlite:PATH."`
	ReadOnly bool   `variable:"READ_ONLY" help:"Never write to it."`
	serverFlags
}

func (c *serveCommand) run(ctx context.Context, p *program) error {
	path, err := environ.SQLitePath(c.Database)
	if err != nil {
		return &usageError{fmt.Errorf("--database: %w", err), `Run "crudadmin serve --help" to see its flags.`}
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("--database: %w; the file must exist", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("--database: %s is not a file", path)
	}
	settings, err := p.settings(c.serverFlags)
	if err != nil {
		return withWrongNames(ctx, path, settings, err)
	}
	s, err := p.start(ctx, c.serverFlags, settings)
	if err != nil {
		return err
	}
	defer s.listener.Close()
	if admin, err := os.Stat(s.settings.AdminDatabase); err == nil && os.SameFile(admin, info) {
		return fmt.Errorf("--database: %s is the admin database, with the accounts and sessions: it cannot be shown", path)
	}
	options := s.panelOptions(path, c.ReadOnly)
	panel, err := p.openPanel(ctx, options)
	if err != nil {
		return err
	}
	return s.serve(ctx, panel, greeting{URL: s.url(), Username: cmp.Or(panel.Username, options.Settings.FirstUsername), Password: panel.Generated})
}
