// Tests of making, finding, listing and changing administrators.

package account_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
)

func TestCreateAndFind(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		db := empty(t)
		a := open(t, db, account.Config{Argon2: quick, Now: func() time.Time { return morning }})
		made, err := a.Create(t.Context(), "  Ada Lovelace ", goodPassword, account.Editor)
		if err != nil {
			t.Fatal(err)
		}
		at := morning.UTC().Truncate(time.Microsecond)
		want := account.User{ID: made.ID, Username: "Ada Lovelace", Role: account.Editor, CreatedAt: at, UpdatedAt: at, PasswordChangedAt: at}
		if made != want {
			t.Errorf("Create = %+v, want %+v", made, want)
		}
		if len(made.ID) != 36 || made.ID[14] != '7' || !strings.ContainsRune("89ab", rune(made.ID[19])) {
			t.Errorf("%q is no UUIDv7", made.ID)
		}
		for _, name := range []string{"Ada Lovelace", "ada lovelace", "\tADA LOVELACE\n", "ａｄａ lovelace"} {
			if got, err := a.ByUsername(t.Context(), name); err != nil || got != want {
				t.Errorf("ByUsername(%q) = %+v, %v", name, got, err)
			}
		}
		if got, err := a.ByID(t.Context(), made.ID); err != nil || got != want {
			t.Errorf("ByID = %+v, %v", got, err)
		}
		_, err = a.Create(t.Context(), "ADA LOVELACE", otherPassword, account.Viewer)
		wantErr(t, err, account.ErrUsernameTaken)
		_, err = a.ByID(t.Context(), "none")
		wantErr(t, err, account.ErrNotFound)
		_, err = a.ByUsername(t.Context(), "none")
		wantErr(t, err, account.ErrNotFound)
	})
}

func TestCreateRefuses(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		for _, c := range []struct{ name, role, says string }{
			{"", "viewer", "username must be"},
			{" \t ", "viewer", "username must be"},
			{strings.Repeat("x", account.MaxUsername+1), "viewer", "username is longer than 128"},
			{strings.Repeat("x", 1<<20), "viewer", "username must be"},
			{strings.Repeat("\ufdfa", 100), "viewer", "username is longer than 128"},
			{"ad\u200bmin", "viewer", "U+200B"},
			{"ad\u202emin", "viewer", "U+202E"},
			{"ad\nmin", "viewer", "U+000A"},
			{"ad\xffmin", "viewer", "username must be"},
			{"ada", "root", `the role "root" is unknown`},
			{"ada", "", `the role "" is unknown`},
		} {
			_, err := a.Create(t.Context(), c.name, goodPassword, account.Role(c.role))
			if err == nil || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 200 {
				t.Errorf("%.20q as %q: %v, want %q", c.name, c.role, err, c.says)
			}
		}
		if users, err := a.List(t.Context(), "", 0); err != nil || len(users) != 0 {
			t.Errorf("%d users were made, %v", len(users), err)
		}
		if _, err := a.Create(t.Context(), strings.Repeat("ж", account.MaxUsername), goodPassword, account.Viewer); err != nil {
			t.Errorf("128 characters: %v", err)
		}
	})
}

func TestOneNameIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		var wg sync.WaitGroup
		errs := make([]error, 12)
		for i := range errs {
			name := []string{"ada", "Ada", " ADA"}[i%3]
			wg.Go(func() { _, errs[i] = a.Create(t.Context(), name, goodPassword, account.Viewer) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else {
				wantErr(t, err, account.ErrUsernameTaken)
			}
		}
		if made != 1 {
			t.Errorf("%d were made, want 1", made)
		}
	})
}

func TestFailingRandomnessMakesNoUser(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		broken := errors.New("no entropy")
		db := empty(t)
		a := open(t, db, account.Config{Argon2: quick})
		// Enough bytes for Open's dummy hash, then 0, 10 (an id) or 26 (and a salt) more.
		for _, n := range []int64{0, 10, 26} {
			failing := open(t, db, account.Config{Argon2: quick, Random: &limited{n: 48 + n, err: broken}})
			if n < 26 {
				_, err := failing.Create(t.Context(), "ada", goodPassword, account.Superuser)
				wantErr(t, err, broken)
			}
			_, generated, made, err := failing.EnsureFirst(t.Context(), "", "")
			wantErr(t, err, broken)
			if made || !generated.IsZero() {
				t.Error("a first administrator was made")
			}
		}
		if _, err := account.Open(t.Context(), db.DB, account.Config{Random: iotest.ErrReader(broken)}); !errors.Is(err, broken) {
			t.Errorf("Open: %v", err)
		}
		if users, err := a.List(t.Context(), "", 0); err != nil || len(users) != 0 {
			t.Errorf("%d users, %v; want none", len(users), err)
		}
	})
}

// limited gives n bytes, then the error.
type limited struct {
	n   int64
	err error
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.n {
		return 0, l.err
	}
	for i := range p {
		l.n--
		p[i] = byte(l.n * 89)
	}
	return len(p), nil
}

func TestListPages(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		for _, i := range []int{4, 1, 3, 0, 2} {
			create(t, a, fmt.Sprintf("User%d", i), account.Viewer)
		}
		var got []string
		after := ""
		for {
			users, err := a.List(t.Context(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users {
				got = append(got, u.Username)
			}
			if len(users) < 2 {
				break
			}
			after = users[1].Username
		}
		if s := strings.Join(got, " "); s != "User0 User1 User2 User3 User4" {
			t.Errorf("pages hold %s", s)
		}
	})
}

func TestListIsBounded(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		var values []string
		for i := range 300 {
			values = append(values, fmt.Sprintf("('id%d', 'u%d', 'u%d', 'none', 'viewer', FALSE, 0, 0, 0, NULL)", i, i, i))
		}
		exec(t, db, "INSERT INTO crudadmin_users (id, username, username_key, password_hash, role, disabled, created_at, updated_at, password_changed_at, last_login_at) VALUES "+strings.Join(values, ", "))
		for limit, want := range map[int]int{0: account.DefaultPage, -5: account.DefaultPage, 7: 7, 1 << 40: account.MaxPage} {
			if users, err := a.List(t.Context(), "", limit); err != nil || len(users) != want {
				t.Errorf("limit %d gave %d users, %v; want %d", limit, len(users), err, want)
			}
		}
	})
}

func TestSetPasswordAsksForTheOldOne(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		clock := morning
		db := empty(t)
		a := open(t, db, account.Config{Argon2: quick, Now: func() time.Time { return clock }})
		u := create(t, a, "ada", account.Viewer)
		before := storedHash(t, db, u.ID)
		clock = clock.Add(time.Hour)
		wantErr(t, a.SetPassword(t.Context(), u.ID, otherPassword, "a new one entirely"), account.ErrOldPassword)
		wantErr(t, a.SetPassword(t.Context(), u.ID, "", "a new one entirely"), account.ErrOldPassword)
		wantErr(t, a.SetPassword(t.Context(), "none", goodPassword, otherPassword), account.ErrNotFound)
		if _, ok := errors.AsType[*account.PolicyError](a.SetPassword(t.Context(), u.ID, goodPassword, "short")); !ok {
			t.Error("a short password was not refused by the policy")
		}
		if storedHash(t, db, u.ID) != before {
			t.Fatal("a refused change was stored")
		}
		if err := a.SetPassword(t.Context(), u.ID, goodPassword, otherPassword); err != nil {
			t.Fatal(err)
		}
		_, err := a.Authenticate(t.Context(), "ada", goodPassword)
		wantErr(t, err, account.ErrCredentials)
		u, err = a.Authenticate(t.Context(), "ada", otherPassword)
		if err != nil || !u.PasswordChangedAt.Equal(clock.Truncate(time.Microsecond)) || !u.UpdatedAt.Equal(u.PasswordChangedAt) {
			t.Errorf("after the change: %+v, %v", u, err)
		}
	})
}

func TestOfParallelPasswordChangesOneWins(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		u := create(t, a, "ada", account.Viewer)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				errs[i] = a.SetPassword(t.Context(), u.ID, goodPassword, fmt.Sprint("brand new passphrase ", i))
			})
		}
		wg.Wait()
		won := -1
		for i, err := range errs {
			if err == nil && won >= 0 {
				t.Fatal("two changes with the same old password were stored")
			}
			if err == nil {
				won = i
			} else {
				wantErr(t, err, account.ErrOldPassword)
			}
		}
		if _, err := a.Authenticate(t.Context(), "ada", fmt.Sprint("brand new passphrase ", won)); err != nil {
			t.Errorf("the winner's password: %v", err)
		}
	})
}

func TestResetPassword(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		u := create(t, a, "ada", account.Viewer)
		if err := a.ResetPassword(t.Context(), u.ID, otherPassword); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Authenticate(t.Context(), "ada", otherPassword); err != nil {
			t.Error(err)
		}
		wantErr(t, a.ResetPassword(t.Context(), "none", otherPassword), account.ErrNotFound)
		if _, ok := errors.AsType[*account.PolicyError](a.ResetPassword(t.Context(), u.ID, "my name is ADA")); ok {
			t.Error("a three-letter username inside a longer password is not a reason to refuse it")
		}
	})
}

func TestTheLastSuperuserStays(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		ctx := t.Context()
		ada, bob := create(t, a, "ada", account.Superuser), create(t, a, "bob", account.Superuser)
		eve := create(t, a, "eve", account.Editor)
		if err := a.SetDisabled(ctx, bob.ID, true); err != nil {
			t.Fatal(err)
		}
		wantErr(t, a.SetDisabled(ctx, ada.ID, true), account.ErrLastSuperuser)
		wantErr(t, a.SetRole(ctx, ada.ID, account.Editor), account.ErrLastSuperuser)
		for _, err := range []error{
			a.SetRole(ctx, ada.ID, account.Superuser), // no change
			a.SetDisabled(ctx, eve.ID, true),
			a.SetRole(ctx, bob.ID, account.Viewer), // disabled: not counted
			a.SetRole(ctx, bob.ID, account.Superuser),
			a.SetDisabled(ctx, bob.ID, false),
			a.SetRole(ctx, ada.ID, account.Viewer),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		wantErr(t, a.SetDisabled(ctx, bob.ID, true), account.ErrLastSuperuser)
		wantErr(t, a.SetDisabled(ctx, "none", true), account.ErrNotFound)
		wantErr(t, a.SetRole(ctx, "none", account.Viewer), account.ErrNotFound)
		if err := a.SetRole(ctx, eve.ID, "owner"); err == nil {
			t.Error("an unknown role was set")
		}
		if got, _ := a.ByID(ctx, eve.ID); !got.Disabled || got.Role != account.Editor {
			t.Errorf("eve is %+v", got)
		}
	})
}

func TestSuperusersCannotDemoteEachOtherAtOnce(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		ada, bob := create(t, a, "ada", account.Superuser), create(t, a, "bob", account.Superuser)
		for range 10 {
			var wg sync.WaitGroup
			var errs [2]error
			wg.Go(func() { errs[0] = a.SetDisabled(t.Context(), ada.ID, true) })
			wg.Go(func() { errs[1] = a.SetRole(t.Context(), bob.ID, account.Viewer) })
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("disable: %v, demote: %v; want exactly one refused", errs[0], errs[1])
			}
			wantErr(t, errors.Join(errs[:]...), account.ErrLastSuperuser)
			if err := errors.Join(a.SetDisabled(t.Context(), ada.ID, false), a.SetRole(t.Context(), bob.ID, account.Superuser)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestUsersShowNoHash(t *testing.T) {
	a, db := quickAccounts(t, newSQLite)
	u := create(t, a, "ada", account.Viewer)
	asJSON, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	hash := storedHash(t, db, u.ID)
	for _, s := range []string{string(asJSON), fmt.Sprintf("%v %+v %#v", u, u, u), fmt.Sprintf("%+v %#v", a, a)} {
		if strings.Contains(s, hash) || strings.Contains(s, "argon2id") && strings.Contains(s, hash[len(hash)-20:]) {
			t.Errorf("the hash shows in %s", s)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Ada", "ada"}, {"  ada\t", "ada"}, {"ＡＤＡ", "ada"}, {"\u00a0ada\u3000", "ada"},
		{"STRASSE", "strasse"}, {"straße", "strasse"}, {"E\u0301va", "éva"}, {"ÉVA", "éva"}, {"ΣΊΣΥΦΟΣ", "σίσυφοσ"},
		{"ﬁona", "fiona"}, {"ada lovelace", "ada lovelace"}, {"", ""}, {"a\xff", ""}, {strings.Repeat("a", 513), ""},
	} {
		if got := account.Canonical(c.in); got != c.want {
			t.Errorf("Canonical(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzCanonicalIsItsOwnForm(f *testing.F) {
	for _, s := range []string{"Ada", "ﬁ", "ß", "ᾳ", "ǰ", "\u0345\u0301", "İ", "\u1e9e\u0323"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := account.Canonical(s)
		if len(once) <= account.MaxUsername*4 && account.Canonical(once) != once {
			t.Errorf("Canonical(%q) = %q, and of that %q", s, once, account.Canonical(once))
		}
	})
}
