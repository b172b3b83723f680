-- The log of what ended or changed sessions, and its counter, which has a row
-- only where changes are numbered.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE crudadmin_session_log (
    slot INTEGER NOT NULL PRIMARY KEY,
    seq  INTEGER NOT NULL
);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE crudadmin_session_changes (
    seq   INTEGER NOT NULL PRIMARY KEY,
    mark  INTEGER NOT NULL, -- random
    id    BLOB    NOT NULL, -- of the session; empty in the first
    final INTEGER NOT NULL  -- 1: ended, 0: changed
);
-- +goose StatementEnd

-- +goose Down
DROP TABLE crudadmin_session_changes;
DROP TABLE crudadmin_session_log;
