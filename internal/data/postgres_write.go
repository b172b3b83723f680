// This file holds the statements that write to PostgreSQL.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/text"
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

// coerced is a value of the type as a column with its modifier takes it: cut or rounded, or refused
// with the error of a write.
func (p *postgresType) coerced(x string) string {
	switch name := "pg_catalog." + postgresQuote(p.base); {
	case p.mod < 0:
	case slices.Contains([]string{"interval", "timetz", "time", "timestamp", "timestamptz", "numeric"}, p.base):
		return fmt.Sprintf("%s(%s, %d)", name, x, p.mod)
	case slices.Contains([]string{"bit", "varbit", "bpchar", "varchar"}, p.base):
		return fmt.Sprintf("%s(%s, %d, false)", name, x, p.mod)
	}
	return x
}

// loses is the condition that a column keeps something else than the value, and the text that it
// keeps; false where it is known to keep it.
func (p *postgresType) loses(c *Column, value any) (condition, kept fragment, may bool) {
	given, is := value.(string)
	if !is || c.Masked {
		return fragment{}, fragment{}, false
	}
	x := p.assign(given)
	kept = fragment{p.text(p.coerced(x.text)), x.args}
	condition = fragment{p.coerced(x.text) + " IS DISTINCT FROM " + x.text, slices.Concat(x.args, x.args)}
	fraction := p.mod >= 0 && strings.Contains(given, ".")
	switch p.base {
	case "interval":
		may = p.mod >= 0
	case "timetz", "time", "timestamp", "timestamptz":
		may = fraction
		if _, _, ok := p.time(given); ok && p.base != "timetz" {
			may = false // enterInstant has looked
		}
	case "numeric":
		may = p.mod >= 0 && c.Precision == 0
	case "name", "char":
		may = len(given) > 1
		condition = fragment{kept.text + " <> CAST(? AS text)", append(slices.Clone(x.args), given)}
	case "money":
		may = postgresNumber.MatchString(given)
		condition = fragment{"CAST(" + x.text + " AS numeric) <> CAST(CAST(? AS text) AS numeric)", append(slices.Clone(x.args), given)}
	}
	return condition, kept, may
}

// keeps is FieldErrors where a column would keep something else than the value that it is given. A
// value that its type does not take is left to the write.
func (d *postgres) keeps(ctx context.Context, db queryer, columns []*Column, values []any) error {
	var wrong FieldErrors
	for i, c := range columns {
		condition, kept, may := postgresTypeOf(c).loses(c, values[i])
		if !may {
			continue
		}
		var stored sql.NullString
		err := db.QueryRowContext(ctx, "SELECT CASE WHEN "+condition.text+" THEN "+kept.text+" END", slices.Concat(condition.args, kept.args)...).Scan(&stored)
		if err != nil {
			return d.blame(ctx, db, columns, values, err)
		}
		if stored.Valid {
			wrong = append(wrong, fieldError(c.Name, textOf(values[i]), text.WouldBecome(stored.String)))
		}
	}
	return orNil(wrong)
}

func (d *postgres) insert(ctx context.Context, db queryer, t *Table, columns []*Column, values []any) ([][]any, error) {
	if err := d.keeps(ctx, db, columns, values); err != nil {
		return nil, err
	}
	query := fragment{text: "INSERT INTO " + d.from(t) + " DEFAULT VALUES"}
	if len(columns) > 0 {
		query = d.into(d.from(t), columns, values)
	}
	return d.handles(ctx, db, t, query, columns, values)
}

func (d *postgres) update(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) ([][]any, error) {
	if err := d.keeps(ctx, db, columns, values); err != nil {
		return nil, err
	}
	return d.handles(ctx, db, t, d.set(t, columns, values, where), columns, values)
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
	if err := d.keeps(ctx, db, columns, values); err != nil {
		return 0, err
	}
	n, err := affected(ctx, db, d.set(t, columns, values, where))
	if err != nil {
		return 0, d.blame(ctx, db, columns, values, err)
	}
	return n, nil
}

func (d *postgres) remove(ctx context.Context, db queryer, t *Table, where []fragment) (int64, error) {
	return affected(ctx, db, fragment{text: "DELETE FROM " + d.from(t)}.where(where))
}

// misreadNames are the SQLSTATEs of values of types that name something, or have a syntax of their
// own: regclass, tsvector.
var misreadNames = []string{"42601", "42P01", "42704", "42883", "42602", "3F000"}

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
	of := strings.HasPrefix(answer.State, stateData) || answer.Type != "" && answer.Table == "" || slices.Contains(misreadNames, answer.State)
	if !ok || !of || answer.Raised() {
		return err
	}
	if _, ended := db.ExecContext(ctx, "ROLLBACK; BEGIN READ ONLY; "+d.settings()); ended != nil {
		return err
	}
	for i, c := range columns {
		typ := postgresTypeOf(c)
		if typ.class == StoredBlob || strings.Contains(c.Type, "?") {
			continue
		}
		var null bool
		value := typ.assign(values[i])
		wrong := db.QueryRowContext(ctx, "SELECT CAST("+typ.coerced(value.text)+" AS "+c.Type+") IS NULL", value.args...).Scan(&null)
		if refused, is := sqldb.AnswerOf(wrong); is && refused.State == answer.State {
			return &unfit{err, c.Name}
		} else if wrong != nil {
			return err
		}
	}
	return err
}

func (p *postgresType) assign(value any) fragment {
	if value == nil {
		return fragment{text: "NULL"}
	}
	if f, ok := p.bytea(value); ok {
		return f
	}
	return p.as(p.name, textOf(value))
}
