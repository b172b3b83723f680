// This file tests what filters and search match in MariaDB.

package data

import (
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestMariaDBFilters(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := mariaSource(t, Config{}, "CREATE TABLE x (id integer PRIMARY KEY, n bigint unsigned, `dec` decimal(20,2), r float, b boolean, d date, at timestamp(6) NULL, bare datetime, ti time, s varchar(20), cs varchar(20) COLLATE utf8mb4_bin, l varchar(20) CHARACTER SET latin1, e enum('small','medium','large'), u uuid, bl blob, y year, bi bit(4))",
		`SET time_zone = '+00:00'`,
		`INSERT INTO x VALUES
			(1, 18446744073709551615, 12345678901234567.89, 0.1, 1, '2024-01-31', '2024-01-31 10:00:00.5', '2024-01-31 10:00:00', '10:00', 'abc', 'abc', 'é', 'small', '123e4567-e89b-12d3-a456-426614174000', X'00ff', 2024, b'101'),
			(2, 9007199254740993, 12345678901234567.88, 5, 0, '0000-00-00', '2024-01-31 23:59:59.999999', '0000-00-00', '-24:00:01', 'ABC', 'ABC', '?', 'large', NULL, X'', '0000', b'0'),
			(3, NULL, NULL, NULL, NULL, '9999-12-31', NULL, '9999-12-31 23:59:59', '100:00:00', '', '', '', 'medium', NULL, NULL, NULL, NULL)`)
	filtersFind(t, s, "x", []filterResult{
		{"f.n.eq=18446744073709551615", "1"}, {"f.n.lt=18446744073709551615", "2"}, {"f.n.ne=9007199254740993", "1 3"}, {"f.n.gt=9007199254740992", "1 2"}, {"f.n.gt=-1", "1 2"},
		{"f.dec.gt=12345678901234567.88", "1"}, {"f.dec.eq=12345678901234567.890", "1"}, {"f.dec.lt=1e400", "1 2"}, {"f.dec.eq=1.234567890123456789e16", "1"},
		{"f.r.eq=0.1", "1"}, {"f.r.gt=1e30", ""}, {"f.b.eq=true", "1"}, {"f.b.ne=true", "2 3"}, {"f.b.in=true,false", "1 2"},
		{"f.d.eq=2024-01-31", "1"}, {"f.d.gt=2024-01-31", "3"}, {"f.d.lt=2024-01-31", "2"}, {"f.d.eq=0000-00-00", "2"}, {"f.d.eq=9999-12-31", "3"},
		{"f.at.eq=2024-01-31", "1 2"}, {"f.at.eq=2024-01-31T10:00", "1"}, {"f.at.eq=2024-01-31T10:00:00.5Z", "1"}, {"f.at.eq=2024-01-31T10:00:00.500001Z", ""},
		{"f.at.eq=2024-01-31T15:30:00%2B05:30", "1"}, {"f.at.gt=2024-01-31T23:59:59.999998Z", "2"}, {"f.bare.eq=9999-12-31", "3"}, {"f.bare.lt=2024-01-01", "2"},
		{"f.ti.eq=10:00", "1"}, {"f.ti.lt=00:00", "2"}, {"f.ti.gt=99:59:59", "3"}, {"f.ti.eq=-24:00:01", "2"},
		{"f.s.eq=abc", "1 2"}, {"f.s.eq=", "3"}, {"f.cs.eq=abc", "1"}, {"f.cs.contains=B", "1 2"}, {"f.s.startswith=a", "1 2"}, {"f.cs.startswith=a", "1 2"},
		{"f.l.eq=%E9%9B%AA", ""}, {"f.l.ne=%E9%9B%AA", "1 2 3"}, {"f.l.eq=%C3%A9", "1"}, {"f.l.contains=%E9%9B%AA", ""},
		{"f.e.eq=large", "2"}, {"f.e.gt=medium", "1"}, {"f.u.eq=123E4567E89B12D3A456426614174000", "1"}, {"f.bl.eq=00ff", "1"}, {"f.bl.eq=", "2"}, {"f.bl.ne=00ff", "2 3"},
		{"f.y.eq=2024", "1"}, {"f.y.lt=1901", "2"}, {"f.bi.eq=101", "1"}, {"f.bi.lt=1", "2"}, {"q=AB", "1 2"}, {"q=%E9%9B%AA", ""},
	})
	filtersAreRefused(t, s, "f.n.eq=1.5", "f.n.eq=18446744073709551616", "f.dec.eq=abc", "f.dec.eq=1%20OR%201", "f.r.eq=1e300", "f.d.eq=2024-13-30", "f.at.eq=10:00", "f.ti.eq=2024-01-31", "f.ti.eq=839:00:00",
		"f.e.eq=huge", "f.u.eq=12", "f.bl.eq=xy", "f.b.eq=perhaps", "f.y.eq=24", "f.bi.eq=2")
}

func TestMariaDBContains(t *testing.T) {
	texts := []string{"100% sure", "100 sure", "a_b", "aXb", "[x]", "*?", "École", "МОСКВА", "Straße", "back\\slash", "tail%", "pipe|d"}
	statements := []string{`CREATE TABLE t (v text)`}
	for _, text := range texts {
		statements = append(statements, "INSERT INTO t VALUES ("+mariaLiteral("text", text)+")")
	}
	containsAgrees(t, mariaSource(t, Config{}, statements...), texts)
}

// Random names and values are refused as FieldErrors, or answered; never an error of the database.
func TestMariaDBRandomParameters(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, _ := zooOfMariaDB(t, plainConfig)
	randomParameters(t, s, 800)
}
