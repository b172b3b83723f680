// The first administrator.

package account

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

const (
	firstUsername = "admin"

	// generatedSize characters of this alphabet are 139 bits. It leaves out 0 O, 1 l I and the
	// like, and begins no escape in a shell or a URL.
	generatedSize     = 24
	generatedAlphabet = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
)

// errNotFirst: another process made a user meanwhile.
var errNotFirst = errors.New("account: there is a user")

// EnsureFirst makes a superuser when there is no user at all, and does nothing otherwise. An empty
// username is "admin"; an empty password is generated, and returned this once for the caller to
// print. Of several processes that start together exactly one has made = true. A given password
// obeys the policy: see [CheckPassword].
func (a *Accounts) EnsureFirst(ctx context.Context, username, password string) (u User, generated Secret, made bool, err error) {
	users, err := a.List(ctx, "", 1)
	if err != nil || len(users) > 0 {
		return User{}, Secret{}, false, err
	}
	if username == "" {
		username = firstUsername
	}
	if password == "" {
		if password, err = a.generatePassword(); err != nil {
			return User{}, Secret{}, false, err
		}
		generated = newSecret(password)
	}
	u, err = a.insert(ctx, username, password, Superuser, guard{first: func(ctx context.Context, t *sqldb.Tx) error {
		var n int
		err := t.Row(ctx, "SELECT count(*) FROM crudadmin_users").Scan(&n)
		if err == nil && n > 0 {
			err = errNotFirst
		}
		return err
	}})
	if errors.Is(err, errNotFirst) {
		return User{}, Secret{}, false, nil
	}
	if err != nil {
		return User{}, Secret{}, false, err
	}
	return u, generated, true, nil
}

// generatePassword is a random password of 24 characters that cannot be misread.
func (a *Accounts) generatePassword() (string, error) {
	out := make([]byte, 0, generatedSize)
	limit := 256 - 256%len(generatedAlphabet) // bytes past it would favour the first letters
	for b := make([]byte, 1); len(out) < generatedSize; {
		if _, err := io.ReadFull(a.cfg.Random, b); err != nil {
			return "", fmt.Errorf("account: no randomness for a password: %w", err)
		}
		if int(b[0]) < limit {
			out = append(out, generatedAlphabet[int(b[0])%len(generatedAlphabet)])
		}
	}
	return string(out), nil
}
