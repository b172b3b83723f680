-- The log of what ended or changed sessions, and its counter, which has a row
-- only where changes are numbered.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE crudadmin_session_log (
    slot SMALLINT NOT NULL PRIMARY KEY,
    seq  BIGINT   NOT NULL
);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE crudadmin_session_changes (
    seq   BIGINT   NOT NULL PRIMARY KEY,
    mark  BIGINT   NOT NULL, -- random
    id    BYTEA    NOT NULL, -- of the session; empty in the first
    final SMALLINT NOT NULL  -- 1: ended, 0: changed
);
-- +goose StatementEnd

-- +goose Down
DROP TABLE crudadmin_session_changes;
DROP TABLE crudadmin_session_log;
