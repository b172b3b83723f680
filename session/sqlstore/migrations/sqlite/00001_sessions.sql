-- Sessions, their history, and the events that the login throttle counts.
-- Times are microseconds since 1970, UTC.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE crudadmin_sessions (
    id              BLOB    NOT NULL PRIMARY KEY, -- 8 bytes of tag, 32 of SHA-256
    tag             BLOB    NOT NULL,
    user_id         TEXT    NOT NULL,             -- empty: anonymous
    lineage         BLOB    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_activity   INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,             -- never past deadline
    deadline        INTEGER NOT NULL,
    rotated_at      INTEGER NOT NULL,
    previous        BLOB,                         -- the ID before, until previous_until
    previous_until  INTEGER,
    ip              TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    browser         TEXT    NOT NULL,
    browser_version TEXT    NOT NULL,
    os              TEXT    NOT NULL,
    device          TEXT    NOT NULL,
    device_kind     TEXT    NOT NULL,
    metadata        BLOB    NOT NULL,             -- JSON; {} once ended
    version         INTEGER NOT NULL,             -- of the metadata
    format          INTEGER NOT NULL,             -- of this row
    ended_at        INTEGER,                      -- NULL: not ended
    ended_reason    TEXT    NOT NULL,
    ended_by        TEXT    NOT NULL
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
    counter  BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    happened INTEGER NOT NULL,
    until    INTEGER NOT NULL, -- when it leaves its window
    PRIMARY KEY (counter, seq)
);
-- +goose StatementEnd
CREATE INDEX crudadmin_session_events_until ON crudadmin_session_events (until);

-- +goose Down
DROP TABLE crudadmin_session_events;
DROP TABLE crudadmin_sessions;
