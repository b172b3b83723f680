// This file reads the schema of a SQLite database.

package data

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

func (d *sqlite) schemaVersion(ctx context.Context, conn *sql.Conn) (version int64, err error) {
	err = d.impatient(ctx, conn, func() error {
		return conn.QueryRowContext(ctx, "PRAGMA main.schema_version").Scan(&version)
	})
	return version, err
}

func (d *sqlite) introspect(ctx context.Context, db *sql.DB) (*Schema, error) {
	schema := &Schema{Engine: "SQLite", Version: d.version}
	details, err := d.tableList(ctx, db)
	if err != nil {
		return nil, err
	}
	err = d.each(ctx, db, "SELECT name, type, coalesce(sql, '') FROM main.sqlite_master WHERE type IN ('table', 'view')", nil, func(v []any) {
		t := &Table{Name: asText(v[0]), View: asText(v[1]) == "view", Estimate: -1}
		ddl := asText(v[2])
		more := details[t.Name]
		t.Strict = more.strict
		t.Virtual = strings.HasPrefix(strings.ToUpper(strings.TrimSpace(ddl)), "CREATE VIRTUAL")
		t.system = more.shadow || strings.HasPrefix(strings.ToLower(t.Name), "sqlite_") || notOwn(t.Name)
		switch {
		case t.View:
			t.ReadOnly = "it is a view"
		case t.Virtual:
			t.ReadOnly = "it is a virtual table"
		case t.system:
			t.ReadOnly = "it is not the application's own"
		}
		if !t.View && !t.Virtual {
			t.replaces = parseReplaces(ddl)
			t.checks = parseChecks(ddl)
		}
		t.ddl = ddl
		schema.Tables = append(schema.Tables, t)
	})
	if err != nil {
		return nil, err
	}
	findShadows(schema.Tables)
	for _, t := range schema.Tables {
		if err := d.describe(ctx, db, t, details[t.Name].withoutRowID); err != nil {
			if outage(classify(ctx, d, err)) {
				return nil, err
			}
			t.Problem = d.problem(err)
		}
	}
	if err := d.triggers(ctx, db, schema.Tables); err != nil {
		return nil, err
	}
	estimates, err := d.estimates(ctx, db, schema.Tables)
	if err != nil {
		return nil, err
	}
	for _, t := range schema.Tables {
		if !t.View && !t.Virtual && !t.system && t.Problem == "" {
			if err := d.obstacles(ctx, db, t); err != nil {
				return nil, err
			}
		}
		t.Estimate = estimates[t.Name]
	}
	return schema, nil
}

type tableDetails struct{ shadow, withoutRowID, strict bool }

func (d *sqlite) tableList(ctx context.Context, db *sql.DB) (map[string]tableDetails, error) {
	all := map[string]tableDetails{}
	err := d.each(ctx, db, "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'", nil, func(v []any) {
		all[asText(v[0])] = tableDetails{shadow: asText(v[1]) == "shadow", withoutRowID: asInt(v[2]) != 0, strict: asInt(v[3]) != 0}
	})
	return all, err
}

// describe fills in one table. An error is about that table, unless it is an outage.
func (d *sqlite) describe(ctx context.Context, db *sql.DB, t *Table, withoutRowID bool) error {
	err := d.each(ctx, db, `SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid`, []any{t.Name}, func(v []any) {
		c := &Column{Name: asText(v[0]), Type: asText(v[1]), Nullable: asInt(v[2]) == 0, HasDefault: v[3] != nil, Default: asText(v[3]),
			PrimaryKey: asInt(v[4]), Hidden: asInt(v[5]) == 1, Generated: asInt(v[5]) >= 2}
		if withoutRowID && c.PrimaryKey > 0 {
			c.Nullable = false
		}
		if c.Generated {
			c.Type = strings.TrimSpace(strings.TrimSuffix(c.Type, "GENERATED ALWAYS"))
		}
		c.affinity, c.held = sqliteAffinity(c.Type), &held{}
		c.Kind, c.MaxLength = sqliteKind(c.Type, c.affinity)
		if c.Kind == KindDecimal {
			c.Precision, c.Scale = sqliteDecimal(c.Type)
		}
		t.Columns = append(t.Columns, c)
	})
	if err != nil {
		return err
	}
	collations := collated(t.ddl)
	for _, c := range t.Columns {
		c.compares = c.affinity
		if collations[strings.ToLower(c.Name)] {
			c.compares = "?"
		}
	}
	if err := d.defaults(ctx, db, t); err != nil {
		return err
	}
	if err := d.probe(ctx, db, t, withoutRowID); err != nil {
		return err
	}
	for place := 1; ; place++ {
		i := slices.IndexFunc(t.Columns, func(c *Column) bool { return c.PrimaryKey == place })
		if i < 0 {
			break
		}
		t.PrimaryKey = append(t.PrimaryKey, t.Columns[i].Name)
	}
	t.readChecks()
	t.readGenerated()
	if t.View || t.Virtual {
		return nil
	}
	if err := d.indexes(ctx, db, t, withoutRowID); err != nil {
		return err
	}
	return d.foreignKeys(ctx, db, t)
}

// probe compiles (EXPLAIN runs nothing) a read of the table and its columns, to find what this
// connection cannot read: views of missing tables, missing modules and functions, unknown
// collations.
func (d *sqlite) probe(ctx context.Context, db *sql.DB, t *Table, withoutRowID bool) error {
	from := " FROM " + d.from(t)
	compile := func(expression string) error {
		rows, err := db.QueryContext(ctx, "EXPLAIN SELECT "+expression+from) //nolint:gosec // names quoted by d.from and d.quote, nothing else
		if err != nil {
			return err
		}
		rows.Next()
		err = rows.Err()
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
		return err
	}
	if err := compile("1"); err != nil {
		return err
	}
	const chunk = 500 // a result may have 2,000 columns
	for start := 0; start < len(t.Columns); start += chunk {
		columns := t.Columns[start:min(start+chunk, len(t.Columns))]
		var all []string
		for _, c := range columns {
			if !c.Hidden {
				all = append(all, d.column(c)+" = ''")
			}
		}
		if len(all) == 0 || compile(strings.Join(all, ", ")) == nil {
			continue
		}
		for _, c := range columns {
			if c.Hidden || compile(d.column(c)+" = ''") == nil {
				continue
			}
			c.binary = true
			if err := compile(d.column(c) + " COLLATE BINARY = ''"); err != nil {
				c.Problem = d.problem(err)
			}
		}
	}
	if t.View || withoutRowID {
		return ctx.Err()
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		shadowed := slices.ContainsFunc(t.Columns, func(c *Column) bool { return strings.EqualFold(c.Name, name) })
		if !shadowed && compile("t."+d.quote(name)) == nil {
			t.rowid = name
			break
		}
	}
	return ctx.Err()
}

// indexes reads indexes and unique keys, and finds the INTEGER PRIMARY KEY that is the row id.
func (d *sqlite) indexes(ctx context.Context, db *sql.DB, t *Table, withoutRowID bool) error {
	type index struct {
		Index
		origin string
	}
	var all []index
	ownKey := false // the primary key has an index of its own, so it is not the row id
	err := d.each(ctx, db, `SELECT name, "unique", origin, partial FROM pragma_index_list(?, 'main')`, []any{t.Name}, func(v []any) {
		ownKey = ownKey || asText(v[2]) == "pk"
		if asInt(v[3]) == 0 {
			all = append(all, index{Index{Name: asText(v[0]), Unique: asInt(v[1]) != 0}, asText(v[2])})
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b index) int { return strings.Compare(a.Name, b.Name) })
	for _, i := range all {
		err := d.each(ctx, db, `SELECT name, cid FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno`, []any{i.Name}, func(v []any) {
			name := ""
			if asInt(v[1]) >= 0 {
				name = asText(v[0])
			} else if asInt(v[1]) == -1 {
				name = t.rowid
			}
			i.Columns = append(i.Columns, name)
		})
		if err != nil {
			return err
		}
		if len(i.Columns) == 0 {
			continue
		}
		if c, ok := t.Column(i.Columns[0]); ok && !c.binary {
			c.Indexed = true
		}
		t.Indexes = append(t.Indexes, i.Index)
		columns := t.columns(i.Columns)
		if !i.Unique || i.origin == "pk" || len(columns) < len(i.Columns) {
			continue
		}
		t.UniqueKeys = append(t.UniqueKeys, newUniqueKey(i.Name, columns))
	}
	if len(t.PrimaryKey) == 1 && !withoutRowID && !ownKey {
		c, _ := t.Column(t.PrimaryKey[0])
		if strings.EqualFold(c.Type, "INTEGER") {
			t.rowid = c.Name
			c.Nullable, c.Indexed, c.Assigned = false, true, true
		}
	}
	return nil
}

func (d *sqlite) foreignKeys(ctx context.Context, db *sql.DB, t *Table) error {
	last := -1
	return d.each(ctx, db, `SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?, 'main') ORDER BY id DESC, seq`, []any{t.Name}, func(v []any) {
		if id := asInt(v[0]); id != last {
			last = id
			t.ForeignKeys = append(t.ForeignKeys, &ForeignKey{Table: t.Name, RefTable: asText(v[1]), OnUpdate: Action(asText(v[4])), OnDelete: Action(asText(v[5]))})
		}
		fk := t.ForeignKeys[len(t.ForeignKeys)-1]
		fk.Columns = append(fk.Columns, asText(v[2]))
		if v[3] != nil {
			fk.RefColumns = append(fk.RefColumns, asText(v[3]))
		}
	})
}

// estimates takes the row counts of ANALYZE, else the highest row id, unless that is more rows than
// fit into the file.
func (d *sqlite) estimates(ctx context.Context, db *sql.DB, tables []*Table) (map[string]int64, error) {
	estimates := map[string]int64{}
	analyzed := false
	err := d.each(ctx, db, "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'sqlite_stat1'", nil, func([]any) { analyzed = true })
	if err != nil {
		return nil, err
	}
	if analyzed {
		err := d.each(ctx, db, "SELECT tbl, stat FROM main.sqlite_stat1", nil, func(v []any) {
			first, _, _ := strings.Cut(asText(v[1]), " ")
			if n, err := strconv.ParseInt(first, 10, 64); err == nil {
				estimates[asText(v[0])] = max(n, estimates[asText(v[0])])
			}
		})
		if err != nil {
			return nil, err
		}
	}
	var size int64
	err = d.each(ctx, db, "SELECT c.page_count * s.page_size FROM pragma_page_count AS c, pragma_page_size AS s", nil, func(v []any) { size, _ = v[0].(int64) })
	if err != nil {
		return nil, err
	}
	const smallestRow = 4 // bytes: two of cell pointer, one each of length and row id
	for _, t := range tables {
		if _, ok := estimates[t.Name]; ok {
			continue
		}
		estimates[t.Name] = -1
		if t.rowid == "" || t.Problem != "" || t.Virtual {
			continue
		}
		rowid := d.place(t, term{})
		// As two subqueries each is one seek; in one SELECT it is a scan.
		from := " FROM " + d.from(t) + ")"
		err := d.each(ctx, db, "SELECT (SELECT max("+rowid+")"+from+", (SELECT min("+rowid+")"+from, nil, func(v []any) {
			highest, some := v[0].(int64)
			lowest, _ := v[1].(int64)
			if n := highest - lowest + 1; !some {
				estimates[t.Name] = 0
			} else if n > 0 && n <= size/smallestRow {
				estimates[t.Name] = n
			}
		})
		if err != nil && outage(classify(ctx, d, err)) {
			return nil, err
		}
	}
	return estimates, nil
}

// each calls row with the columns of every row.
func (*sqlite) each(ctx context.Context, db queryer, query string, args []any, row func([]any)) error {
	return each(ctx, db, fragment{query, args}, func(line *scan) { row(line.values) })
}

func asInt(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case bool:
		if v {
			return 1
		}
	}
	return 0
}
