package main

// This file holds what the doctor asks a PostgreSQL, MySQL or MariaDB server about the database to
// show: settings that weaken what the panel promises, tables that do, and what the user may do.

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// question is one that a server is asked. It answers with texts, one a row, and none where there is
// nothing to say.
type question struct {
	level data.Level
	query string
	say   string // %s are the texts, with commas
}

// namedMost is how many names a finding has at most.
const namedMost = 20

// questions are those of each engine.
var questions = map[sqldb.Engine][]question{
	sqldb.PostgreSQL: postgresQuestions,
	sqldb.MySQL:      mysqlQuestions,
}

// ofPostgres selects the tables that the user may see.
const ofPostgres = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE') AND `

var postgresQuestions = []question{
	{data.Warning, `SELECT rolname FROM pg_roles WHERE rolname = current_user AND rolsuper`,
		"the user %s is a superuser, for whom neither grants nor policies of rows hold: give the panel a user of its own (docs/operations.md, PostgreSQL)"},
	{data.Note, `SELECT rolname FROM pg_roles WHERE rolname = current_user AND rolbypassrls AND NOT rolsuper`,
		"policies of rows do not hold for the user %s, who has BYPASSRLS"},
	{data.Warning, `SELECT 'on' WHERE current_setting('default_transaction_read_only') = 'on' AND NOT pg_is_in_recovery()`,
		"default_transaction_read_only is %s for this user or database, so that nothing can be changed: set it off with ALTER ROLE, or serve with --read-only"},
	{data.Warning, `SELECT 'standby' WHERE pg_is_in_recovery()`,
		"the server is a %s, which takes no writes: name the primary, or several hosts with target_session_attrs=read-write, or serve with --read-only"},
	{data.Warning, `SELECT name || ' = off' FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY 1`,
		"%s: a crash of the server can lose what was told as saved: set it on"},
	{data.Warning, `SELECT setting FROM pg_settings WHERE name = 'session_replication_role' AND setting <> 'origin'`,
		"session_replication_role is %s, so that foreign keys and triggers are not enforced: take it out of the address and out of ALTER ROLE"},
	{data.Warning, `SELECT host(inet_server_addr()) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND NOT ssl
			AND NOT (inet_server_addr() <<= inet '127.0.0.0/8' OR inet_server_addr() = inet '::1')`,
		"the connection to %s is not encrypted: add sslmode=verify-full and sslrootcert to the address"},
	{data.Warning, `SELECT DISTINCT c.oid::regclass::text FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE g.tgisinternal AND g.tgenabled = 'D' ORDER BY 1`,
		"foreign keys are not enforced, because their triggers are disabled, on %s: run ALTER TABLE … ENABLE TRIGGER ALL"},
	{data.Note, `SELECT c.oid::regclass::text || '.' || quote_ident(g.tgname) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal AND g.tgenabled = 'D' ORDER BY 1`,
		"triggers are disabled, and do not run: %s"},
	{data.Warning, `SELECT o.conrelid::regclass::text || '.' || quote_ident(o.conname) FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE NOT o.convalidated ORDER BY 1`,
		"constraints were made NOT VALID, so that rows may break them: %s. Run ALTER TABLE … VALIDATE CONSTRAINT"},
	{data.Warning, `SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE NOT i.indisvalid AND c.relkind = 'r' AND n.nspname !~ '^pg_' ORDER BY 1`,
		"indexes are invalid, because CREATE INDEX CONCURRENTLY failed: %s. They slow writes down and answer nothing: run REINDEX INDEX"},
	{data.Warning, `SELECT c.oid::regclass::text ` + ofPostgres + `c.relkind IN ('r', 'p') AND c.relpersistence = 'u' ORDER BY 1`,
		"tables are UNLOGGED, and empty after a crash of the server: %s. Run ALTER TABLE … SET LOGGED"},
	{data.Note, `SELECT c.oid::regclass::text ` + ofPostgres + `c.relkind = 'r' AND c.reltuples < 0 AND pg_relation_size(c.oid) > 0 ORDER BY 1`,
		"ANALYZE was never run on %s: query plans and row counts are guesses"},
	{data.Warning, `SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database() AND pg_encoding_to_char(encoding) <> 'UTF8'`,
		"the encoding of the database is %s, in which not every character has a place: make it anew with ENCODING 'UTF8'"},
	{data.Note, `SELECT datcollate FROM pg_database WHERE datname = current_database()`,
		"texts are sorted by the collation %s, unless their column has another one"},
	{data.Warning, `SELECT DISTINCT c.oid::regclass::text || '.' || quote_ident(a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation o ON o.oid = a.attcollation
			WHERE c.relkind IN ('r', 'p', 'm') AND o.collversion <> pg_collation_actual_version(o.oid) ORDER BY 1`,
		"the order of texts has changed with a library of the server's system since the indexes on them were made, which may find too little: %s. Run REINDEX and ALTER COLLATION … REFRESH VERSION"},
	{data.Note, `SELECT current_setting('TimeZone')`,
		"TimeZone is %s; the panel reads and writes in UTC whatever it is"},
	{data.Warning, `SELECT c.oid::regclass::text || '.' || quote_ident(a.attname) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
			JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname !~ '^pg_' AND a.atttypid IN ('timestamp'::regtype, 'date'::regtype, 'time'::regtype) AND current_setting('TimeZone') NOT IN ('UTC', 'Etc/UTC', 'GMT', 'UCT')
			AND pg_get_expr(d.adbin, d.adrelid) ~* '(now\(\)|current_(timestamp|date|time)|local(timestamp|time)|_timestamp\(\))' ORDER BY 1`,
		"columns without a zone take the time of whoever writes, and so UTC from the panel but the zone above from others: %s. Make them timestamptz, or the default explicit (now() AT TIME ZONE …)"},
}

// pgDatabaseCollation is asked from PostgreSQL 15 on, which has the column.
const pgDatabaseCollation = `SELECT datcollversion || ' → ' || pg_database_collation_actual_version(oid) FROM pg_database
	WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)`

// ofMySQL bounds a query to the chosen database.
const ofMySQL = "table_schema = DATABASE()"

var mysqlQuestions = []question{
	{data.Warning, `SELECT CURRENT_USER() FROM DUAL WHERE EXISTS (SELECT 1 FROM information_schema.user_privileges
			WHERE privilege_type = 'SUPER' AND REPLACE(grantee, '''', '') = CURRENT_USER())`,
		"the user %s may do everything on the server: give the panel a user of its own (docs/operations.md, MySQL and MariaDB)"},
	{data.Warning, `SELECT '1' FROM DUAL WHERE @@GLOBAL.read_only`,
		"the server's read_only is %s: it is a replica, or takes no writes: name the primary, or serve with --read-only"},
	{data.Warning, `SELECT IF(@@GLOBAL.sql_mode = '', 'empty', @@GLOBAL.sql_mode) FROM DUAL WHERE @@GLOBAL.sql_mode NOT LIKE '%STRICT_TRANS_TABLES%' AND @@GLOBAL.sql_mode NOT LIKE '%STRICT_ALL_TABLES%'`,
		"the server's sql_mode is not strict, so that programs that do not set it store values cut to fit, without an error: add STRICT_TRANS_TABLES to it (it is %s)"},
	{data.Warning, `SELECT CONCAT('innodb_flush_log_at_trx_commit = ', @@GLOBAL.innodb_flush_log_at_trx_commit) FROM DUAL WHERE @@GLOBAL.innodb_flush_log_at_trx_commit <> 1
			UNION ALL SELECT 'innodb_doublewrite = OFF' FROM DUAL WHERE CAST(@@GLOBAL.innodb_doublewrite AS CHAR) IN ('0', 'OFF')`,
		"%s: a crash of the server can lose what was told as saved: set innodb_flush_log_at_trx_commit to 1 and innodb_doublewrite to ON"},
	{data.Note, `SELECT CAST(@@GLOBAL.sync_binlog AS CHAR) FROM DUAL WHERE @@GLOBAL.log_bin AND @@GLOBAL.sync_binlog <> 1`,
		"sync_binlog is %s: after a crash of the server, replicas can lack what was told as saved: set it to 1"},
	{data.Warning, `SELECT 'foreign_key_checks' FROM DUAL WHERE NOT @@foreign_key_checks OR NOT @@GLOBAL.foreign_key_checks
			UNION ALL SELECT 'unique_checks' FROM DUAL WHERE NOT @@unique_checks OR NOT @@GLOBAL.unique_checks`,
		"%s is off, so that rows may break the keys of their tables: set it to ON, and take it out of the address"},
	{data.Warning, `SELECT CONCAT(t.table_name, ' (', t.engine, ')') FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine
			WHERE t.` + ofMySQL + ` AND t.table_type = 'BASE TABLE' AND e.transactions <> 'YES' ORDER BY 1`,
		"tables have an engine without transactions, where half of a change can stay: %s. Run ALTER TABLE … ENGINE = InnoDB"},
	{data.Note, `SELECT DISTINCT CONCAT(c.table_name, ' (', c.character_set_name, ')') FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
			WHERE c.` + ofMySQL + ` AND t.table_type = 'BASE TABLE' AND c.character_set_name NOT IN ('utf8mb4', 'binary') ORDER BY 1`,
		"texts are in a character set in which not every character has a place: %s. Run ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4"},
	{data.Note, `SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()`,
		"texts compare and are sorted by the collation %s, unless their column has another one"},
	{data.Note, `SELECT c.collation_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
			WHERE c.` + ofMySQL + ` AND t.table_type = 'BASE TABLE' AND c.collation_name LIKE 'utf8mb4%' GROUP BY c.collation_name
			HAVING (SELECT count(DISTINCT d.collation_name) FROM information_schema.columns d WHERE d.` + ofMySQL + ` AND d.collation_name LIKE 'utf8mb4%') > 1 ORDER BY 1`,
		"columns have several collations, and a comparison between two of them uses no index: %s"},
	{data.Note, `SELECT IF(@@GLOBAL.time_zone = 'SYSTEM', CONCAT('SYSTEM (', @@system_time_zone, ')'), @@GLOBAL.time_zone)`,
		"time_zone is %s; the panel reads and writes in UTC whatever it is"},
	{data.Warning, `SELECT CONCAT(c.table_name, '.', c.column_name) FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
			WHERE c.` + ofMySQL + ` AND t.table_type = 'BASE TABLE' AND c.data_type = 'datetime' AND LOWER(CONCAT(COALESCE(c.column_default, ''), c.extra)) LIKE '%current_timestamp%'
			AND NOT (@@GLOBAL.time_zone IN ('UTC', '+00:00') OR @@GLOBAL.time_zone = 'SYSTEM' AND @@system_time_zone IN ('UTC', 'GMT')) ORDER BY 1`,
		"DATETIME columns take the time of whoever writes, and so UTC from the panel but the zone above from others: %s. Make them TIMESTAMP"},
}

// lookAtServer asks a server what its engine has to say, and tells of tables that cannot be
// changed.
func (r *report) lookAtServer(ctx context.Context, db *sql.DB, schema *data.Schema, engine sqldb.Engine) {
	r.say(data.Note, "database", "%s %s", schema.Engine, schema.Version)
	r.unchangeable(schema)
	all := questions[engine]
	if engine == sqldb.PostgreSQL {
		var number int
		if err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&number); err == nil && number >= 150000 {
			all = append(slices.Clone(all), question{data.Warning, pgDatabaseCollation,
				"the order of texts has changed with a library of the server's system (%s), and indexes on texts may find too little: run REINDEX DATABASE and ALTER DATABASE … REFRESH COLLATION VERSION"})
		}
	}
	for _, q := range all {
		texts, err := answers(ctx, db, q.query)
		switch {
		case err != nil:
			r.say(data.Note, "database", "%.60s…: %v", q.query, err)
		case len(texts) > 0:
			r.say(q.level, "database", q.say, named(texts))
		}
	}
}

// answers are the rows of a query of one text, one more than are named at most.
func answers(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var texts []string
	for len(texts) <= namedMost && rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

// named are names with commas, and that there are more of them.
func named(names []string) string {
	if len(names) > namedMost {
		return strings.Join(names[:namedMost], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// unchangeable tells of the tables that cannot be changed, together where the reason is the same.
func (r *report) unchangeable(schema *data.Schema) {
	why := map[string][]string{}
	for _, t := range schema.Tables {
		if t.ReadOnly != "" && !t.View && t.Problem == "" {
			why[t.ReadOnly] = append(why[t.ReadOnly], t.Name)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		r.Findings = append(r.Findings, finding{Level: data.Note, Part: "database", Message: fmt.Sprintf("cannot be changed: %s. %s", named(why[reason]), reason)})
	}
}
