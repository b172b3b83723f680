package main

// This file holds the command user, which changes administrators from the machine the panel runs
// on.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/clip"
)

type userCommand struct {
	Unlock unlockCommand `cmd:"" help:"Forget an administrator's failed sign-ins, so that they can try again at once."`
}

type unlockCommand struct {
	Name    string `arg:"" help:"The username, in any spelling that signs in."`
	DataDir string `placeholder:"DIR" default:"crudadmin_data" variable:"DATA_DIR" help:"Folder of the program's own files."`
}

// Help is shown by user unlock --help.
func (*unlockCommand) Help() string {
	return `Works beside a running panel, whatever store it counts in, and at once. Sessions and known devices stay. Run it with the variables that the panel has.`
}

// userTimeout bounds the change; another process may be writing to the file.
const userTimeout = 10 * time.Second

func (c *unlockCommand) run(ctx context.Context, p *program) error {
	if c.DataDir == "" {
		return &usageError{errors.New("--data-dir: it is empty, want the path of a folder"), `Run "crudadmin user unlock --help" to see its flags.`}
	}
	settings, err := readSettings(p.getenv, c.DataDir)
	if err != nil {
		return &usageError{err, variablesHint}
	}
	ctx, cancel := context.WithTimeout(ctx, userTimeout)
	defer cancel()
	if err := settings.Admin.Check(); err != nil {
		return fmt.Errorf("there are no administrators yet: %w", err)
	}
	db, err := settings.Admin.Own(ctx)
	if err != nil {
		return fmt.Errorf("the administrators' database: %w", err)
	}
	defer func() { _ = db.Close() }() // what was written is committed
	accounts, err := account.Open(ctx, db, account.Config{})
	if err != nil {
		return err
	}
	user, err := accounts.ByUsername(ctx, c.Name)
	if err == nil {
		err = accounts.Unlock(ctx, user.ID)
	}
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("no administrator is called %q", clip.Value(c.Name))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s can try to sign in again: the failed sign-ins are forgotten.\n", user.Username)
	return err
}
