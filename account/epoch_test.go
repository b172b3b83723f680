// Epochs: what ends what was granted to an account, and what forgets its failed sign-ins.

package account_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
)

// TestEpochsAreRaisedByWhatTheySay makes random changes and compares the two numbers with what each
// change promises.
func TestEpochsAreRaisedByWhatTheySay(t *testing.T) {
	type change struct {
		name           string
		do             func(context.Context, *account.Accounts, *account.User) error
		epoch, unlocks bool
	}
	role := func(to account.Role) change {
		return change{name: "role " + string(to), do: func(ctx context.Context, a *account.Accounts, u *account.User) error {
			return a.SetRole(ctx, u.ID, to)
		}}
	}
	disabled := func(to bool) change {
		return change{name: map[bool]string{true: "disable", false: "enable"}[to], do: func(ctx context.Context, a *account.Accounts, u *account.User) error {
			return a.SetDisabled(ctx, u.ID, to)
		}}
	}
	changes := []change{
		role(account.Viewer), role(account.Editor), disabled(true), disabled(false),
		{name: "unlock", unlocks: true, do: func(ctx context.Context, a *account.Accounts, u *account.User) error { return a.Unlock(ctx, u.ID) }},
		{name: "reset", epoch: true, unlocks: true, do: func(ctx context.Context, a *account.Accounts, u *account.User) error {
			return a.ResetPassword(ctx, u.ID, goodPassword)
		}},
		{name: "new password", epoch: true, unlocks: true, do: func(ctx context.Context, a *account.Accounts, u *account.User) error {
			return a.SetPassword(ctx, u.ID, goodPassword, goodPassword)
		}},
		{name: "a refused password", do: func(ctx context.Context, a *account.Accounts, u *account.User) error {
			_ = a.ResetPassword(ctx, u.ID, "short")
			_ = a.SetPassword(ctx, u.ID, "not the password", otherPassword)
			return nil
		}},
		{name: "sign-in, right and wrong", do: func(ctx context.Context, a *account.Accounts, u *account.User) error {
			_, _ = a.Authenticate(ctx, u.Username, goodPassword)
			_, _ = a.Authenticate(ctx, u.Username, otherPassword)
			return nil
		}},
	}
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		create(t, a, "root", account.Superuser)
		want := create(t, a, "ada", account.Viewer)
		other := create(t, a, "bob", account.Viewer)
		if want.Epoch != 0 || want.Unlocks != 0 {
			t.Fatalf("a new user is %+v", want)
		}
		for range 60 {
			c := changes[rand.IntN(len(changes))]
			before, err := a.ByID(t.Context(), want.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.do(t.Context(), a, &before); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			now, err := a.ByID(t.Context(), want.ID)
			if err != nil {
				t.Fatal(err)
			}
			raised := c.epoch || now.Role != before.Role || now.Disabled && !before.Disabled
			if got := now.Epoch - before.Epoch; got != map[bool]int64{true: 1}[raised] {
				t.Errorf("%s raised the epoch by %d; before %+v", c.name, got, before)
			}
			if got := now.Unlocks - before.Unlocks; got != map[bool]int64{true: 1}[c.unlocks] {
				t.Errorf("%s raised the unlocks by %d", c.name, got)
			}
		}
		if now, err := a.ByID(t.Context(), other.ID); err != nil || now != other {
			t.Errorf("somebody else is %+v, %v", now, err)
		}
		wantErr(t, a.Unlock(t.Context(), "none"), account.ErrNotFound)
		wantErr(t, a.Unlock(t.Context(), "01890a5d-ac96-774b-bcce-b302099a8057"), account.ErrNotFound)
	})
}

// TestNoUnlockIsLost: ten at once raise the number by ten.
func TestNoUnlockIsLost(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		u := create(t, a, "ada", account.Superuser)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := a.Unlock(t.Context(), u.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if now, err := a.ByID(t.Context(), u.ID); err != nil || now.Unlocks != 10 || now.Epoch != 0 {
			t.Errorf("after ten at once: %+v, %v", now, err)
		}
	})
}

// TestOldTablesGetTheirEpochs: a table of the first release keeps its users.
func TestOldTablesGetTheirEpochs(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		db := empty(t)
		a := open(t, db, account.Config{Argon2: quick})
		u := create(t, a, "ada", account.Superuser)
		exec(t, db, "ALTER TABLE crudadmin_users DROP COLUMN unlocks")
		exec(t, db, "ALTER TABLE crudadmin_users DROP COLUMN epoch")
		exec(t, db, "DELETE FROM crudadmin_account_version WHERE version_id = 2")
		old := open(t, db, account.Config{Argon2: quick})
		if now, err := old.ByID(t.Context(), u.ID); err != nil || now != u {
			t.Errorf("after the migration: %+v, %v, want %+v", now, err, u)
		}
		// A crash between the change and its entry: every statement can be run again (SQLite and
		// PostgreSQL undo it).
		if db.engine == "mysql" {
			exec(t, db, "DELETE FROM crudadmin_account_version WHERE version_id = 2")
			open(t, db, account.Config{Argon2: quick})
		}
	})
}
