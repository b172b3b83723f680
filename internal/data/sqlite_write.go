// This file holds the transactions and statements that write to SQLite.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

func (*sqlite) engine() sqldb.Engine { return sqldb.SQLite }

func (*sqlite) start(p purpose) sqldb.Start {
	if p == reads {
		return startRead
	}
	return startWrite
}

// lock is empty: a transaction that writes is the only one (startWrite).
func (*sqlite) lock(*Table, bool) string { return "" }

func (*sqlite) moves() bool { return false }

func (d *sqlite) differs(t *Table, c *Column, value any) fragment { return differing(d, t, c, value) }

// answers: a statement that is refused undoes itself alone, and so does a COMMIT.
func (*sqlite) answers() bool { return true }

func (*sqlite) settle(context.Context, queryer) error { return nil }

func startRead(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	var version int64 // it is read, so that the moment is now
	return nil, conn.QueryRowContext(ctx, "PRAGMA main.schema_version").Scan(&version)
}

// startWrite enforces foreign keys even where the connection does not, which is SQLite's default.
// They are all checked at the commit: then RESTRICT is NO ACTION, and what broke can be asked for.
func startWrite(ctx context.Context, conn *sql.Conn) (restore func(context.Context) error, err error) {
	var enforced bool
	if err := conn.QueryRowContext(ctx, "PRAGMA foreign_keys").Scan(&enforced); err != nil {
		return nil, err
	}
	if !enforced {
		restore = func(ctx context.Context) error {
			_, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF")
			return err
		}
	}
	for _, statement := range []string{"PRAGMA foreign_keys = ON", "BEGIN IMMEDIATE", "PRAGMA defer_foreign_keys = ON"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return restore, err
		}
	}
	return restore, nil
}

// into is a table as INSERT and RETURNING name it: they take no alias.
func (d *sqlite) into(t *Table) string { return "main." + d.quote(t.Name) }

// returning selects the handle of the written row.
func (d *sqlite) returning(t *Table) string {
	var selected []string
	for _, o := range t.handle() {
		name := t.rowid
		if o.column != nil {
			name = o.column.Name
		}
		selected = append(selected, d.exactly(d.quote(t.Name)+"."+d.quote(name), maxHandle))
	}
	if len(selected) == 0 {
		return " RETURNING " + selectOne
	}
	return " RETURNING " + strings.Join(selected, ", ")
}

// insert overrides ON CONFLICT clauses of the schema: REPLACE would delete other rows without a
// word.
func (d *sqlite) insert(ctx context.Context, db queryer, t *Table, columns []*Column, values []any) ([][]any, error) {
	query := fragment{"INSERT OR ABORT INTO " + d.into(t), values}
	var names []string
	for _, c := range columns {
		names = append(names, d.quote(c.Name))
	}
	if len(names) == 0 {
		query.text += " DEFAULT VALUES"
	} else {
		query.text += " (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ")"
	}
	query.text += d.returning(t)
	return writtenHandles(ctx, db, d, t, query)
}

func (d *sqlite) update(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) ([][]any, error) {
	query := d.set(t, columns, values, where)
	query.text += d.returning(t)
	return writtenHandles(ctx, db, d, t, query)
}

// set is an UPDATE, which overrides ON CONFLICT clauses as insert does.
func (d *sqlite) set(t *Table, columns []*Column, values []any, where []fragment) fragment {
	var set []string
	for _, c := range columns {
		set = append(set, d.quote(c.Name)+" = ?")
	}
	return fragment{"UPDATE OR ABORT " + d.from(t) + " SET " + strings.Join(set, ", "), values}.where(where)
}

func (d *sqlite) change(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) (int64, error) {
	return affected(ctx, db, d.set(t, columns, values, where))
}

func (d *sqlite) remove(ctx context.Context, db queryer, t *Table, where []fragment) (int64, error) {
	return affected(ctx, db, fragment{text: "DELETE FROM " + d.from(t)}.where(where))
}

func (d *sqlite) piece(c *Column, from, size int) string {
	return fmt.Sprintf("'blob', substr(CAST(%s AS BLOB), %d, %d)", d.column(c), from, size)
}

// latest selects a column's value, exactly, in one of the latest rows that has one. It looks at the
// last rows only: finding one value must not read a whole table of NULLs.
func (d *sqlite) latest(t *Table, c *Column) fragment {
	order := t.handle()
	places := make([]string, len(order))
	for i := range order {
		order[i].desc = true
		places[i] = d.place(t, order[i])
	}
	query := "SELECT " + d.column(c) + " AS v FROM " + d.from(t) + orderBy(places, order)
	return fragment{text: fmt.Sprintf("SELECT %s FROM (%s LIMIT %d) WHERE v IS NOT NULL", d.exactly("v", maxCursorValue), query, latestRows)}
}

// key is a column of a foreign key, to be compared with the parent's, which stands left of it and
// decides about the collation. Without its own affinity the parent's is applied to its values, as
// the engine does; an index on it leads to them only where that changes nothing.
func (d *sqlite) key(fk *ForeignKey, i int) string {
	column := "t." + d.quote(fk.Columns[i])
	if fk.direct {
		return column
	}
	return "+" + column
}

func (d *sqlite) refers(_ *Table, fk *ForeignKey, parent *Table, where []fragment) fragment {
	var conditions []fragment
	if fk.direct {
		for i, name := range fk.RefColumns {
			value := fragment{text: "SELECT t." + d.quote(name) + " FROM " + d.from(parent)}.where(where).limit(1)
			conditions = append(conditions, fragment{d.key(fk, i) + " = (" + value.text + ")", value.args})
		}
		return allOf(conditions)
	}
	var selected, same []string
	for i, name := range fk.RefColumns {
		selected = append(selected, fmt.Sprintf("t.%s AS r%d", d.quote(name), i))
		same = append(same, fmt.Sprintf("parent.r%d = %s", i, d.key(fk, i)))
	}
	row := fragment{text: "SELECT " + strings.Join(selected, ", ") + " FROM " + d.from(parent)}.where(where).limit(1)
	return fragment{"EXISTS (SELECT 1 FROM (" + row.text + ") AS parent WHERE " + strings.Join(same, " AND ") + ")", row.args}
}

// referring compares as foreign keys do.
func (d *sqlite) referring(t *Table, handles [][]any, child *Table, fk *ForeignKey) fragment {
	name := func(alias string, t *Table, o term) string {
		if o.column == nil {
			return alias + "." + d.quote(t.rowid)
		}
		return alias + "." + d.quote(o.column.Name)
	}
	var same, refers, selected []string
	for i, o := range t.handle() {
		same = append(same, fmt.Sprintf("%s = wanted.v%d", name("parent", t, o), i))
	}
	for i, column := range t.columns(fk.RefColumns) {
		refers = append(refers, name("parent", t, term{column: column})+" = "+d.key(fk, i))
	}
	for _, o := range child.handle() {
		selected = append(selected, d.exactly(name("t", child, o), maxHandle))
	}
	f := wanted(d, t, t.handle(), handles)
	f.text += "SELECT " + strings.Join(selected, ", ") +
		" FROM wanted CROSS JOIN main." + d.quote(t.Name) + " AS parent ON " + strings.Join(same, " AND ") +
		" CROSS JOIN " + d.from(child) + " ON " + strings.Join(refers, " AND ")
	return f
}
