// Examples: administrators made, signing in, changed, and changed by each other.

package account_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// openAccounts opens the accounts in a new SQLite file. done removes it.
func openAccounts() (accounts *account.Accounts, done func()) {
	folder := must(os.MkdirTemp("", "account"))
	db := must(sqlite.Open(context.Background(), filepath.Join(folder, "admin.db")))
	accounts = must(account.Open(context.Background(), db, account.Config{Logger: slog.New(slog.DiscardHandler)}))
	return accounts, func() {
		_ = db.Close()
		_ = os.RemoveAll(folder)
	}
}

// must returns the value of a call that does not fail here.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func ExampleOpen() {
	ctx := context.Background()
	folder := must(os.MkdirTemp("", "account"))
	defer func() { _ = os.RemoveAll(folder) }()
	db, err := sqlite.Open(ctx, filepath.Join(folder, "admin.db")) // or a *sql.DB of pgx or of MySQL's driver
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	accounts, err := account.Open(ctx, db, account.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(accounts.List(ctx, "", 0))
	// Output: [] <nil>
}

// Before the first start there is nothing, and looking makes nothing.
func ExampleInspect() {
	folder := must(os.MkdirTemp("", "account"))
	defer func() { _ = os.RemoveAll(folder) }()
	db := must(sqlite.Open(context.Background(), filepath.Join(folder, "admin.db")))
	defer func() { _ = db.Close() }()
	fmt.Printf("%+v\n", must(account.Inspect(context.Background(), db)))
	// Output: {Made:false Accounts:0 Superusers:0}
}

// Three failures have one answer; a database that is away has another.
func ExampleAccounts_Authenticate() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	must(accounts.Create(ctx, "ada", "a horse of another colour", account.Editor))
	for _, password := range []string{"a horse of another colour", "a guess of somebody else"} {
		u, err := accounts.Authenticate(ctx, "Ada", password)
		switch {
		case err == nil:
			fmt.Println("signed in:", u.Username, u.Role)
		case errors.Is(err, account.ErrCredentials):
			fmt.Println("The username or the password is wrong.")
		case errors.Is(err, account.ErrUnavailable): // ErrBusy too: answer 503
			fmt.Println("Please try again.")
		}
	}
	// Output:
	// signed in: ada editor
	// The username or the password is wrong.
}

// Sign-ins from one address, or from a device that the account knows, say so.
func ExampleFrom() {
	accounts, done := openAccounts()
	defer done()
	ctx := account.From(context.Background(), "192.0.2.7")
	ctx = account.OnKnownDevice(ctx)
	_, err := accounts.Authenticate(ctx, "ada", "a guess of somebody else")
	fmt.Println(errors.Is(err, account.ErrCredentials))
	// Output: true
}

// At its first start a program makes an administrator and prints the password once.
func ExampleAccounts_EnsureFirst() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	for range 2 {
		u, generated, made, err := accounts.EnsureFirst(ctx, "", "")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(made, u.Username, u.Role, len(generated.Reveal()))
	}
	// Output:
	// true admin superuser 24
	// false   0
}

func ExampleAccounts_Create() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	_, err := accounts.Create(ctx, "ada", "a horse", account.Viewer)
	fmt.Println(err) // a *PolicyError
	u, err := accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer)
	fmt.Println(u.Username, u.Role, err)
	_, err = accounts.Create(ctx, "ADA", "a horse of another colour", account.Viewer)
	fmt.Println(errors.Is(err, account.ErrUsernameTaken))
	// Output:
	// account: the password is too short: use at least 12 characters
	// ada viewer <nil>
	// true
}

// A list is read page by page.
func ExampleAccounts_List() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	for _, name := range []string{"Cid", "ada", "Bea"} {
		must(accounts.Create(ctx, name, "a horse of another colour", account.Viewer))
	}
	for after := ""; ; {
		page, err := accounts.List(ctx, after, 2)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, u := range page {
			fmt.Println(u.Username)
			after = u.Username
		}
		if len(page) < 2 {
			return
		}
	}
	// Output:
	// ada
	// Bea
	// Cid
}

func ExampleAccounts_ByUsername() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	made := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer))
	u, err := accounts.ByUsername(ctx, "Ada")
	fmt.Println(u == made, err)
	u, err = accounts.ByID(ctx, u.ID)
	fmt.Println(u == made, err)
	_, err = accounts.ByUsername(ctx, "bea")
	fmt.Println(errors.Is(err, account.ErrNotFound))
	// Output:
	// true <nil>
	// true <nil>
	// true
}

// Somebody who knows the old password sets a new one; a superuser resets it.
func ExampleAccounts_SetPassword() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	u := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer))
	err := accounts.SetPassword(ctx, u.ID, "a guess of somebody else", "forty-two green apples")
	fmt.Println(errors.Is(err, account.ErrOldPassword))
	fmt.Println(accounts.SetPassword(ctx, u.ID, "a horse of another colour", "forty-two green apples"))
	fmt.Println(accounts.ResetPassword(ctx, u.ID, "nine rivers to the sea"))
	_, err = accounts.Authenticate(ctx, "ada", "nine rivers to the sea")
	fmt.Println(err)
	// Output:
	// true
	// <nil>
	// <nil>
	// <nil>
}

func ExampleAccounts_SetRole() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	u := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Superuser))
	fmt.Println(accounts.SetRole(ctx, u.ID, account.Viewer))
	must(accounts.Create(ctx, "bea", "a horse of another colour", account.Superuser))
	fmt.Println(accounts.SetRole(ctx, u.ID, account.Viewer))
	// Output:
	// account: this is the last enabled superuser: make another one first
	// <nil>
}

func ExampleAccounts_SetDisabled() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	u := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer))
	fmt.Println(accounts.SetDisabled(ctx, u.ID, true)) // then end the sessions of u.ID
	_, err := accounts.Authenticate(ctx, "ada", "a horse of another colour")
	fmt.Println(errors.Is(err, account.ErrCredentials))
	// Output:
	// <nil>
	// true
}

// Failed sign-ins are counted under User.Unlocks: raising it forgets them.
func ExampleAccounts_Unlock() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	u := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer))
	fmt.Println(accounts.Unlock(ctx, u.ID))
	fmt.Println(must(accounts.ByID(ctx, u.ID)).Unlocks - u.Unlocks)
	// Output:
	// <nil>
	// 1
}

// A change is made in the name of an administrator, and only while that account is what it was.
func ExampleAccounts_By() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	ada := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Superuser))
	bea := must(accounts.Create(ctx, "bea", "a horse of another colour", account.Superuser))
	cid := must(accounts.By(ada, nil).Create(ctx, "cid", "a horse of another colour", account.Viewer))
	fmt.Println(accounts.By(bea, nil).SetRole(ctx, cid.ID, account.Editor))
	fmt.Println(accounts.By(ada, nil).SetDisabled(ctx, bea.ID, true))
	// What bea asked for before, and what comes after, is not done.
	fmt.Println(accounts.By(bea, nil).ResetPassword(ctx, cid.ID, "forty-two green apples"))
	// Output:
	// <nil>
	// <nil>
	// account: the administrator who asked for this was changed meanwhile
}

// A check is asked before the change and once more right before the commit.
func ExampleActing() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	ada := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Superuser))
	signedOut := errors.New("you were signed out meanwhile")
	acting := accounts.By(ada, func(_ context.Context, held bool) error {
		if held {
			return signedOut
		}
		return nil
	})
	_, err := acting.Create(ctx, "bea", "a horse of another colour", account.Viewer)
	fmt.Println(err)
	fmt.Println(acting.Unlock(ctx, ada.ID))
	// Output:
	// you were signed out meanwhile
	// you were signed out meanwhile
}

// ByIDIn reads inside a transaction that holds the pool's only connection.
func ExampleAccounts_ByIDIn() {
	ctx := context.Background()
	folder := must(os.MkdirTemp("", "account"))
	defer func() { _ = os.RemoveAll(folder) }()
	db := must(sqlite.Open(ctx, filepath.Join(folder, "admin.db")))
	defer func() { _ = db.Close() }()
	accounts := must(account.Open(ctx, db, account.Config{}))
	u := must(accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer))
	db.SetMaxOpenConns(1)
	tx := must(db.BeginTx(ctx, nil))
	defer func() { _ = tx.Rollback() }()
	fmt.Println(must(accounts.ByIDIn(ctx, tx, u.ID)).Username)
	// Output: ada
}

func ExampleAccounts_HashStats() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	must(accounts.Create(ctx, "ada", "a horse of another colour", account.Viewer))
	must(accounts.Authenticate(ctx, "ada", "a horse of another colour"))
	stats := accounts.HashStats()
	fmt.Println(stats.Argon2, stats.Running, stats.Waiting)
	// Output: 2 0 0
}

func ExampleCanonical() {
	fmt.Println(account.Canonical("  Straße ") == account.Canonical("STRASSE"))
	fmt.Printf("%q\n", account.Canonical(" ")) // nobody's name
	// Output:
	// true
	// ""
}

func ExampleCheckPassword() {
	for _, password := range []string{"horses", "qwertyuiopas", "ada and her horses", "a horse of another colour"} {
		err := account.CheckPassword("ada and", password)
		var refused *account.PolicyError
		if errors.As(err, &refused) {
			fmt.Println("The password " + refused.Rule + ".")
			continue
		}
		fmt.Println(err)
	}
	// Output:
	// The password is too short: use at least 12 characters.
	// The password is made of sequences such as 1234, abcd or qwerty: choose a less regular one.
	// The password holds the username: choose one that does not.
	// <nil>
}

func ExampleConfig_Validate() {
	fmt.Println(account.Config{MaxWaiting: 5000}.Validate())
	fmt.Println(account.Config{}.Validate())
	// Output:
	// account: configuration:
	// MaxWaiting: 5000, want 1 to 4096
	// <nil>
}

// A secret prints as [secret] wherever it ends up; Reveal shows it.
func ExampleSecret_Reveal() {
	ctx := context.Background()
	accounts, done := openAccounts()
	defer done()
	_, generated, _, err := accounts.EnsureFirst(ctx, "ada", "")
	fmt.Println(generated, len(generated.Reveal()), generated.IsZero(), err)
	// Output: [secret] 24 false <nil>
}

func ExampleRole_Valid() {
	fmt.Println(account.Editor.Valid(), account.Role("owner").Valid())
	// Output: true false
}
