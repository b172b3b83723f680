// Accounts: administrators made, found, listed and changed.

package account

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// Page sizes of [Accounts.List].
const (
	DefaultPage = 50
	MaxPage     = 200
)

const (
	userColumns       = "id, username, role, disabled, created_at, updated_at, password_changed_at, last_login_at, epoch, unlocks"
	selectUser        = "SELECT " + userColumns + " FROM crudadmin_users WHERE "
	selectUserAndHash = "SELECT " + userColumns + ", password_hash FROM crudadmin_users WHERE "
)

// Create makes an enabled administrator. It returns a [*PolicyError] for the password,
// [ErrUsernameTaken], or an error that names the username or the role.
func (a *Accounts) Create(ctx context.Context, username, password string, role Role) (User, error) {
	return a.insert(ctx, username, password, role, guard{})
}

// insert adds a user, unless the guard refuses it.
func (a *Accounts) insert(ctx context.Context, username, password string, role Role, g guard) (User, error) {
	if err := checkUsername(username); err != nil {
		return User{}, err
	}
	if !role.Valid() {
		return User{}, unknownRole(role)
	}
	if err := CheckPassword(username, password); err != nil {
		return User{}, err
	}
	id, err := a.newID()
	if err != nil {
		return User{}, err
	}
	hash, err := a.hash.make(ctx, password)
	if err != nil {
		return User{}, err
	}
	now := a.now()
	at := now.UnixMicro()
	u := User{
		ID: id, Username: strings.TrimSpace(username), Role: role,
		CreatedAt: now, UpdatedAt: now, PasswordChangedAt: now,
	}
	err = a.guarded(ctx, "create user", g, func(ctx context.Context, t *sqldb.Tx) error {
		_, err := t.Exec(ctx, `INSERT INTO crudadmin_users
			(id, username, username_key, password_hash, role, created_at, updated_at, password_changed_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			u.ID, u.Username, Canonical(username), hash, string(role), at, at, at)
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// newID is a UUIDv7 (RFC 9562 section 5.7) from the configured clock and randomness.
func (a *Accounts) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(a.cfg.Random, b[6:]); err != nil {
		return "", fmt.Errorf("account: no randomness for an id: %w", err)
	}
	ms := a.now().UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], nil
}

// ByID returns the user with this id, or ErrNotFound.
func (a *Accounts) ByID(ctx context.Context, id string) (User, error) {
	return a.find(ctx, "id", id)
}

// ByUsername returns the user whose name has the same [Canonical] form, or ErrNotFound.
func (a *Accounts) ByUsername(ctx context.Context, username string) (User, error) {
	return a.find(ctx, "username_key", Canonical(username))
}

// List returns up to limit users in the order of their canonical names, those after the username
// after: "" for the first page, then the last username of the page before. A page shorter than
// limit is the last. A limit of 0 is DefaultPage; more than MaxPage is MaxPage.
func (a *Accounts) List(ctx context.Context, after string, limit int) ([]User, error) {
	if limit <= 0 {
		limit = DefaultPage
	}
	var users []User
	err := a.retry(ctx, func(ctx context.Context) (err error) {
		users, err = a.page(ctx, Canonical(after), min(limit, MaxPage))
		return err
	})
	if err != nil {
		return nil, a.wrap("list users", err)
	}
	return users, nil
}

func (a *Accounts) page(ctx context.Context, after string, limit int) (users []User, err error) {
	rows, err := a.db.Query(ctx, selectUser+"username_key > ? ORDER BY username_key LIMIT ?", after, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

// SetPassword changes the password of someone who knows the old one; a wrong one is ErrOldPassword,
// as it is when another change came first. The caller ends the user's other sessions.
func (a *Accounts) SetPassword(ctx context.Context, id, oldPassword, newPassword string) error {
	return a.setPassword(ctx, id, oldPassword, newPassword, guard{})
}

func (a *Accounts) setPassword(ctx context.Context, id, oldPassword, newPassword string, g guard) error {
	if tooLong(oldPassword) {
		return ErrOldPassword
	}
	var stored string
	u, err := a.find(ctx, "id", id, &stored)
	if err != nil {
		return err
	}
	ok, _, err := a.hash.verify(ctx, admitted, stored, oldPassword)
	if err != nil && !errors.Is(err, errStoredHash) {
		return err
	}
	if !ok {
		return ErrOldPassword
	}
	n, err := a.storePassword(ctx, u, newPassword, g, " AND password_hash = ?", stored)
	if err == nil && n == 0 {
		err = ErrOldPassword
	}
	return err
}

// ResetPassword gives a user a new password without asking for the old one. The caller ends all the
// user's sessions.
func (a *Accounts) ResetPassword(ctx context.Context, id, newPassword string) error {
	return a.resetPassword(ctx, id, newPassword, guard{})
}

func (a *Accounts) resetPassword(ctx context.Context, id, newPassword string, g guard) error {
	u, err := a.ByID(ctx, id)
	if err != nil {
		return err
	}
	n, err := a.storePassword(ctx, u, newPassword, g, "")
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// storePassword replaces a password in a transaction of its own, so that every other decision about
// the account comes before or after it.
func (a *Accounts) storePassword(ctx context.Context, u User, password string, g guard, condition string, args ...any) (n int64, err error) {
	if err := CheckPassword(u.Username, password); err != nil {
		return 0, err
	}
	hash, err := a.hash.make(ctx, password)
	if err != nil {
		return 0, err
	}
	now := a.now().UnixMicro()
	err = a.guarded(ctx, "set password", g, func(ctx context.Context, t *sqldb.Tx) (err error) {
		n, err = t.Exec(ctx, `
			UPDATE crudadmin_users SET password_hash = ?, password_changed_at = ?, updated_at = ?,
				epoch = epoch + 1, unlocks = unlocks + 1 WHERE id = ?`+condition,
			append([]any{hash, now, now, u.ID}, args...)...)
		return err
	})
	return n, err
}

// SetDisabled forbids or allows a user to sign in. The last enabled superuser stays:
// ErrLastSuperuser. The caller ends a disabled user's sessions.
func (a *Accounts) SetDisabled(ctx context.Context, id string, disabled bool) error {
	return a.setDisabled(ctx, id, disabled, guard{})
}

func (a *Accounts) setDisabled(ctx context.Context, id string, disabled bool, g guard) error {
	return a.change(ctx, "disable user", id, "disabled", disabled, disabled, g, func(u User) bool { return disabled && !u.Disabled })
}

// SetRole changes a user's role. The last enabled superuser stays one: ErrLastSuperuser.
func (a *Accounts) SetRole(ctx context.Context, id string, role Role) error {
	return a.setRole(ctx, id, role, guard{})
}

func (a *Accounts) setRole(ctx context.Context, id string, role Role, g guard) error {
	if !role.Valid() {
		return unknownRole(role)
	}
	return a.change(ctx, "set role", id, "role", string(role), role != Superuser, g, func(u User) bool { return u.Role != role })
}

// Unlock forgets the failed sign-ins of a user by raising [User.Unlocks]. It changes nothing else:
// a known device stays known, and a session lives on. ErrNotFound if there is no such user.
func (a *Accounts) Unlock(ctx context.Context, id string) error {
	return a.unlock(ctx, id, guard{})
}

func (a *Accounts) unlock(ctx context.Context, id string, g guard) error {
	if !isID(id) {
		return ErrNotFound
	}
	return a.guarded(ctx, "unlock user", g, func(ctx context.Context, t *sqldb.Tx) error {
		n, err := t.Exec(ctx, "UPDATE crudadmin_users SET unlocks = unlocks + 1 WHERE id = ?", id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
}

// change sets one column of a user, and raises the epoch where raises says so. A change that takes
// rights away leaves an enabled superuser: two superusers cannot demote each other at the same
// moment.
func (a *Accounts) change(ctx context.Context, op, id, column string, value any, takes bool, g guard, raises func(User) bool) error {
	if !isID(id) {
		return ErrNotFound
	}
	now := a.now().UnixMicro()
	return a.guarded(ctx, op, g, func(ctx context.Context, t *sqldb.Tx) error {
		u, err := scanUser(t.Row(ctx, selectUser+"id = ?", id))
		if err != nil {
			return err
		}
		if takes && u.Role == Superuser && !u.Disabled {
			var others int
			err := t.Row(ctx, `SELECT count(*) FROM crudadmin_users
				WHERE role = 'superuser' AND disabled = FALSE AND id <> ?`, id).Scan(&others)
			if err != nil {
				return err
			}
			if others == 0 {
				return ErrLastSuperuser
			}
		}
		raised := 0
		if raises(u) {
			raised = 1
		}
		_, err = t.Exec(ctx, "UPDATE crudadmin_users SET "+column+" = ?, updated_at = ?, epoch = epoch + ? WHERE id = ?", value, now, raised, id)
		return err
	})
}

// find reads the user with that value in the column, id or username_key, and the password hash if
// it is asked for.
func (a *Accounts) find(ctx context.Context, column, value string, hash ...any) (User, error) {
	if column == "id" && !isID(value) {
		return User{}, ErrNotFound
	}
	query := selectUser + column + " = ?"
	if len(hash) > 0 {
		query = selectUserAndHash + column + " = ?"
	}
	var u User
	err := a.retry(ctx, func(ctx context.Context) (err error) {
		u, err = scanUser(a.db.Row(ctx, query, value), hash...)
		return err
	})
	if err != nil {
		return User{}, a.wrap("read user", err)
	}
	return u, nil
}

// isID reports whether id looks like one of newID. Other texts are not asked for, since no user has
// them and engines differ about odd text (a zero byte, a trailing space).
func isID(id string) bool {
	return len(id) == 36 && strings.Trim(id, "0123456789abcdef-") == ""
}

// scanUser reads userColumns, and the columns after them into more.
func scanUser(row interface{ Scan(...any) error }, more ...any) (User, error) {
	var u User
	var created, updated, changed int64
	var login sql.NullInt64
	err := row.Scan(append([]any{&u.ID, &u.Username, &u.Role, &u.Disabled, &created, &updated, &changed, &login, &u.Epoch, &u.Unlocks}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	u.CreatedAt = time.UnixMicro(created).UTC()
	u.UpdatedAt = time.UnixMicro(updated).UTC()
	u.PasswordChangedAt = time.UnixMicro(changed).UTC()
	if login.Valid {
		u.LastLoginAt = time.UnixMicro(login.Int64).UTC()
	}
	return u, nil
}

func unknownRole(role Role) error {
	return fmt.Errorf("account: the role %q is unknown: use %s, %s or %s", role, Superuser, Editor, Viewer)
}
