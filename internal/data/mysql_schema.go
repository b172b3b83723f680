// This file reads the schema of a MySQL or MariaDB database from information_schema: by one query
// for each kind of thing, whatever the number of tables.
//
// The tables of the chosen database are shown, or those of all databases where none is chosen.
// Tables of other databases are read where foreign keys or views lead to them or from them, and are
// hidden unless they are shown by name.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mysqlSystem are the databases of the server itself.
const mysqlSystem = "('mysql', 'information_schema', 'performance_schema', 'sys')"

// mysqlCatalogue is what the catalogue says.
type mysqlCatalogue struct {
	d       *mysql
	db      queryer
	schema  *Schema
	own     string   // the chosen database; empty if there is none
	names   []string // the databases that are read
	tables  map[[2]string]*Table
	columns map[*Table]map[string]*Column
}

func (d *mysql) introspect(ctx context.Context, db *sql.DB) (*Schema, error) {
	c := &mysqlCatalogue{d: d, schema: &Schema{Engine: d.name(), Version: d.version}, tables: map[[2]string]*Table{}, columns: map[*Table]map[string]*Column{}}
	err := newReadingPool(d, db).within(ctx, func(db queryer) error {
		c.db = db
		for _, read := range []func(context.Context) error{c.readDatabases, c.readTables, c.readViews, c.readColumns, c.readIndexes, c.readForeignKeys, c.readChecks, c.readTriggers} {
			if err := read(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.readRights(ctx, db); err != nil {
		return nil, err
	}
	// What this user may read nothing of is not shown.
	c.schema.Tables = slices.DeleteFunc(c.schema.Tables, func(t *Table) bool { return len(t.Columns) == 0 })
	return c.schema, nil
}

// record is one row of the catalogue, by the names that the query gives.
type record map[string]string

// is says whether a yes-or-no column says yes.
func (r record) is(name string) bool { return strings.EqualFold(r[name], "YES") }

func (r record) number(name string) int {
	n, _ := strconv.Atoi(r[name]) // not there, or too large to matter: 0
	return n
}

// records calls row with every row of a query, in which "%s" is the databases that are read.
func (c *mysqlCatalogue) records(ctx context.Context, query string, row func(record)) error {
	var args []any
	if strings.Contains(query, "%s") {
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(c.names)), ", ")
		n := strings.Count(query, "%s")
		query = strings.ReplaceAll(query, "%s", "("+marks+")")
		for range n {
			for _, name := range c.names {
				args = append(args, name)
			}
		}
	}
	return records(ctx, c.db, fragment{query, args}, row)
}

// records calls row with every row of a query, whose columns are read as texts. NULL is not in the
// record.
func records(ctx context.Context, db queryer, query fragment, row func(record)) error {
	if pool, ok := db.(within); ok {
		return pool.within(ctx, func(db queryer) error { return records(ctx, db, query, row) })
	}
	rows, err := db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(names))
	targets := make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		one := record{}
		for i, name := range names {
			if values[i].Valid {
				one[strings.ToLower(name)] = values[i].String
			}
		}
		row(one)
	}
	return rows.Err()
}

// readDatabases finds the databases whose tables are read.
func (c *mysqlCatalogue) readDatabases(ctx context.Context) error {
	var all []string
	err := c.records(ctx, "SELECT SCHEMA_NAME AS name, DATABASE() AS own FROM information_schema.SCHEMATA WHERE LOWER(SCHEMA_NAME) NOT IN "+mysqlSystem+" ORDER BY SCHEMA_NAME", func(r record) {
		all = append(all, r["name"])
		c.own = r["own"]
	})
	if err != nil {
		return err
	}
	if c.own == "" {
		c.names = all
		return nil
	}
	c.names = []string{c.own}
	add := func(name string) {
		if slices.Contains(all, name) && !slices.Contains(c.names, name) {
			c.names = append(c.names, name)
		}
	}
	for done := 0; done < len(c.names) && done < 8; { // views lead from one to another
		done = len(c.names)
		err = c.records(ctx, "SELECT DISTINCT TABLE_SCHEMA AS a, REFERENCED_TABLE_SCHEMA AS b FROM information_schema.KEY_COLUMN_USAGE "+
			"WHERE REFERENCED_TABLE_SCHEMA IS NOT NULL AND REFERENCED_TABLE_SCHEMA <> TABLE_SCHEMA AND (TABLE_SCHEMA IN %s OR REFERENCED_TABLE_SCHEMA IN %s)", func(r record) {
			add(r["a"])
			add(r["b"])
		})
		if err != nil {
			return err
		}
		err = c.records(ctx, "SELECT VIEW_DEFINITION AS definition FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN %s", func(r record) {
			for _, name := range all {
				if strings.Contains(r["definition"], c.d.quote(name)+".") {
					add(name)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// name is a table's name on pages: with its database, if that is not the chosen one.
func (c *mysqlCatalogue) name(schema, bare string) string {
	name := schema + "." + bare
	if schema == c.own {
		return bare
	}
	if _, taken := c.tables[[2]string{c.own, name}]; taken { // a table of the chosen database has a dot in its name
		return c.d.quote(schema) + "." + c.d.quote(bare)
	}
	return name
}

func (c *mysqlCatalogue) readTables(ctx context.Context) error {
	return c.records(ctx, `SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name, t.TABLE_TYPE AS type, t.ENGINE AS engine, t.TABLE_ROWS AS estimate, e.TRANSACTIONS AS transactional
		FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
		WHERE t.TABLE_SCHEMA IN %s ORDER BY t.TABLE_SCHEMA = DATABASE() DESC, t.TABLE_SCHEMA, t.TABLE_NAME`, func(r record) {
		t := &Table{schema: r["db"], bare: r["name"], Name: c.name(r["db"], r["name"]), View: strings.HasSuffix(r["type"], "VIEW"), Strict: true, Estimate: -1}
		if n, err := strconv.ParseInt(r["estimate"], 10, 64); err == nil && !t.View {
			t.Estimate = n
		}
		if r["type"] == "SEQUENCE" {
			return
		}
		t.system = notOwn(t.bare) || c.own != "" && t.schema != c.own
		switch {
		case t.View:
			t.ReadOnly = "it is a view"
		case t.system:
			t.ReadOnly = "it is not the application's own"
		case !r.is("transactional"):
			t.ReadOnly = "its engine " + r["engine"] + " has no transactions: what a write did before it failed would stay"
		}
		t.lackAll()
		c.tables[[2]string{t.schema, t.bare}] = t
		c.columns[t] = map[string]*Column{}
		c.schema.Tables = append(c.schema.Tables, t)
	})
}

func (c *mysqlCatalogue) table(r record) *Table { return c.tables[[2]string{r["db"], r["name"]}] }

// readViews reads the texts of views. Of a view whose text this user is not told it is not known
// what it shows.
func (c *mysqlCatalogue) readViews(ctx context.Context) error {
	return c.records(ctx, "SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, VIEW_DEFINITION AS definition FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN %s", func(r record) {
		t := c.table(r)
		switch {
		case t == nil || !t.View:
		case r["definition"] == "":
			t.ddl = untoldView
		default:
			t.ddl = "CREATE VIEW v AS " + c.plainView(r["definition"])
		}
	})
}

// untoldView stands for the text of a view that this user is not told. It reads what may hold all
// that there is, so that the view is masked where there are secrets.
const untoldView = "CREATE VIEW v AS SELECT * FROM sqlite_dbpage"

// plainView writes the text of a view as what reads it (readView) expects: without the names of
// databases before those of tables, and without backslashes in strings.
func (c *mysqlCatalogue) plainView(definition string) string {
	for _, name := range c.names {
		definition = strings.ReplaceAll(definition, c.d.quote(name)+".", "")
	}
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(definition); i++ {
		one := definition[i]
		switch {
		case quote == '\'' && one == '\\' && i+1 < len(definition):
			i++
			if definition[i] == '\'' {
				b.WriteByte('\'')
			}
			one = definition[i]
		case quote != 0 && one == quote:
			quote = 0
		case quote == 0 && (one == '\'' || one == '`' || one == '"'):
			quote = one
		}
		b.WriteByte(one)
	}
	return b.String()
}

func (c *mysqlCatalogue) readColumns(ctx context.Context) error {
	err := c.records(ctx, `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col, COLUMN_DEFAULT AS def, IS_NULLABLE AS nullable, DATA_TYPE AS base,
		CHARACTER_MAXIMUM_LENGTH AS longest, NUMERIC_PRECISION AS digits, NUMERIC_SCALE AS scale, DATETIME_PRECISION AS fraction, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation,
		COLUMN_TYPE AS type, EXTRA AS extra, PRIVILEGES AS privileges, COLUMN_COMMENT AS help, GENERATION_EXPRESSION AS expression
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN %s ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`, func(r record) {
		t := c.table(r)
		if t == nil {
			return
		}
		may := strings.Split(strings.ToLower(r["privileges"]), ",")
		withheld := t.columnRights(may)
		if !slices.Contains(may, "select") {
			return
		}
		extra := strings.ToLower(r["extra"])
		column := &Column{Name: r["col"], Type: r["type"], Help: r["help"], Nullable: r.is("nullable"), Generated: r["expression"] != "", withheld: withheld}
		c.describe(column, r)
		typ := mysqlTypeOf(column)
		typ.counts = strings.Contains(extra, "auto_increment")
		column.Assigned = typ.counts
		if !column.Generated {
			c.setDefault(column, r, extra)
		} else {
			column.reads = []string{r["expression"]} // until all columns are known
		}
		t.Columns = append(t.Columns, column)
		c.columns[t][strings.ToLower(column.Name)] = column
	})
	for _, t := range c.schema.Tables {
		for _, column := range t.Columns {
			if column.Generated {
				column.reads = c.mentioned(t, column.reads[0])
			}
		}
	}
	return err
}

// mentioned are the columns that an expression names.
func (c *mysqlCatalogue) mentioned(t *Table, expression string) (names []string) {
	for _, column := range t.Columns {
		if strings.Contains(strings.ToLower(expression), strings.ToLower(c.d.quote(column.Name))) {
			names = append(names, column.Name)
		}
	}
	return names
}

// setDefault reads a column's default, which is an expression in MariaDB, and in MySQL mostly a
// value.
func (c *mysqlCatalogue) setDefault(column *Column, r record, extra string) {
	value, given := r["def"]
	if given && c.d.mariadb && strings.EqualFold(value, "NULL") {
		given = false
	}
	if given {
		text := mysqlTypeOf(column).class == StoredText && !strings.HasPrefix(strings.ToUpper(value), "CURRENT_TIMESTAMP")
		if !c.d.mariadb && text && !strings.Contains(extra, "default_generated") {
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		column.HasDefault, column.Default = true, value
		mysqlTypeOf(column).made = value
		computed := strings.HasSuffix(value, ")") || strings.HasPrefix(strings.ToUpper(value), "CURRENT_TIMESTAMP")
		column.Assigned = column.Assigned || computed && !column.Nullable
	}
	if _, update, found := strings.Cut(r["extra"], "on update "); found && given {
		column.Default += " ON UPDATE " + update
	}
	if column.Kind == KindBool && (value == "0" || value == "1") {
		truth := value == "1"
		column.truth = &truth
	}
}

// describe sets what a column's type says of it.
func (c *mysqlCatalogue) describe(column *Column, r record) {
	base := strings.ToLower(r["base"])
	declared := strings.ToLower(r["type"])
	typ := &mysqlType{base: base, kind: KindAny, class: StoredText, charset: r["charset"], collation: r["collation"], unsigned: strings.Contains(declared, "unsigned")}
	known, ok := mysqlTypes[base]
	switch {
	case ok:
		typ.kind, typ.class = known.kind, known.class
	case slices.Contains(spatial, base):
		typ.fixed = "is a " + base + ", which is shown as its text and not edited"
	default:
		typ.fixed = "is a " + column.Type + ", which is shown as its text and not edited"
	}
	switch longest := r.number("longest"); {
	case base == "vector":
		typ.fixed = "is a " + column.Type + ", which is not edited"
		typ.long = true
	case typ.class == StoredBlob:
		typ.long = strings.HasSuffix(base, "blob") || longest > 3*wholeRunes
	case base == "char" || base == "varchar":
		if column.MaxLength = longest; longest > longText {
			typ.kind = KindLongText
		}
		typ.long = longest > wholeRunes
	case base == "enum" || base == "set":
		typ.labels = enumLabels(r["type"])
		if base == "enum" {
			column.Enum = typ.labels
		}
	case strings.HasSuffix(base, "text"), base == "json", !ok:
		typ.long = true
	case base == "decimal", (base == "float" || base == "double") && r["scale"] != "":
		column.Precision, column.Scale = r.number("digits"), r.number("scale")
	case base == "bit":
		typ.bits = max(1, r.number("digits"))
	case isInstant(typ.kind):
		typ.tick = time.Second
		for range r.number("fraction") {
			typ.tick /= 10
		}
		if base == "date" {
			typ.tick = 24 * time.Hour
		}
	case strings.HasPrefix(declared, "tinyint(1)") && !typ.unsigned:
		typ.kind = KindBool
	}
	column.Kind, column.native = typ.kind, typ
}

// enumLabels reads the labels of ENUM('a','it”s').
func enumLabels(declared string) (labels []string) {
	_, rest, _ := strings.Cut(declared, "(")
	escapes := map[byte]byte{'n': '\n', 'r': '\r', '0': 0, 't': '\t', 'Z': 26}
	for {
		_, after, found := strings.Cut(rest, "'")
		if !found {
			return labels
		}
		var b []byte
		i := 0
		for ; i < len(after); i++ {
			one := after[i]
			if one == '\\' && i+1 < len(after) {
				i++
				if escaped, ok := escapes[after[i]]; ok {
					b = append(b, escaped)
				} else {
					b = append(b, after[i])
				}
				continue
			}
			if one == '\'' {
				if i+1 >= len(after) || after[i+1] != '\'' {
					break
				}
				i++
			}
			b = append(b, one)
		}
		labels = append(labels, string(b))
		rest = after[min(i+1, len(after)):]
	}
}

func (c *mysqlCatalogue) readIndexes(ctx context.Context) error {
	type found struct {
		t       *Table
		name    string
		unique  bool
		sorts   bool // it is a tree of whole values
		cut     bool // by more than a text's order is known by
		columns []*Column
		names   []string
	}
	var all []*found
	err := c.records(ctx, "SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, INDEX_NAME AS ix, CASE NON_UNIQUE WHEN 0 THEN 'YES' END AS only, COLUMN_NAME AS col, SUB_PART AS part, INDEX_TYPE AS type "+
		"FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN %s ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX", func(r record) {
		t := c.table(r)
		if t == nil {
			return
		}
		if len(all) == 0 || all[len(all)-1].t != t || all[len(all)-1].name != r["ix"] {
			all = append(all, &found{t: t, name: r["ix"], unique: r.is("only"), sorts: r["type"] == "BTREE"})
		}
		index := all[len(all)-1]
		column := c.columns[t][strings.ToLower(r["col"])]
		index.columns = append(index.columns, column)
		name := "" // an expression, or a column that is not shown
		if column != nil {
			name = column.Name
			typ := mysqlTypeOf(column)
			index.sorts = index.sorts && r["part"] == ""
			index.cut = index.cut || typ.long && (r["part"] == "" || r.number("part") > sortedRunes)
		}
		index.names = append(index.names, name)
	})
	for _, index := range all {
		t := index.t
		whole := !slices.Contains(index.columns, nil)
		if first := index.columns[0]; first != nil && index.sorts && mysqlTypeOf(first).place("x") == "x" {
			// An index that is unique but for NULL orders nothing by a second column, the key.
			first.alone = first.alone || index.unique && len(index.columns) == 1 && !first.Nullable
			first.Indexed = first.Indexed || first.alone || !index.unique || len(index.columns) > 1
		}
		t.Indexes = append(t.Indexes, Index{Name: index.name, Columns: index.names, Unique: index.unique})
		if index.unique {
			t.rule(index.name, slices.DeleteFunc(slices.Clone(index.names), func(name string) bool { return name == "" }))
		}
		switch {
		case !index.unique || !whole:
		case index.name == "PRIMARY" && !index.cut:
			t.setPrimaryKey(index.columns)
		default:
			key := newUniqueKey(index.name, index.columns)
			key.NotNull = key.NotNull && !index.cut
			t.UniqueKeys = append(t.UniqueKeys, key)
		}
	}
	return err
}

func (c *mysqlCatalogue) readForeignKeys(ctx context.Context) error {
	rules := map[[3]string]record{}
	err := c.records(ctx, "SELECT CONSTRAINT_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS fk, DELETE_RULE AS deletes, UPDATE_RULE AS updates FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA IN %s", func(r record) {
		rules[[3]string{r["db"], r["name"], r["fk"]}] = r
	})
	if err != nil {
		return err
	}
	keys := map[[3]string]*ForeignKey{}
	broken := map[*ForeignKey]bool{}
	err = c.records(ctx, `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS fk, COLUMN_NAME AS col,
		REFERENCED_TABLE_SCHEMA AS refdb, REFERENCED_TABLE_NAME AS ref, REFERENCED_COLUMN_NAME AS refcol
		FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA IN %s AND REFERENCED_TABLE_NAME IS NOT NULL
		ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`, func(r record) {
		t := c.table(r)
		parent := c.tables[[2]string{r["refdb"], r["ref"]}]
		if parent == nil { // the server may have folded the name
			for key, one := range c.tables {
				if strings.EqualFold(key[0], r["refdb"]) && strings.EqualFold(key[1], r["ref"]) {
					parent = one
				}
			}
		}
		if t == nil || parent == nil {
			return // it is not shown
		}
		id := [3]string{r["db"], r["name"], r["fk"]}
		fk := keys[id]
		if fk == nil {
			fk = &ForeignKey{name: r["fk"], from: [2]string{t.schema, t.bare}, Table: t.Name, RefTable: parent.Name, OnDelete: mysqlAction(rules[id]["deletes"]), OnUpdate: mysqlAction(rules[id]["updates"])}
			keys[id] = fk
			t.ForeignKeys = append(t.ForeignKeys, fk)
		}
		column, to := c.columns[t][strings.ToLower(r["col"])], c.columns[parent][strings.ToLower(r["refcol"])]
		if column == nil || to == nil {
			broken[fk] = true // a part of it is not shown
			return
		}
		fk.Columns = append(fk.Columns, column.Name)
		fk.RefColumns = append(fk.RefColumns, to.Name)
	})
	for _, t := range c.schema.Tables {
		t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(fk *ForeignKey) bool { return broken[fk] })
	}
	return err
}

// mysqlAction is a referential action. What the server does not say is taken for none.
func mysqlAction(rule string) Action {
	for _, one := range []Action{Cascade, SetNull, SetDefault, Restrict} {
		if strings.EqualFold(rule, string(one)) {
			return one
		}
	}
	return NoAction
}

func (c *mysqlCatalogue) readChecks(ctx context.Context) error {
	query := "SELECT CONSTRAINT_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS title, CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA IN %s ORDER BY 1, 2, 3"
	if !c.d.mariadb {
		query = "SELECT k.CONSTRAINT_SCHEMA AS db, k.TABLE_NAME AS name, k.CONSTRAINT_NAME AS title, c.CHECK_CLAUSE AS clause FROM information_schema.TABLE_CONSTRAINTS k " +
			"JOIN information_schema.CHECK_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME WHERE k.CONSTRAINT_TYPE = 'CHECK' AND k.CONSTRAINT_SCHEMA IN %s ORDER BY 1, 2, 3"
	}
	return c.records(ctx, query, func(r record) {
		t := c.table(r)
		if t == nil {
			return
		}
		columns := c.mentioned(t, r["clause"])
		t.checks = append(t.checks, check{name: r["title"], expression: r["clause"], columns: columns})
		if len(columns) == 1 { // how MariaDB declares JSON
			column := c.columns[t][strings.ToLower(columns[0])]
			if typ := mysqlTypeOf(column); typ.base == "longtext" && strings.EqualFold(strings.Trim(r["clause"], "()"), "json_valid("+c.d.quote(column.Name)) {
				column.Kind, typ.kind = KindJSON, KindJSON
			}
		}
	})
}

func (c *mysqlCatalogue) readTriggers(ctx context.Context) error {
	on := map[string]Operation{"INSERT": Insertion, "DELETE": Deletion, "UPDATE": Modification}
	return c.records(ctx, "SELECT EVENT_OBJECT_SCHEMA AS db, EVENT_OBJECT_TABLE AS name, TRIGGER_NAME AS title, EVENT_MANIPULATION AS event FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA IN %s ORDER BY 1, 2, 3", func(r record) {
		if t := c.table(r); t != nil {
			t.triggers = append(t.triggers, trigger{r["title"], on[strings.ToUpper(r["event"])]})
		}
	})
}

func (d *mysql) estimates(ctx context.Context, db *sql.DB, tables []*Table) (map[string]int64, error) {
	c := &mysqlCatalogue{d: d}
	all, at := map[string]int64{}, map[[2]string]string{}
	for _, t := range tables {
		all[t.Name] = -1
		if t.Problem == "" && !t.View {
			at[[2]string{t.schema, t.bare}] = t.Name
		}
		if !slices.Contains(c.names, t.schema) {
			c.names = append(c.names, t.schema)
		}
	}
	if len(c.names) == 0 {
		return all, nil
	}
	err := newReadingPool(d, db).within(ctx, func(db queryer) error {
		c.db = db
		return c.records(ctx, "SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, TABLE_ROWS AS estimate FROM information_schema.TABLES WHERE TABLE_SCHEMA IN %s", func(r record) {
			name, ok := at[[2]string{r["db"], r["name"]}]
			if n, err := strconv.ParseInt(r["estimate"], 10, 64); err == nil && ok {
				all[name] = n
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	return all, nil
}
