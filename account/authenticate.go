// Authenticate: signing in.

package account

import (
	"context"
	"errors"
	"unicode/utf8"
)

// Authenticate returns the enabled user who has this name and password. Every failure is the same
// [ErrCredentials] after one Argon2id hash of the current cost, whether the name is unknown, the
// password wrong or the account disabled. (Until their owner signs in once, accounts with a bcrypt
// hash, or one of an older cost, take the time of that hash as well.) When the database or a
// hashing place cannot be had, it is [ErrUnavailable]; if too many wait for a place, [ErrBusy] at
// once: see [From] and [OnKnownDevice].
//
// On success it notes the time of the login, and replaces a hash that is bcrypt or costs less than
// today's. A password longer than 72 bytes is verified against bcrypt by its first 72, as that hash
// was made, and by all of it from then on.
func (a *Accounts) Authenticate(ctx context.Context, username, password string) (User, error) {
	var stored string
	u, err := a.find(ctx, "username_key", Canonical(username), &stored)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	if !known {
		stored = a.dummy
	}
	if tooLong(password) { // longer than any password: a hash of it would only cost time
		known, password = false, ""
	}
	ok, outdated, err := a.hash.verify(ctx, signingInAs(ctx), stored, password)
	if errors.Is(err, errStoredHash) {
		a.cfg.Logger.WarnContext(ctx, "stored password hash cannot be read: reset the password", "user", u.ID)
		ok, _, err = a.hash.verify(ctx, admitted, a.dummy, password)
	}
	if err != nil {
		return User{}, err
	}
	ok = ok && known && !u.Disabled
	if !ok {
		if isBcrypt(stored) {
			if _, _, err := a.hash.verify(ctx, admitted, a.dummy, password); err != nil {
				return User{}, err
			}
		}
		return User{}, ErrCredentials
	}
	if outdated {
		if err := a.upgrade(ctx, u.ID, stored, password); err != nil {
			return User{}, err
		}
	}
	return a.login(ctx, u)
}

// upgrade replaces a hash by one of the current cost, unless it was changed meanwhile.
func (a *Accounts) upgrade(ctx context.Context, id, stored, password string) error {
	hash, err := a.hash.make(ctx, password)
	if err != nil {
		return err
	}
	_, err = a.exec(ctx, "upgrade password hash",
		"UPDATE crudadmin_users SET password_hash = ? WHERE id = ? AND password_hash = ?", hash, id, stored)
	return err
}

// login notes the time of a sign-in, unless the user was disabled or the password changed while it
// was verified.
func (a *Accounts) login(ctx context.Context, u User) (User, error) {
	const unchanged = "id = ? AND disabled = FALSE AND password_changed_at = ?"
	now, changed := a.now(), u.PasswordChangedAt.UnixMicro()
	n, err := a.exec(ctx, "note login", "UPDATE crudadmin_users SET last_login_at = ? WHERE "+unchanged, now.UnixMicro(), u.ID, changed)
	if err != nil {
		return User{}, err
	}
	if n == 0 { // or, on MySQL, two logins in one microsecond
		var same int
		if err := a.retry(ctx, func(ctx context.Context) error {
			return a.db.Row(ctx, "SELECT count(*) FROM crudadmin_users WHERE "+unchanged, u.ID, changed).Scan(&same)
		}); err != nil {
			return User{}, a.wrap("note login", err)
		}
		if same == 0 {
			return User{}, ErrCredentials
		}
	}
	u.LastLoginAt = now
	return u, nil
}

// tooLong reports whether a text is longer than any password, and so not worth hashing.
func tooLong(password string) bool { return len(password) > MaxPassword*utf8.UTFMax }
