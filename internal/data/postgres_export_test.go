// This file tests exports and downloads of PostgreSQL.

package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestPostgresExport(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, t text, n numeric, b boolean, j json, bl bytea, dec numeric(8,2), f double precision, at timestamptz, password text, "=evil" text)`,
		`INSERT INTO x VALUES (1, '=1+1', -5, true, '{"b": [1,  2.50], "a": 1}', '\x00ff', 192.9, 0.1, '2024-03-10 02:30:00.123456-05', 'S3CRET', '@x'),
			(2, E'+a"b,c\nd', 'NaN', false, 'null', '', -1, 'Infinity', 'infinity', NULL, ''),
			(3, NULL, 123456789012345678901234567890.10, NULL, NULL, NULL, NULL, 1e20, NULL, NULL, NULL)`)
	for format, want := range map[string]string{
		"csv": `id,t,n,b,j,bl,dec,f,at,'=evil
1,'=1+1,-5,true,"{""b"": [1,  2.50], ""a"": 1}",AP8=,192.90,0.1,2024-03-10 07:30:00.123456+00,'@x
2,"'+a""b,c
d",NaN,false,null,,-1.00,Infinity,infinity,
3,,123456789012345678901234567890.10,,,,,1e+20,,
`,
		"lines": `{"id":1,"t":"=1+1","n":-5,"b":true,"j":{"b":[1,2.50],"a":1},"bl":"AP8=","dec":192.90,"f":0.1,"at":"2024-03-10 07:30:00.123456+00","=evil":"@x"}
{"id":2,"t":"+a\"b,c\nd","n":"NaN","b":false,"j":null,"bl":"","dec":-1.00,"f":"Infinity","at":"infinity","=evil":""}
{"id":3,"t":null,"n":123456789012345678901234567890.10,"b":null,"j":null,"bl":null,"dec":null,"f":1e+20,"at":null,"=evil":null}
`,
	} {
		var out bytes.Buffer
		writer := CSV
		if format == "lines" {
			writer = JSONLines
		}
		if err := s.Export(t.Context(), Query{Table: "x", Sort: []SortKey{{"id", false}}, Filters: []Filter{{"id", OpLt, []string{"9"}}}}, writer(&out)); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s\n%s\nwant\n%s", format, out.String(), want)
		}
	}
}

// Whatever is in the zoo, an export has every row, or the table says its problem.
func TestPostgresZooIsExported(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := zooOfPostgres(t)
	for _, table := range s.Schema().Tables {
		n, countErr := countMatching(t.Context(), s, Query{Table: table.Name})
		var out bytes.Buffer
		err := s.Export(t.Context(), Query{Table: table.Name}, JSONLines(&out))
		var broken *TableError
		if errors.As(err, &broken) || table.Name == "no_columns" || len(table.Columns) == 0 {
			continue
		}
		if countErr != nil || err != nil || int64(strings.Count(out.String(), "\n")) != n {
			t.Errorf("%s: %d rows of %d, %v, %v", table.Name, strings.Count(out.String(), "\n"), n, err, countErr)
		}
	}
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
		var b bytes.Buffer
		value := Value{Kind: KindBlob, Storage: StoredBlob, raw: []byte(strings.Repeat("y", 3000000) + fmt.Sprint(id))}
		j := &jsonWriter{}
		j.cell(value)
		b.Write(j.line.Bytes())
		lines = append(lines, fmt.Sprintf(`{"id":%d,"t":"%s%d","b":%s,"j":"%s","short":"short"}`, id, strings.Repeat("ä☃", 500000), id, b.String(), strings.Repeat("z", 300000)))
	}
	var out bytes.Buffer
	if err := s.Export(t.Context(), Query{Table: "long", Sort: []SortKey{{"id", false}}}, JSONLines(&out)); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != strings.Join(lines, "\n")+"\n" {
		t.Errorf("%d bytes, want %d", len(got), len(strings.Join(lines, "\n"))+1)
	}
	table, _ := s.Schema().Table("long")
	for column, want := range map[string]string{"t": strings.Repeat("ä☃", 500000) + "13", "b": strings.Repeat("y", 3000000) + "13", "j": `"` + strings.Repeat("z", 300000) + `"`, "id": "13", "short": "short"} {
		var to bytes.Buffer
		storage, err := s.Download(t.Context(), "long", newKey(table, []any{int64(13)}), column, &to)
		if err != nil || to.String() != want {
			t.Errorf("%s (%s): %d bytes, want %d, %v", column, storage, to.Len(), len(want), err)
		}
	}
}

func TestPostgresExportStreams(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE big (id integer PRIMARY KEY, a text, n double precision)`,
		`INSERT INTO big SELECT v, 'name ' || v, v / 3.0 FROM generate_series(1, 50000) AS v`)
	counted := &stopWriter{RowWriter: CSV(io.Discard)}
	if err := s.Export(t.Context(), Query{Table: "big", Sort: []SortKey{{"id", true}}}, counted); err != nil || counted.rows != 50_000 {
		t.Fatal(counted.rows, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := &stopWriter{RowWriter: CSV(io.Discard), stop: cancel}
	if err := s.Export(ctx, Query{Table: "big"}, stop); !errors.Is(err, context.Canceled) || stop.rows > 25_000 {
		t.Errorf("%v after %d rows, want context.Canceled", err, stop.rows)
	}
	full := errors.New("full")
	if err := s.Export(t.Context(), Query{Table: "big"}, &stopWriter{RowWriter: CSV(io.Discard), err: full}); !errors.Is(err, full) {
		t.Errorf("%v, want the writer's own error", err)
	}
	empty := &stopWriter{RowWriter: CSV(io.Discard)}
	if err := s.Export(t.Context(), Query{Table: "big", Filters: []Filter{{"id", OpLt, []string{"0"}}}}, empty); err != nil || empty.rows != 0 {
		t.Error(err)
	}
}
