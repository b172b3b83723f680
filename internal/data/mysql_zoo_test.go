// This file builds a MariaDB database the package never saw: every type, and everything odd that a
// catalogue can have.

package data

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// mariaValues are the types of MariaDB with values of each, as literals.
var mariaValues = []typeValues{
	{"b", "boolean", KindBool, []string{"1", "0", "5", "-128"}},
	{"i1", "tinyint", KindInteger, []string{"-128", "127", "0"}},
	{"u1", "tinyint unsigned", KindInteger, []string{"255"}},
	{"u1b", "tinyint(1) unsigned", KindInteger, []string{"200"}},
	{"i2", "smallint", KindInteger, []string{"0", "-32768", "32767"}},
	{"i3", "mediumint", KindInteger, []string{"-8388608"}},
	{"i4", "integer", KindInteger, []string{"1", "-2147483648", "2147483647"}},
	{"u4", "int unsigned", KindInteger, []string{"4294967295"}},
	{"i8", "bigint", KindInteger, []string{"9007199254740993", "-9223372036854775808", "9223372036854775807"}},
	{"u8", "bigint unsigned", KindInteger, []string{"18446744073709551615", "9223372036854775808", "9223372036854775807", "0"}},
	{"f4", "float", KindReal, []string{"0.1", "-3.4e38", "16777217", "1e-38", "123456.7"}},
	{"f8", "double", KindReal, []string{"0.1", "1.7976931348623157e308", "5e-324", "123456789012345680", "-1.5"}},
	{"fd", "double(10,3)", KindReal, []string{"1.5"}},
	{"n", "decimal(65,30)", KindDecimal, []string{"12345678901234567890123456789012345.123456789012345678901234567890", "0", "-0.000000000000000000000000000001"}},
	{"n2", "decimal(12,2)", KindDecimal, []string{"19.90", "-0.01", "9999999999.99"}},
	{"n0", "decimal(65,0)", KindDecimal, []string{strings.Repeat("9", 65)}},
	{"nz", "decimal(8,2) unsigned zerofill", KindDecimal, []string{"12.30"}},
	{"t", "text", KindLongText, []string{"", "a", "A'b\"c%e_f?g|h", "雪☃😀", " spaced ", "line\nbreak\ttab"}},
	{"v", "varchar(20)", KindText, []string{"", "short", "ünïcödé", "ÉÈ", "back|\\slash"}},
	{"vb", "varchar(20) COLLATE utf8mb4_bin", KindText, []string{"MiXed", "é"}},
	{"vu", "varchar(20) COLLATE utf8mb4_unicode_ci", KindText, []string{"straße", "ǄǅЖ", "İ"}},
	{"vl", "varchar(1000)", KindLongText, []string{"long"}},
	{"vx", "varchar(2000)", KindLongText, []string{"longer"}},
	{"c", "char(5)", KindText, []string{"ab", "abcde", ""}},
	{"l1", "varchar(20) CHARACTER SET latin1", KindText, []string{"é", "?", "plain", "€uro"}},
	{"lt", "text CHARACTER SET latin1", KindLongText, []string{"é", "ß"}},
	{"u3", "varchar(20) CHARACTER SET utf8mb3", KindText, []string{"雪", "?"}},
	{"as", "varchar(20) CHARACTER SET ascii", KindText, []string{"ascii"}},
	{"sj", "varchar(20) CHARACTER SET sjis", KindText, []string{"日本"}},
	{"u16", "varchar(20) CHARACTER SET utf16", KindText, []string{"é😀"}},
	{"tt", "tinytext", KindText, []string{"tiny"}},
	{"mt", "mediumtext", KindLongText, []string{"medium"}},
	{"bi", "binary(3)", KindBlob, []string{"a", "\x00\xff'"}},
	{"by", "varbinary(20)", KindBlob, []string{"", "\x00\xff\\A"}},
	{"bl", "blob", KindBlob, []string{"\xe9\xff"}},
	{"d", "date", KindDate, []string{"2024-02-29", "0000-00-00", "2024-02-31", "2024-00-15", "9999-12-31", "0001-01-01"}},
	{"ti", "time", KindTime, []string{"00:00:00", "23:59:59", "838:59:59", "-838:59:59", "-00:00:01", "24:00:00"}},
	{"ti6", "time(6)", KindTime, []string{"10:20:30.500000", "-10:20:30.123456", "101:20:30.000001"}},
	{"dt", "datetime", KindDateTime, []string{"1999-12-31 23:59:59", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "2024-00-00 10:00:00"}},
	{"dt6", "datetime(6)", KindDateTime, []string{"2024-02-29 10:20:30.123456", "9999-12-31 23:59:59.999999", "2024-02-29 00:00:00.000000"}},
	{"ts", "timestamp NULL", KindDateTime, []string{"2024-03-10 07:30:00", "0000-00-00 00:00:00", "2038-01-19 03:14:07"}},
	{"ts3", "timestamp(3) NULL", KindDateTime, []string{"2024-02-29 04:50:30.120"}},
	{"y", "year", KindAny, []string{"2024", "0000", "1901", "2155"}},
	{"b1", "bit(1)", KindAny, []string{"1", "0"}},
	{"b10", "bit(10)", KindAny, []string{"0000000101"}},
	{"b64", "bit(64)", KindAny, []string{strings.Repeat("1", 64), strings.Repeat("0", 64)}},
	{"e", `enum('sad','so, so','it''s','back\\slash','Über')`, KindEnum, []string{"sad", "so, so", "it's", `back\slash`, "Über"}},
	{"s", "set('a','b','c d')", KindAny, []string{"a,c d", "", "b"}},
	{"j", "json", KindJSON, []string{`{"b": 1,  "a": 12345678901234567890.10}`, `null`, `"text"`}},
	{"u", "uuid", KindUUID, []string{"123e4567-e89b-12d3-a456-426614174000"}},
	{"i6a", "inet6", KindAny, []string{"::1", "2001:db8::ff00:42:8329"}},
	{"i4a", "inet4", KindAny, []string{"192.168.1.5"}},
	{"p", "point", KindAny, []string{"POINT(1 2)"}},
	{"pg", "polygon", KindAny, []string{"POLYGON((0 0,1 1,1 0,0 0))"}},
	{"ge", "geometry", KindAny, []string{"GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"}},
}

// mariaLiteral writes a value so that a column of the type takes it.
func mariaLiteral(ddl, value string) string {
	quoted := "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(value) + "'"
	switch {
	case strings.HasPrefix(ddl, "bit"):
		return "b" + quoted
	case slices.Contains(spatial, ddl):
		return "ST_GeomFromText(" + quoted + ")"
	case strings.Contains(ddl, "binary") || strings.Contains(ddl, "blob"):
		return bytesLiteral([]byte(value))
	}
	return quoted
}

// mariaZoo is the statements of a database with everything odd in it. other is the name of a second
// database.
func mariaZoo(other string) []string {
	var columns []string
	longest := 0
	for _, one := range mariaValues {
		columns = append(columns, "`"+one.column+"` "+one.ddl)
		longest = max(longest, len(one.values))
	}
	statements := []string{"SET time_zone = '+00:00'", "CREATE TABLE every_type (id integer AUTO_INCREMENT PRIMARY KEY, " + strings.Join(columns, ", ") + ") DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci ROW_FORMAT=DYNAMIC"}
	for i := range longest + 1 { // the last row has nothing but NULL
		names, values := []string{"id"}, []string{"NULL"}
		for _, one := range mariaValues {
			if i < len(one.values) {
				names = append(names, "`"+one.column+"`")
				values = append(values, mariaLiteral(one.ddl, one.values[i]))
			}
		}
		statements = append(statements, "INSERT INTO every_type ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")")
	}
	return append(statements,
		"ALTER TABLE every_type MODIFY i4 integer COMMENT 'What it''s for?'",
		"CREATE TABLE `select` (`from` integer PRIMARY KEY, `where` text, `group by` text, `a.b` text, `a,b%c` text, `-x` text, `q?` text, `back\\slash?` text, `tick``ed` text)",
		"INSERT INTO `select` VALUES (1, 'w', 'g', 'dotted', 'comma', 'minus', 'asked', 'both', 't'), (2, NULL, '', '', '', '', '', '', '')",
		"CREATE TABLE `it's \"quoted\" <script>alert(1)</script>?` (`na me` text, `q\"uote` text, `<b>` text, `ünï☃` text)",
		"INSERT INTO `it's \"quoted\" <script>alert(1)</script>?` VALUES ('<script>alert(1)</script>', '\"', '''; DROP TABLE x; --', '雪')",
		`CREATE TABLE nokey (a text, b integer)`, `INSERT INTO nokey VALUES ('x', 1), ('x', 1), (NULL, NULL)`,
		`CREATE TABLE pair (k varchar(20), n integer, v text, PRIMARY KEY (n, k))`,
		`INSERT INTO pair VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('a/b,c%', 3, 'z'), ('', 4, ''), ('~', 5, ''), ('new', 6, ''), ('~t:x', 7, ''), ('.', 8, '')`,
		`CREATE TABLE unique_only (code varchar(20) NOT NULL UNIQUE, v text)`, `INSERT INTO unique_only VALUES ('new', 1), ('', 2), ('~new', 3), ('..', 4), ('日本', 5)`,
		`CREATE TABLE nullable_unique (code varchar(20) UNIQUE, v text)`,
		`CREATE TABLE long_unique (t text NOT NULL UNIQUE)`, `INSERT INTO long_unique VALUES ('a')`,
		`CREATE TABLE prefix_key (t varchar(3000) NOT NULL, PRIMARY KEY (t(100)))`, `INSERT INTO prefix_key VALUES ('a'), (repeat('b', 900))`,
		`CREATE TABLE shipment (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, k varchar(20), n integer, FOREIGN KEY (n, k) REFERENCES pair (n, k) ON DELETE CASCADE ON UPDATE SET NULL)`,
		`INSERT INTO shipment (k, n) VALUES ('a', 2), ('a/b,c%', 3), ('a', NULL)`,
		`CREATE TABLE users (id integer PRIMARY KEY, name text, boss integer, password_hash text, FOREIGN KEY (boss) REFERENCES users (id))`,
		`INSERT INTO users VALUES (1, 'Ann', NULL, 'S3CRET'), (2, 'Bob', 1, NULL)`,
		"CREATE TABLE `"+other+"`.orders (id integer PRIMARY KEY, user_id integer, note text)",
		"CREATE TABLE `"+other+"`.unrelated (id integer PRIMARY KEY)",
		`CREATE TABLE order_note (id integer PRIMARY KEY, order_id integer, CONSTRAINT across FOREIGN KEY (order_id) REFERENCES `+"`"+other+"`"+`.orders (id) ON DELETE SET NULL)`,
		"INSERT INTO `"+other+"`.orders VALUES (1, 2, 'x')", `INSERT INTO order_note VALUES (1, 1)`,
		`CREATE TABLE measured (at date NOT NULL, v integer NOT NULL, PRIMARY KEY (at, v)) PARTITION BY HASH (v) PARTITIONS 4`,
		`INSERT INTO measured SELECT date '2024-01-01' + INTERVAL seq % 50 DAY, seq FROM seq_1_to_100`,
		`CREATE VIEW good_view AS SELECT id, name, id + 1 AS next FROM users`,
		`CREATE TABLE fleeting (id integer)`, `CREATE VIEW failing_view AS SELECT id FROM fleeting`, `DROP TABLE fleeting`,
		`CREATE TABLE computed (id serial PRIMARY KEY, price decimal(10,2), twice decimal(12,2) AS (price * 2) STORED, thrice decimal(12,2) AS (price * 3) VIRTUAL, made timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
			changed timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, unseen integer INVISIBLE DEFAULT 7, flag boolean NOT NULL DEFAULT TRUE, word varchar(10) DEFAULT 'it''s',
			CONSTRAINT dear CHECK (price > 1 AND price < 1000))`,
		`INSERT INTO computed (price) VALUES (1.50), (NULL)`,
		`CREATE TABLE long_text (id integer PRIMARY KEY, t longtext, b longblob)`,
		`INSERT INTO long_text SELECT seq, concat(repeat('x', 100000), seq), repeat('y', 100000) FROM seq_1_to_30`,
		`CREATE TABLE goose_db_version (x integer)`, `CREATE TABLE crudadmin_things (x integer)`,
		`CREATE SEQUENCE numbers`,
		`CREATE TABLE versioned (id integer PRIMARY KEY, name text) WITH SYSTEM VERSIONING`, `INSERT INTO versioned VALUES (1, 'a')`, `UPDATE versioned SET name = 'b'`,
		`CREATE TABLE keyed_by_date (at datetime(6) PRIMARY KEY)`, `INSERT INTO keyed_by_date VALUES ('2024-02-29 10:20:30.123456'), ('0000-00-00')`,
		`CREATE TABLE keyed_by_uuid (id uuid PRIMARY KEY, v text)`, `INSERT INTO keyed_by_uuid VALUES ('123e4567-e89b-12d3-a456-426614174000', 'a')`,
		`CREATE TABLE keyed_by_bytes (id varbinary(20) PRIMARY KEY)`, `INSERT INTO keyed_by_bytes VALUES (X''), (X'00ff')`,
		`CREATE TABLE keyed_by_number (id decimal(60,5) PRIMARY KEY)`, `INSERT INTO keyed_by_number VALUES (1.50), (123456789012345678901234567890.5)`,
		`CREATE TABLE keyed_by_big (id bigint unsigned PRIMARY KEY)`, `INSERT INTO keyed_by_big VALUES (18446744073709551615), (1)`,
		`CREATE TABLE keyed_by_enum (id enum('so, so', 'it''s') PRIMARY KEY)`, `INSERT INTO keyed_by_enum VALUES ('so, so'), ('it''s')`,
		`CREATE TABLE keyed_by_latin (id varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci PRIMARY KEY)`, `INSERT INTO keyed_by_latin VALUES ('é'), ('?')`,
		`CREATE TABLE old (id integer PRIMARY KEY, t text) ENGINE=MyISAM`, `INSERT INTO old VALUES (1, 'x')`,
		`CREATE TRIGGER told BEFORE UPDATE ON users FOR EACH ROW SET NEW.name = NEW.name`,
	)
}

// zooOfMariaDB is a source of the zoo, and the name of its second database.
func zooOfMariaDB(t *testing.T, cfg func(other string) Config) (s *Source, other string) {
	t.Helper()
	db := openMariaDB(t)
	if err := db.QueryRowContext(t.Context(), "SELECT CONCAT(DATABASE(), '_other')").Scan(&other); err != nil {
		t.Fatal(err)
	}
	var own string
	if err := db.QueryRowContext(t.Context(), "SELECT DATABASE()").Scan(&own); err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, statement := range append([]string{"SET SESSION sql_mode = 'ALLOW_INVALID_DATES'", "CREATE DATABASE `" + other + "`"}, mariaZoo(other)...) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.300s: %v", statement, err)
		}
	}
	db.SetMaxOpenConns(0)
	s, err := Open(t.Context(), db, cfg(other))
	if err != nil {
		t.Fatal(err)
	}
	return s, other
}

func plainConfig(string) Config { return Config{} }

func TestMariaDBZoo(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, other := zooOfMariaDB(t, plainConfig)
	readAll(t, s)
	rowsHaveKeys(t, s, "failing_view")
	areHidden(t, s, "goose_db_version", "crudadmin_things", "numbers", other+".orders", other+".unrelated", "user", "mysql.user")
}

// Every type is read as its own client shows it, and is of the kind that people take it for.
func TestMariaDBTypes(t *testing.T) {
	s, _ := zooOfMariaDB(t, plainConfig)
	table, _ := s.Schema().Table("every_type")
	typesAreShown(t, s, mariaValues, map[string][]string{ // where it is not what was written
		"f4": {"0.1", "-3.4e38", "16777216", "1e-38", "123456.7"}, "f8": {"0.1", "1.7976931348623157e308", "5e-324", "1.2345678901234568e17", "-1.5"}, "fd": {"1.500"},
		"n":  {"12345678901234567890123456789012345.123456789012345678901234567890", "0.000000000000000000000000000000", "-0.000000000000000000000000000001"},
		"nz": {"000012.30"}, "bi": {"", ""}, "by": {"", ""}, "bl": {""},
	})
	if c, _ := table.Column("i4"); c.Help != "What it's for?" {
		t.Errorf("help %q", c.Help)
	}
	if c, _ := table.Column("n2"); c.Precision != 12 || c.Scale != 2 || c.Type != "decimal(12,2)" {
		t.Errorf("%s (%d,%d)", c.Type, c.Precision, c.Scale)
	}
	if c, _ := table.Column("v"); c.MaxLength != 20 || c.Type != "varchar(20)" {
		t.Errorf("%s of %d", c.Type, c.MaxLength)
	}
	if c, _ := table.Column("e"); !slices.Equal(c.Enum, []string{"sad", "so, so", "it's", `back\slash`, "Über"}) {
		t.Errorf("%q", c.Enum)
	}
}

// Every value equals its own text, and is neither less nor greater.
func TestMariaDBValuesEqualTheirTexts(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, _ := zooOfMariaDB(t, plainConfig)
	everyValueMeetsItsText(t, s)
}

func TestMariaDBValuesEqualTheirTextsLong(t *testing.T) {
	testserver.LongForm(t)
	s, _ := zooOfMariaDB(t, plainConfig)
	everyValueMeetsItsText(t, s)
}
