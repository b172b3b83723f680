// This file tests exports and downloads of MariaDB.

package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestMariaDBExport(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := mariaSource(t, Config{}, `SET time_zone = '+00:00'`,
		"CREATE TABLE x (id integer PRIMARY KEY, t text, n decimal(40,10), b boolean, j json, bl blob, `dec` decimal(8,2), f double, at timestamp(6) NULL, u bigint unsigned, password text, `=evil` text)",
		`INSERT INTO x VALUES (1, '=1+1', -5, true, '{"b": [1,  2.50], "a": 1}', X'00ff', 192.9, 0.1, '2024-03-10 07:30:00.123456', 18446744073709551615, 'S3CRET', '@x'),
			(2, '+a"b,c\nd', 0, false, 'null', '', -1, 1e300, '0000-00-00', 7, NULL, ''),
			(3, NULL, 123456789012345678901234567890.10, NULL, NULL, NULL, NULL, 1e20, NULL, NULL, NULL, NULL)`)
	exportsAre(t, s, `id,t,n,b,j,bl,dec,f,at,u,'=evil
1,'=1+1,-5.0000000000,1,"{""b"": [1,  2.50], ""a"": 1}",AP8=,192.90,0.1,2024-03-10 07:30:00.123456,18446744073709551615,'@x
2,"'+a""b,c
d",0.0000000000,0,null,,-1.00,1e300,0000-00-00 00:00:00.000000,7,
3,,123456789012345678901234567890.1000000000,,,,,1e20,,,
`,
		`{"id":1,"t":"=1+1","n":-5.0000000000,"b":true,"j":{"b":[1,2.50],"a":1},"bl":"AP8=","dec":192.90,"f":0.1,"at":"2024-03-10 07:30:00.123456","u":18446744073709551615,"=evil":"@x"}
{"id":2,"t":"+a\"b,c\nd","n":0.0000000000,"b":false,"j":null,"bl":"","dec":-1.00,"f":1e300,"at":"0000-00-00 00:00:00.000000","u":7,"=evil":""}
{"id":3,"t":null,"n":123456789012345678901234567890.1000000000,"b":null,"j":null,"bl":null,"dec":null,"f":1e20,"at":null,"u":null,"=evil":null}
`)
}

// Whatever is in the zoo, an export has every row, or the table says its problem.
func TestMariaDBZooIsExported(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, _ := zooOfMariaDB(t, plainConfig)
	everyTableIsExported(t, s, func(*Table, error) bool { return false })
}

// Long cells are exported and downloaded whole, in pieces, among many rows that have none.
func TestMariaDBLongCells(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	const rows = 1500
	long := func(id int) bool { return id%13 == 0 && id < 40 || id == 900 }
	s := mariaSource(t, Config{}, `CREATE TABLE lengthy (id integer PRIMARY KEY, t longtext, b longblob, l longtext CHARACTER SET latin1, short text)`,
		fmt.Sprintf(`INSERT INTO lengthy SELECT seq, 'a', 'b', 'é', 'c' FROM seq_1_to_%d`, rows),
		`UPDATE lengthy SET t = concat(repeat('ä☃', 500000), id), b = concat(repeat('y', 3000000), id), l = repeat('é', 300000), short = 'short' WHERE id % 13 = 0 AND id < 40 OR id = 900`)
	var lines []string
	for id := 1; id <= rows; id++ {
		if !long(id) {
			lines = append(lines, fmt.Sprintf(`{"id":%d,"t":"a","b":"Yg==","l":"é","short":"c"}`, id))
			continue
		}
		text, encoded := longCell(id)
		lines = append(lines, fmt.Sprintf(`{"id":%d,"t":"%s","b":%s,"l":"%s","short":"short"}`, id, text, encoded, strings.Repeat("é", 300000)))
	}
	longCellsAreWhole(t, s, "lengthy", lines, map[string]string{"t": strings.Repeat("ä☃", 500000) + "13", "b": strings.Repeat("y", 3000000) + "13", "l": strings.Repeat("é", 300000), "id": "13", "short": "short"})
}

func TestMariaDBExportStreams(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE big (id integer PRIMARY KEY, a text, n double)`,
		`INSERT INTO big SELECT seq, concat('name ', seq), seq / 3.0 FROM seq_1_to_50000`)
	anExportStreams(t, s, 50_000)
}
