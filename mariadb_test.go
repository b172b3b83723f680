// A panel over MariaDB: what is entered in it.

package crudadmin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// mariaBench is a panel over a MariaDB database of the statements.
func mariaBench(t *testing.T, statements ...string) *bench {
	t.Helper()
	db, err := sql.Open("mysql", testserver.SharedMariaDB(t).DSN()+"?sql_mode=%27ALLOW_INVALID_DATES%27")
	if err != nil {
		t.Fatal(err)
	}
	return benchOver(t, db, statements...)
}

// A form that is opened and sent as it is writes nothing, and a new record that nobody touched is
// the database's own, whatever the types, the values and the defaults.
func TestUntouchedFormsOnMariaDB(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	values := map[string][]string{
		"tinyint": {"-1"}, "integer": {"0"}, "bigint unsigned": {"18446744073709551615", "9"}, "decimal(30,10)": {"1.10"}, "decimal(10,2) unsigned zerofill": {"1.5"}, "float": {"0.1", "3.4e38", "123456.7"}, "double": {"1e300", "-0.5"}, "double(8,3)": {"1.5"},
		"boolean": {"1", "0", "5", "-1"}, "varchar(600)": {"", " a ", "a\r\nb\nc", "x\rtail\r"}, "varchar(20) CHARACTER SET latin1": {"é€"}, "char(4)": {"ab"}, "date": {"2026-02-28", "0000-00-00", "2024-02-31", "2024-00-15"},
		"time": {"23:59:59", "-838:59:59", "24:00:00", "00:00:00"}, "time(6)": {"101:02:03.000001"}, "datetime": {"2026-01-02 03:04:05", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "2024-02-31 10:00:00"}, "datetime(6)": {"2026-01-02 03:04:05.678901", "2026-01-02 00:00:00"},
		"timestamp": {"2026-03-10 02:30:00", "0000-00-00 00:00:00"}, "timestamp(3)": {"2026-03-10 02:30:00.120"}, "year": {"2024", "0000"}, "bit(1)": {"1"}, "bit(10)": {"101"}, "enum('a','so, so','')": {"so, so", ""}, "set('a','b c')": {"a,b c", ""},
		"json": {`{"b": 1.10,  "a": 12345678901234567890}`, "null"}, "uuid": {"00112233-4455-6677-8899-aabbccddeeff"}, "inet6": {"::1"}, "varbinary(9)": {"a"}, "binary(3)": {"a"},
	}
	statements := []string{`CREATE TABLE fired (what varchar(20))`}
	var tables []string
	for _, typ := range slices.Sorted(maps.Keys(values)) {
		for i, value := range values[typ] {
			name := fmt.Sprintf("t%d_%d", len(tables), i)
			tables = append(tables, name)
			literal := "'" + strings.ReplaceAll(value, "'", "''") + "'"
			if strings.HasPrefix(typ, "bit") {
				literal = "b" + literal
			}
			statements = append(statements, fmt.Sprintf("CREATE TABLE %s (id integer AUTO_INCREMENT PRIMARY KEY, v %s NULL, d %[2]s NULL DEFAULT %[3]s, r %[2]s NOT NULL DEFAULT %[3]s, moved timestamp NOT NULL DEFAULT '2000-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP)", name, typ, literal),
				fmt.Sprintf("INSERT INTO %s (v) VALUES (%s), (NULL)", name, literal), fmt.Sprintf("CREATE TRIGGER fires_%s BEFORE UPDATE ON %[1]s FOR EACH ROW INSERT INTO fired VALUES ('%[1]s')", name))
		}
	}
	b := mariaBench(t, statements...)
	untouchedFormsStay(t, b, tables, func(name string, id int) string {
		return b.scalar(t, fmt.Sprintf("SELECT concat_ws('|', coalesce(hex(v), 'NULL'), hex(d), hex(r), moved, d, (SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '%s' AND COLUMN_NAME = 'v')) FROM %[1]s WHERE id = %d", name, id))
	})
	if got := b.scalar(t, "SELECT coalesce(group_concat(DISTINCT what SEPARATOR ' '), '') FROM fired"); got != "" {
		t.Errorf("updates were run: %s", got)
	}
}

// What is done in the panel is done in the database: records, links, many at once, and what two
// people do.
func TestMariaDBIsEdited(t *testing.T) {
	b := mariaBench(t,
		`CREATE TABLE items (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL, n integer, at datetime DEFAULT '2026-01-02 03:04:05')`,
		`CREATE TABLE tags (code varchar(9) PRIMARY KEY)`, `CREATE TABLE item_tags (item integer, tag varchar(9), PRIMARY KEY (item, tag), FOREIGN KEY (item) REFERENCES items (id) ON DELETE CASCADE, FOREIGN KEY (tag) REFERENCES tags (code))`,
		`INSERT INTO tags VALUES ('a'), ('b')`, `INSERT INTO items (name, n) SELECT concat('item ', seq), seq FROM seq_1_to_20`, `INSERT INTO item_tags VALUES (1, 'a')`)
	itemsAreEdited(t, b, "2026-01-02 03:04:05")
}

// Of two people who save one record, each at a panel of their own, one is told to look again,
// whatever isolation the server has by default.
func TestTwoSavesAtTwoNodesOnMariaDB(t *testing.T) {
	server := testserver.SharedMariaDB(t)
	connect := func() (*sql.DB, error) { return sql.Open("mysql", server.DSN()) }
	t.Cleanup(func() {
		db, err := connect()
		if err == nil {
			_, err = db.ExecContext(context.WithoutCancel(t.Context()), "SET GLOBAL tx_isolation = 'REPEATABLE-READ'")
			err = errors.Join(err, db.Close())
		}
		if err != nil {
			t.Error(err)
		}
	})
	twoSavesAtTwoNodes(t, connect, "SET GLOBAL tx_isolation = '%s'", "SELECT @@tx_isolation", "READ-COMMITTED", "SERIALIZABLE", "REPEATABLE-READ")
}

// Hooks have the row as a struct and the transaction; what they set is stored.
func TestHooksOnMariaDB(t *testing.T) {
	b := mariaBench(t, `CREATE TABLE sales (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL, price float NOT NULL DEFAULT 0.1, exact decimal(12,3) NOT NULL DEFAULT 1.5, paid boolean NOT NULL DEFAULT true,
		at timestamp(6) NOT NULL DEFAULT '2026-01-02 03:04:05.678901', maybe datetime(3), day date NOT NULL DEFAULT '2026-02-03', note text, raw varbinary(9) NOT NULL DEFAULT X'00ff', uid uuid NOT NULL DEFAULT '00112233-4455-6677-8899-aabbccddeeff', extra json NOT NULL DEFAULT '{"a": 1}')`,
		`CREATE TABLE log (what varchar(20))`)
	hooksAreRun(t, b, "?", "concat_ws('|', id, name, price, exact, paid, at, maybe, day, note, hex(raw), uid, extra)",
		`1|two|2.5|3.125|0|2026-03-04 04:06:07.123456|2026-03-04 04:06:07.123|2026-03-04|by the hook|0102|ff112233-4455-6677-8899-aabbccddeeff|{"b": [1.10]}`)
}
