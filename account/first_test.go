// Tests of the first administrator, and of the secret it comes with.

package account_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
)

func TestFirstIsGeneratedOnce(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		u, generated, made, err := a.EnsureFirst(t.Context(), "", "")
		if err != nil || !made || u.Username != "admin" || u.Role != account.Superuser || u.Disabled {
			t.Fatalf("%+v, %v, %v", u, made, err)
		}
		password := generated.Reveal()
		if len(password) < 20 || strings.ContainsAny(password, "0O1lI|'\"\\$`") {
			t.Errorf("the password has %d characters, or some that are misread", len(password))
		}
		if err := account.CheckPassword("admin", password); err != nil {
			t.Error(err)
		}
		if _, err := a.Authenticate(t.Context(), "admin", password); err != nil {
			t.Error(err)
		}
		for _, given := range []string{"", otherPassword, "short"} {
			u, generated, made, err = a.EnsureFirst(t.Context(), "root", given)
			if err != nil || made || !generated.IsZero() || u != (account.User{}) {
				t.Errorf("again: %+v, %v, %v", u, made, err)
			}
		}
		if users, err := a.List(t.Context(), "", 0); err != nil || len(users) != 1 {
			t.Errorf("%d users, %v", len(users), err)
		}
	})
}

func TestFirstAsGiven(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		for _, weak := range []string{"admin", "password1234", "rootrootroot"} {
			_, _, made, err := a.EnsureFirst(t.Context(), "root", weak)
			if _, ok := errors.AsType[*account.PolicyError](err); !ok || made {
				t.Errorf("%s: made %v, %v", weak, made, err)
			}
		}
		u, generated, made, err := a.EnsureFirst(t.Context(), "Root", goodPassword)
		if err != nil || !made || !generated.IsZero() || u.Username != "Root" {
			t.Fatalf("%+v, %v, %v", u, made, err)
		}
		if _, err := a.Authenticate(t.Context(), "root", goodPassword); err != nil {
			t.Error(err)
		}
	})
}

func TestOfTenProcessesOneMakesTheFirst(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		first := empty(t)
		var accounts [10]*account.Accounts
		for i := range accounts {
			accounts[i] = open(t, first.connect(t), account.Config{Argon2: quick})
		}
		var wg sync.WaitGroup
		var generated [10]account.Secret
		var made [10]bool
		var errs [10]error
		for i, a := range accounts {
			wg.Go(func() { _, generated[i], made[i], errs[i] = a.EnsureFirst(t.Context(), fmt.Sprint("admin", i%3), "") })
		}
		wg.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range accounts {
			if made[i] == generated[i].IsZero() {
				t.Errorf("process %d: made %v, has a password %v", i, made[i], !generated[i].IsZero())
			}
			if !made[i] {
				continue
			}
			n++
			if _, err := accounts[0].Authenticate(t.Context(), fmt.Sprint("admin", i%3), generated[i].Reveal()); err != nil {
				t.Error(err)
			}
		}
		if users, err := accounts[0].List(t.Context(), "", 0); n != 1 || err != nil || len(users) != 1 {
			t.Errorf("%d made it, %d users, %v; want 1", n, len(users), err)
		}
	})
}

func TestGeneratedPasswordsUseTheWholeAlphabetAndDiffer(t *testing.T) {
	letters, seen := map[rune]bool{}, map[string]bool{}
	a, db := quickAccounts(t, newSQLite)
	for range 40 {
		exec(t, db, "DELETE FROM crudadmin_users")
		_, generated, _, err := a.EnsureFirst(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if seen[generated.Reveal()] {
			t.Fatal("a password came twice")
		}
		seen[generated.Reveal()] = true
		for _, r := range generated.Reveal() {
			letters[r] = true
		}
	}
	if len(letters) < 50 { // of 55; 960 draws
		t.Errorf("only %d different characters", len(letters))
	}
}

func TestSecretMasksItself(t *testing.T) {
	a, _ := quickAccounts(t, newSQLite)
	_, secret, _, err := a.EnsureFirst(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Shown  account.Secret
		hidden account.Secret
		list   []account.Secret
	}
	h := holder{secret, secret, []account.Secret{secret}}
	var out strings.Builder
	for _, v := range []any{secret, &secret, h, &h, []any{secret}, map[string]any{"k": h}, fmt.Errorf("x: %v", h)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	if strings.Contains(out.String(), secret.Reveal()) || strings.Contains(out.String(), fmt.Sprintf("%x", secret.Reveal())) {
		t.Error("the secret shows in ", out.String())
	}
	if !strings.Contains(out.String(), "[secret]") {
		t.Error("nothing says that a secret was left out")
	}
	if !(account.Secret{}).IsZero() || (account.Secret{}).Reveal() != "" {
		t.Error("the zero secret holds something")
	}
}
