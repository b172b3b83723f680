// This file tests exports and downloads of PostgreSQL.

package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestPostgresExport(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := postgresSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, t text, n numeric, b boolean, j json, bl bytea, dec numeric(8,2), f double precision, at timestamptz, password text, "=evil" text)`,
		`INSERT INTO x VALUES (1, '=1+1', -5, true, '{"b": [1,  2.50], "a": 1}', '\x00ff', 192.9, 0.1, '2024-03-10 02:30:00.123456-05', 'S3CRET', '@x'),
			(2, E'+a"b,c\nd', 'NaN', false, 'null', '', -1, 'Infinity', 'infinity', NULL, ''),
			(3, NULL, 123456789012345678901234567890.10, NULL, NULL, NULL, NULL, 1e20, NULL, NULL, NULL)`)
	exportsAre(t, s, `id,t,n,b,j,bl,dec,f,at,'=evil
1,'=1+1,-5,true,"{""b"": [1,  2.50], ""a"": 1}",AP8=,192.90,0.1,2024-03-10 07:30:00.123456+00,'@x
2,"'+a""b,c
d",NaN,false,null,,-1.00,Infinity,infinity,
3,,123456789012345678901234567890.10,,,,,1e+20,,
`,
		`{"id":1,"t":"=1+1","n":-5,"b":true,"j":{"b":[1,2.50],"a":1},"bl":"AP8=","dec":192.90,"f":0.1,"at":"2024-03-10 07:30:00.123456+00","=evil":"@x"}
{"id":2,"t":"+a\"b,c\nd","n":"NaN","b":false,"j":null,"bl":"","dec":-1.00,"f":"Infinity","at":"infinity","=evil":""}
{"id":3,"t":null,"n":123456789012345678901234567890.10,"b":null,"j":null,"bl":null,"dec":null,"f":1e+20,"at":null,"=evil":null}
`)
}

// Whatever is in the zoo, an export has every row, or the table says its problem.
func TestPostgresZooIsExported(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := zooOfPostgres(t)
	everyTableIsExported(t, s, func(table *Table, _ error) bool { return table.Name == "no_columns" || len(table.Columns) == 0 })
}

// Long cells are exported and downloaded whole, in pieces.
func TestPostgresLongCells(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := postgresSource(t, Config{}, `CREATE TABLE long (id integer PRIMARY KEY, t text, b bytea, j jsonb, short text)`,
		`INSERT INTO long SELECT v, repeat('ä☃', 500000) || v, convert_to(repeat('y', 3000000) || v, 'UTF8'), to_jsonb(repeat('z', 300000)), 'short' FROM generate_series(1, 40) AS v WHERE v % 13 = 0`,
		`INSERT INTO long SELECT v, 'a', 'b', '1', 'c' FROM generate_series(1, 40) AS v WHERE v % 13 > 0`)
	var lines []string
	for id := 1; id <= 40; id++ {
		if id%13 > 0 {
			lines = append(lines, fmt.Sprintf(`{"id":%d,"t":"a","b":"Yg==","j":1,"short":"c"}`, id))
			continue
		}
		text, encoded := longCell(id)
		lines = append(lines, fmt.Sprintf(`{"id":%d,"t":"%s","b":%s,"j":"%s","short":"short"}`, id, text, encoded, strings.Repeat("z", 300000)))
	}
	longCellsAreWhole(t, s, "long", lines, map[string]string{"t": strings.Repeat("ä☃", 500000) + "13", "b": strings.Repeat("y", 3000000) + "13", "j": `"` + strings.Repeat("z", 300000) + `"`, "id": "13", "short": "short"})
}

func TestPostgresExportStreams(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE big (id integer PRIMARY KEY, a text, n double precision)`,
		`INSERT INTO big SELECT v, 'name ' || v, v / 3.0 FROM generate_series(1, 50000) AS v`)
	anExportStreams(t, s, 50_000)
}
