// A panel over PostgreSQL: what it shows, and what is entered in it.

package crudadmin

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestPostgresIsShown(t *testing.T) {
	b := postgresBench(t,
		`CREATE SCHEMA sales`,
		`CREATE TYPE state AS ENUM ('new', 'paid')`,
		`CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, password_hash text, born date, tags text[])`,
		`CREATE TABLE sales.orders (id uuid PRIMARY KEY, customer_id bigint REFERENCES customers, state state, total numeric(14,2), at timestamptz)`,
		`INSERT INTO customers (name, password_hash, born, tags) VALUES ('Ann', 'topsecrethash', '1990-01-02', '{a,b}'), ('<script>alert(1)</script>', NULL, NULL, NULL)`,
		`INSERT INTO sales.orders VALUES ('123e4567-e89b-12d3-a456-426614174000', 1, 'paid', 12345678901.10, '2024-03-10 02:30:00.123456-05')`)
	page := b.browser(t).signIn(adminName)
	order := "/m/sales.orders/123e4567-e89b-12d3-a456-426614174000"
	for path, wants := range map[string][]string{
		"/":                                {"customers", "sales.orders"},
		"/m/customers/":                    {"2 rows", "Ann", "&lt;script&gt;", "{a,b}"},
		"/m/customers/?q=ANN&sort=-name":   {"1 row"},
		"/m/customers/1":                   {"Ann", "1990-01-02", "sales.orders"},
		"/m/sales.orders/":                 {"1 row", ">Ann<", "12345678901.10"},
		"/m/sales.orders/?f.state.eq=paid": {"1 row"},
		"/m/sales.orders/?f.state.eq=new":  {"No rows match"},
		"/m/sales.orders/?f.total.gt=12345678901.09&f.total.lt=12345678901.11": {"1 row"},
		order:                         {"12345678901.10", "paid"},
		"/m/sales.orders/export.csv":  {"123e4567-e89b-12d3-a456-426614174000,1,paid,12345678901.10,2024-03-10 07:30:00.123456+00"},
		"/m/sales.orders/export.json": {`"total":12345678901.10`},
		"/m/customers/export.csv":     {"Ann,1990-01-02"},
		"/health":                     {},
	} {
		w := page.get(path)
		if w.Code != http.StatusOK && path != "/health" {
			t.Errorf("%s: %d", path, w.Code)
		}
		body := programtest.WithoutTokens(w.Body.String())
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is not on the page", path, want)
			}
		}
		if strings.Contains(body, "topsecrethash") {
			t.Errorf("%s: a secret is on the page", path)
		}
		if strings.Contains(body, "<script>alert") && path != "/m/customers/export.csv" { // which no browser runs
			t.Errorf("%s: a script is on the page", path)
		}
	}
}

// postgresBench is a panel over a PostgreSQL database of the statements.
func postgresBench(t *testing.T, statements ...string) *bench {
	t.Helper()
	db, err := sql.Open("pgx", testserver.SharedPostgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	return benchOver(t, db, statements...)
}

// A form that is opened and sent as it is writes nothing, and a new record that nobody touched is
// the database's own, whatever the types, the values and the defaults.
func TestUntouchedFormsOnPostgres(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	values := map[string][]string{
		"smallint": {"-1"}, "integer": {"0"}, "bigint": {"9007199254740993"}, "numeric": {"1.10", "NaN"}, "numeric(10,2)": {"1.5"}, "real": {"0.1", "Infinity"}, "double precision": {"1e300"},
		"boolean": {"true", "false"}, "text": {"", " a ", "a\r\nb\nc"}, "varchar(600)": {"x"}, "char(4)": {"ab"}, "date": {"2026-02-28", "infinity", "0044-03-15 BC"}, "time": {"23:59:59.123456", "24:00:00", "12:00"},
		"timetz": {"12:30:00+02"}, "timestamp": {"2026-01-02 03:04:05.678901", "2026-01-02 03:04", "-infinity"}, "timestamptz": {"2026-03-10 02:30:00.123456-05", "10000-01-01 00:00:00+00"}, "interval": {"1 mon 2 days"},
		"uuid": {"00112233-4455-6677-8899-aabbccddeeff"}, "json": {`{"b": 1.10,  "a": 12345678901234567890}`}, "jsonb": {`{"b": 1.10}`}, "bytea": {`\x00ff`}, "inet": {"10.0.0.1"}, "money": {"$1.50"}, "bit(3)": {"101"},
		"xml": {"<a/>"}, "text[]": {"{a,b}"}, "int4range": {"[1,5)"}, "mood": {"so so"}, "point": {"(1,2)"}, "tsvector": {"'a'"},
	}
	statements := []string{`CREATE TYPE mood AS ENUM ('bad', 'so so')`, `CREATE TABLE fired (what text)`,
		`CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (TG_TABLE_NAME); RETURN NULL; END $$`}
	var tables []string
	for _, typ := range slices.Sorted(maps.Keys(values)) {
		for i, value := range values[typ] {
			name := fmt.Sprintf("t%d_%d", len(tables), i)
			tables = append(tables, name)
			literal := "'" + strings.ReplaceAll(value, "'", "''") + "'"
			statements = append(statements, fmt.Sprintf("CREATE TABLE %s (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v %s, d %[2]s DEFAULT %[3]s, r %[2]s NOT NULL DEFAULT %[3]s)", name, typ, literal),
				fmt.Sprintf("INSERT INTO %s (v) VALUES (%s), (NULL)", name, literal), fmt.Sprintf("CREATE TRIGGER fires AFTER UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION fire()", name))
		}
	}
	b := postgresBench(t, statements...)
	untouchedFormsStay(t, b, tables, func(name string, id int) string {
		return b.scalar(t, fmt.Sprintf("SELECT format('%%s|%%s|%%s %%s', v, d, r, (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '%s'::regclass AND attname = 'v')) FROM %[1]s WHERE id = %d", name, id))
	})
	if got := b.scalar(t, "SELECT coalesce(string_agg(DISTINCT what, ' '), '') FROM fired"); got != "" {
		t.Errorf("updates were run: %s", got)
	}
}

// What is done in the panel is done in the database: records, links, many at once, and what two
// people do.
func TestPostgresIsEdited(t *testing.T) {
	b := postgresBench(t,
		`CREATE TABLE items (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text NOT NULL, n integer, at timestamptz DEFAULT '2026-01-02 03:04:05+00')`,
		`CREATE TABLE tags (code text PRIMARY KEY)`, `CREATE TABLE item_tags (item integer REFERENCES items ON DELETE CASCADE, tag text REFERENCES tags, PRIMARY KEY (item, tag))`,
		`INSERT INTO tags VALUES ('a'), ('b')`, `INSERT INTO items (name, n) SELECT 'item ' || i, i FROM generate_series(1, 20) AS i`, `INSERT INTO item_tags VALUES (1, 'a')`)
	itemsAreEdited(t, b, "2026-01-02 03:04:05+00")
}

// Hooks have the row as a struct, the transaction and its placeholders; what they set is stored.
func TestHooksOnPostgres(t *testing.T) {
	b := postgresBench(t, `CREATE TABLE sales (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, price real NOT NULL DEFAULT 0.1, exact numeric(12,3) NOT NULL DEFAULT 1.5, paid boolean NOT NULL DEFAULT true,
		at timestamptz NOT NULL DEFAULT '2026-01-02 03:04:05.678901+00', maybe timestamp, day date NOT NULL DEFAULT '2026-02-03', note text, raw bytea NOT NULL DEFAULT '\x00ff', uid uuid NOT NULL DEFAULT '00112233-4455-6677-8899-aabbccddeeff', extra jsonb NOT NULL DEFAULT '{"a": 1}')`,
		`CREATE TABLE log (what text)`)
	hooksAreRun(t, b, "$1", "CAST(sales AS text)",
		`(1,two,2.5,3.125,f,"2026-03-04 04:06:07.123456+00","2026-03-04 04:06:07.123456",2026-03-04,"by the hook","\\x0102",ff112233-4455-6677-8899-aabbccddeeff,"{""b"": [1.10]}")`)
}

// Of two people who save one record, each at a panel of their own, one is told to look again,
// whatever isolation the database has by default.
func TestTwoSavesAtTwoNodesOnPostgres(t *testing.T) {
	server := testserver.SharedPostgres(t)
	connect := func() (*sql.DB, error) { return sql.Open("pgx", server.URL()) }
	twoSavesAtTwoNodes(t, connect, "ALTER DATABASE "+server.Database+" SET default_transaction_isolation = '%s'", "SHOW transaction_isolation", "read committed", "repeatable read", "serializable")
}
