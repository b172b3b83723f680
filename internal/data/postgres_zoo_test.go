// This file builds a PostgreSQL database the package never saw: every type, and everything odd that
// a catalogue can have.

package data

import (
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// postgresValues are the types of PostgreSQL with values of each, as literals.
var postgresValues = []typeValues{
	{"b", "boolean", KindBool, []string{"true", "false"}},
	{"i2", "smallint", KindInteger, []string{"0", "-32768", "32767"}},
	{"i4", "integer", KindInteger, []string{"1", "-2147483648", "2147483647"}},
	{"i8", "bigint", KindInteger, []string{"9007199254740993", "-9223372036854775808", "9223372036854775807"}},
	{"o", "oid", KindInteger, []string{"1", "4294967295"}},
	{"f4", "real", KindReal, []string{"0.1", "-3.4e38", "NaN", "Infinity", "-Infinity", "1e-40", "-0"}},
	{"f8", "double precision", KindReal, []string{"0.1", "1.7976931348623157e308", "NaN", "Infinity", "5e-324", "123456789012345680"}},
	{"n", "numeric", KindDecimal, []string{"0", "123456789012345678901234567890.123456789012345678901234567890", "NaN", "-0.00", "1e-1000"}},
	{"n2", "numeric(12,2)", KindDecimal, []string{"19.90", "-0.01", "9999999999.99"}},
	{"n3", "numeric(30,0)", KindDecimal, []string{"123456789012345678901234567890"}},
	{"money", "money", KindAny, []string{"1234.5", "-1"}},
	{"t", "text", KindText, []string{"", "a", "A'b\"c\\d%e_f?g", "雪☃", " spaced ", "line\nbreak\ttab"}},
	{"v", "varchar(20)", KindText, []string{"", "short", "ünïcödé"}},
	{"vl", "varchar(1000)", KindLongText, []string{"long"}},
	{"c", "char(5)", KindText, []string{"ab", "abcde", ""}},
	{"c1", `"char"`, KindText, []string{"x"}},
	{"nm", "name", KindText, []string{"some_name"}},
	{"ci", "citext", KindText, []string{"MiXed", ""}},
	{"by", "bytea", KindBlob, []string{`\x`, `\x00ff41`}},
	{"d", "date", KindDate, []string{"2024-02-29", "0001-01-01", "0044-03-15 BC", "infinity", "-infinity", "294276-12-31"}},
	{"ti", "time", KindTime, []string{"00:00:00", "23:59:59.999999", "24:00:00", "10:20:30.5"}},
	{"tz", "timetz", KindTime, []string{"10:20:30.123456+02", "00:00:00-05:30", "24:00:00+00"}},
	{"ts", "timestamp", KindDateTime, []string{"2024-02-29 10:20:30.123456", "1999-12-31 23:59:59", "infinity", "0044-03-15 10:00:00 BC", "12024-01-01 00:00:00"}},
	{"tstz", "timestamptz", KindDateTime, []string{"2024-03-10 02:30:00-05", "2024-02-29 10:20:30.000001+00", "-infinity", "0044-03-15 10:00:00+00 BC", "9999-12-31 23:59:59.999999+00"}},
	{"ts3", "timestamptz(3)", KindDateTime, []string{"2024-02-29 10:20:30.120+05:30"}},
	{"iv", "interval", KindAny, []string{"1 year 2 mons -3 days 04:05:06.789", "0", "-1 day"}},
	{"j", "json", KindJSON, []string{`{"b": 1,  "a": 12345678901234567890.10}`, `null`, `"text"`}},
	{"jb", "jsonb", KindJSON, []string{`{"b": 1, "a": 12345678901234567890.10}`, `[1, 2]`}},
	{"u", "uuid", KindUUID, []string{"123e4567-e89b-12d3-a456-426614174000"}},
	{"e", "mood", KindEnum, []string{"sad", "so, so", "it's"}},
	{"dm", "positive", KindInteger, []string{"7"}},
	{"dd", "short_positive", KindInteger, []string{"9"}},
	{"em", "email", KindText, []string{"a@b"}},
	{"ia", "integer[]", KindAny, []string{"{1,2,NULL}", "{}", "{{1,2},{3,4}}"}},
	{"ta", "text[]", KindAny, []string{`{a,"b,c","",NULL,"\"q\""}`}},
	{"ma", "mood[]", KindAny, []string{"{sad}"}},
	{"ja", "json[]", KindAny, []string{`{"{\"a\": 1}"}`}},
	{"ir", "int4range", KindAny, []string{"[1,5)", "empty", "(,)"}},
	{"tr", "tstzrange", KindAny, []string{`["2024-01-01 00:00:00+00","2024-02-01 00:00:00+00")`}},
	{"ad", "address", KindAny, []string{`("Main St",12)`}},
	{"jc", "with_json", KindAny, []string{`("{""a"": 1}")`}},
	{"ine", "inet", KindAny, []string{"192.168.1.5", "10.0.0.0/8", "::1"}},
	{"cid", "cidr", KindAny, []string{"10.0.0.0/8"}},
	{"mac", "macaddr", KindAny, []string{"08:00:2b:01:02:03"}},
	{"mac8", "macaddr8", KindAny, []string{"08:00:2b:01:02:03:04:05"}},
	{"bi", "bit(3)", KindAny, []string{"101"}},
	{"vb", "bit varying", KindAny, []string{"10110", ""}},
	{"tv", "tsvector", KindAny, []string{"'a':1 'cat':3"}},
	{"tq", "tsquery", KindAny, []string{"'a' & 'b'"}},
	{"x", "xml", KindAny, []string{"<a>1</a>"}},
	{"p", "point", KindAny, []string{"(1,2)"}},
	{"pg", "polygon", KindAny, []string{"((0,0),(1,1),(1,0))"}},
	{"bx", "box", KindAny, []string{"(1,1),(0,0)"}},
	{"hs", "hstore", KindAny, []string{`"a"=>"1", "b"=>NULL`}},
	{"lt", "ltree", KindAny, []string{"Top.Science"}},
	{"ls", "pg_lsn", KindAny, []string{"16/B374D848"}},
	{"rc", "regclass", KindAny, []string{"pg_class"}},
	{"xi", "xid", KindAny, []string{"42"}},
	{"co", `text COLLATE "blind"`, KindText, []string{"Straße", "a"}},
}

// postgresZoo is the statements of a database with everything odd in it.
func postgresZoo() []string {
	statements := []string{
		`CREATE EXTENSION citext`, `CREATE SCHEMA ext`, `CREATE EXTENSION hstore`, `CREATE EXTENSION ltree`,
		`CREATE TYPE mood AS ENUM ('sad', 'so, so', 'it''s', 'happy')`,
		`CREATE DOMAIN positive AS integer CHECK (VALUE > 0)`, `CREATE DOMAIN short_positive AS positive CHECK (VALUE < 100)`,
		`CREATE DOMAIN email AS text NOT NULL CHECK (VALUE LIKE '%@%')`,
		`CREATE TYPE address AS (street text, number integer)`, `CREATE TYPE with_json AS (j json)`,
		`CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
	}
	var columns []string
	longest := 0
	for _, one := range postgresValues {
		columns = append(columns, one.column+" "+one.ddl)
		longest = max(longest, len(one.values))
	}
	statements = append(statements, "CREATE TABLE every_type (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "+strings.Join(columns, ", ")+")")
	for i := range longest + 1 { // the last row has nothing but NULL
		var names, values []string
		for _, one := range postgresValues {
			if i < len(one.values) || one.column == "em" {
				names = append(names, one.column)
				values = append(values, "'"+strings.ReplaceAll(one.values[i%len(one.values)], "'", "''")+"'")
			}
		}
		statements = append(statements, "INSERT INTO every_type ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")")
	}
	return append(statements,
		`COMMENT ON COLUMN every_type.t IS 'What it''s for?'`,
		`CREATE TABLE "select" ("from" integer PRIMARY KEY, "where" text, "group by" text, "a.b" text, "a,b%c" text, "-x" text, "q?" text, "back\slash?" text)`,
		`INSERT INTO "select" VALUES (1, 'w', 'g', 'dotted', 'comma', 'minus', 'asked', 'both'), (2, NULL, '', '', '', '', '', '')`,
		`CREATE TABLE "it's ""quoted"" <script>alert(1)</script>?" ("na me" text, "q""uote" text, "<b>" text, "ünï☃" text)`,
		`INSERT INTO "it's ""quoted"" <script>alert(1)</script>?" VALUES ('<script>alert(1)</script>', '"', '''; DROP TABLE x; --', '雪')`,
		`CREATE TABLE nokey (a text, b integer)`, `INSERT INTO nokey VALUES ('x', 1), ('x', 1), (NULL, NULL)`,
		`CREATE TABLE pair (k text, n integer, v text, PRIMARY KEY (n, k))`,
		`INSERT INTO pair VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('a/b,c%', 3, 'z'), ('', 4, ''), ('~', 5, ''), ('new', 6, ''), ('~t:x', 7, ''), ('.', 8, '')`,
		`CREATE TABLE unique_only (code text NOT NULL UNIQUE, v text)`, `INSERT INTO unique_only VALUES ('new', 1), ('', 2), ('~new', 3), ('..', 4), ('日本', 5)`,
		`CREATE TABLE shipment (id bigserial PRIMARY KEY, k text, n integer, FOREIGN KEY (n, k) REFERENCES pair (n, k) ON DELETE CASCADE ON UPDATE SET NULL)`,
		`INSERT INTO shipment (k, n) VALUES ('a', 2), ('a/b,c%', 3), ('a', NULL)`,
		`CREATE TABLE "Users" (id integer PRIMARY KEY, name text, password_hash text, "Name" text)`, `CREATE TABLE users (id integer PRIMARY KEY, name text, boss integer REFERENCES users)`,
		`INSERT INTO "Users" VALUES (1, 'upper', 'S3CRET', 'Upper')`, `INSERT INTO users VALUES (1, 'Ann', NULL), (2, 'Bob', 1)`,
		`CREATE TABLE upper_child (id integer PRIMARY KEY, u integer REFERENCES "Users", l integer REFERENCES users)`, `INSERT INTO upper_child VALUES (1, 1, 2)`,
		`CREATE SCHEMA sales`, `CREATE SCHEMA "odd.schema"`,
		`CREATE TABLE sales.orders (id integer PRIMARY KEY, user_id integer REFERENCES public.users ON DELETE SET NULL, state mood)`,
		`INSERT INTO sales.orders VALUES (1, 2, 'sad'), (2, NULL, NULL)`,
		`CREATE TABLE sales.users (id integer PRIMARY KEY, name text)`,
		`CREATE TABLE "sales.users" (id integer PRIMARY KEY)`,
		`CREATE TABLE "odd.schema"."odd.table" (id integer PRIMARY KEY)`,
		`CREATE TABLE order_note (id integer PRIMARY KEY, order_id integer REFERENCES sales.orders)`, `INSERT INTO order_note VALUES (1, 1)`,
		`CREATE TABLE measured (at date NOT NULL, v integer, PRIMARY KEY (at, v)) PARTITION BY RANGE (at)`,
		`CREATE TABLE measured_1 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')`,
		`CREATE TABLE measured_2 PARTITION OF measured FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY LIST (v)`,
		`CREATE TABLE measured_2a PARTITION OF measured_2 DEFAULT`,
		`INSERT INTO measured SELECT date '2024-01-01' + v % 50, v FROM generate_series(1, 100) AS v`,
		`CREATE TABLE parent (id integer PRIMARY KEY, a text)`, `CREATE TABLE inherited (more text) INHERITS (parent)`,
		`INSERT INTO parent VALUES (1, 'one')`, `INSERT INTO inherited VALUES (2, 'two', 'more')`,
		`CREATE VIEW good_view AS SELECT id, name, id + 1 AS next FROM users`,
		`CREATE VIEW failing_view AS SELECT 1 / (id - 1) AS boom, name FROM users`,
		`CREATE MATERIALIZED VIEW seen AS SELECT id, name FROM users`,
		`CREATE TABLE computed (id serial PRIMARY KEY, price numeric(10,2), twice numeric GENERATED ALWAYS AS (price * 2) STORED, made timestamptz DEFAULT now(), token uuid DEFAULT gen_random_uuid())`,
		`INSERT INTO computed (price) VALUES (1.50), (NULL)`,
		`CREATE TABLE long_text (id integer PRIMARY KEY, t text, b bytea, j jsonb)`,
		`INSERT INTO long_text SELECT v, repeat('x', 100000) || v, convert_to(repeat('y', 100000), 'UTF8'), to_jsonb(repeat('z', 100000)) FROM generate_series(1, 30) AS v`,
		`CREATE TABLE goose_db_version (x integer)`, `CREATE TABLE crudadmin_things (x integer)`,
		`CREATE TABLE no_columns ()`, `INSERT INTO no_columns DEFAULT VALUES`,
		`CREATE TABLE keyed_by_date (at timestamptz PRIMARY KEY)`, `INSERT INTO keyed_by_date VALUES ('2024-02-29 10:20:30.123456+00'), ('infinity'), ('0044-03-15 10:00:00+00 BC')`,
		`CREATE TABLE keyed_by_uuid (id uuid PRIMARY KEY, v text)`, `INSERT INTO keyed_by_uuid VALUES ('123e4567-e89b-12d3-a456-426614174000', 'a')`,
		`CREATE TABLE keyed_by_bytes (id bytea PRIMARY KEY)`, `INSERT INTO keyed_by_bytes VALUES ('\x'), ('\x00ff')`,
		`CREATE TABLE keyed_by_number (id numeric PRIMARY KEY)`, `INSERT INTO keyed_by_number VALUES (1.50), (123456789012345678901234567890.5), ('NaN')`,
		`CREATE TABLE keyed_by_enum (id mood PRIMARY KEY)`, `INSERT INTO keyed_by_enum VALUES ('so, so'), ('it''s')`,
	)
}

// postgresZooURL is the address of a zoo that all tests read and none changes.
var postgresZooURL = struct {
	sync.Mutex
	url string
}{}

// zooOfPostgres is the zoo's source.
func zooOfPostgres(t *testing.T) *Source {
	t.Helper()
	postgresZooURL.Lock()
	defer postgresZooURL.Unlock()
	if postgresZooURL.url == "" {
		server := testserver.SharedPostgres(t)
		fill := connectPostgres(t, server.URL())
		for _, statement := range postgresZoo() {
			if _, err := fill.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		postgresZooURL.url = server.URL()
	}
	s, err := Open(t.Context(), connectPostgres(t, postgresZooURL.url), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPostgresZoo(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := zooOfPostgres(t)
	readAll(t, s)
	rowsHaveKeys(t, s, "failing_view", "no_columns")
	areHidden(t, s, "goose_db_version", "crudadmin_things", "measured_1", "measured_2", "measured_2a")
}

// Every type is read as its own client shows it, and is of the kind that people take it for.
func TestPostgresTypes(t *testing.T) {
	s := zooOfPostgres(t)
	table, _ := s.Schema().Table("every_type")
	typesAreShown(t, s, postgresValues, map[string][]string{ // where it is not what was written
		"f4": {"0.1", "-3.4e+38", "NaN", "Infinity", "-Infinity", "1e-40", "-0"}, "f8": {"0.1", "1.7976931348623157e+308", "NaN", "Infinity", "5e-324", "1.2345678901234568e+17"},
		"n":     {"0", "123456789012345678901234567890.123456789012345678901234567890", "NaN", "0.00", "0." + strings.Repeat("0", 999) + "1"},
		"money": {"$1,234.50", "-$1.00"}, "iv": {"1 year 2 mons -3 days +04:05:06.789", "00:00:00", "-1 days"}, "by": {"", ""},
		"tstz": {"2024-03-10 07:30:00+00", "2024-02-29 10:20:30.000001+00", "-infinity", "0044-03-15 10:00:00+00 BC", "9999-12-31 23:59:59.999999+00"},
		"ts3":  {"2024-02-29 04:50:30.12+00"}, "jb": {`{"a": 12345678901234567890.10, "b": 1}`, "[1, 2]"},
	}, "em")
	if c, _ := table.Column("t"); c.Help != "What it's for?" {
		t.Errorf("help %q", c.Help)
	}
	if c, _ := table.Column("em"); c.Nullable {
		t.Error("a domain that is NOT NULL is nullable")
	}
	if c, _ := table.Column("n2"); c.Precision != 12 || c.Scale != 2 {
		t.Errorf("numeric(%d,%d)", c.Precision, c.Scale)
	}
	if c, _ := table.Column("v"); c.MaxLength != 20 || c.Type != "character varying(20)" {
		t.Errorf("%s of %d", c.Type, c.MaxLength)
	}
}

// Every value equals its own text, and is neither less nor greater.
func TestPostgresValuesEqualTheirTexts(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := zooOfPostgres(t)
	everyValueMeetsItsText(t, s)
}

func TestPostgresValuesEqualTheirTextsLong(t *testing.T) {
	testserver.LongForm(t)
	s := zooOfPostgres(t)
	everyValueMeetsItsText(t, s)
}
