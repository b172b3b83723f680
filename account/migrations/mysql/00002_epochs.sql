-- epoch is raised when a password, the role or "disabled" changes what the account was; unlocks when the failed
-- sign-ins of the account are to be forgotten.
-- MySQL has no ADD COLUMN IF NOT EXISTS: the table of columns is asked, so that every statement can be run again.
-- +goose Up
-- +goose StatementBegin
SET @crudadmin_epochs = IF(
	(SELECT count(*) FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = 'crudadmin_users' AND column_name = 'unlocks') > 0,
	'DO 0',
	'ALTER TABLE crudadmin_users ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0, ADD COLUMN unlocks BIGINT NOT NULL DEFAULT 0');
-- +goose StatementEnd
PREPARE crudadmin_epochs FROM @crudadmin_epochs;
EXECUTE crudadmin_epochs;
DEALLOCATE PREPARE crudadmin_epochs;

-- +goose Down
ALTER TABLE crudadmin_users DROP COLUMN unlocks, DROP COLUMN epoch;
