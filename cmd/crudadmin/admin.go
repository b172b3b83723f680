package main

// This file holds the command admin, which works on the administrators' database.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/admindb"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

type adminCommand struct {
	Copy copyCommand `cmd:"" help:"Copy the administrators' database to another engine or server."`
}

type copyCommand struct {
	From string `placeholder:"URL" required:"" variable:"ADMIN_DATABASE_URL" help:"The database to copy, which stays as it is: sqlite:PATH, postgres://…, mysql://… or mariadb://…."`
	To   string `placeholder:"URL" required:"" help:"The database to fill, in the same forms: an empty one, or for SQLite a file that is not there yet."`
}

// Help is shown by admin copy --help.
func (*copyCommand) Help() string {
	return `Stop the panels of the old database first: what it is told after the copy began is not in the copy. Administrators with their passwords, the history of sessions, and failed sign-ins that still count are copied, whole or not at all. Nobody stays signed in: sessions that are live end in the copy, so that none can live on there that was ended here. Afterwards set ADMIN_DATABASE_URL to the new database and keep ADMIN_SECRET_KEY.`
}

// copyTimeout bounds a copy: a million rows take a minute or two.
const copyTimeout = 30 * time.Minute

func (c *copyCommand) run(ctx context.Context, p *program) error {
	const hint = `Run "crudadmin admin copy --help" to see its flags.`
	from, err := connect.Parse(c.From)
	if err != nil {
		return &usageError{fmt.Errorf("--from: %w", err), hint}
	}
	to, err := connect.Parse(c.To)
	if err != nil {
		return &usageError{fmt.Errorf("--to: %w", err), hint}
	}
	if from.Same(to) {
		return &usageError{fmt.Errorf("--from and --to are both %s", from.Where()), hint}
	}
	ctx, cancel := context.WithTimeout(ctx, copyTimeout)
	defer cancel()
	if err := from.Check(); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	source, err := from.Shown(ctx, true)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { _ = source.Close() }() // it was only read
	old := &sqldb.DB{Pool: source, Engine: from.Engine}
	withSessions, err := admindb.Source(ctx, old)
	if err != nil {
		return fmt.Errorf("--from: %s: %w", from.Where(), err)
	}
	target, err := to.Own(ctx)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	all, err := fill(ctx, old, &sqldb.DB{Pool: target, Engine: to.Engine}, withSessions)
	if err = errors.Join(err, target.Close()); err != nil {
		return fmt.Errorf("--to: %s: %w", to.Where(), err)
	}
	return printCopied(p.stdout, from, to, all)
}

// fill makes the tables of the target, copies into them, and counts what is there then.
func fill(ctx context.Context, from, to *sqldb.DB, sessions bool) ([]admindb.Copied, error) {
	if err := admindb.Target(ctx, to); err != nil {
		return nil, err
	}
	if _, err := account.Open(ctx, to.Pool, account.Config{}); err != nil {
		return nil, err
	}
	if sessions {
		store, err := sqlstore.Open(ctx, to.Pool, sqlstore.Config{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return nil, err
		}
		if err := store.Close(); err != nil {
			return nil, err
		}
	}
	all, err := admindb.Copy(ctx, from, to, time.Now)
	if err != nil {
		return nil, err
	}
	return all, admindb.Recount(ctx, to, all)
}

// printCopied says how many rows of each table were copied.
func printCopied(w io.Writer, from, to connect.Address, all []admindb.Copied) error {
	_, err := fmt.Fprintf(w, "copied from %s to %s, compared, and counted again:\n", from.Where(), to.Where())
	for _, one := range all {
		live := ""
		if one.Ended > 0 {
			live = fmt.Sprintf("; of them live until now: %d, and these people sign in again", one.Ended)
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "  %s: %d%s\n", one.What, one.Rows, live)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w, "Set ADMIN_DATABASE_URL to the new database, keep ADMIN_SECRET_KEY, and start the panels.")
	}
	return err
}
