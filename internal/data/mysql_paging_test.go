// This file proves paging on MariaDB, where texts that differ may be equal, and that its indexes
// are used.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

var mariaPaged = []pagedTable{
	{"plain", `CREATE TABLE plain (id integer PRIMARY KEY, a decimal(60,30), b text, c double, d varbinary(20) NOT NULL, e enum('z','a','m'))`, "id"},
	{"indexed", `CREATE TABLE indexed (id integer PRIMARY KEY, a decimal(60,30), b varchar(400), c double, d varbinary(20) NOT NULL, e enum('z','a','m'), INDEX (a, id), INDEX (b DESC, c), INDEX (e))`, "id"},
	{"keyed", `CREATE TABLE keyed (id integer, a decimal(60,30), b text CHARACTER SET latin1, c float, d varbinary(20) NOT NULL, e set('z','a','m'), k timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP, UNIQUE (d, k))`, "d, k"},
	{"textkey", `CREATE TABLE textkey (id integer, a decimal(60,30), b longtext, c double, d blob NOT NULL, e enum('z','a','m'), k varchar(600) PRIMARY KEY)`, "k"},
	{"bigkey", `CREATE TABLE bigkey (id integer, a bit(10), b text COLLATE utf8mb4_bin, c double, d blob NOT NULL, e enum('z','a','m'), k bigint unsigned PRIMARY KEY)`, "k"},
	{"unkeyed", `CREATE TABLE hidden (id integer, a decimal(60,30), b text, c double, d varbinary(20) NOT NULL, e enum('z','a','m')); CREATE VIEW unkeyed AS SELECT * FROM hidden`, ""},
}

// mariaOrder is what orders rows: ENUM and SET as texts, long texts by their beginning.
var mariaOrder = map[string]string{"e": "CONCAT(e)", "b": "LEFT(b, 255)", "d": "LEFT(d, 255)"}

func TestMariaDBPagingVisitsEveryRowOnce(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	var ddl []string
	for _, table := range mariaPaged {
		ddl = append(ddl, strings.Split(table.ddl, "; ")...)
	}
	db := openMariaDB(t, ddl...)
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		table, q := pagedQuery(rt, mariaPaged, []string{"a", "b", "c", "d", "e", "id"}, false, func(table string) { fillMariaDB(t.Context(), rt, db, table) })
		sorted := q
		sorted.Sort = nil
		for _, key := range q.Sort {
			if expression, ok := mariaOrder[key.Column]; ok && (table.name != "indexed" || key.Column != "b") { // a varchar of 400 orders as a whole
				key.Column = expression
			}
			sorted.Sort = append(sorted.Sort, key)
		}
		visitsEveryRow(t, rt, s, q, ordered(rt, db, table.name, table.position, sorted))
	})
}

func TestMariaDBPagingVisitsEveryRowOnceLong(t *testing.T) {
	testserver.LongForm(t)
	TestMariaDBPagingVisitsEveryRowOnce(t)
}

func fillMariaDB(ctx context.Context, t *rapid.T, db *sql.DB, table string) {
	numbers := []string{"NULL", "0", "0.00", "1", "-1.5", "123456789012345678901234567890.5", "1e-30"}
	if table == "bigkey" {
		numbers = []string{"NULL", "b'0'", "b'101'", "b'1111111111'"}
	}
	fillPaged(ctx, t, db, table, func(i int, one func(label string, values ...string) string) string {
		row := fmt.Sprintf("(%d, %s, %s, %s, %s, %s", i,
			one("a", numbers...),
			one("b", "NULL", "", "a", "A", "b", "é", "É", "e", "a ", "1", "a?", strings.Repeat("x", 300), strings.Repeat("x", 300)+"y"),
			one("c", "NULL", "0.1", "-0", "0", "-1e30", "16777217"),
			one("d", "X''", "X'61'", "X'62'", "X'00'", "X'6100'", "X'ff'"),
			one("e", "NULL", "z", "a", "m"))
		switch table {
		case "keyed":
			row += fmt.Sprintf(", '2024-01-01 00:00:00.%06d'", i)
		case "textkey":
			row += fmt.Sprintf(", '%s'", []string{fmt.Sprint("k", i), strings.Repeat("long", 140) + fmt.Sprint(i)}[i%2])
		case "bigkey":
			row += fmt.Sprintf(", %d", uint64(1<<63-10+i*2))
		}
		return row + ")"
	})
}

// A page is found along an index of its order, forwards and backwards, whether the place is at a
// value or at NULL.
func TestMariaDBOrderUsesAnIndex(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := mariaSource(t, Config{},
		`CREATE TABLE big (id integer PRIMARY KEY, price decimal(20,2), name varchar(50) NOT NULL, code varchar(20) NOT NULL UNIQUE, INDEX (price, id), INDEX (name, id))`,
		`INSERT INTO big SELECT seq, CASE WHEN seq % 10 > 0 THEN seq % 1000 END, concat('name ', seq % 50), concat('code', seq) FROM seq_1_to_20000`,
		`CREATE TABLE pairs (a varchar(50), b integer, c decimal(20,2), PRIMARY KEY (a, b))`, `INSERT INTO pairs SELECT name, id, price FROM big`, `ANALYZE TABLE big, pairs`)
	if table, _ := s.Schema().Table("big"); table.Estimate < 8_000 || table.Estimate > 50_000 { // InnoDB looks at 20 pages
		t.Errorf("estimate %d", table.Estimate)
	}
	pagesAreFoundAlongIndexes(t, s, func(_ string, count Count) bool { return count.Estimate >= 8_000 }, seeks(s))
}
