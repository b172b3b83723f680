-- Sessions, their history, and the events that the login throttle counts.
-- Times are microseconds since 1970, UTC.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE crudadmin_sessions (
    id              BYTEA    NOT NULL PRIMARY KEY, -- 8 bytes of tag, 32 of SHA-256
    tag             BYTEA    NOT NULL,
    user_id         TEXT     NOT NULL,         -- empty: anonymous
    lineage         BYTEA    NOT NULL,
    created_at      BIGINT   NOT NULL,
    last_activity   BIGINT   NOT NULL,
    expires_at      BIGINT   NOT NULL,         -- never past deadline
    deadline        BIGINT   NOT NULL,
    rotated_at      BIGINT   NOT NULL,
    previous        BYTEA,                     -- the ID before, until previous_until
    previous_until  BIGINT,
    ip              TEXT     NOT NULL,
    user_agent      TEXT     NOT NULL,
    browser         TEXT     NOT NULL,
    browser_version TEXT     NOT NULL,
    os              TEXT     NOT NULL,
    device          TEXT     NOT NULL,
    device_kind     TEXT     NOT NULL,
    metadata        BYTEA    NOT NULL,         -- JSON; {} once ended
    version         BIGINT   NOT NULL,         -- of the metadata
    format          SMALLINT NOT NULL,         -- of this row
    ended_at        BIGINT,                    -- NULL: not ended
    ended_reason    TEXT     NOT NULL,
    ended_by        TEXT     NOT NULL
);
-- +goose StatementEnd
CREATE INDEX crudadmin_sessions_live ON crudadmin_sessions (created_at, id) WHERE ended_at IS NULL;
CREATE INDEX crudadmin_sessions_live_user ON crudadmin_sessions (tag, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX crudadmin_sessions_expiry ON crudadmin_sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX crudadmin_sessions_previous ON crudadmin_sessions (previous) WHERE previous IS NOT NULL AND ended_at IS NULL;
CREATE INDEX crudadmin_sessions_ended ON crudadmin_sessions (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX crudadmin_sessions_ended_user ON crudadmin_sessions (tag, ended_at, id) WHERE ended_at IS NOT NULL;

-- +goose StatementBegin
CREATE TABLE crudadmin_session_events (
    counter  BYTEA  NOT NULL,
    seq      BIGINT NOT NULL,
    happened BIGINT NOT NULL,
    until    BIGINT NOT NULL, -- when it leaves its window
    PRIMARY KEY (counter, seq)
);
-- +goose StatementEnd
CREATE INDEX crudadmin_session_events_until ON crudadmin_session_events (until);

-- +goose Down
DROP TABLE crudadmin_session_events;
DROP TABLE crudadmin_sessions;
