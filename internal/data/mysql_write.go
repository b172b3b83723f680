// This file holds the statements that write to MySQL and MariaDB.

package data

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// mysqlSavepoint is set when a transaction that writes begins. After a deadlock the server has
// undone the whole transaction, and what follows is in another one, without the savepoint.
const mysqlSavepoint = "crudadmin_write"

// lock keeps others from changing the rows, and from referring to them. It takes a right to write.
func (*mysql) lock(t *Table, _ bool) string {
	if t.lacks[Modification] != nil && t.lacks[Deletion] != nil {
		return ""
	}
	return " FOR UPDATE"
}

// moves: READ COMMITTED, so that a row that somebody else was writing is read as it is now.
func (*mysql) moves() bool { return true }

// answers: the transaction does, but what was refused is undone, and nothing of it is found.
func (*mysql) answers() bool { return false }

// settle fails in a transaction that is not the one that began. There are no deferred checks.
func (*mysql) settle(ctx context.Context, db queryer) error {
	_, err := db.ExecContext(ctx, "RELEASE SAVEPOINT "+mysqlSavepoint)
	return err
}

func (d *mysql) insert(ctx context.Context, db queryer, t *Table, columns []*Column, values []any) ([][]any, error) {
	var find func(id int64) []fragment
	if !d.returns {
		var err error
		if columns, values, find, err = d.foreseen(ctx, db, t, columns, values); err != nil {
			return nil, err
		}
	}
	query := d.into(d.table(t), columns, values)
	if d.returns {
		query.text += " RETURNING " + strings.Join(d.handleOf(t, ""), ", ")
		handles, err := writtenHandles(ctx, db, d, t, query)
		return handles, d.blame(ctx, db, t, Insertion, columns, values, err)
	}
	result, err := db.ExecContext(ctx, query.text, query.args...)
	if err != nil {
		return nil, d.blame(ctx, db, t, Insertion, columns, values, err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return nil, err
	}
	return d.found(ctx, db, t, find(id))
}

// handleOf selects a row's handle, by names after a prefix.
func (d *mysql) handleOf(t *Table, prefix string) []string {
	var selected []string
	for _, o := range t.handle() {
		x, typ := prefix+d.quote(o.column.Name), mysqlTypeOf(o.column)
		selected = append(selected, typ.classOf(x)+", "+typ.read(x))
	}
	if len(selected) == 0 {
		return []string{selectOne}
	}
	return selected
}

// found reads the handle of the row that meets the conditions. Of a table without handles a row is
// read as none.
func (d *mysql) found(ctx context.Context, db queryer, t *Table, where []fragment) ([][]any, error) {
	if len(t.handle()) == 0 {
		return [][]any{{}}, nil
	}
	selected := d.handleOf(t, "t.")
	return writtenHandles(ctx, db, d, t, fragment{text: "SELECT " + strings.Join(selected, ", ") + " FROM " + d.from(t)}.where(where).limit(2))
}

// foreseen is how the row of an INSERT is found by a server that does not return it: by what is
// given for its key, by the number that it assigns, or by a default that is computed beforehand and
// given.
func (d *mysql) foreseen(ctx context.Context, db queryer, t *Table, columns []*Column, values []any) ([]*Column, []any, func(id int64) []fragment, error) {
	columns, values = slices.Clone(columns), slices.Clone(values)
	var numbered *Column
	for _, o := range t.handle() {
		typ := mysqlTypeOf(o.column)
		i := slices.Index(columns, o.column)
		switch {
		case i >= 0 && values[i] != nil:
		case typ.counts:
			numbered = o.column
		case typ.made != "":
			made, err := exactValues(ctx, db, d, fragment{text: "SELECT " + typ.classOf("("+typ.made+")") + ", " + typ.read("("+typ.made+")")})
			if err != nil {
				return nil, nil, nil, err
			}
			columns, values = append(columns, o.column), append(values, made[0][0])
		}
	}
	return columns, values, func(id int64) []fragment {
		var where []fragment
		for _, o := range t.handle() {
			var value any = strconv.FormatUint(uint64(id), 10)
			if i := slices.Index(columns, o.column); i >= 0 && o.column != numbered {
				value = values[i]
			}
			where = append(where, compared(d, t, o, "=", value))
		}
		return where
	}, nil
}

// update finds the row again by what it was found by, of which it may set a part: the server counts
// rows that it changes, and does not return them. where are the conditions of a handle.
func (d *mysql) update(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) ([][]any, error) {
	query := d.set(t, columns, values, where)
	if _, err := db.ExecContext(ctx, query.text, query.args...); err != nil {
		return nil, d.blame(ctx, db, t, Modification, columns, values, err)
	}
	now := slices.Clone(where)
	for i, o := range t.handle() {
		if n := slices.Index(columns, o.column); n >= 0 && values[n] != nil {
			now[i] = compared(d, t, o, "=", values[n])
		}
	}
	return d.found(ctx, db, t, now)
}

// mysqlBulk is how many rows one statement of a write of many changes.
const mysqlBulk = 200

// change locks the rows and changes them by their handles: the server counts those alone whose
// values become others, and would change rows too that came since the locked ones were looked at.
func (d *mysql) change(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) (int64, error) {
	handle := t.handle()
	if len(handle) == 0 || slices.ContainsFunc(handle, func(o term) bool { return slices.Contains(columns, o.column) }) {
		return d.changeCounted(ctx, db, t, columns, values, where)
	}
	selected := d.handleOf(t, "t.")
	query := fragment{text: "SELECT " + strings.Join(selected, ", ") + " FROM " + d.from(t)}.where(where).limit(MaxBulk + 1).locked(" FOR UPDATE")
	rows, err := exactValues(ctx, db, d, query)
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(rows, mysqlBulk) {
		query := d.set(t, columns, values, []fragment{atOneOf(d, t, some)})
		if _, err := db.ExecContext(ctx, query.text, query.args...); err != nil {
			return 0, d.blame(ctx, db, t, Modification, columns, values, err)
		}
	}
	return int64(len(rows)), nil
}

// changeCounted is change for rows that are not found again.
func (d *mysql) changeCounted(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) (int64, error) {
	rows, err := exactValues(ctx, db, d, fragment{text: "SELECT 'integer', COUNT(*) FROM " + d.from(t)}.where(where).locked(" FOR UPDATE"))
	if err != nil {
		return 0, err
	}
	query := d.set(t, columns, values, where)
	if _, err := db.ExecContext(ctx, query.text, query.args...); err != nil {
		return 0, d.blame(ctx, db, t, Modification, columns, values, err)
	}
	n, _ := rows[0][0].(int64)
	return n, nil
}

func (d *mysql) remove(ctx context.Context, db queryer, t *Table, where []fragment) (int64, error) {
	return affected(ctx, db, fragment{text: "DELETE t FROM " + d.from(t)}.where(where))
}

// assign sends numbers as texts, which are exact.
func (m *mysqlType) assign(value any) fragment {
	switch value := value.(type) {
	case nil:
		return fragment{text: "NULL"}
	case []byte:
		return fragment{text: bytesLiteral(value)}
	case int64:
		return fragment{text: strconv.FormatInt(value, 10)}
	}
	given := textOf(value)
	switch {
	case m.class == StoredBlob:
		return fragment{text: bytesLiteral([]byte(given))}
	case m.base == "bit", m.base == "year", m.base == "float", m.base == "double":
		return m.comparand(given)
	}
	return fragment{"?", []any{given}}
}

// elsewhere is the error of a write that broke a rule of another table: a trigger wrote there.
type elsewhere struct{ error }

func (e *elsewhere) Unwrap() error { return e.error }

// blame tells rules of the written table from those of tables that its triggers write to, where
// the server names neither.
func (d *mysql) blame(ctx context.Context, db queryer, t *Table, op Operation, columns []*Column, values []any, err error) error {
	if err == nil || !slices.ContainsFunc(t.triggers, func(one trigger) bool { return one.on == op }) {
		return err
	}
	said := d.said(err)
	if said.key == "" && said.column == "" { // a trigger's own words
		return err
	}
	given := func(name string) int {
		return slices.IndexFunc(columns, func(c *Column) bool { return strings.EqualFold(c.Name, name) })
	}
	switch said.number {
	case mysqlDuplicate:
		var where []fragment
		key := t.rules[strings.TrimPrefix(said.key, t.bare+".")]
		for _, name := range key {
			if i := given(name); i >= 0 && values[i] != nil {
				where = append(where, compared(d, t, term{column: columns[i]}, "=", values[i]))
			}
		}
		switch {
		case len(where) == 0:
			return &elsewhere{err}
		case len(where) < len(key):
			return err
		}
		rows, wrong := exactValues(ctx, db, d, fragment{text: "SELECT " + selectOne + " FROM " + d.from(t)}.where(where).limit(1))
		if wrong == nil && len(rows) == 0 {
			return &elsewhere{err}
		}
	case mysqlNotNull, mysqlNoDefault, mysqlTooLong, mysqlOutOfRange, mysqlCut, mysqlWrong, mysqlUnfit:
		if i := given(said.column); (i < 0) != (said.number == mysqlNoDefault) || i >= 0 && columns[i].took(said.number, values[i]) {
			return &elsewhere{err}
		}
	}
	return err
}

// took says whether a value that was written cannot have broken a rule of the column: it was looked
// at before.
func (c *Column) took(number int, value any) bool {
	switch number {
	case mysqlNotNull:
		return value != nil
	case mysqlTooLong:
		return c.MaxLength > 0
	case mysqlOutOfRange:
		return c.Kind == KindInteger
	}
	return false
}

// differs compares the texts of values byte by byte: for a collation two texts may be the same.
func (d *mysql) differs(t *Table, c *Column, value any) fragment {
	typ, x := mysqlTypeOf(c), d.column(c)
	if value == nil {
		return fragment{text: x + " IS NOT NULL"}
	}
	is := fragment{d.place(t, term{column: c}), nil}
	to := d.bind(t, term{column: c}, value)
	if typ.class == StoredText || typ.class == StoredBlob {
		b, ok := value.([]byte)
		if !ok {
			b = []byte(textOf(value))
		}
		is.text, to = "CAST("+typ.read(x)+" AS BINARY)", fragment{text: bytesLiteral(b)}
	}
	return fragment{"(" + is.text + " <> " + to.text + " OR " + x + " IS NULL)", to.args}
}
