package main

// This file holds the command serve.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
)

type serveCommand struct {
	Database string `placeholder:"sqlite:PATH" required:"" variable:"DATABASE_URL" help:"The database to show: sqlite:PATH, postgres://USER:PASSWORD@HOST:PORT/NAME, or mysql://… or mariadb://…."`
	ReadOnly bool   `variable:"READ_ONLY" help:"Never write to it."`
	serverFlags
}

func (c *serveCommand) run(ctx context.Context, p *program) error {
	shown, err := connect.Parse(c.Database)
	if err != nil {
		return &usageError{fmt.Errorf("--database: %w", err), `Run "crudadmin serve --help" to see its flags.`}
	}
	switch err := shown.Check(); {
	case errors.As(err, new(*fs.PathError)):
		return fmt.Errorf("--database: %w; the file must exist", err)
	case err != nil:
		return fmt.Errorf("--database: %w", err)
	}
	settings, err := p.settings(c.serverFlags)
	if err != nil {
		return withWrongNames(ctx, shown, settings, err)
	}
	s, err := p.start(ctx, c.serverFlags, settings)
	if err != nil {
		return err
	}
	defer s.listener.Close()
	if shown.Same(s.settings.Admin) {
		return fmt.Errorf("--database: %s is the admin database, with the accounts and sessions: it cannot be shown", shown.Path)
	}
	options := s.panelOptions(shown, c.ReadOnly)
	panel, err := p.openPanel(ctx, options)
	if err != nil {
		return err
	}
	return s.serve(ctx, panel, greeting{URL: s.url(), Username: cmp.Or(panel.Username, options.Settings.FirstUsername), Password: panel.Generated})
}
