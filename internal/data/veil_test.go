// This file tries to have views and virtual tables show a masked column, with its values as the
// judge.

package data

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

const canaryTable = `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, secret_note TEXT); INSERT INTO people VALUES (1, 'ann', 'CANARY one'), (2, 'bob', 'CANARY two');
	CREATE TABLE one (secret_note TEXT); INSERT INTO one VALUES ('CANARY one'); CREATE TABLE plain (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO plain VALUES (1, 'x');
	CREATE VIRTUAL TABLE f5 USING fts5(name, secret_note); INSERT INTO f5 VALUES ('ann', 'CANARY words');
	CREATE VIRTUAL TABLE voc USING fts5vocab(f5, 'col'); CREATE VIRTUAL TABLE voc2 USING fts5vocab('f5', 'row'); CREATE VIRTUAL TABLE voc3 USING fts5vocab("f5", instance);
	CREATE TABLE pins (id INTEGER PRIMARY KEY, pin INTEGER); INSERT INTO pins VALUES (1, 7);`

// tells says what of a table can be read that is secret.
func tells(t *testing.T, s *Source, table string) string {
	t.Helper()
	page, err := s.List(t.Context(), Query{Table: table})
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	if text := fmt.Sprintf("%+v", page.Rows); strings.Contains(strings.ToUpper(text), "CANARY") {
		return text
	}
	return ""
}

// Each shows the secret if its text is read as what it seems to be.
var misleading = []string{
	"SELECT v FROM (SELECT id AS i, name AS v FROM people UNION ALL SELECT id, secret_note FROM people)",
	"WITH t AS (SELECT 1 AS n, name AS s FROM people UNION ALL SELECT id, secret_note FROM people) SELECT n, s FROM t",
	"SELECT p.id, j.value AS vv FROM people p, json_each(json_array(p.secret_note)) j",
	"SELECT p.id, t.atom AS a FROM people p JOIN json_tree(json_object('k', p.secret_note)) t",
	"SELECT j.value AS a FROM json_each((SELECT json_group_array(secret_note) FROM people)) j",
	"SELECT column1 AS a, column2 AS b FROM (VALUES (1, (SELECT secret_note FROM people)))",
	"SELECT column1 AS a FROM (VALUES ((SELECT * FROM one)))",
	"SELECT id, name FROM people UNION ALL VALUES (1, (SELECT secret_note FROM people))",
	"SELECT id, secret_note AS b FROM 'people'",
	"SELECT id, people.'secret_note' AS b FROM people",
	"SELECT *, name IS DISTINCT FROM 'x' AS d, secret_note AS s2 FROM people",
	"SELECT *, name IS NOT DISTINCT FROM 'x' AS d, secret_note AS s2 FROM people",
	"SELECT rowid AS id, snippet(f5, 1, '', '', '', 64) AS s, highlight(f5, 1, '', '') AS h FROM f5",
	"SELECT id, 'x' AS a FROM people UNION ALL SELECT 1, * FROM one",
	"SELECT 1 AS a, 'x' AS b, 'y' AS c UNION ALL SELECT * FROM people",
	`SELECT "secret_note:1" AS q FROM (SELECT a.*, b.* FROM people a, people b)`,
	"SELECT * FROM (SELECT first_value(secret_note) OVER w FROM people WINDOW w AS (ORDER BY id))",
	"SELECT * FROM (SELECT 1 AND secret_note, name || secret_note COLLATE nocase FROM people)",
	"SELECT id, (SELECT group_concat(x) FROM (SELECT name AS x FROM people UNION SELECT secret_note FROM people)) AS y FROM people",
	"SELECT id, (SELECT group_concat(x) FROM (SELECT 'a' AS x UNION SELECT * FROM one)) AS y FROM plain",
	"SELECT id, (SELECT * FROM one) AS y FROM plain",
	"SELECT term AS a FROM voc", "SELECT a.term AS b FROM (SELECT * FROM voc2) a",
	"SELECT c1 AS b FROM f5_content", "SELECT block AS b FROM f5_data",
}

func TestNoViewShowsASecret(t *testing.T) {
	ddl := canaryTable
	for i, text := range misleading {
		ddl += fmt.Sprintf("CREATE VIEW v%[1]d AS %[2]s; CREATE VIEW again%[1]d AS SELECT * FROM v%[1]d;", i, text)
	}
	s := openSource(t, Config{}, ddl)
	for i, text := range misleading {
		for _, name := range []string{"v", "again"} {
			if got := tells(t, s, fmt.Sprint(name, i)); got != "" {
				t.Errorf("%s, as %s: shows %s", text, name, got)
			}
		}
	}
	for _, name := range []string{"voc", "voc2", "voc3", "f5"} {
		if got := tells(t, s, name); got != "" {
			t.Errorf("%s shows %s", name, got)
		}
	}
}

// What is compared with rows that are made, or with a table as a whole, is found by trying all
// there are.
func TestNoViewTriesASecret(t *testing.T) {
	for _, text := range []string{
		"WITH n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20) SELECT p.id, n.i AS found FROM pins p, n WHERE n.i = p.pin",
		"SELECT p.id, j.value AS found FROM pins p, json_each('[5, 6, 7]') j WHERE j.value = p.pin",
		"SELECT p.id, j.value AS found FROM pins p JOIN json_each('[5, 6, 7]') j ON j.value = p.pin",
		"SELECT p.id, c.column1 AS found FROM pins p, (VALUES (5), (6), (7)) c WHERE c.column1 = p.pin",
		"SELECT id, name IN one AS found FROM people", "SELECT id, 'x' IN main.one AS found FROM people",
		"SELECT rank() OVER w AS found FROM pins WINDOW w AS (ORDER BY pin)",
		"SELECT count(*) AS found FROM plain JOIN one USING (secret_note)",
	} {
		s, v := openSource(t, Config{}, canaryTable+"ALTER TABLE plain ADD COLUMN secret_note TEXT; CREATE VIEW v AS "+text), ""
		table, _ := s.Schema().Table("v")
		for _, c := range table.Columns {
			if !c.Masked {
				v += c.Name + " "
			}
		}
		if v != "" {
			t.Errorf("%s: readable are %s", text, v)
		}
	}
}

// viewMaker writes views of a small grammar.
type viewMaker struct{ *rand.Rand }

func (m viewMaker) of(all ...string) string { return all[m.IntN(len(all))] }

// name writes a name in one of the ways there are.
func (m viewMaker) name(name string) string {
	if m.IntN(3) == 0 {
		name = strings.ToUpper(name)
	}
	switch m.IntN(7) {
	case 0:
		return `"` + name + `"`
	case 1:
		return "[" + name + "]"
	case 2:
		return "`" + name + "`"
	case 3:
		return "/* FROM ( */ " + name
	}
	return name
}

func (m viewMaker) column() string { return m.name(m.of("a", "a", "b", "b", "b", "secret_note")) }

func (m viewMaker) item(depth int) string {
	c := m.column()
	switch m.IntN(12) {
	case 0:
		return "upper(" + c + ")"
	case 1:
		return c + " || " + m.column()
	case 2:
		return "CASE WHEN 1 THEN " + c + " END"
	case 3:
		if depth > 0 {
			return "(SELECT group_concat(" + m.column() + ") FROM " + m.table(depth-1) + ")"
		}
	case 4:
		return "json_array(" + c + ")"
	case 5:
		return "first_value(" + c + ") OVER (ORDER BY 1)"
	case 6:
		return m.of("1 AND ", "'x' IS DISTINCT FROM ") + c
	}
	return c
}

// query has the columns a, b and secret_note, in any order and holding anything.
func (m viewMaker) query(depth int) string {
	names := []string{"a", "b", "secret_note"}
	m.Shuffle(3, func(i, j int) { names[i], names[j] = names[j], names[i] })
	simple := func(named bool) string {
		if m.IntN(5) == 0 && !named {
			return "SELECT * FROM " + m.table(depth-1)
		}
		var items []string
		for _, name := range names {
			item := m.item(depth)
			if named {
				item += m.of(" AS ", " AS ", " ") + m.name(name)
			}
			items = append(items, item)
		}
		return m.of("SELECT ", "select DISTINCT ", "SELECT -- UNION\n ") + strings.Join(items, ", ") + " FROM " + m.table(depth-1) +
			m.of("", "", " WHERE "+m.column()+" IS NOT NULL", " GROUP BY "+m.column())
	}
	text := simple(true)
	for m.IntN(3) == 0 {
		text += m.of(" UNION ", " UNION ALL ", " EXCEPT ") + simple(false)
	}
	switch m.IntN(8) {
	case 0:
		return "WITH w AS " + m.of("", "MATERIALIZED ", "NOT MATERIALIZED ") + "(" + text + ") SELECT " + m.column() + " AS a, " + m.column() + " AS b, secret_note FROM w"
	case 1:
		return "WITH w (b, secret_note, a) AS (" + text + ") SELECT a, b, secret_note FROM w"
	case 2:
		return "SELECT column1 AS a, column2 AS b, column3 AS secret_note FROM (VALUES (1, (SELECT " + m.column() + " FROM " + m.table(depth-1) + "), 3))"
	case 3:
		return "SELECT j.value AS a, 2 AS b, 3 AS secret_note FROM " + m.table(depth-1) + " q, json_each(json_array(q." + m.column() + ")) j"
	}
	return text
}

func (m viewMaker) table(depth int) string {
	if depth > 0 {
		return "(" + m.query(depth) + ")"
	}
	return m.of("", "", "main.") + m.of(m.name("base"), m.name("base"), "'base'", m.name("before"))
}

func TestGeneratedViewsShowNoSecret(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	generatedViewsShowNoSecret(t, 4)
}

func TestGeneratedViewsShowNoSecretLong(t *testing.T) {
	testserver.LongForm(t)
	generatedViewsShowNoSecret(t, 1)
}

// generatedViewsShowNoSecret makes one of every so many trials.
func generatedViewsShowNoSecret(t *testing.T, every int) {
	t.Helper()
	const each = 60
	rounds := 8 / every
	masked, open := 0, 0
	for round := range rounds {
		m := viewMaker{rand.New(rand.NewPCG(uint64(round), 1))}
		ddl := `CREATE TABLE base (a TEXT, b INTEGER, secret_note TEXT); INSERT INTO base VALUES ('x', 1, 'CANARY');
			CREATE VIEW before AS SELECT b AS secret_note, secret_note AS a, a AS b FROM base;`
		texts := make([]string, each)
		for i := range texts {
			texts[i] = m.query(1 + m.IntN(3))
			ddl += fmt.Sprintf("CREATE VIEW v%d %s AS %s;\n", i, m.of("", "", "(a, b, x)"), texts[i])
		}
		s := openSource(t, Config{}, ddl)
		for i, text := range texts {
			table, ok := s.Schema().Table(fmt.Sprint("v", i))
			if !ok || table.Problem != "" {
				continue // the grammar is looser than SQLite's
			}
			for _, c := range table.Columns {
				if c.Masked {
					masked++
				} else {
					open++
				}
			}
			if got := tells(t, s, table.Name); got != "" {
				t.Errorf("%s\nshows %s", text, got)
			}
		}
	}
	if masked < 100/every || open < 100/every {
		t.Errorf("%d columns masked, %d open: the views say little", masked, open)
	}
	t.Logf("%d columns masked, %d open", masked, open)
}

// Views that have nothing to do with the secret show what they show.
func TestOrdinaryViewsStayReadable(t *testing.T) {
	views := []string{
		"SELECT id, name FROM people", "SELECT id, upper(name) AS big FROM people WHERE name LIKE 'a%' ORDER BY name LIMIT 5",
		"SELECT p.name, count(*) AS n FROM people p JOIN plain o ON o.id = p.id GROUP BY p.name HAVING count(*) > 0",
		"SELECT x.n FROM (SELECT name AS n FROM people UNION SELECT note FROM plain) x", "WITH c AS (SELECT id, name FROM people) SELECT * FROM c",
		"SELECT id, name FROM people UNION ALL SELECT id, note FROM plain", "SELECT id, EXISTS (SELECT * FROM plain o WHERE o.id = p.id) AS has FROM people p",
		"SELECT id, row_number() OVER (ORDER BY name) AS place FROM people", "SELECT a.name, j.value FROM people a, json_each('[1]') j",
		"SELECT name IS NOT DISTINCT FROM 'x' AS same FROM people", "SELECT count(*) AS n FROM people WHERE secret_note IS NULL",
		"SELECT name, (SELECT max(note) FROM plain) AS m FROM people WHERE id IN (SELECT id FROM plain)", "WITH c (a) AS (SELECT note FROM plain) SELECT a FROM c",
	}
	ddl := canaryTable
	for i, text := range views {
		ddl += fmt.Sprintf("CREATE VIEW v%d AS %s;", i, text)
	}
	s := openSource(t, Config{}, ddl)
	for i, text := range views {
		table, _ := s.Schema().Table(fmt.Sprint("v", i))
		for _, c := range table.Columns {
			if c.Masked {
				t.Errorf("%s: %s is masked: %s", text, c.Name, c.veiled)
			}
		}
	}
}

// A view of a hidden table is hidden, through other views too, unless it is shown by its name.
func TestViewsOfHiddenTables(t *testing.T) {
	const ddl = `CREATE TABLE ledger (id INTEGER PRIMARY KEY, note TEXT); CREATE TABLE other (id INTEGER PRIMARY KEY);
		CREATE VIEW first AS SELECT * FROM 'LEDGER'; CREATE VIEW second AS WITH c AS (SELECT * FROM "First") SELECT id FROM c; CREATE VIEW free AS SELECT id FROM other`
	for want, o := range map[string]Config{
		"first free ledger other second": {},
		"free other":                     {Hide: []string{"ledger"}},
		"free other second":              {Hide: []string{"ledger"}, Show: []string{"*", "second"}},
		"free ledger other":              {Hide: []string{"first"}},
	} {
		var names []string
		for _, table := range openSource(t, o, ddl).Schema().Tables {
			names = append(names, table.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%+v: %s, want %s", o.Hide, got, want)
		}
	}
}
