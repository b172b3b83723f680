-- Administrators. Times are microseconds since 1970 in UTC; a login never made is NULL.
-- +goose Up
-- +goose StatementBegin
CREATE TABLE crudadmin_users (
	id                  TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
	username            TEXT    NOT NULL,
	username_key        TEXT    COLLATE "C" NOT NULL UNIQUE, -- in the order of its bytes, as on the other engines
	password_hash       TEXT    NOT NULL,
	role                TEXT    NOT NULL CHECK (role IN ('superuser', 'editor', 'viewer')),
	disabled            BOOLEAN NOT NULL DEFAULT FALSE,
	created_at          BIGINT  NOT NULL,
	updated_at          BIGINT  NOT NULL,
	password_changed_at BIGINT  NOT NULL,
	last_login_at       BIGINT
);
-- +goose StatementEnd

-- +goose Down
DROP TABLE crudadmin_users;
