// This file tests writes to a real MariaDB server.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Two people save one record: one succeeds, the other one is told, whatever the connections' own
// isolation is.
func TestMariaDBOneOfTwoSavesIsStale(t *testing.T) { oneOfTwoOnMariaDBIsStale(t, 10) }

func TestMariaDBOneOfTwoSavesIsStaleLong(t *testing.T) {
	testserver.LongForm(t)
	oneOfTwoOnMariaDBIsStale(t, 200)
}

func oneOfTwoOnMariaDBIsStale(t *testing.T, rounds int) {
	t.Helper()
	for _, level := range []string{"READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"} {
		t.Run(level, func(t *testing.T) {
			dsn := testserver.SharedMariaDB(t).DSN() + "?tx_isolation=%27" + level + "%27"
			oneOfTwoSavesIsStale(t, rounds, "SELECT @@tx_isolation", level, func() *sql.DB { return connectMariaDB(t, dsn) })
		})
	}
}

// Every rule that a write breaks is told at its field.
func TestMariaDBRulesNameTheirFields(t *testing.T) {
	s := mariaSource(t, Config{},
		`CREATE TABLE parents (id integer PRIMARY KEY, code varchar(20) UNIQUE)`, `INSERT INTO parents VALUES (1, 'a'), (2, 'b')`,
		"CREATE TABLE kids ("+`
			id integer AUTO_INCREMENT PRIMARY KEY,
			parent integer,
			name varchar(20) NOT NULL DEFAULT 'x',
			code varchar(20) UNIQUE,
			a integer, b integer,
			amount numeric(6,2), plus decimal(4,1) unsigned,
			tiny tinyint, small smallint, medium mediumint, whole integer, big bigint, utiny tinyint unsigned, ubig bigint unsigned,
			short varchar(3), tint tinytext, flag bit(3), yr year, addr inet6, mood enum('bad','so so'), some set('a','b'),
			low integer, lo integer, hi integer,
			ts timestamp NULL, sec datetime, dt datetime(6), ti time(1), js json, r float, d date,
			narrow varchar(20) CHARACTER SET utf8mb3, latin varchar(20) CHARACTER SET latin1,
			ratio integer AS (100 / whole) STORED,
			up integer, `+"`odd ``'name` integer CHECK (`odd ``'name` > 0), "+`
			own integer CHECK (own > 10),
			CONSTRAINT lowest CHECK (low > 10),
			CONSTRAINT ordered CHECK (lo < hi),
			CONSTRAINT fk_parent FOREIGN KEY (parent) REFERENCES parents (id),
			CONSTRAINT `+"`odd ``'key`"+` FOREIGN KEY (up) REFERENCES kids (id),
			CONSTRAINT pair UNIQUE (a, b))`,
		`INSERT INTO kids (id, parent, code, a, b, name) VALUES (1, 1, 'one', 1, 1, 'first')`,
		`INSERT INTO kids (id, name, up) VALUES (2, 'second', 1)`,
		`CREATE TABLE raising (id integer PRIMARY KEY, name varchar(20))`,
		`CREATE TRIGGER refuses BEFORE INSERT ON raising FOR EACH ROW BEGIN IF NEW.name = 'evil' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no evil here'; END IF;
			IF NEW.name = 'coded' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'my own rule', MYSQL_ERRNO = 5001; END IF; END`,
		`CREATE TABLE parted (id integer, region varchar(2) NOT NULL, n integer CHECK (n > 0), PRIMARY KEY (region, id)) PARTITION BY LIST COLUMNS (region) (PARTITION a VALUES IN ('a'))`, `INSERT INTO parted VALUES (1, 'a', 1)`,
		`CREATE TABLE audited (id integer PRIMARY KEY, v integer, code varchar(20) UNIQUE)`, `CREATE TABLE trail (v integer CHECK (v < 100), w integer NOT NULL, code varchar(2) UNIQUE)`, `INSERT INTO trail VALUES (1, 1, 'a')`,
		`SET SESSION sql_mode = 'STRICT_ALL_TABLES'`, `CREATE TRIGGER traces AFTER INSERT ON audited FOR EACH ROW INSERT INTO trail VALUES (NEW.v, IF(NEW.v = 7, NULL, 1), NEW.code)`)
	rulesNameTheirFields(t, s, []brokenRule{
		{"kids", []string{"parent", "9"}, "parent refers to a record of parents that does not exist"},
		{"kids", []string{"up", "9"}, "up refers to a record of kids that does not exist"},
		{"kids", []string{"code", "one"}, "code is taken: another record has it"},
		{"kids", []string{"code", "ONE "}, "code is taken: another record has it"},
		{"kids", []string{"a", "1", "b", "1"}, "a is taken: another record has it together with the same b; b is taken: another record has it together with the same a"},
		{"kids", []string{"id", "1"}, "id is taken: another record has it"},
		{"kids", []string{"low", "1"}, `low is not allowed by the rule "lowest" of the database`},
		{"kids", []string{"own", "1"}, `own is not allowed`},
		{"kids", []string{"odd `'name", "0"}, "odd `'name is not allowed"},
		{"kids", []string{"lo", "2", "hi", "1"}, `hi is not allowed by the rule "ordered" of the database, together with lo; lo is not allowed by the rule "ordered" of the database, together with hi`},
		{"kids", []string{"amount", "12345"}, "amount must have at most 4 digits before the point"},
		{"kids", []string{"amount", "1.234"}, "amount must have at most 2 digits after the point"},
		{"kids", []string{"amount", "Infinity"}, "amount must be a number, such as 12 or -3.5"},
		{"kids", []string{"plus", "-1"}, "plus is not of the type decimal(4,1) unsigned, which the database requires"},
		{"kids", []string{"tiny", "128"}, "tiny must be a whole number from -128 to 127"},
		{"kids", []string{"small", "40000"}, "small must be a whole number from -32768 to 32767"},
		{"kids", []string{"medium", "-8388609"}, "medium must be a whole number from -8388608 to 8388607"},
		{"kids", []string{"whole", "3000000000"}, "whole must be a whole number from -2147483648 to 2147483647"},
		{"kids", []string{"big", "9223372036854775808"}, "big must be a whole number from -9223372036854775808 to 9223372036854775807"},
		{"kids", []string{"utiny", "-1"}, "utiny must be a whole number from 0 to 255"},
		{"kids", []string{"ubig", "18446744073709551616"}, "ubig must be a whole number from 0 to 18446744073709551615"},
		{"kids", []string{"ubig", "-1"}, "ubig must be a whole number from 0 to 18446744073709551615"},
		{"kids", []string{"short", "four"}, "short is too long: at most 3 characters"},
		{"kids", []string{"flag", "1010"}, "flag must be zeros and ones: at most 3 digits"},
		{"kids", []string{"yr", "1800"}, "yr is not of the type year(4), which the database requires"},
		{"kids", []string{"addr", "1.2.3"}, "addr is not of the type inet6, which the database requires"},
		{"kids", []string{"mood", "great"}, "mood must be one of bad, so so"},
		{"kids", []string{"some", "3"}, "some must be some of a, b, with commas between them"},
		{"kids", []string{"ts", "1960-01-01 00:00:00"}, "ts is not of the type timestamp, which the database requires"},
		{"kids", []string{"ts", "yesterday?"}, "ts must be a date or a date and time, such as 2026-01-31 or 2026-01-31T15:04:05Z"},
		{"kids", []string{"sec", "2026-01-02 03:04:05.5"}, "sec has more digits than the database can keep"},
		{"kids", []string{"dt", "2026-01-02 03:04:05.1234567"}, "dt has more digits than the database can keep"},
		{"kids", []string{"d", "2026-02-31"}, "d must be a date, such as 2026-01-31"},
		{"kids", []string{"narrow", "😀"}, "narrow has characters that the column's character set utf8mb3 does not have"},
		{"kids", []string{"latin", "雪"}, "latin is not of the type varchar(20), which the database requires"},
		{"kids", []string{"whole", "0"}, "The database refused it: Division by 0"},
		{"kids", []string{"js", "{"}, "js is not valid JSON: line 1: unexpected end of JSON input"},
		{"kids", []string{"r", "1e300"}, "r must be a number, such as 12 or -3.5"},
		{"raising", []string{"id", "1", "name", "evil"}, "The database refused it: no evil here"},
		{"raising", []string{"id", "1", "name", "coded"}, "The database refused it: my own rule"},
		{"parted", []string{"id", "1", "region", "a"}, "id is taken: another record has it together with the same region; region is taken: another record has it together with the same id"},
		{"parted", []string{"id", "2", "region", "a", "n", "0"}, `n is not allowed`},
		{"parted", []string{"id", "2", "region", "z"}, "The values are not allowed by a rule of the database."},
		{"audited", []string{"id", "1", "v", "200"}, "The database refused it because of what it would do to trail."},
		{"audited", []string{"id", "1", "v", "7"}, "The database refused it because of what it would do to another table."},
		{"audited", []string{"id", "1", "code", "a"}, "The database refused it because of what it would do to another table."},
		{"audited", []string{"id", "1", "code", "long"}, "The database refused it because of what it would do to another table."},
	}, []brokenRule{
		{"kids", []string{"code", ""}, "<nil>: <nil>"}, // the empty text
		{"kids", []string{"id", "7"}, "id cannot be changed: other records refer to it"},
		{"kids", []string{"parent", "8"}, "parent refers to a record of parents that does not exist"},
	})
}

// A save of nothing writes nothing, and a new record that was left alone is the database's own.
func TestMariaDBWritesNoMoreThanWasEntered(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer AUTO_INCREMENT PRIMARY KEY, uid uuid NOT NULL DEFAULT '00112233-4455-6677-8899-aabbccddeeff',
			at timestamp(6) NOT NULL DEFAULT '2026-01-02 03:04:05.678901', n decimal(10,2) DEFAULT 1.5, r float DEFAULT 0.1, js json DEFAULT '{"b": 1, "a": 1.10}', ok boolean NOT NULL DEFAULT true,
			b varbinary(9) DEFAULT X'00ff', t time DEFAULT '-838:59:59', d date DEFAULT '0000-00-00', dt datetime(3) DEFAULT '2026-01-02 03:04:05.600', doubled integer AS (2) STORED, u bigint unsigned DEFAULT 18446744073709551615,
			st set('a','b') DEFAULT 'b,a', e enum('x','Y') DEFAULT 'Y', bits bit(5) DEFAULT b'101', c char(5) DEFAULT 'a', y year DEFAULT 2024, five boolean DEFAULT 5,
			moved timestamp NOT NULL DEFAULT '2000-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP, note varchar(20) DEFAULT 'a b')`,
		`CREATE TABLE fired (n integer)`, `CREATE TRIGGER fires BEFORE UPDATE ON x FOR EACH ROW INSERT INTO fired VALUES (1)`, `INSERT INTO x () VALUES ()`)
	key, err := s.Insert(t.Context(), "x", Input{})
	if err != nil || key.String() != "2" {
		t.Fatal(key, err)
	}
	const row = "md5(concat_ws('|', uid, at, n, r, js, ok, hex(b), t, d, dt, doubled, u, st, e, bits + 0, c, y, five, moved, note))"
	if got := storedText(t, s, "count(DISTINCT "+row+")", "x"); got != "1" {
		t.Errorf("%s different rows", got)
	}
	record := alikeIsNotWritten(t, s, key, []map[string]string{{}, {"n": "1.5"}, {"n": "+1.500"}, {"r": "0.10"}, {"at": "2026-01-02T03:04:05.678901Z"}, {"dt": "2026-01-02 03:04:05.6"}, {"uid": "00112233-4455-6677-8899-AABBCCDDEEFF"},
		{"ok": "on"}, {"st": "b,a"}, {"bits": "101"}, {"c": "a  "}, {"u": "018446744073709551615"}},
		func() string { return storedText(t, s, "count(*)", "fired") })
	if got := storedText(t, s, "count(*)", "fired"); got != "0" {
		t.Errorf("the trigger fired %s times", got)
	}
	if got := storedText(t, s, "count(DISTINCT "+row+")", "x"); got != "1" {
		t.Errorf("%s different rows", got)
	}
	if _, err := s.Update(t.Context(), "x", key, record.Token, edited("note", "c")); err != nil {
		t.Fatal(err)
	}
	if got := storedText(t, s, "count(*)", "fired") + storedText(t, s, "note", "x WHERE id = 2") + storedText(t, s, "moved > '2020-01-01'", "x WHERE id = 2"); got != "1c1" {
		t.Error(got)
	}
}

// What is entered is there as the client shows it, and edited again it stays, however the driver
// sends statements and whatever the connection was told before.
func TestMariaDBValuesOfEveryType(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for _, parameters := range []string{"", "?interpolateParams=true&clientFoundRows=true&parseTime=true", "?charset=latin1&sql_mode=%27ANSI_QUOTES%2CNO_BACKSLASH_ESCAPES%2CPAD_CHAR_TO_FULL_LENGTH%27&time_zone=%27%2B05%3A30%27&foreign_key_checks=0"} {
		t.Run(parameters, func(t *testing.T) { everyMariaDBType(t, openMariaDBWith(t, parameters)) })
	}
}

func everyMariaDBType(t *testing.T, db *sql.DB) {
	t.Helper()
	types := []typeEntry{
		{"tinyint", "-128", ""}, {"smallint", "32767", ""}, {"mediumint", "-8388608", ""}, {"integer", "2147483647", ""}, {"bigint", "-9223372036854775808", ""},
		{"tinyint unsigned", "255", ""}, {"bigint unsigned", "18446744073709551615", ""}, {"bigint unsigned", "9223372036854775807", ""}, {"boolean", "true", "1"}, {"boolean", "off", "0"},
		{"decimal(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890", ""}, {"decimal(65,0)", strings.Repeat("9", 65), ""}, {"decimal(60,5)", strings.Repeat("8", 55) + ".12345", ""}, {"decimal(10,2)", "1.5", "1.50"}, {"decimal(10,0)", "1e3", "1000"},
		{"float", "0.1", ""}, {"double", "0.30000000000000004", ""}, {"double", "-1.7976931348623157e308", ""}, {"double(10,3)", "1.5", "1.500"},
		{"text", "a?b $1 'c' \"d\" \\ é 日本 😀 %_", ""}, {"varchar(5)", "日本語", ""}, {"char(4)", "ab", ""}, {"char(4)", "ab ", "ab"}, {"varchar(9)", "ab ", ""}, {"varchar(9) CHARACTER SET latin1", "é€", ""}, {"longtext", strings.Repeat("x", 70000), ""}, {"varchar(9) CHARACTER SET utf16", "é😀", ""},
		{"date", "2026-02-28", ""}, {"date", "0000-00-00", ""}, {"date", "2024-00-15", ""}, {"time", "23:59", "23:59:00"}, {"time(6)", "23:59:59.123456", ""}, {"time", "-838:59:59", ""}, {"time(2)", "100:00:00.25", ""},
		{"datetime", "2026-01-02T03:04", "2026-01-02 03:04:00"}, {"datetime(6)", "2026-01-02 03:04:05.678901", ""}, {"timestamp(6) NULL", "2026-01-02T03:04:05.000001+05:30", "2026-01-01 21:34:05.000001"}, {"timestamp NULL", "2038-01-19 03:14:07", ""}, {"datetime", "0000-00-00 00:00:00", ""},
		{"year", "2024", ""}, {"bit(3)", "101", ""}, {"bit(64)", strings.Repeat("1", 64), ""}, {"bit(8)", "1", "00000001"}, {"set('a','b c','d')", "d,a", "a,d"}, {"set('1','2','3')", "3", ""}, {"set('a')", "", ""}, {"enum('sad','so, so','it''s')", "it's", ""}, {"enum('2','1')", "1", ""},
		{"json", `{"b": 1.10,  "a": 12345678901234567890}`, ""}, {"uuid", "00112233445566778899AABBCCDDEEFF", "00112233-4455-6677-8899-aabbccddeeff"}, {"inet6", "::1", ""}, {"inet4", "10.0.0.1", ""},
		{"varbinary(9)", "00ff10", "00FF10"}, {"binary(3)", "00ff10", "00FF10"}, {"blob", "27005c", "27005C"},
	}
	hash := "concat_ws('|'"
	for i := range types {
		hash += fmt.Sprintf(", hex(c%d)", i)
	}
	everyTypeIsWritten(t, db, types, "md5("+hash+"))", func(column, typ string) string {
		switch {
		case strings.HasPrefix(typ, "bit"):
			return "lpad(bin(" + column + "), " + strings.Trim(typ, "bit()") + ", '0')"
		case strings.Contains(typ, "binary"), typ == "blob":
			return "hex(" + column + ")"
		case strings.HasPrefix(typ, "char"):
			return "trim(trailing ' ' from " + column + ")"
		case strings.HasPrefix(typ, "timestamp"):
			return "convert_tz(" + column + ", @@session.time_zone, '+00:00')"
		}
		return column
	}, "SET NAMES utf8mb4")
}

// mariaLocks says how many statements that lock rows run in the source's database.
func mariaLocks(t *testing.T, s *Source) string {
	t.Helper()
	return storedText(t, s, "count(*)", "information_schema.PROCESSLIST WHERE DB = DATABASE() AND COMMAND <> 'Sleep' AND ID <> CONNECTION_ID() AND INFO LIKE '%FOR UPDATE'")
}

// An UPDATE that waits for a lock past its deadline is stopped on the server, and never done.
func TestMariaDBWaitsNoLongerThanItsDeadline(t *testing.T) {
	s := mariaSource(t, Config{QueryTimeout: 300 * time.Millisecond}, `CREATE TABLE x (id integer PRIMARY KEY, n integer)`, `INSERT INTO x VALUES (1, 0)`)
	waitsNoLongerThanItsDeadline(t, s, func() bool { return mariaLocks(t, s) == "0" })
}

// A COMMIT that is not answered may have been done, and is told as that.
func TestMariaDBUnansweredCommitsAreUndecided(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, n integer)`, `INSERT INTO x VALUES (1, 0)`)
	unansweredCommitsAreUndecided(t, s, func(ctx context.Context, tx Tx) error {
		var id int64
		if err := tx.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&id); err != nil {
			return err
		}
		_, err := s.db.ExecContext(ctx, fmt.Sprintf("KILL %d", id))
		return err
	})
}

// A write that waits for somebody's lock keeps no other one waiting.
func TestMariaDBWritesDoNotWaitForOthers(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, n integer)`, `INSERT INTO x VALUES (1, 0), (2, 0)`)
	writesDoNotWaitForOthers(t, s, func() bool { return mariaLocks(t, s) == "1" })
}

// What was saved since the question about a deletion was asked stops it, whoever is first.
func TestMariaDBDeletionsMeetSaves(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, n integer)`, `CREATE TABLE kids (id integer PRIMARY KEY, x integer, FOREIGN KEY (x) REFERENCES x (id) ON DELETE CASCADE)`)
	deletionsMeetSaves(t, s, 10)
}

// Changes are told on MariaDB as on SQLite, with the exact texts.
func TestMariaDBWritesTellTheirChanges(t *testing.T) {
	w := &told{}
	s, err := mariaSource(t, Config{}, `CREATE TABLE customers (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(20) UNIQUE, credit decimal(10,2) DEFAULT 1.50, password text)`,
		`CREATE TABLE orders (id integer PRIMARY KEY, customer integer, at datetime(6), FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE)`,
		`CREATE TABLE visits (id integer PRIMARY KEY, customer integer, FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE SET NULL)`,
		`INSERT INTO customers (name, password) VALUES ('ann', 's1')`, `INSERT INTO orders VALUES (10, 1, '2026-01-02 03:04:05.678901')`, `INSERT INTO visits VALUES (7, 1)`).
		With(Config{}, Guard{Observer: &Observer{Key: []byte("key"), Changed: w.changed}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Insert(t.Context(), "customers", edited("name", "bob"))
	w.expect(t, "a new record", "create customers 2 +credit=1.50 +id=2 +name=bob +password=null", err)
	n, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "customers"}), edited("credit", "1.7"), "")
	w.expect(t, "an edit of many", "update customers 1 -credit=1.50 +credit=1.70\nupdate customers 2 -credit=1.50 +credit=1.70", err)
	again, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "customers"}), edited("credit", "1.7"), "")
	w.expect(t, "the same edit of many", "", err)
	if n != 2 || again != 2 {
		t.Errorf("%d and %d were set", n, again)
	}
	record := editOf(t, s, "customers", keyOf(t, s, "customers", "2"))
	_, err = s.Update(t.Context(), "customers", record.Key, record.Token, edited("name", "BOB"))
	w.expect(t, "an edit", "update customers 2 -name=bob +name=BOB", err)
	err = s.Delete(t.Context(), "customers", keyOf(t, s, "customers", "1"), "")
	w.expect(t, "a deletion", "delete customers 1 -credit=1.70 -id=1 -name=ann -password="+secretText("s1")+`
delete orders 10 -at=2026-01-02 03:04:05.678901 -customer=1 -id=10
update visits 7 -customer=1 +customer=null`, err)
}

// A deadlock undoes the whole transaction: it is tried again from its beginning, and where a hook
// goes on as if nothing had been, nothing of it is done.
func TestMariaDBDeadlocks(t *testing.T) {
	for _, goesOn := range []bool{false, true} {
		t.Run(fmt.Sprint(goesOn), func(t *testing.T) {
			plain := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, n integer)`, `INSERT INTO x VALUES (1, 0), (2, 0)`,
				`CREATE TABLE heavy (id integer PRIMARY KEY, n integer)`, `INSERT INTO heavy SELECT seq, 0 FROM seq_1_to_500`, `CREATE TABLE log (what varchar(20))`)
			tries, ended := 0, make(chan error, 1)
			s, err := plain.With(Config{Tables: map[string]TableConfig{"x": {Hooks: Hooks{AfterUpdate: func(ctx context.Context, tx Tx, _ Values) error {
				tries++
				var deadlock error
				if tries == 1 { // the other one has changed more, so that this one is undone
					ctx := context.WithoutCancel(ctx)
					other, err := plain.db.BeginTx(ctx, nil)
					if err != nil {
						return err
					}
					for _, statement := range []string{"UPDATE heavy SET n = 1", "UPDATE x SET n = 7 WHERE id = 2"} {
						if _, err := other.ExecContext(ctx, statement); err != nil {
							return err
						}
					}
					go func() {
						_, err := other.ExecContext(ctx, "UPDATE x SET n = n + 10 WHERE id = 1")
						ended <- errors.Join(err, other.Commit())
					}()
					waitFor(t, "the other one waits", func() bool {
						return storedText(t, plain, "count(*)", "information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'UPDATE x SET n = n + 10%'") == "1"
					})
				}
				_, deadlock = tx.ExecContext(ctx, "UPDATE x SET n = n + 1 WHERE id = 2")
				if deadlock != nil && !goesOn {
					return deadlock
				}
				_, err := tx.ExecContext(ctx, "INSERT INTO log VALUES ('done')")
				return err
			}}}}}, Guard{})
			if err != nil {
				t.Fatal(err)
			}
			key := keyOf(t, s, "x", "1")
			_, err = s.Update(t.Context(), "x", key, editOf(t, s, "x", key).Token, edited("n", "5"))
			if other := <-ended; other != nil {
				t.Fatal("the other transaction: ", other)
			}
			got := storedText(t, s, "group_concat(n ORDER BY id)", "x") + " " + storedText(t, s, "count(*)", "log")
			var stale *StaleError
			switch {
			case goesOn && (tries != 1 || !strings.Contains(fieldsOf(err), "undone") || got != "10,7 0"):
				t.Errorf("%d tries, %s, %s", tries, fieldsOf(err), got)
			case !goesOn && (!errors.As(err, &stale) || got != "10,7 0"): // the second try sees what the other one wrote
				t.Errorf("%d tries, %v, %s", tries, err, got)
			}
			if got := storedText(t, s, "@@autocommit", "x WHERE id = 1"); got != "ON" {
				t.Errorf("autocommit is %s afterwards", got)
			}
		})
	}
}

// What goes with a deletion is locked as it is compared with what was asked: nothing that comes
// later goes along.
func TestMariaDBDeletionsLockWhatGoesAlong(t *testing.T) {
	var late error
	plain := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY)`, `CREATE TABLE kids (id integer PRIMARY KEY, x integer, n integer, FOREIGN KEY (x) REFERENCES x (id) ON DELETE CASCADE)`,
		`CREATE TABLE toys (id integer PRIMARY KEY, kid integer, FOREIGN KEY (kid) REFERENCES kids (id) ON DELETE CASCADE)`, `INSERT INTO x VALUES (1)`, `INSERT INTO kids VALUES (1, 1, 0)`)
	s, err := plain.With(Config{Tables: map[string]TableConfig{"x": {Hooks: Hooks{BeforeDelete: func(ctx context.Context, _ Tx, _ Values) error {
		_, late = plain.db.ExecContext(ctx, "SET STATEMENT innodb_lock_wait_timeout = 0 FOR INSERT INTO toys VALUES (1, 1)")
		return nil
	}}}}}, Guard{})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, s, "x", "1")
	preview, err := s.DeletePreview(t.Context(), "x", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "x", key, preview.Token); err != nil {
		t.Error(err)
	}
	if late == nil || !strings.Contains(late.Error(), "1205") {
		t.Errorf("a row that refers to what goes along: %v", late)
	}
	if got := storedText(t, s, "count(*)", "kids") + storedText(t, s, "count(*)", "toys"); got != "00" {
		t.Error(got)
	}
}

// A write of many changes the records that were asked about, and no others that came since.
func TestMariaDBWritesOfManyAreThoseThatWereAsked(t *testing.T) {
	var plain *Source
	add, denied := "", error(nil)
	reach := func(Reached) error { // after the records were compared with the question
		if add != "" {
			if _, err := plain.db.ExecContext(t.Context(), add); err != nil {
				t.Error(err)
			}
			add = ""
		}
		return denied
	}
	plain = mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, n integer, code varchar(9) UNIQUE, INDEX (n))`,
		`CREATE TABLE kids (id integer PRIMARY KEY, code varchar(9), n integer, FOREIGN KEY (code) REFERENCES x (code) ON UPDATE CASCADE, FOREIGN KEY (n) REFERENCES x (n) ON UPDATE CASCADE)`,
		`INSERT INTO x VALUES (1, 1, 'a'), (2, 1, 'b')`, `INSERT INTO kids VALUES (1, 'a', NULL)`, `CREATE TABLE unkeyed (n integer)`, `INSERT INTO unkeyed VALUES (1), (1), (2)`)
	s, err := plain.With(Config{}, Guard{Reach: reach})
	if err != nil {
		t.Fatal(err)
	}
	many := ByQuery(Query{Table: "x", Filters: []Filter{{"n", OpEq, []string{"1"}}}})
	ask := func() string {
		asked, err := s.Ask(t.Context(), many)
		if err != nil {
			t.Fatal(err)
		}
		return asked.Token
	}
	if n, err := s.UpdateMany(t.Context(), many, edited("n", "1"), ask()); n != 2 || err != nil { // rows that are so already count
		t.Error(n, err)
	}
	token := ask()
	add = "INSERT INTO x VALUES (3, 1, 'c')"
	if _, err := s.UpdateMany(t.Context(), many, edited("n", "5"), token); !errors.Is(err, ErrAsked) {
		t.Errorf("a record that came after the question: %v", err)
	}
	if n, err := s.UpdateMany(t.Context(), many, edited("n", "1"), ask()); n != 3 || err != nil {
		t.Error(n, err)
	}
	// The same text to the collation is another one to the reader, and takes the reference along.
	one := ByQuery(Query{Table: "x", Filters: []Filter{{"id", OpEq, []string{"1"}}}})
	denied = errors.New("denied")
	if _, err := s.UpdateMany(t.Context(), one, edited("code", "A"), ""); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("a key that differs in its case: %v", err)
	}
	if _, err := s.UpdateMany(t.Context(), one, edited("code", "a"), ""); err != nil {
		t.Errorf("the key as it is: %v", err)
	}
	denied = nil
	if n, err := s.UpdateMany(t.Context(), one, edited("code", "A"), ""); n != 1 || err != nil {
		t.Error(n, err)
	}
	if got := storedText(t, s, "concat(x.code, kids.code)", "x JOIN kids USING (code)"); got != "AA" {
		t.Errorf("%s is there", got)
	}
	some := ByQuery(Query{Table: "unkeyed", Filters: []Filter{{"n", OpEq, []string{"1"}}}})
	if n, err := s.UpdateMany(t.Context(), some, edited("n", "1"), ""); n != 2 || err != nil {
		t.Error(n, err)
	}
	if n, err := s.DeleteMany(t.Context(), some, ""); n != 2 || err != nil {
		t.Error(n, err)
	}
	if n, err := s.DeleteMany(t.Context(), many, ""); n != 0 || err == nil {
		t.Error(n, err)
	}
}

// Rights of the database's user: what it may not do is said, and what it may is done without more.
func TestMariaDBRights(t *testing.T) {
	server := testserver.SharedMariaDB(t)
	admin := connectMariaDB(t, server.DSN())
	user, here := "writer_"+server.Database, "`"+server.Database+"`."
	for _, statement := range []string{
		`CREATE TABLE deletes (id integer PRIMARY KEY)`, `INSERT INTO deletes VALUES (1), (2)`, `CREATE TABLE reads_only (id integer PRIMARY KEY)`, `INSERT INTO reads_only VALUES (1)`,
		`CREATE TABLE inserts (id integer PRIMARY KEY, n integer)`, `CREATE TABLE some (id integer PRIMARY KEY, a integer, b integer DEFAULT 5, c integer)`, `INSERT INTO some VALUES (1, 1, 1, 1)`,
		`CREATE TABLE by_role (id integer PRIMARY KEY)`, `INSERT INTO by_role VALUES (1)`,
		"CREATE USER " + user + " IDENTIFIED BY 'canary'", "GRANT SELECT ON " + here + "* TO " + user,
		"GRANT DELETE ON " + here + "deletes TO " + user, "GRANT INSERT ON " + here + "inserts TO " + user, "GRANT INSERT (id, a), UPDATE (a, c) ON " + here + "some TO " + user,
		"CREATE ROLE role_" + user, "GRANT DELETE ON " + here + "by_role TO role_" + user, "GRANT role_" + user + " TO " + user, "SET DEFAULT ROLE role_" + user + " FOR " + user,
	} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Cleanup(func() {
		for _, statement := range []string{"DROP USER " + user, "DROP ROLE role_" + user} {
			if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
				t.Error(err)
			}
		}
	})
	cfg, err := mysqldriver.ParseDSN(server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Passwd = user, "canary"
	s, err := Open(t.Context(), connectMariaDB(t, cfg.FormatDSN()), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if table, _ := s.Schema().Table("reads_only"); table.ReadOnly != "the panel's user of the database may only read it" {
		t.Errorf("%q", table.ReadOnly)
	}
	rightsAreMet(t, s)
	if err := s.Delete(t.Context(), "by_role", keyOf(t, s, "by_role", "1"), ""); err != nil {
		t.Errorf("by a role's right: %v", err)
	}
	key, err := s.Insert(t.Context(), "some", edited("id", "2", "a", "3"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Insert(t.Context(), "some", edited("id", "3", "c", "3")); fieldsOf(err) != "c cannot be set: the panel's user of the database lacks the right INSERT on it" {
		t.Error(fieldsOf(err))
	}
	record := editOf(t, s, "some", key)
	if _, err := s.Update(t.Context(), "some", key, record.Token, edited("id", "9", "b", "7")); fieldsOf(err) != "b cannot be set: may not be set by the panel's user of the database; id cannot be set: the panel's user of the database lacks the right UPDATE on it" {
		t.Error(fieldsOf(err))
	}
	if _, err := s.Update(t.Context(), "some", key, record.Token, edited("a", "7", "c", "8")); err != nil {
		t.Error(err)
	}
	if got := storedText(t, s, "concat_ws(',', id, a, b, c)", "some WHERE id = 2"); got != "2,7,5,8" {
		t.Error(got)
	}
}

// What a trigger of the application raises is told beside what was entered, in its own words,
// whichever SQLSTATE or number it chose.
func TestMariaDBRaisedErrorsAreToldInTheForm(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	statements := []string{`CREATE TABLE x (id integer AUTO_INCREMENT PRIMARY KEY, v varchar(20) UNIQUE)`, `INSERT INTO x (v) VALUES ('a')`, `CREATE TABLE state (code varchar(9), number integer)`, `INSERT INTO state VALUES ('', 0)`,
		`CREATE TABLE many (v integer)`, `INSERT INTO many VALUES (1), (2)`}
	states := strings.Fields("01000 02000 21000 22003 23000 25006 28000 40001 42000 42S02 44000 45000 08S01 70100 HY000 XX001")
	body := "BEGIN DECLARE s varchar(9); DECLARE n integer; SELECT code, number INTO s, n FROM state; CASE s WHEN 'number' THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = n, MESSAGE_TEXT = 'not today'; " +
		"WHEN 'rows' THEN SET n = (SELECT v FROM many); WHEN 'table' THEN SELECT 1 INTO n FROM nowhere; WHEN 'function' THEN SET n = nothing(); WHEN 'own' THEN UPDATE x SET v = 'b'; WHEN 'zero' THEN INSERT INTO many VALUES (1 / 0); "
	for _, state := range states {
		body += "WHEN '" + state + "' THEN SIGNAL SQLSTATE '" + state + "' SET MESSAGE_TEXT = 'not today'; "
	}
	statements = append(statements, "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO'")
	for _, event := range []string{"INSERT", "UPDATE", "DELETE"} {
		statements = append(statements, "CREATE TRIGGER raises_"+event+" BEFORE "+event+" ON x FOR EACH ROW "+body+"ELSE BEGIN END; END CASE; END")
	}
	s := mariaSource(t, Config{}, statements...)
	writes := writesOf(t, s, "x", keyOf(t, s, "x", "1"), "v", "b")
	says := func(code string, number int, want string) {
		t.Helper()
		if _, err := s.db.ExecContext(t.Context(), "UPDATE state SET code = ?, number = ?", code, number); err != nil {
			t.Fatal(err)
		}
		for name, write := range writes {
			if got := fieldsOf(write()); !strings.HasPrefix(got, "The database refused it: "+want) {
				t.Errorf("%s, %s %d: %s", name, code, number, got)
			}
		}
	}
	for _, state := range states {
		if state != "01000" { // a warning
			says(state, 0, "not today")
		}
	}
	for _, number := range []int{1, 1020, 1037, 1040, 1045, 1048, 1053, 1062, 1064, 1142, 1205, 1213, 1264, 1290, 1305, 1317, 1364, 1366, 1406, 1451, 1452, 1644, 1792, 1927, 1969, 3819, 4025, 5001} {
		says("number", number, "not today")
	}
	says("rows", 0, "Subquery returns more than 1 row")
	says("table", 0, "Table '")
	says("function", 0, "FUNCTION ")
	says("own", 0, "Can't update table 'x'")
	says("zero", 0, "Division by 0")
	if got := storedText(t, s, "group_concat(v)", "x"); got != "a" {
		t.Errorf("%s is there", got)
	}
}

// A new record's key is found where the server does not return it, as MySQL does not.
func TestMariaDBNewKeysWithoutReturning(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE counted (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, n integer)`, `CREATE TABLE given (a varchar(20), b decimal(10,2), PRIMARY KEY (a, b))`,
		`CREATE TABLE made (id uuid PRIMARY KEY DEFAULT uuid(), n integer)`, `CREATE TABLE stamped (at datetime(6) DEFAULT current_timestamp(6), n integer DEFAULT 7, PRIMARY KEY (at, n))`, `CREATE TABLE unkeyed (n integer)`,
		`ALTER TABLE counted AUTO_INCREMENT = 9223372036854775900`, `CREATE TABLE bytes (id binary(16) PRIMARY KEY DEFAULT (unhex(replace(uuid(), '-', ''))), n integer)`)
	for _, returns := range []bool{true, false} {
		s.dialect.(*mysql).returns = returns
		for _, one := range []struct {
			table  string
			fields []string
			key    string
		}{
			{"counted", []string{"n", "1"}, map[bool]string{true: "9223372036854775900", false: "9223372036854775902"}[returns]},
			{"counted", []string{"id", map[bool]string{true: "9223372036854775901", false: "9223372036854775903"}[returns]}, map[bool]string{true: "9223372036854775901", false: "9223372036854775903"}[returns]},
			{"given", []string{"a", fmt.Sprint(returns, " x "), "b", "1.5"}, fmt.Sprint(returns, "%20x%20,1.50")}, {"made", nil, ""}, {"made", []string{"n", "4"}, ""}, {"stamped", []string{"n", "3"}, ""}, {"stamped", nil, ""}, {"bytes", nil, ""},
		} {
			key, err := s.Insert(t.Context(), one.table, edited(one.fields...))
			if err != nil || key.IsZero() || one.key != "" && key.String() != one.key {
				t.Errorf("%v, %s: %q, %v", returns, one.table, key, err)
				continue
			}
			if record := editOf(t, s, one.table, key); record.Key.String() != key.String() {
				t.Errorf("%s is at %s", key, record.Key)
			}
		}
		if _, err := s.Insert(t.Context(), "unkeyed", edited("n", "4")); err != nil {
			t.Error(err)
		}
	}
}

// Each value of each type is saved as it is shown without being written, and entered into another
// row as it is shown.
func TestMariaDBEveryValueIsEntered(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	statements := []string{`CREATE TABLE fired (what varchar(20))`}
	for i, one := range mariaValues {
		name := fmt.Sprint("t", i)
		statements = append(statements, fmt.Sprintf("CREATE TABLE %s (id integer AUTO_INCREMENT PRIMARY KEY, v %s) DEFAULT CHARSET=utf8mb4", name, one.ddl))
		for _, value := range one.values {
			statements = append(statements, "INSERT INTO "+name+" (v) VALUES ("+mariaLiteral(one.ddl, value)+")")
		}
		statements = append(statements, "INSERT INTO "+name+" (id, v) VALUES (99, NULL)", "UPDATE "+name+" SET v = NULL WHERE id = 99",
			"CREATE TRIGGER fires_"+name+" BEFORE UPDATE ON "+name+" FOR EACH ROW INSERT INTO fired VALUES ('"+name+"')")
	}
	s := mariaSource(t, Config{}, statements...)
	shown := func(record *Record) Value { return record.Cells[len(record.Cells)-1] }
	entered, refused := 0, []string(nil)
	for i, one := range mariaValues {
		name := fmt.Sprint("t", i)
		table, _ := s.Schema().Table(name)
		c, _ := table.Column("v")
		if c.Kind == KindBlob || c.native.unwritable() != "" {
			continue
		}
		for n := range one.values {
			record := editOf(t, s, name, keyOf(t, s, name, fmt.Sprint(n+1)))
			cell := shown(record)
			if _, err := s.Update(t.Context(), name, record.Key, record.Token, writtenAsShown(record)); err != nil {
				t.Errorf("%s, %q as it is shown: %s", one.ddl, cell.Text, fieldsOf(err))
			}
			if got := storedText(t, s, "count(*)", "fired"); got != "0" {
				t.Fatalf("%s, %q was written", one.ddl, cell.Text)
			}
			other := editOf(t, s, name, keyOf(t, s, name, "99"))
			if _, err := s.Update(t.Context(), name, other.Key, other.Token, edited("v", cell.Text)); err != nil {
				refused = append(refused, fmt.Sprintf("%s %s: %s", one.ddl, cell.Text, fieldsOf(err)))
				continue
			}
			entered++
			if is := shown(editOf(t, s, name, other.Key)); is.Text != cell.Text || is.Null() {
				t.Errorf("%s: %q was entered, %q is there", one.ddl, cell.Text, is.Text)
			}
			if same := storedText(t, s, "count(DISTINCT hex(v))", fmt.Sprintf("%s WHERE id IN (%d, 99)", name, n+1)); same != "1" {
				t.Errorf("%s: %q is stored in another way", one.ddl, cell.Text)
			}
			if _, err := s.db.ExecContext(t.Context(), "DELETE FROM fired"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []string{"boolean 5: v must be true or false", "boolean -128: v must be true or false", "date 2024-02-31: v must be a date, such as 2026-01-31"}; entered < 100 || !slices.Equal(refused, want) {
		t.Errorf("%d values were entered; refused are %q", entered, refused)
	}
}

// A write keeps to the rules whatever its connection was told before, and leaves it so.
func TestMariaDBWritesDoNotDependOnTheConnection(t *testing.T) {
	db := openMariaDBWith(t, "?foreign_key_checks=0&unique_checks=0&check_constraint_checks=0&sql_safe_updates=1&lc_messages=%27de_DE%27&autocommit=0&sql_mode=%27%27&sql_select_limit=1&tx_isolation=%27READ-UNCOMMITTED%27",
		`CREATE TABLE parents (id integer PRIMARY KEY)`, `CREATE TABLE x (id integer PRIMARY KEY, parent integer, n integer CHECK (n > 0), v text, FOREIGN KEY (parent) REFERENCES parents (id))`, `INSERT INTO x VALUES (1, NULL, 1, ''), (2, NULL, 1, '')`)
	db.SetMaxOpenConns(2)
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	const settings = "concat_ws(' ', @@foreign_key_checks, @@unique_checks, @@check_constraint_checks, @@sql_safe_updates, @@lc_messages, @@autocommit, @@sql_mode, @@sql_select_limit, @@tx_isolation)"
	was := storedText(t, s, settings, "(SELECT 1) AS q")
	for _, c := range []struct {
		fields []string
		want   string
	}{
		{[]string{"id", "3", "parent", "9"}, "parent refers to a record of parents that does not exist"}, {[]string{"id", "3", "n", "0"}, "n is not allowed"}, {[]string{"id", "1"}, "id is taken: another record has it"},
		{[]string{"id", "3", "v", strings.Repeat("ä", 40000)}, "v is not of the type text, which the database requires"}, {[]string{"id", "3", "v", ""}, "<nil>: <nil>"},
	} {
		if _, err := s.Insert(t.Context(), "x", edited(c.fields...)); fieldsOf(err) != c.want {
			t.Errorf("%.50q: %s, want %s", c.fields, fieldsOf(err), c.want)
		}
	}
	if n, err := s.UpdateMany(t.Context(), ByQuery(Query{Table: "x"}), edited("n", "7"), ""); n != 3 || err != nil {
		t.Error(n, err)
	}
	if n, err := s.DeleteMany(t.Context(), ByQuery(Query{Table: "x", Filters: []Filter{{"id", OpGt, []string{"1"}}}}), ""); n != 2 || err != nil {
		t.Error(n, err)
	}
	if is := storedText(t, s, settings, "(SELECT 1) AS q"); is != was {
		t.Errorf("the connection has\n%s, and had\n%s", is, was)
	}
	if got := storedText(t, s, "group_concat(id, ' ', n)", "x"); got != "1 7" {
		t.Error(got)
	}
}
