// This file reads the schema of a PostgreSQL database: in one transaction, by one query for each
// kind of thing, whatever the number of tables.

package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// shownRelations are the tables and views that this user may read something of. Partitions are part
// of their table.
const shownRelations = `SELECT c.*, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
	AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
	AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')`

// oid is the number of a thing in the catalogue, which JSON has as a text.
type oid uint32

func (o *oid) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseUint(strings.Trim(string(b), `"`), 10, 32)
	*o = oid(n)
	return err
}

// postgresCatalogue is what the catalogue says. Each query gives one JSON object a row.
type postgresCatalogue struct {
	d       *postgres
	schema  *Schema
	tables  map[oid]*Table
	columns map[oid]map[int]*Column
	types   map[oid]*postgresTypeRow
}

// lockedRelations are those that a migration or the like locks, or waits to lock, so that nothing
// can be read of them meanwhile. What would wait for them is not asked.
const lockedRelations = `SELECT l.relation FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
	AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())`

// introspectTimeout replaces a timeout of the database's user, which is meant for other statements.
const introspectTimeout = time.Minute

func (d *postgres) introspect(ctx context.Context, db *sql.DB) (*Schema, error) {
	ctx, cancel := context.WithTimeout(ctx, introspectTimeout)
	defer cancel()
	c := &postgresCatalogue{d: d, schema: &Schema{Engine: "PostgreSQL", Version: d.version},
		tables: map[oid]*Table{}, columns: map[oid]map[int]*Column{}, types: map[oid]*postgresTypeRow{}}
	err := newReadingPool(d, db).within(ctx, func(db queryer) error {
		for _, read := range []func(context.Context, queryer) error{
			c.readTables, c.readTypes, c.readColumns, c.readIndexes, c.readConstraints, c.readGenerated, c.readTriggers,
			c.readRules, c.readParts, c.readRewrites,
		} {
			if err := read(ctx, db); err != nil {
				return err
			}
		}
		estimates, err := d.estimate(ctx, db)
		for _, t := range c.schema.Tables {
			t.Estimate = estimates[[2]string{t.schema, t.bare}]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.schema, nil
}

// objects calls row with each row of a query as one value.
func objects[T any](ctx context.Context, db queryer, query string, row func(T)) error {
	var wrong error
	err := each(ctx, db, fragment{text: "SELECT CAST(pg_catalog.row_to_json(q) AS text) FROM (" + query + ") AS q"}, func(line *scan) {
		var one T
		if err := json.Unmarshal([]byte(line.text()), &one); err != nil {
			wrong = fmt.Errorf("read the catalogue: %w", err)
			return
		}
		row(one)
	})
	if err != nil {
		return err
	}
	return wrong
}

func (c *postgresCatalogue) readTables(ctx context.Context, db queryer) error {
	type row struct {
		OID                         oid
		Schema, Name, Kind, Comment string
		Own, Extension, Takes       bool
		Inserts, Updates, Deletes   bool
		Definition                  *string
	}
	taken := map[string]bool{}
	c.d.untold.Store(false)
	err := objects(ctx, db, `SELECT r.oid, r.nspname AS schema, r.relname AS name, r.relkind AS kind, r.nspname = pg_catalog.current_schema() AS own,
		EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.objid = r.oid AND d.deptype = 'e') AS extension,
		CASE WHEN r.relkind <> 'f' THEN true WHEN r.oid IN (`+lockedRelations+`) THEN false ELSE pg_catalog.pg_relation_is_updatable(r.oid, false) & 28 = 28 END AS takes,
		pg_catalog.has_any_column_privilege(r.oid, 'INSERT') AS inserts, pg_catalog.has_any_column_privilege(r.oid, 'UPDATE') AS updates,
		pg_catalog.has_table_privilege(r.oid, 'DELETE') AS deletes,
		CASE WHEN r.relkind IN ('v', 'm') AND r.oid NOT IN (`+lockedRelations+`) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite w
			JOIN pg_catalog.pg_depend d ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) AND d.objid = w.oid AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass)
			WHERE w.ev_class = r.oid AND d.refobjid IN (`+lockedRelations+`)) THEN pg_catalog.pg_get_viewdef(r.oid) END AS definition
		FROM (`+shownRelations+`) AS r ORDER BY own DESC, r.nspname, r.relname`, func(r row) {
		t := &Table{Name: r.Name, schema: r.Schema, bare: r.Name, View: r.Kind == "v" || r.Kind == "m", Strict: true, Estimate: -1}
		if !r.Own {
			t.Name = r.Schema + "." + r.Name
			if taken[t.Name] { // a table of the default schema has a dot in its name
				t.Name = c.d.table(t)
			}
		}
		taken[t.Name] = true
		t.system = r.Extension || notOwn(r.Name)
		switch {
		case r.Kind == "m":
			t.ReadOnly = "it is a materialized view"
		case t.View:
			t.ReadOnly = "it is a view"
		case t.system:
			t.ReadOnly = "it is not the application's own"
		case !r.Takes:
			t.ReadOnly = "it is a foreign table that takes no writes"
		case !r.Inserts && !r.Updates && !r.Deletes:
			t.ReadOnly = "the panel's user of the database may only read it"
		}
		t.lacks = map[Operation]text.Message{}
		for op, has := range map[Operation]bool{Insertion: r.Inserts, Modification: r.Updates, Deletion: r.Deletes} {
			if !has {
				t.lacks[op] = text.RightLacks(string(op))
			}
		}
		switch {
		case t.View && r.Definition == nil:
			t.ddl = untoldView
			c.d.untold.Store(true)
		case t.View:
			t.ddl = "CREATE VIEW v AS " + plainBrackets(*r.Definition)
		}
		c.tables[r.OID] = t
		c.columns[r.OID] = map[int]*Column{}
		c.schema.Tables = append(c.schema.Tables, t)
	})
	return err
}

// plainBrackets writes the brackets of arrays, and backquotes, so that what reads the text
// (readView) does not take what is between them for a name, as SQLite does.
func plainBrackets(definition string) string {
	quote := rune(0)
	return strings.Map(func(r rune) rune {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '[':
			return '('
		case r == ']':
			return ')'
		case r == '`':
			return ' '
		}
		return r
	}, definition)
}

func (c *postgresCatalogue) readColumns(ctx context.Context, db queryer) error {
	type row struct {
		Rel       oid
		Num       int
		Name      string
		Type      string
		Typ       oid
		Mod       int
		Required  bool
		Identity  string
		Generated string
		Default   *string
		Help      string
		Readable  bool
		Collated  bool
		Entered   bool
	}
	return objects(ctx, db, `SELECT a.attrelid AS rel, a.attnum AS num, a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
		a.atttypid AS typ, a.atttypmod AS mod, a.attnotnull AS required, a.attidentity AS identity, a.attgenerated AS generated,
		pg_catalog.pg_get_expr(f.adbin, f.adrelid) AS "default", coalesce(pg_catalog.col_description(a.attrelid, a.attnum), '') AS help,
		pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable,
		pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT, UPDATE') AS entered,
		EXISTS (SELECT 1 FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic) AS collated
		FROM (`+shownRelations+`) AS r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
		LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
		WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`, func(r row) {
		t := c.tables[r.Rel]
		if t == nil || !r.Readable {
			return
		}
		column := &Column{Name: r.Name, Type: r.Type, Help: r.Help, Nullable: !r.Required, Generated: r.Generated != ""}
		if r.Default != nil && !column.Generated {
			column.HasDefault, column.Default = true, *r.Default
		}
		column.HasDefault = column.HasDefault || r.Identity != ""
		column.Assigned = r.Identity != "" || strings.HasPrefix(column.Default, "nextval(") ||
			column.HasDefault && r.Required && strings.HasSuffix(column.Default, ")")
		c.describe(column, r.Typ, r.Mod)
		if typ := postgresTypeOf(column); r.Identity == "a" && typ != nil {
			typ.fixed = "is assigned by the database"
		}
		if typ := postgresTypeOf(column); typ != nil {
			typ.collated = r.Collated
			if some := t.lacks[Insertion] == nil || t.lacks[Modification] == nil; !r.Entered && some && typ.fixed == "" {
				typ.fixed = "is one that the panel's user of the database may only read"
			}
		}
		t.Columns = append(t.Columns, column)
		c.columns[r.Rel][r.Num] = column
	})
}

func (c *postgresCatalogue) readIndexes(ctx context.Context, db queryer) error {
	type row struct {
		Rel             oid
		Name            string
		Unique, Primary bool
		Sorts, Whole    bool
		Columns         []int
	}
	return objects(ctx, db, `SELECT i.indrelid AS rel, x.relname AS name, i.indisunique AS unique, i.indisprimary AS primary,
		m.amname = 'btree' AND i.indoption[0] IN (0, 3) AND o.opcdefault
			AND i.indcollation[0] = coalesce((SELECT a.attcollation FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]), 0) AS sorts,
		i.indpred IS NULL AS whole,
		(SELECT pg_catalog.json_agg(k.num ORDER BY k.place) FROM pg_catalog.unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY AS k(num, place) WHERE k.place <= i.indnkeyatts) AS columns
		FROM (`+shownRelations+`) AS r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
		JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
		WHERE i.indisvalid ORDER BY x.relname`, func(r row) {
		t := c.tables[r.Rel]
		if t == nil || !r.Whole {
			return
		}
		index := Index{Name: r.Name, Unique: r.Unique}
		var columns []*Column
		for _, num := range r.Columns {
			name := "" // an expression, or a column that is not shown
			if column := c.columns[r.Rel][num]; column != nil {
				name = column.Name
				columns = append(columns, column)
			}
			index.Columns = append(index.Columns, name)
		}
		all := len(columns) == len(r.Columns)
		if r.Sorts && index.Columns[0] != "" && postgresTypeOf(columns[0]).typed {
			columns[0].Indexed = true
		}
		t.Indexes = append(t.Indexes, index)
		switch {
		case r.Primary && all:
			t.setPrimaryKey(columns)
		case r.Unique && all:
			t.UniqueKeys = append(t.UniqueKeys, newUniqueKey(r.Name, columns))
		}
	})
}

// postgresActions are the letters of referential actions.
var postgresActions = map[string]Action{"a": NoAction, "r": Restrict, "c": Cascade, "n": SetNull, "d": SetDefault}

func (c *postgresCatalogue) readConstraints(ctx context.Context, db queryer) error {
	type row struct {
		Rel, Ref         oid
		Name, Kind       string
		Columns, Refs    []int
		Deletes, Updates string
		Definition       string
		Valid            bool
	}
	return objects(ctx, db, `SELECT k.conrelid AS rel, k.conname AS name, k.contype AS kind, k.confrelid AS ref, k.convalidated AS valid,
		pg_catalog.array_to_json(k.conkey) AS columns, pg_catalog.array_to_json(k.confkey) AS refs, k.confdeltype AS deletes, k.confupdtype AS updates,
		CASE k.contype WHEN 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END AS definition
		FROM (`+shownRelations+`) AS r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid
		WHERE k.contype IN ('c', 'f') AND k.conparentid = 0 ORDER BY k.conrelid, k.conname`, func(r row) {
		t, parent := c.tables[r.Rel], c.tables[r.Ref]
		columns, complete := c.names(r.Rel, r.Columns)
		if t == nil {
			return
		}
		if r.Kind == "c" {
			t.checks = append(t.checks, check{name: r.Name, expression: r.Definition, columns: columns})
			if r.Valid {
				c.readCheck(t, r.Definition)
			}
			return
		}
		refs, known := c.names(r.Ref, r.Refs)
		if parent == nil || !complete || !known {
			return // a part of it is not shown
		}
		t.ForeignKeys = append(t.ForeignKeys, &ForeignKey{Table: t.Name, Columns: columns, RefTable: parent.Name, RefColumns: refs,
			name: r.Name, from: [2]string{t.schema, t.bare},
			OnDelete: postgresActions[r.Deletes], OnUpdate: postgresActions[r.Updates]})
	})
}

// names are the names of columns by their numbers; false if one is not shown.
func (c *postgresCatalogue) names(rel oid, numbers []int) (names []string, all bool) {
	all = true
	for _, num := range numbers {
		if column := c.columns[rel][num]; column != nil {
			names = append(names, column.Name)
		} else {
			all = false
		}
	}
	return names, all
}

func (c *postgresCatalogue) readGenerated(ctx context.Context, db queryer) error {
	type row struct {
		Rel       oid
		Num, From int
	}
	err := objects(ctx, db, `SELECT f.adrelid AS rel, f.adnum AS num, d.refobjsubid AS "from"
		FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_depend d ON d.classid = CAST('pg_catalog.pg_attrdef' AS regclass) AND d.objid = f.oid
		WHERE d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.refobjid = f.adrelid AND d.refobjsubid <> f.adnum`, func(r row) {
		column, from := c.columns[r.Rel][r.Num], c.columns[r.Rel][r.From]
		if column != nil && from != nil && column.Generated {
			column.reads = append(column.reads, from.Name)
		}
	})
	for _, t := range c.schema.Tables {
		for _, column := range t.Columns {
			if !column.Generated || len(column.reads) > 0 {
				continue
			}
			for _, other := range t.Columns { // it may be computed from any
				if other != column {
					column.reads = append(column.reads, other.Name)
				}
			}
		}
	}
	return err
}

// readRules reads the columns of what keeps rows apart, which errors name: unique indexes and
// exclusion constraints, with partial ones and those of partitions.
func (c *postgresCatalogue) readRules(ctx context.Context, db queryer) error {
	type row struct {
		Rel     oid
		Name    string
		Columns []int
	}
	return objects(ctx, db, `WITH RECURSIVE rule(rel, top, oid) AS (
			SELECT i.indrelid, i.indexrelid, i.indexrelid FROM (`+shownRelations+`) AS r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
			WHERE i.indisunique OR i.indisexclusion
			UNION ALL SELECT u.rel, u.top, h.inhrelid FROM rule u JOIN pg_catalog.pg_inherits h ON h.inhparent = u.oid)
		SELECT u.rel, x.relname AS name, (SELECT pg_catalog.json_agg(k.num ORDER BY k.num) FROM (
			SELECT CAST(n AS integer) AS num FROM pg_catalog.pg_index i, pg_catalog.unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY AS a(n, place)
			WHERE i.indexrelid = u.top AND a.n > 0 AND a.place <= i.indnkeyatts
			UNION SELECT d.refobjsubid FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_constraint s ON s.conindid = u.top AND s.contype IN ('u', 'p', 'x')
			WHERE d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.refobjid = u.rel AND d.refobjsubid > 0
			AND (d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.objid = u.top AND (SELECT i.indexprs IS NOT NULL FROM pg_catalog.pg_index i WHERE i.indexrelid = u.top)
				OR d.classid = CAST('pg_catalog.pg_constraint' AS regclass) AND d.objid = s.oid AND s.contype = 'x')) AS k) AS columns
		FROM rule u JOIN pg_catalog.pg_class x ON x.oid = u.oid`, func(r row) {
		t := c.tables[r.Rel]
		if t == nil {
			return
		}
		if names, all := c.names(r.Rel, r.Columns); all {
			t.rule(r.Name, names)
		}
	})
}

// readParts reads the names of partitions, which errors name.
func (c *postgresCatalogue) readParts(ctx context.Context, db queryer) error {
	type row struct {
		Root         oid
		Schema, Name string
		Inherits     bool
	}
	return objects(ctx, db, `WITH RECURSIVE part(root, oid) AS (SELECT r.oid, r.oid FROM (`+shownRelations+`) AS r
		UNION ALL SELECT p.root, h.inhrelid FROM part p JOIN pg_catalog.pg_inherits h ON h.inhparent = p.oid)
		SELECT p.root, n.nspname AS schema, x.relname AS name, NOT x.relispartition AS inherits FROM part p JOIN pg_catalog.pg_class x ON x.oid = p.oid
		JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace WHERE p.oid <> p.root`, func(r row) {
		t := c.tables[r.Root]
		if t == nil {
			return
		}
		if t.parts == nil {
			t.parts = map[[2]string]bool{}
		}
		t.parts[[2]string{r.Schema, r.Name}] = true
		t.repeats = t.repeats || r.Inherits
	})
}

func (c *postgresCatalogue) readTriggers(ctx context.Context, db queryer) error {
	type row struct {
		Rel  oid
		Name string
		Type int
	}
	return objects(ctx, db, `SELECT g.tgrelid AS rel, g.tgname AS name, g.tgtype AS type FROM (`+shownRelations+`) AS r
		JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.oid WHERE NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') ORDER BY g.tgname`, func(r row) {
		for _, one := range []struct {
			bit int
			on  Operation
		}{{1 << 2, Insertion}, {1 << 3, Deletion}, {1 << 4, Modification}} {
			if t := c.tables[r.Rel]; t != nil && r.Type&one.bit != 0 {
				t.triggers = append(t.triggers, trigger{r.Name, one.on})
			}
		}
	})
}

// readRewrites reads the rules that do something else instead of a write. The server does not say
// what they do, nor gives the row that was written.
func (c *postgresCatalogue) readRewrites(ctx context.Context, db queryer) error {
	type row struct {
		Rel        oid
		Name, Type string
	}
	on := map[string]Operation{"2": Modification, "3": Insertion, "4": Deletion}
	return objects(ctx, db, `SELECT w.ev_class AS rel, w.rulename AS name, w.ev_type AS type FROM (`+shownRelations+`) AS r
		JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid WHERE w.is_instead AND w.ev_type <> '1' AND w.ev_enabled IN ('O', 'A') ORDER BY w.rulename`, func(r row) {
		if t := c.tables[r.Rel]; t != nil && t.lacks[on[r.Type]] == nil {
			t.lacks[on[r.Type]] = text.RuleInstead(r.Name, string(on[r.Type]))
		}
	})
}

// estimate is what the planner's statistics say of each table, its partitions and the tables that
// inherit from it together; -1 where one of them was never looked at.
func (d *postgres) estimate(ctx context.Context, db queryer) (map[[2]string]int64, error) {
	type row struct {
		Schema, Name string
		Rows         float64
	}
	all := map[[2]string]int64{}
	err := objects(ctx, db, `WITH RECURSIVE part(schema, name, oid) AS (SELECT r.nspname, r.relname, r.oid FROM (`+shownRelations+`) AS r
		UNION ALL SELECT p.schema, p.name, h.inhrelid FROM part p JOIN pg_catalog.pg_inherits h ON h.inhparent = p.oid)
		SELECT p.schema, p.name, CASE WHEN bool_or(s.rows IS NULL) OR count(s.rows) = 0 THEN -1 ELSE sum(s.rows) END AS rows
		FROM part p JOIN (SELECT oid, CASE WHEN reltuples > 0 OR reltuples = 0 AND relpages > 0 THEN reltuples
			WHEN relkind IN ('r', 'm') AND oid NOT IN (`+lockedRelations+`) AND pg_catalog.pg_relation_size(oid) = 0 THEN 0 END AS rows
			FROM pg_catalog.pg_class WHERE relkind <> 'p') AS s ON s.oid = p.oid GROUP BY p.schema, p.name`,
		func(r row) { all[[2]string{r.Schema, r.Name}] = int64(r.Rows) })
	return all, err
}

// schemaVersion is the number and the sum of the transactions that wrote the rows of the catalogue
// of which introspect reads, but for those of temporary tables. The latest of them alone would not
// tell: one that began earlier may commit later. Where views were locked it is another one when
// nothing is locked any more.
func (d *postgres) schemaVersion(ctx context.Context, conn *sql.Conn) (version int64, err error) {
	written := `SELECT xmin AS by FROM rel`
	for _, one := range []struct{ catalogue, rel string }{
		{"pg_attribute", "attrelid"}, {"pg_attrdef", "adrelid"}, {"pg_constraint", "conrelid"}, {"pg_index", "indrelid"}, {"pg_inherits", "inhrelid"}, {"pg_rewrite", "ev_class"}, {"pg_trigger", "tgrelid"},
		{"pg_description", "objoid"},
	} {
		written += ` UNION ALL SELECT o.xmin FROM pg_catalog.` + one.catalogue + ` AS o JOIN rel ON rel.oid = o.` + one.rel
	}
	written += ` UNION ALL SELECT xmin FROM pg_catalog.pg_type WHERE oid >= 16384 AND typrelid = 0 AND typcategory <> 'A' UNION ALL SELECT xmin FROM pg_catalog.pg_enum
		UNION ALL SELECT xmin FROM pg_catalog.pg_constraint WHERE contypid <> 0 UNION ALL SELECT xmin FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' UNION ALL SELECT xmin FROM pg_catalog.pg_auth_members`
	err = conn.QueryRowContext(ctx, `WITH rel AS MATERIALIZED (SELECT oid, xmin FROM pg_catalog.pg_class WHERE oid >= 16384 AND relpersistence <> 't')
		SELECT CAST(count(*) + coalesce(sum(CAST(CAST(w.by AS text) AS bigint)), 0) AS bigint) FROM (`+written+`) AS w`).Scan(&version)
	if err != nil || !d.untold.Load() {
		return version, err
	}
	var locked bool
	err = conn.QueryRowContext(ctx, "SELECT EXISTS ("+lockedRelations+")").Scan(&locked)
	if !locked {
		version++
	}
	return version, err
}

func (d *postgres) estimates(ctx context.Context, db *sql.DB, tables []*Table) (map[string]int64, error) {
	all := map[string]int64{}
	err := newReadingPool(d, db).within(ctx, func(db queryer) error {
		byName, err := d.estimate(ctx, db)
		for _, t := range tables {
			all[t.Name] = -1
			if n, ok := byName[[2]string{t.schema, t.bare}]; ok && t.Problem == "" {
				all[t.Name] = n
			}
		}
		return err
	})
	return all, err
}
