package main

// This file tests what the doctor says of servers: of each thing that is wrong, and of nothing else
// where nothing is.

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// said reports whether a finding of that level says it.
func (r report) said(level, text string) bool {
	return slices.ContainsFunc(r.Findings, func(f finding) bool { return string(f.Level) == level && strings.Contains(f.Message, text) })
}

func TestDoctorOfPostgresSettingsAndTables(t *testing.T) {
	t.Parallel()
	server := testserver.SharedPostgres(t)
	set := "ALTER DATABASE " + server.Database + " SET "
	r := examined(t, server.URL(), []string{
		`CREATE TABLE parents (id integer PRIMARY KEY, made timestamp DEFAULT now(), day date DEFAULT CURRENT_DATE, fine timestamptz DEFAULT now(), also timestamp DEFAULT '2020-01-01')`,
		`CREATE UNLOGGED TABLE children (id integer PRIMARY KEY, parent_id integer, n integer, name text)`,
		`CREATE INDEX children_broken ON children (parent_id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'children_broken'::regclass`,
		`INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1, 7, -1, 'a')`,
		`ALTER TABLE children ADD CONSTRAINT to_parents FOREIGN KEY (parent_id) REFERENCES parents NOT VALID, ADD CONSTRAINT positive CHECK (n > 0) NOT VALID`,
		`CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER mine BEFORE INSERT ON children FOR EACH ROW EXECUTE FUNCTION nothing()`,
		`ALTER TABLE children DISABLE TRIGGER ALL`,
		set + `TimeZone = 'Asia/Kolkata'`, set + `synchronous_commit = off`, set + `session_replication_role = replica`, set + `default_transaction_read_only = on`,
	}, []string{"has no index"})
	for _, want := range []string{
		"is a superuser, for whom neither grants nor policies",
		"default_transaction_read_only is on",
		"synchronous_commit = off: a crash of the server can lose",
		"session_replication_role is replica, so that foreign keys and triggers are not enforced",
		"foreign keys are not enforced, because their triggers are disabled, on children:",
		"rows may break them: children.positive, children.to_parents. Run ALTER TABLE",
		"indexes are invalid, because CREATE INDEX CONCURRENTLY failed: children_broken.",
		"tables are UNLOGGED, and empty after a crash of the server: children.",
		"columns without a zone take the time of whoever writes, and so UTC from the panel but the zone above from others: parents.day, parents.made.",
	} {
		if !r.said("warning", want) {
			t.Errorf("%q is not said: %+v", want, r.Findings)
		}
	}
	for _, want := range []string{"triggers are disabled, and do not run: children.mine", "ANALYZE was never run on children, parents:", "texts are sorted by the collation ", "TimeZone is Asia/Kolkata;"} {
		if !r.said("note", want) {
			t.Errorf("%q is not noted: %+v", want, r.Findings)
		}
	}
}

// A database in order, seen by a user who may only read, has notes and no warning. (The tests' own
// server does not wait for its disk.)
func TestDoctorOfPostgresInOrder(t *testing.T) {
	t.Parallel()
	server := testserver.SharedPostgres(t)
	examined(t, server.URL(), []string{
		`CREATE TABLE parents (id integer PRIMARY KEY, made timestamptz DEFAULT now())`,
		`CREATE TABLE children (id integer PRIMARY KEY, parent_id integer REFERENCES parents)`, `CREATE INDEX ON children (parent_id)`, `ANALYZE`,
		`CREATE ROLE reader_` + server.Database + ` LOGIN PASSWORD 'reader'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_` + server.Database,
	}, nil)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("reader_"+server.Database, "reader")
	r := examined(t, u.String(), nil, []string{"cannot be changed: children, parents. "})
	inOrder(t, r, "fsync", "synchronous_commit")
}

// inOrder expects no warning but those of settings that the tests' servers have.
func inOrder(t *testing.T, r report, settings ...string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Level == "note" || slices.ContainsFunc(settings, func(name string) bool { return strings.HasPrefix(f.Message, name) }) {
			continue
		}
		t.Errorf("%+v", f)
	}
	if slices.ContainsFunc(r.Findings, func(f finding) bool {
		return strings.Contains(f.Message, "…: ") && strings.HasPrefix(f.Message, "SELECT")
	}) {
		t.Errorf("a question was not answered: %+v", r.Findings)
	}
}

func TestDoctorOfMariaDBTables(t *testing.T) {
	t.Parallel()
	r := examined(t, testserver.SharedMariaDB(t).URL(), []string{
		`CREATE TABLE parents (id integer PRIMARY KEY, name varchar(20) CHARACTER SET latin1, a varchar(20) COLLATE utf8mb4_bin) ENGINE = MyISAM DEFAULT CHARSET = utf8mb4`,
		`CREATE TABLE children (id integer PRIMARY KEY, name varchar(20)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4`,
	}, nil)
	if want := "tables have an engine without transactions, where half of a change can stay: parents (MyISAM)."; !r.said("warning", want) {
		t.Errorf("%q is not said: %+v", want, r.Findings)
	}
	for _, want := range []string{"has a place: parents (latin1).", "columns have several collations, and a comparison between two of them uses no index: utf8mb4_bin, utf8mb4_", "by the collation ", "time_zone is "} {
		if !r.said("note", want) {
			t.Errorf("%q is not noted: %+v", want, r.Findings)
		}
	}
}

func TestDoctorOfMariaDBSettingsLong(t *testing.T) {
	testserver.LongForm(t)
	server := testserver.MariaDB(t)
	tables := []string{"CREATE TABLE parents (id integer PRIMARY KEY, made datetime DEFAULT CURRENT_TIMESTAMP, seen timestamp)", "CREATE TABLE children (id integer PRIMARY KEY)"}
	inOrder(t, examined(t, server.URL(), append(tables, "SET GLOBAL time_zone = '+00:00'", "SET GLOBAL innodb_flush_log_at_trx_commit = 1"), nil), "the user ", "innodb_doublewrite")
	r := examined(t, server.URL(), []string{
		"SET GLOBAL sql_mode = ''", "SET GLOBAL foreign_key_checks = 0", "SET GLOBAL unique_checks = 0", "SET GLOBAL time_zone = '+05:30'", "SET GLOBAL innodb_flush_log_at_trx_commit = 2", "SET GLOBAL read_only = 1",
	}, nil)
	for _, want := range []string{
		"may do everything on the server", "read_only is 1", "sql_mode is not strict, so that programs that do not set it store values cut to fit, without an error: add STRICT_TRANS_TABLES to it (it is empty)",
		"innodb_flush_log_at_trx_commit = 2", "foreign_key_checks, unique_checks is off", "but the zone above from others: parents.made.",
	} {
		if !r.said("warning", want) {
			t.Errorf("%q is not said: %+v", want, r.Findings)
		}
	}
	if !r.said("note", "time_zone is +05:30;") {
		t.Errorf("the zone is not noted: %+v", r.Findings)
	}
}

// Whatever is asked says what to do, in a message of one text.
func TestDoctorsQuestionsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for engine, all := range questions {
		for _, q := range all {
			if strings.Count(q.say, "%s") != 1 || strings.Count(q.say, "%") != 1 {
				t.Errorf("%s: %q has no place for one text", engine, q.say)
			}
			if q.level == "warning" && !regexp.MustCompile(`[:,.] (and |or )?(run|Run|set|add|make|Make|name|give|take|serve)\b`).MatchString(q.say) {
				t.Errorf("%s: %q does not say what to do", engine, q.say)
			}
		}
	}
	many := make([]string, namedMost+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	if got := named(many); !strings.HasSuffix(got, ", 19 and others") {
		t.Error(got)
	}
}
