-- Sessions, their history, and the events that the login throttle counts.
-- Times are microseconds since 1970, UTC. Schema changes are not transactions
-- here: every statement can be run again.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_sessions (
    id              BINARY(40)       NOT NULL PRIMARY KEY, -- 8 bytes of tag, 32 of SHA-256
    tag             BINARY(8)        NOT NULL,
    user_id         VARBINARY(255)   NOT NULL,             -- empty: anonymous; bytes, so that case and trailing spaces count
    lineage         BINARY(16)       NOT NULL,
    created_at      BIGINT           NOT NULL,
    last_activity   BIGINT           NOT NULL,
    expires_at      BIGINT           NOT NULL,             -- never past deadline
    deadline        BIGINT           NOT NULL,
    rotated_at      BIGINT           NOT NULL,
    previous        BINARY(40),                            -- the ID before, until previous_until
    previous_until  BIGINT,
    ip              VARCHAR(64)      NOT NULL,
    user_agent      VARCHAR(512)     NOT NULL,
    browser         VARCHAR(64)      NOT NULL,
    browser_version VARCHAR(64)      NOT NULL,
    os              VARCHAR(64)      NOT NULL,
    device          VARCHAR(64)      NOT NULL,
    device_kind     VARCHAR(64)      NOT NULL,
    metadata        VARBINARY(16384) NOT NULL,             -- JSON; {} once ended
    version         BIGINT           NOT NULL,             -- of the metadata
    format          SMALLINT         NOT NULL,             -- of this row
    ended_at        BIGINT,                                -- NULL: not ended
    ended_reason    VARCHAR(32)      NOT NULL,
    ended_by        VARCHAR(255)     NOT NULL,
    KEY crudadmin_sessions_live (ended_at, created_at, id),
    KEY crudadmin_sessions_live_user (tag, ended_at, created_at, id),
    KEY crudadmin_sessions_expiry (ended_at, expires_at),
    KEY crudadmin_sessions_previous (previous),
    KEY crudadmin_sessions_ended (ended_at, id),
    KEY crudadmin_sessions_ended_user (tag, ended_at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_session_events (
    counter  VARBINARY(128) NOT NULL,
    seq      BIGINT         NOT NULL,
    happened BIGINT         NOT NULL,
    until    BIGINT         NOT NULL, -- when it leaves its window
    PRIMARY KEY (counter, seq),
    KEY crudadmin_session_events_until (until)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
-- +goose StatementEnd

-- What writes several sessions of a user first locks the row of the user's part.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS crudadmin_session_locks (
    slot SMALLINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB;
-- +goose StatementEnd

-- +goose StatementBegin
INSERT IGNORE INTO crudadmin_session_locks (slot)
SELECT a.n + 4 * b.n + 16 * c.n + 64 * d.n
FROM (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS a
CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS b
CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS c
CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS d;
-- +goose StatementEnd

-- +goose Down
DROP TABLE IF EXISTS crudadmin_session_locks;
DROP TABLE IF EXISTS crudadmin_session_events;
DROP TABLE IF EXISTS crudadmin_sessions;
