-- The log of what ended or changed sessions, and its counter, which has a row
-- only where changes are numbered. Every statement can be run again.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_session_log (
    slot SMALLINT NOT NULL PRIMARY KEY,
    seq  BIGINT   NOT NULL
) ENGINE = InnoDB;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_session_changes (
    seq   BIGINT        NOT NULL PRIMARY KEY,
    mark  BIGINT        NOT NULL, -- random
    id    VARBINARY(40) NOT NULL, -- of the session; empty in the first
    final SMALLINT      NOT NULL  -- 1: ended, 0: changed
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
-- +goose StatementEnd

-- +goose Down
DROP TABLE IF EXISTS crudadmin_session_changes;
DROP TABLE IF EXISTS crudadmin_session_log;
