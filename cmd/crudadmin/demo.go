package main

// This file holds the command demo.

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/shop"
	"github.com/go-crudadmin/crudadmin/config"
)

type demoCommand struct {
	serverFlags
}

// Help is shown by demo --help.
func (*demoCommand) Help() string {
	return `The shop is made on the first run (about 90,000 rows, a few seconds), and kept with your edits for the next one: delete shop.db to have it made anew. The administrator's password is made on the first run, kept in DATA_DIR/demo-password for its owner only, set again and printed on every run. It is a demo: do not put it on a network.`
}

func (c *demoCommand) run(ctx context.Context, p *program) error {
	settings, err := p.settings(c.serverFlags)
	if err != nil {
		return err
	}
	s, err := p.start(ctx, c.serverFlags, settings)
	if err != nil {
		return err
	}
	defer s.listener.Close()
	path := filepath.Join(s.settings.DataDir, "shop.db")
	if err := s.ensureShop(ctx, path); err != nil {
		return err
	}
	options := s.panelOptions(connect.File(path), false)
	options.ResetPassword = true
	if options.Settings.FirstPassword == "" {
		kept, err := keptSecret(filepath.Join(s.settings.DataDir, "demo-password"), newDemoPassword)
		if err != nil {
			return err
		}
		options.Settings.FirstPassword = config.Secret(kept)
	}
	panel, err := p.openPanel(ctx, options)
	if err != nil {
		return err
	}
	return s.serve(ctx, panel, greeting{URL: s.url(), Username: cmp.Or(panel.Username, options.Settings.FirstUsername), Password: string(options.Settings.FirstPassword)})
}

// ensureShop makes the shop unless it is there, and says when the one that is there is of another
// version.
func (s *server) ensureShop(ctx context.Context, path string) error {
	log := s.log.With("component", "demo")
	found, err := shop.Ensure(ctx, path, func(table string, rows int) {
		log.LogAttrs(ctx, slog.LevelInfo, "making the shop", slog.String("table", table), slog.Int("rows", rows))
	})
	switch {
	case err != nil:
		return fmt.Errorf("demo: %w", err)
	case found.Version != shop.Version:
		log.Warn("the shop was made by another version of this program; it is kept as it is. Delete it to have a new one made.",
			"path", path, "its_version", found.Version, "this_version", shop.Version)
	}
	return nil
}
