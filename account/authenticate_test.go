// Tests of signing in.

package account_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestAuthenticate(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		clock := morning
		db := empty(t)
		a := open(t, db, account.Config{Argon2: quick, Now: func() time.Time { return clock }})
		made := create(t, a, "Ada", account.Editor)
		clock = clock.Add(time.Minute)
		for _, name := range []string{"Ada", "ADA", " ada "} {
			u, err := a.Authenticate(t.Context(), name, goodPassword)
			if err != nil || u.ID != made.ID || !u.LastLoginAt.Equal(clock.Truncate(time.Microsecond)) {
				t.Errorf("as %q: %+v, %v", name, u, err)
			}
			if again, err := a.ByID(t.Context(), u.ID); err != nil || again != u {
				t.Errorf("stored %+v, %v; returned %+v", again, err, u)
			}
		}
		for _, password := range []string{"", goodPassword + " ", strings.ToUpper(goodPassword), goodPassword[:12], goodPassword + "\x00"} {
			_, err := a.Authenticate(t.Context(), "ada", password)
			wantErr(t, err, account.ErrCredentials)
		}
	})
}

// Unknown, wrong and disabled: the same error, and one Argon2id hash each.
func TestFailedLoginsTellNothingAndDoTheSameWork(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		create(t, a, "ada", account.Superuser)
		off := create(t, a, "off", account.Viewer)
		if err := a.SetDisabled(t.Context(), off.ID, true); err != nil {
			t.Fatal(err)
		}
		broken := create(t, a, "broken", account.Viewer)
		exec(t, db, "UPDATE crudadmin_users SET password_hash = '$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc' WHERE id = ?", broken.ID)
		old := create(t, a, "old", account.Viewer)
		exec(t, db, "UPDATE crudadmin_users SET password_hash = ? WHERE id = ?", bcryptHash(t, "2b", goodPassword), old.ID)
		for _, c := range []struct{ name, username, password string }{
			{"unknown", "nobody", goodPassword},
			{"wrong", "ada", otherPassword},
			{"empty password", "ada", ""},
			{"disabled", "off", goodPassword},
			{"disabled and wrong", "off", otherPassword},
			{"no name", "", goodPassword},
			{"a megabyte of name", strings.Repeat("a", 1<<20), goodPassword},
			{"a megabyte of password", "ada", strings.Repeat("a", 1<<20)},
			{"name of broken text", "ad\xffa", goodPassword},
			{"SQL", "' OR 1=1 --", goodPassword},
			{"stored hash asks for 4 GiB", "broken", goodPassword},
			{"bcrypt, wrong", "old", otherPassword},
		} {
			before := a.HashStats()
			u, err := a.Authenticate(t.Context(), c.username, c.password)
			if err != account.ErrCredentials { //nolint:errorlint // the very same, with nothing around it
				t.Errorf("%s: err = %v, want ErrCredentials itself", c.name, err)
			}
			if u != (account.User{}) {
				t.Errorf("%s: returned %+v", c.name, u)
			}
			if n := a.HashStats().Argon2 - before.Argon2; n != 1 {
				t.Errorf("%s: %d Argon2id hashes, want 1", c.name, n)
			}
		}
		before := a.HashStats()
		if _, err := a.Authenticate(t.Context(), "ada", goodPassword); err != nil {
			t.Fatal(err)
		}
		if n := a.HashStats().Argon2 - before.Argon2; n != 1 {
			t.Errorf("success: %d Argon2id hashes, want 1", n)
		}
	})
}

func TestUnreadableHashIsLoggedWithoutIt(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		var log strings.Builder
		db := empty(t)
		a := open(t, db, account.Config{Argon2: quick, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		u := create(t, a, "ada", account.Viewer)
		exec(t, db, "UPDATE crudadmin_users SET password_hash = 'canary-hash' WHERE id = ?", u.ID)
		_, err := a.Authenticate(t.Context(), "ada", goodPassword)
		wantErr(t, err, account.ErrCredentials)
		if s := log.String(); !strings.Contains(s, u.ID) || !strings.Contains(s, "component=account") || strings.Contains(s, "canary") || strings.Contains(s, goodPassword) {
			t.Errorf("logged %q", s)
		}
	})
}

func TestHashIsUpgradedWhenTheCostRises(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		u := create(t, a, "ada", account.Viewer)
		before := storedHash(t, db, u.ID)
		dearer := open(t, db, account.Config{Argon2: account.Argon2{Memory: 64, Time: 2, Threads: 1}})
		_, err := dearer.Authenticate(t.Context(), "ada", otherPassword)
		wantErr(t, err, account.ErrCredentials)
		if storedHash(t, db, u.ID) != before {
			t.Fatal("a failed login changed the hash")
		}
		got, err := dearer.Authenticate(t.Context(), "ada", goodPassword)
		if err != nil || !got.PasswordChangedAt.Equal(u.PasswordChangedAt) {
			t.Fatalf("%+v, %v", got, err)
		}
		after := storedHash(t, db, u.ID)
		if !strings.HasPrefix(after, "$argon2id$v=19$m=64,t=2,p=1$") {
			t.Errorf("the hash is %s", after)
		}
		for _, x := range []*account.Accounts{dearer, a} { // and it is not made cheaper again
			if _, err := x.Authenticate(t.Context(), "ada", goodPassword); err != nil {
				t.Error(err)
			}
			if storedHash(t, db, u.ID) != after {
				t.Error("the hash changed once more")
			}
		}
	})
}

func bcryptHash(t testing.TB, variant, password string) string {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(password)[:min(len(password), 72)], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return "$" + variant + string(b[3:])
}

func TestBcryptHashesVerifyAndAreUpgraded(t *testing.T) {
	long := strings.Repeat("0123456789", 7) + "abc" // 73 bytes: bcrypt saw 72
	for _, c := range []struct{ variant, password, wrong string }{
		{"2a", goodPassword, otherPassword},
		{"2b", "a", "b"}, // the Python original took any password
		{"2y", "pässwörd über alles", "passwort"},
		{"2b", long, "x" + long[1:]},
		{"2b", long[:72], "x" + long[1:72]},
	} {
		a, db := quickAccounts(t, newSQLite)
		u := create(t, a, "ada", account.Viewer)
		exec(t, db, "UPDATE crudadmin_users SET password_hash = ? WHERE id = ?", bcryptHash(t, c.variant, c.password), u.ID)
		_, err := a.Authenticate(t.Context(), "ada", c.wrong)
		wantErr(t, err, account.ErrCredentials)
		before := a.HashStats()
		if _, err := a.Authenticate(t.Context(), "ada", c.password); err != nil {
			t.Fatalf("%s: %v", c.variant, err)
		}
		after := a.HashStats()
		if after.Bcrypt-before.Bcrypt != 1 || after.Argon2-before.Argon2 != 1 {
			t.Errorf("%s: work %+v to %+v, want one hash of each", c.variant, before, after)
		}
		if hash := storedHash(t, db, u.ID); !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("%s: the hash is %s", c.variant, hash)
		}
		if _, err := a.Authenticate(t.Context(), "ada", c.password); err != nil {
			t.Errorf("%s, upgraded: %v", c.variant, err)
		}
		if len(c.password) > 72 { // now all of it counts
			_, err := a.Authenticate(t.Context(), "ada", c.password[:72])
			wantErr(t, err, account.ErrCredentials)
		}
	}
}

// A vector of the Openwall bcrypt test suite: not made by the library that verifies it.
func TestBcryptKnownAnswer(t *testing.T) {
	a, db := quickAccounts(t, newSQLite)
	u := create(t, a, "ada", account.Viewer)
	exec(t, db, "UPDATE crudadmin_users SET password_hash = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW' WHERE id = ?", u.ID)
	if _, err := a.Authenticate(t.Context(), "ada", "U*U"); err != nil {
		t.Error(err)
	}
}

func TestInsaneBcryptCostIsRefusedNotComputed(t *testing.T) {
	a, db := quickAccounts(t, newSQLite)
	u := create(t, a, "ada", account.Viewer)
	hash := strings.Replace(bcryptHash(t, "2b", goodPassword), "$04$", "$31$", 1) // a day's work
	exec(t, db, "UPDATE crudadmin_users SET password_hash = ? WHERE id = ?", hash, u.ID)
	_, err := a.Authenticate(t.Context(), "ada", goodPassword)
	wantErr(t, err, account.ErrCredentials)
	if n := a.HashStats().Bcrypt; n != 0 {
		t.Errorf("%d bcrypt hashes were computed", n)
	}
}

func TestComposedAndDecomposedTypingAgree(t *testing.T) {
	a, _ := quickAccounts(t, newSQLite)
	if _, err := a.Create(t.Context(), "ada", "cafe\u0301 olé under the bridge", account.Viewer); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), "ada", "café ole\u0301 under the bridge"); err != nil {
		t.Error(err)
	}
}

// The account is disabled, or its password changed, while its password is being verified.
func TestChangeDuringLoginRefusesIt(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		for name, change := range map[string]func(ctx context.Context, a *account.Accounts, id string) error{
			"disabled": func(ctx context.Context, a *account.Accounts, id string) error { return a.SetDisabled(ctx, id, true) },
			"password changed": func(ctx context.Context, a *account.Accounts, id string) error {
				return a.ResetPassword(ctx, id, otherPassword)
			},
		} {
			t.Run(name, func(t *testing.T) {
				db := empty(t)
				other := open(t, db, account.Config{Argon2: quick})
				u := create(t, other, "ada", account.Viewer)
				// The clock is read after the password was verified: the moment to change
				// something.
				a := open(t, db, account.Config{Argon2: quick, Now: func() time.Time {
					if err := change(context.WithoutCancel(t.Context()), other, u.ID); err != nil {
						t.Error(err)
					}
					return time.Now()
				}})
				_, err := a.Authenticate(t.Context(), "ada", goodPassword)
				wantErr(t, err, account.ErrCredentials)
			})
		}
	})
}

func TestParallelFirstLoginsAfterACostRiseAllSucceed(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		create(t, a, "ada", account.Viewer)
		dearer := open(t, db, account.Config{Argon2: account.Argon2{Memory: 16, Time: 1, Threads: 1}})
		var wg sync.WaitGroup
		errs := make([]error, 16)
		for i := range errs {
			wg.Go(func() { _, errs[i] = dearer.Authenticate(t.Context(), "ada", goodPassword) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitForAHashingPlaceEndsWithTheContext(t *testing.T) {
	db := newSQLite(t)
	a := open(t, db, account.Config{Argon2: account.Argon2{Memory: 16 << 10, Time: 16, Threads: 1}, MaxHashes: 1})
	var wg sync.WaitGroup
	for range 3 { // each takes over 100 ms
		wg.Go(func() { _, _ = a.Authenticate(t.Context(), "nobody", goodPassword) })
	}
	for a.HashStats().Running == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := a.Authenticate(ctx, "nobody", goodPassword)
	wantErr(t, err, account.ErrUnavailable)
	wantErr(t, err, context.DeadlineExceeded)
	if took := time.Since(began); took > testserver.Guard {
		t.Errorf("waited %v", took)
	}
	wg.Wait()
}

// 1,000 sign-ins at once at the real cost, known and unknown: at most MaxHashes hashes at a time,
// and the process below 256 MB. Those whose context ends first are unavailable, never wrong.
func TestThousandParallelLoginsStayUnder256MB(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	if testing.Short() {
		t.Skip("hashes for seconds")
	}
	db := newSQLite(t)
	a := open(t, db, account.Config{MaxHashes: 3})
	create(t, a, "ada", account.Superuser)
	debug.FreeOSMemory() // what earlier tests left is not this one's
	ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
	defer cancel()
	var served atomic.Int64
	stop := make(chan struct{})
	highest := make(chan uint64)
	go func() {
		var top uint64
		for {
			select {
			case <-stop:
				highest <- max(top, heapInUse())
				return
			case <-time.After(2 * time.Millisecond):
				top = max(top, heapInUse())
			}
		}
	}()
	var wg sync.WaitGroup
	errs := make([]error, 1000)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = a.Authenticate(ctx, []string{"ada", fmt.Sprint("nobody", i)}[i%2], goodPassword)
			if !errors.Is(errs[i], account.ErrUnavailable) && served.Add(1) == 50 {
				cancel() // the others have waited long enough
			}
		})
	}
	wg.Wait()
	close(stop)
	var in, refused, busy int
	for i, err := range errs {
		switch {
		case err == nil && i%2 == 0:
			in++
		case errors.Is(err, account.ErrCredentials) && i%2 == 1:
			refused++
		case errors.Is(err, account.ErrUnavailable):
			busy++
		default:
			t.Fatalf("login %d: %v", i, err)
		}
	}
	top := <-highest
	t.Logf("%d signed in, %d refused, %d unavailable, at most %d hashes at once, heap at most %d MB", in, refused, busy, a.HashStats().Peak, top/1e6)
	if in+refused == 0 {
		t.Error("nobody was served")
	}
	if peak := a.HashStats().Peak; peak < 1 || peak > 3 {
		t.Errorf("%d hashes at once, want at most 3", peak)
	}
	if top > 256e6 {
		t.Errorf("the heap reached %d MB, want at most 256", top/1e6)
	}
}

// heapInUse is the memory of objects, live and not yet swept, and of free spans not given back.
func heapInUse() uint64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	var sum uint64
	for _, s := range samples {
		sum += s.Value.Uint64()
	}
	return sum
}

func TestDefaultsAreTheDocumentedCost(t *testing.T) {
	db := newSQLite(t)
	a := open(t, db, account.Config{})
	u := create(t, a, "ada", account.Superuser)
	if hash := storedHash(t, db, u.ID); !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || len(hash) != len("$argon2id$v=19$m=19456,t=2,p=1$")+22+1+43 {
		t.Errorf("the hash is %s", hash)
	}
	if _, err := a.Authenticate(t.Context(), "ada", goodPassword); err != nil {
		t.Error(err)
	}
	_, err := a.Authenticate(t.Context(), "ada", otherPassword)
	wantErr(t, err, account.ErrCredentials)
}

// Medians of failed logins, for the eye: they must lie within 1 ms.
func BenchmarkFailedLogin(b *testing.B) {
	a := open(b, newSQLite(b), account.Config{})
	create(b, a, "ada", account.Superuser)
	off := create(b, a, "off", account.Viewer)
	if err := a.SetDisabled(b.Context(), off.ID, true); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, username, password string }{
		{"unknown", "nobody", otherPassword}, {"wrong", "ada", otherPassword}, {"disabled", "off", goodPassword},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				_, _ = a.Authenticate(b.Context(), c.username, c.password)
			}
		})
	}
}
