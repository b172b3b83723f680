-- epoch is raised when a password, the role or "disabled" changes what the account was; unlocks when the failed
-- sign-ins of the account are to be forgotten.
-- +goose Up
ALTER TABLE crudadmin_users ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE crudadmin_users ADD COLUMN unlocks BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE crudadmin_users DROP COLUMN unlocks;
ALTER TABLE crudadmin_users DROP COLUMN epoch;
