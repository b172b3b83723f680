-- Administrators. Times are microseconds since 1970 in UTC; a login never made is NULL.
-- +goose Up
-- +goose StatementBegin
CREATE TABLE crudadmin_users (
	id                  TEXT    NOT NULL PRIMARY KEY,
	username            TEXT    NOT NULL,
	username_key        TEXT    NOT NULL UNIQUE,
	password_hash       TEXT    NOT NULL,
	role                TEXT    NOT NULL CHECK (role IN ('superuser', 'editor', 'viewer')),
	disabled            INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
	created_at          INTEGER NOT NULL,
	updated_at          INTEGER NOT NULL,
	password_changed_at INTEGER NOT NULL,
	last_login_at       INTEGER
) STRICT;
-- +goose StatementEnd

-- +goose Down
DROP TABLE crudadmin_users;
