// Tests of changes that are made in the name of an administrator who is changed meanwhile.

package account_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
)

// actions are the changes that an administrator can make of another one, or of themselves.
func actions(c account.Acting, by, other account.User) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error {
			_, err := c.Create(ctx, "backdoor", otherPassword, account.Superuser)
			return err
		},
		"SetRole":       func(ctx context.Context) error { return c.SetRole(ctx, other.ID, account.Superuser) },
		"SetDisabled":   func(ctx context.Context) error { return c.SetDisabled(ctx, other.ID, true) },
		"ResetPassword": func(ctx context.Context) error { return c.ResetPassword(ctx, other.ID, otherPassword) },
		"Unlock":        func(ctx context.Context) error { return c.Unlock(ctx, other.ID) },
		"SetPassword":   func(ctx context.Context) error { return c.SetPassword(ctx, by.ID, goodPassword, otherPassword) },
	}
}

func hashes(t *testing.T, db database) (all string) {
	t.Helper()
	rows, err := db.QueryContext(context.WithoutCancel(t.Context()), "SELECT username, role, password_hash, disabled, unlocks FROM crudadmin_users ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, role, hash string
		var disabled bool
		var unlocks int
		if err := rows.Scan(&name, &role, &hash, &disabled, &unlocks); err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprint(name, role, hash, unlocks)
		if disabled {
			all += " disabled"
		}
		all += "\n"
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Whoever is not any more what they were changes nobody: of each way to be changed, at the last
// moment before the transaction.
func TestActorIsReadInTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		create(t, a, "boss", account.Superuser)
		for how, change := range map[string]func(ctx context.Context, id string) error{
			"disabled":       func(ctx context.Context, id string) error { return a.SetDisabled(ctx, id, true) },
			"demoted":        func(ctx context.Context, id string) error { return a.SetRole(ctx, id, account.Editor) },
			"password reset": func(ctx context.Context, id string) error { return a.ResetPassword(ctx, id, otherPassword+"!") },
			"gone": func(ctx context.Context, id string) error {
				_, err := db.ExecContext(ctx, db.engine.Bind("DELETE FROM crudadmin_users WHERE id = ?"), id)
				return err
			},
		} {
			for what := range actions(account.Acting{}, account.User{}, account.User{}) {
				rogue, other := create(t, a, "rogue", account.Superuser), create(t, a, "other", account.Viewer)
				var then string
				c := a.By(rogue, func(ctx context.Context, held bool) error {
					if held {
						t.Errorf("%s, %s: came as far as the commit", how, what)
						return nil
					}
					if err := change(ctx, rogue.ID); err != nil {
						t.Error(err)
					}
					then = hashes(t, db)
					return nil
				})
				wantErr(t, actions(c, rogue, other)[what](t.Context()), account.ErrActor)
				if now := hashes(t, db); now != then {
					t.Errorf("%s, %s: it was written all the same:\n%s\nwas\n%s", how, what, now, then)
				}
				exec(t, db, "DELETE FROM crudadmin_users WHERE username <> 'boss'")
			}
		}
	})
}

// What the check says right before the commit undoes everything, and is returned as it is.
func TestCheckBeforeTheCommitUndoesAll(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		rogue, other := create(t, a, "rogue", account.Superuser), create(t, a, "other", account.Viewer)
		create(t, a, "boss", account.Superuser)
		then := hashes(t, db)
		ended := errors.New("the session has ended")
		for _, moment := range []bool{false, true} {
			c := a.By(rogue, func(_ context.Context, held bool) error {
				if held == moment {
					return ended
				}
				return nil
			})
			for what, do := range actions(c, rogue, other) {
				if err := do(t.Context()); err != ended { //nolint:errorlint // the very same
					t.Errorf("%s: %v, want the check's own error", what, err)
				}
			}
		}
		if now := hashes(t, db); now != then {
			t.Errorf("it was written all the same:\n%s\nwas\n%s", now, then)
		}
		c := a.By(rogue, nil)
		for _, what := range []string{"Create", "SetRole", "ResetPassword", "SetDisabled", "Unlock", "SetPassword"} {
			if err := actions(c, rogue, other)[what](t.Context()); err != nil {
				t.Errorf("%s by somebody who may: %v", what, err)
			}
		}
	})
}

// Users who are removed while their transaction is under way are removed after it, not beside it.
func TestRemovalWaitsForTheTransactionItWouldRefuse(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		for how, change := range map[string]func(*account.Accounts, context.Context, string) error{
			"disabled": func(a *account.Accounts, ctx context.Context, id string) error { return a.SetDisabled(ctx, id, true) },
			"reset": func(a *account.Accounts, ctx context.Context, id string) error {
				return a.ResetPassword(ctx, id, otherPassword)
			},
		} {
			a, _ := quickAccounts(t, empty)
			create(t, a, "boss", account.Superuser)
			rogue := create(t, a, "rogue", account.Superuser)
			removed := make(chan error, 1)
			c := a.By(rogue, func(_ context.Context, held bool) error {
				if !held {
					return nil
				}
				go func() { removed <- change(a, context.WithoutCancel(t.Context()), rogue.ID) }()
				select {
				case err := <-removed:
					t.Errorf("%s beside a transaction that has not ended: %v", how, err)
				case <-time.After(100 * time.Millisecond): // as long as one cares to look
				}
				return nil
			})
			if _, err := c.Create(t.Context(), "colleague", otherPassword, account.Viewer); err != nil {
				t.Fatal(err)
			}
			if err := <-removed; err != nil {
				t.Error(err)
			}
		}
	})
}
