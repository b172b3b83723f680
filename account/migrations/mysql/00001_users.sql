-- Administrators. Times are microseconds since 1970 in UTC; a login never made is NULL.
-- Schema changes are not transactions here: every statement can be run again.
-- +goose Up
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_users (
	id                  VARCHAR(36)  NOT NULL PRIMARY KEY,
	username            VARCHAR(128) NOT NULL,
	username_key        VARCHAR(128) NOT NULL UNIQUE,
	password_hash       VARCHAR(255) NOT NULL,
	role                VARCHAR(16)  NOT NULL CHECK (role IN ('superuser', 'editor', 'viewer')),
	disabled            BOOLEAN      NOT NULL DEFAULT FALSE CHECK (disabled IN (0, 1)),
	created_at          BIGINT       NOT NULL,
	updated_at          BIGINT       NOT NULL,
	password_changed_at BIGINT       NOT NULL,
	last_login_at       BIGINT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- +goose StatementEnd

-- Somebody else's table of that name fails here.
SELECT id, username, username_key, password_hash, role, disabled, created_at, updated_at, password_changed_at, last_login_at
FROM crudadmin_users LIMIT 0;

-- What makes a user, or changes what one may do, first locks this row.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_account_lock (
	id TINYINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB;
-- +goose StatementEnd

INSERT IGNORE INTO crudadmin_account_lock (id) VALUES (1);

-- +goose Down
DROP TABLE IF EXISTS crudadmin_account_lock;
DROP TABLE IF EXISTS crudadmin_users;
