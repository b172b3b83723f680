// This file holds the statements that write to PostgreSQL.

package data

import (
	"context"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// lock keeps others from changing the rows; from referring to them too where they are deleted. It
// takes the right to update: a user who may only delete sees by the moment of the deletion that
// somebody else wrote.
func (*postgres) lock(t *Table, deletes bool) string {
	switch {
	case t.lacks[Modification] != nil:
		return ""
	case deletes:
		return " FOR UPDATE"
	}
	return " FOR NO KEY UPDATE"
}

// moves: a deletion is REPEATABLE READ.
func (*postgres) moves() bool { return false }

func (d *postgres) differs(t *Table, c *Column, value any) fragment { return differing(d, t, c, value) }

// answers: after an error a transaction takes nothing but ROLLBACK.
func (*postgres) answers() bool { return false }

// settle checks deferred constraints, and runs deferred triggers. In a transaction that is aborted,
// COMMIT would be a ROLLBACK without an error.
func (*postgres) settle(ctx context.Context, db queryer) error {
	_, err := db.ExecContext(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return err
}

func (d *postgres) insert(ctx context.Context, db queryer, t *Table, columns []*Column, values []any) ([][]any, error) {
	query := fragment{text: "INSERT INTO " + d.from(t)}
	if len(columns) == 0 {
		query.text += " DEFAULT VALUES"
	} else {
		var names []string
		var given []fragment
		for i, c := range columns {
			names = append(names, d.quote(c.Name))
			given = append(given, postgresTypeOf(c).assign(values[i]))
		}
		all := joinAll(given, ", ")
		query.text += " (" + strings.Join(names, ", ") + ") VALUES (" + all.text + ")"
		query.args = all.args
	}
	return d.handles(ctx, db, t, query, columns, values)
}

func (d *postgres) update(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) ([][]any, error) {
	return d.handles(ctx, db, t, d.set(t, columns, values, where), columns, values)
}

// set is an UPDATE.
func (d *postgres) set(t *Table, columns []*Column, values []any, where []fragment) fragment {
	var set []fragment
	for i, c := range columns {
		value := postgresTypeOf(c).assign(values[i])
		set = append(set, fragment{d.quote(c.Name) + " = " + value.text, value.args})
	}
	all := joinAll(set, ", ")
	return fragment{"UPDATE " + d.from(t) + " SET " + all.text, all.args}.where(where)
}

// handles reads the handles of the rows that a statement writes.
func (d *postgres) handles(ctx context.Context, db queryer, t *Table, query fragment, columns []*Column, values []any) ([][]any, error) {
	var selected []string
	for _, o := range t.handle() {
		selected = append(selected, d.exact(t, o, maxHandle))
	}
	if len(selected) == 0 {
		selected = []string{selectOne}
	}
	query.text += " RETURNING " + strings.Join(selected, ", ")
	all, err := writtenHandles(ctx, db, d, t, query)
	if err != nil {
		return nil, d.blame(ctx, db, columns, values, err)
	}
	return all, nil
}

func (d *postgres) change(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) (int64, error) {
	n, err := affected(ctx, db, d.set(t, columns, values, where))
	if err != nil {
		return 0, d.blame(ctx, db, columns, values, err)
	}
	return n, nil
}

func (d *postgres) remove(ctx context.Context, db queryer, t *Table, where []fragment) (int64, error) {
	return affected(ctx, db, fragment{text: "DELETE FROM " + d.from(t)}.where(where))
}

// unfit is the error of a write one of whose values its column's type does not take.
type unfit struct {
	error
	column string
}

func (e *unfit) Unwrap() error { return e.error }

// blame finds the value that an error about a value is of, because the server does not say it. It
// tries one after the other in a transaction that reads, since that of the write is over.
func (d *postgres) blame(ctx context.Context, db queryer, columns []*Column, values []any, err error) error {
	answer, ok := sqldb.AnswerOf(err)
	if !ok || !strings.HasPrefix(answer.State, "22") && (answer.Type == "" || answer.Table != "") {
		return err
	}
	if _, ended := db.ExecContext(ctx, "ROLLBACK; BEGIN READ ONLY; "+postgresSettings); ended != nil {
		return err
	}
	for i, c := range columns {
		typ := postgresTypeOf(c)
		if typ.class == StoredBlob || strings.Contains(c.Type, "?") {
			continue
		}
		var null bool
		value := typ.assign(values[i])
		wrong := db.QueryRowContext(ctx, "SELECT CAST("+value.text+" AS "+c.Type+") IS NULL", value.args...).Scan(&null)
		if refused, is := sqldb.AnswerOf(wrong); is && refused.State == answer.State {
			return &unfit{err, c.Name}
		} else if wrong != nil {
			return err
		}
	}
	return err
}

// assign is a value that a column takes.
func (p *postgresType) assign(value any) fragment {
	if value == nil {
		return fragment{text: "NULL"}
	}
	if f, ok := p.bytea(value); ok {
		return f
	}
	return p.as(p.name, textOf(value))
}
