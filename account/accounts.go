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
)

// Page sizes of [Accounts.List].
const (
	DefaultPage = 50
	MaxPage     = 200
)

const userColumns = "id, username, role, disabled, created_at, updated_at, password_changed_at, last_login_at"

// Create makes an enabled administrator. It returns a [*PolicyError] for the password, [ErrUsernameTaken], or an
// error that names the username or the role.
func (a *Accounts) Create(ctx context.Context, username, password string, role Role) (User, error) {
	made, err := a.insert(ctx, username, password, role, "true")
	if err == nil && made.ID == "" {
		err = ErrUsernameTaken
	}
	return made, err
}

// insert adds a user if the SQL condition holds and the name is free; else the User is the zero value.
func (a *Accounts) insert(ctx context.Context, username, password string, role Role, condition string) (User, error) {
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
	u := User{
		ID: id, Username: strings.TrimSpace(username), Role: role,
		CreatedAt: now, UpdatedAt: now, PasswordChangedAt: now,
	}
	n, err := a.exec(ctx, "create user", `
		INSERT INTO crudadmin_users (id, username, username_key, password_hash, role, created_at, updated_at, password_changed_at)
		SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE `+condition+`
		ON CONFLICT (username_key) DO NOTHING`,
		u.ID, u.Username, Canonical(username), hash, string(role), now.UnixMicro(), now.UnixMicro(), now.UnixMicro())
	if err != nil || n == 0 {
		return User{}, err
	}
	return u, nil
}

// newID is a UUIDv7 (RFC 9562 section 5.7) from the configured clock and randomness.
func (a *Accounts) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(a.cfg.Rand, b[6:]); err != nil {
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
	return scanUser("read user", a.db.QueryRowContext(ctx, "SELECT "+userColumns+" FROM crudadmin_users WHERE id = ?", id))
}

// ByUsername returns the user whose name has the same [Canonical] form, or ErrNotFound.
func (a *Accounts) ByUsername(ctx context.Context, username string) (User, error) {
	return scanUser("read user", a.db.QueryRowContext(ctx,
		"SELECT "+userColumns+" FROM crudadmin_users WHERE username_key = ?", Canonical(username)))
}

// List returns up to limit users in the order of their canonical names, those after the username after: "" for
// the first page, then the last username of the page before. A page shorter than limit is the last. A limit
// of 0 is DefaultPage; more than MaxPage is MaxPage.
func (a *Accounts) List(ctx context.Context, after string, limit int) ([]User, error) {
	if limit <= 0 {
		limit = DefaultPage
	}
	rows, err := a.db.QueryContext(ctx, "SELECT "+userColumns+` FROM crudadmin_users
		WHERE username_key > ? ORDER BY username_key LIMIT ?`, Canonical(after), min(limit, MaxPage))
	if err != nil {
		return nil, unavailable("list users", err)
	}
	defer func() { _ = rows.Close() }()
	var users []User
	for rows.Next() {
		u, err := scanUser("list users", rows)
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable("list users", err)
	}
	return users, nil
}

// SetPassword changes the password of someone who knows the old one; a wrong one is ErrOldPassword, as it is
// when another change came first. The caller ends the user's other sessions.
func (a *Accounts) SetPassword(ctx context.Context, id, oldPassword, newPassword string) error {
	if tooLong(oldPassword) {
		return ErrOldPassword
	}
	u, stored, err := a.credentials(ctx, "id", id)
	if err != nil {
		return err
	}
	ok, _, err := a.hash.verify(ctx, stored, oldPassword)
	if err != nil && !errors.Is(err, errStoredHash) {
		return err
	}
	if !ok {
		return ErrOldPassword
	}
	n, err := a.storePassword(ctx, u, newPassword, " AND password_hash = ?", stored)
	if err == nil && n == 0 {
		err = ErrOldPassword
	}
	return err
}

// ResetPassword gives a user a new password without asking for the old one. The caller ends all the user's
// sessions.
func (a *Accounts) ResetPassword(ctx context.Context, id, newPassword string) error {
	u, err := a.ByID(ctx, id)
	if err != nil {
		return err
	}
	n, err := a.storePassword(ctx, u, newPassword, "")
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

func (a *Accounts) storePassword(ctx context.Context, u User, password, condition string, args ...any) (int64, error) {
	if err := CheckPassword(u.Username, password); err != nil {
		return 0, err
	}
	hash, err := a.hash.make(ctx, password)
	if err != nil {
		return 0, err
	}
	now := a.now().UnixMicro()
	return a.exec(ctx, "set password", `
		UPDATE crudadmin_users SET password_hash = ?, password_changed_at = ?, updated_at = ? WHERE id = ?`+condition,
		append([]any{hash, now, now, u.ID}, args...)...)
}

// keepsSuperuser is true of a row whose change leaves another enabled superuser, or that is none itself. It is
// part of the UPDATE, so that two superusers cannot demote each other at the same moment.
const keepsSuperuser = ` AND (role <> 'superuser' OR disabled = 1 OR EXISTS (
	SELECT 1 FROM crudadmin_users AS other
	WHERE other.role = 'superuser' AND other.disabled = 0 AND other.id <> crudadmin_users.id))`

// SetDisabled forbids or allows a user to sign in. The last enabled superuser stays: ErrLastSuperuser. The
// caller ends a disabled user's sessions.
func (a *Accounts) SetDisabled(ctx context.Context, id string, disabled bool) error {
	condition := ""
	if disabled {
		condition = keepsSuperuser
	}
	return a.change(ctx, "disable user", id, "disabled = ?", disabled, condition)
}

// SetRole changes a user's role. The last enabled superuser stays one: ErrLastSuperuser.
func (a *Accounts) SetRole(ctx context.Context, id string, role Role) error {
	if !role.Valid() {
		return unknownRole(role)
	}
	condition := ""
	if role != Superuser {
		condition = keepsSuperuser
	}
	return a.change(ctx, "set role", id, "role = ?", string(role), condition)
}

func (a *Accounts) change(ctx context.Context, op, id, assignment string, value any, condition string) error {
	n, err := a.exec(ctx, op, "UPDATE crudadmin_users SET "+assignment+", updated_at = ? WHERE id = ?"+condition,
		value, a.now().UnixMicro(), id)
	if err != nil || n > 0 {
		return err
	}
	if _, err := a.ByID(ctx, id); err != nil {
		return err
	}
	return ErrLastSuperuser
}

func (a *Accounts) exec(ctx context.Context, op, query string, args ...any) (int64, error) {
	res, err := a.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, unavailable(op, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, unavailable(op, err)
	}
	return n, nil
}

// credentials reads a user and the password hash; column is id or username_key.
func (a *Accounts) credentials(ctx context.Context, column, value string) (User, string, error) {
	var hash string
	u, err := scanUser("read user", a.db.QueryRowContext(ctx,
		"SELECT "+userColumns+", password_hash FROM crudadmin_users WHERE "+column+" = ?", value), &hash)
	return u, hash, err
}

// scanUser reads userColumns, and what follows them into more.
func scanUser(op string, row interface{ Scan(...any) error }, more ...any) (User, error) {
	var u User
	var created, updated, changed int64
	var login sql.NullInt64
	err := row.Scan(append([]any{&u.ID, &u.Username, &u.Role, &u.Disabled, &created, &updated, &changed, &login}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, unavailable(op, err)
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
