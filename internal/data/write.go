// This file inserts and updates records.

package data

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Edit is Get for a form: with Token and Links, and texts up to MaxText. A cell that is Truncated
// nevertheless must stay out of the Input.
func (s *Source) Edit(ctx context.Context, table string, key Key) (*Record, error) {
	t, err := s.table(table)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return nil, err
	}
	defer leave()
	s.LearnForm(ctx, t)
	var record *Record
	err = s.moment(ctx, "edit", t, func(ctx context.Context, db queryer) error {
		state, err := s.rowState(ctx, db, t, key, "")
		if err == nil && state == nil {
			err = fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
		}
		if err == nil {
			record, err = s.edit(ctx, db, t, key, state)
		}
		return err
	})
	return record, err
}

// edit is the record of a row's state.
func (s *Source) edit(ctx context.Context, db queryer, t *Table, key Key, state *rowState) (*Record, error) {
	record, err := s.get(ctx, db, t, key, MaxText)
	if err != nil {
		return nil, err
	}
	record.Token, record.Links = state.token, state.links
	return record, nil
}

// Insert writes a new record and returns its key; zero if its table has none.
func (s *Source) Insert(ctx context.Context, table string, in Input) (Key, error) {
	t, err := s.writable(table)
	if err != nil {
		return Key{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, writing)
	if err != nil {
		return Key{}, err
	}
	defer leave()
	s.LearnForm(ctx, t)
	var key Key
	var handle []any
	err = s.transact(ctx, writes, "insert into", t, func(ctx context.Context, db queryer) error {
		handle = nil
		w, err := s.prepare(ctx, db, t, in, nil)
		if err != nil {
			return err
		}
		if err := s.permitted(s.Schema().Inserting(t.Name)); err != nil {
			return err
		}
		handles, err := s.dialect.insert(ctx, db, t, w.columns, w.values)
		if err != nil {
			return s.refused(ctx, db, "insert into", t, in, nil, err)
		}
		if len(handles) != 1 {
			return ignored()
		}
		handle = handles[0]
		s.recorder(ctx).note(Created, t, nil, handle)
		if err := s.setLinks(ctx, db, t, in, handle, nil); err != nil {
			return err
		}
		if err := s.after(ctx, db, t, handle, t.hooks.AfterInsert); err != nil {
			return err
		}
		key, err = s.keyAt(ctx, db, t, handle)
		return err
	}, func(ctx context.Context, db queryer, err error) error {
		return s.refused(ctx, db, "insert into", t, in, handle, err)
	})
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

// ignored is the error of a write that a trigger's RAISE(IGNORE) turned into nothing.
func ignored() error {
	return FieldErrors{fieldError("", "", text.TriggerPrevented)}
}

// Update changes a record and returns its key, which is another one if a column of the key changed.
// token is the Token of the Record that was edited: if the row has changed since, nothing is
// written and the error is a *StaleError.
func (s *Source) Update(ctx context.Context, table string, key Key, token string, in Input) (Key, error) {
	t, err := s.writable(table)
	if err != nil {
		return Key{}, err
	}
	if token == "" {
		return Key{}, FieldErrors{fieldError("token", "", text.TokenMissing)}
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, writing)
	if err != nil {
		return Key{}, err
	}
	defer leave()
	s.LearnForm(ctx, t)
	var handle []any
	var now Key
	err = s.transact(ctx, writes, "update", t, func(ctx context.Context, db queryer) error {
		state, err := s.current(ctx, db, t, key, token, s.dialect.lock(t, false))
		if err != nil {
			return err
		}
		handle = state.handle
		if handle, err = s.updateRow(ctx, db, t, in, state); err != nil {
			return err
		}
		now, err = s.keyAt(ctx, db, t, handle)
		return err
	}, func(ctx context.Context, db queryer, err error) error {
		return s.refused(ctx, db, "update", t, in, handle, err)
	})
	if err != nil {
		return Key{}, err
	}
	return now, nil
}

// updateRow changes the row of a state and returns its handle.
func (s *Source) updateRow(ctx context.Context, db queryer, t *Table, in Input, state *rowState) ([]any, error) {
	handle := state.handle
	changes := s.recorder(ctx)
	before, err := changes.before(ctx, t, handle)
	if err != nil {
		return handle, err
	}
	w, err := s.prepare(ctx, db, t, in, state)
	if err != nil {
		return handle, err
	}
	if len(w.columns) > 0 {
		if err := s.permittedChange(ctx, db, t, w, s.at(t, state.handle)); err != nil {
			return handle, err
		}
		handles, err := s.dialect.update(ctx, db, t, w.columns, w.values, s.at(t, state.handle))
		if err != nil {
			return handle, s.refused(ctx, db, "update", t, in, handle, err)
		}
		if len(handles) != 1 {
			return handle, ignored()
		}
		handle = handles[0]
		changes.reach(s.Schema().Changing(t.Name, names(w.columns)))
	}
	if before != nil {
		changes.note(Updated, t, before, handle)
	}
	if err := s.setLinks(ctx, db, t, in, handle, state.links); err != nil {
		return handle, err
	}
	return handle, s.after(ctx, db, t, handle, t.hooks.AfterUpdate)
}

// current is the state of a row, which must still be the one that the token covers. lock is that of
// rowState.
func (s *Source) current(ctx context.Context, db queryer, t *Table, key Key, token, lock string) (*rowState, error) {
	state, err := s.rowState(ctx, db, t, key, lock)
	if err != nil {
		return nil, err
	}
	if state == nil {
		if err := s.protected(ctx, db, t, key, lock); err != nil {
			return nil, err
		}
		if token == "" {
			return nil, fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
		}
		return nil, &StaleError{}
	}
	if token != "" && token != state.token {
		record, err := s.edit(ctx, db, t, key, state)
		if err != nil {
			return nil, err
		}
		return nil, &StaleError{Current: record}
	}
	return state, nil
}

// protected is an error if a row is there that lock has not found: a policy of the table lets it be
// read and not written.
func (s *Source) protected(ctx context.Context, db queryer, t *Table, key Key, lock string) error {
	if lock == "" {
		return nil
	}
	state, err := s.rowState(ctx, db, t, key, "")
	if err != nil || state == nil {
		return err
	}
	return &UnwritableError{Table: t.Name, Reason: text.RowProtected}
}

// written is the columns that a statement sets, and their values.
type written struct {
	columns []*Column
	values  []any
}

// prepare runs the hook before a write, and reads the input against the row as it is (nil: a new
// row).
func (s *Source) prepare(ctx context.Context, db queryer, t *Table, in Input, state *rowState) (written, error) {
	in, err := s.before(ctx, db, t, in, state)
	if err != nil {
		return written{}, err
	}
	w, wrong, err := s.parse(ctx, db, t, in, state)
	if err != nil {
		return w, err
	}
	if state == nil {
		for _, c := range t.Columns {
			if _, given := in.Fields[c.Name]; !given && c.Readable() && c.required() {
				wrong = append(wrong, fieldError(c.Name, "", text.Required))
			}
		}
	}
	wrong = append(wrong, in.checkLinks(t, state)...)
	unseen, err := s.unseenKeys(ctx, db, t, w, state)
	if err != nil {
		return w, err
	}
	return w, orNil(append(wrong, unseen...))
}

// parse reads the input's fields, all of them. Fields that change nothing are left out.
func (s *Source) parse(ctx context.Context, db queryer, t *Table, in Input, state *rowState) (w written, wrong FieldErrors, err error) {
	for _, name := range slices.Sorted(maps.Keys(in.Fields)) {
		f := in.Fields[name]
		c, problem := in.settable(t, name)
		if op := operationOn(state); problem == nil && t.lacks[op] == nil && slices.Contains(c.withheld, op) {
			problem = text.ColumnRightLacks(string(op))
		}
		if problem != nil {
			wrong = append(wrong, fieldError(name, "", problem))
			continue
		}
		refuse := func(err error) {
			given := f.Text
			if c.Masked {
				given = ""
			}
			wrong = append(wrong, fieldError(name, given, messageOf(err)))
		}
		was, known := state.value(name)
		if known && c.same(f, was) {
			continue
		}
		value, err := c.parseOver(f, was)
		if err != nil {
			refuse(err)
			continue
		}
		if f.File == nil { // a file's line breaks are its own
			value = withBreaks(value, was)
		}
		if value == nil {
			switch {
			case state == nil && c.Assigned, known && was == nil:
				continue
			case !c.Nullable:
				refuse(errRequired)
				continue
			}
		}
		if value != nil {
			like := was
			if like == nil {
				if like, err = s.latest(ctx, db, t, c); err != nil {
					return w, nil, err
				}
			}
			if value, err = s.dialect.store(c, value, like); err != nil {
				refuse(err)
				continue
			}
			if known && identical(value, was) {
				continue
			}
			if err := c.fits(value); err != nil {
				refuse(err)
				continue
			}
		}
		w.columns = append(w.columns, c)
		w.values = append(w.values, value)
	}
	return w, wrong, nil
}

// operationOn is the kind of write of a row that is in this state; of a new one it is nil.
func operationOn(state *rowState) Operation {
	if state == nil {
		return Insertion
	}
	return Modification
}

// value is what a row holds in a column, and whether that is known.
func (r *rowState) value(column string) (value any, known bool) {
	if r == nil {
		return nil, false
	}
	value, known = r.values[column]
	return value, known
}

// identical says whether two stored values are the same, with their storage class.
func identical(a, b any) bool {
	switch a := a.(type) {
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case float64:
		b, ok := b.(float64)
		return ok && math.Float64bits(a) == math.Float64bits(b)
	}
	return a == b
}

// withBreaks gives a text the line breaks of the one that it replaces.
func withBreaks(value, was any) any {
	old, _ := was.(string)
	switch value := value.(type) {
	case string:
		return breaksOf(old, value)
	case document:
		return document(breaksOf(old, string(value)))
	}
	return value
}

// settable finds a column, or says why it cannot be set.
func (in Input) settable(t *Table, name string) (*Column, text.Message) {
	c, ok := t.Column(name)
	switch {
	case !ok || c.Hidden && !(c.unshown && slices.Contains(in.Masked, name)):
		return nil, text.NotAColumn(t.Name)
	case c.Generated:
		return nil, text.Computed
	case c.Problem != "":
		return nil, text.CannotBeSet(text.Verbatim(c.Problem))
	case c.native != nil && c.native.unwritable() != "":
		return nil, text.CannotBeSet(text.Verbatim(c.native.unwritable()))
	case c.Masked && !slices.Contains(in.Masked, name):
		return nil, text.MaskedColumn
	}
	return c, nil
}

// latest is a value that shows how a column's kind is stored in this table: the latest one in the
// form that most of the latest ones have; nil for kinds that are stored in one way.
func (s *Source) latest(ctx context.Context, db queryer, t *Table, c *Column) (any, error) {
	d, ok := s.dialect.(*sqlite)
	if !ok {
		return nil, nil // its type says so
	}
	if c.Kind != KindBool && c.Kind != KindUUID && !isInstant(c.Kind) || c.Masked {
		return nil, nil
	}
	rows, err := s.exactRows(ctx, db, d.latest(t, c), nil, latestRows)
	if err != nil {
		return nil, s.failed(ctx, "read", t, err)
	}
	most, number := any(nil), map[string]int{}
	for _, row := range rows {
		number[c.form(row[0])]++
	}
	for _, row := range rows {
		if most == nil || number[c.form(row[0])] > number[c.form(most)] {
			most = row[0]
		}
	}
	return most, nil
}

// latestRows is how many of the latest rows show how a new value is to be stored.
const latestRows = 100

// form is the same for values that are stored alike: "2024-01-31" and "2025-12-24", "T" and "F".
func (c *Column) form(value any) string {
	given, isText := value.(string)
	switch {
	case !isText:
		return fmt.Sprintf("%T", value)
	case c.Kind == KindBool:
		for _, pair := range boolPairs {
			if slices.Contains(pair[:], given) {
				return pair[0]
			}
		}
		return ""
	case c.Kind == KindUUID:
		return fmt.Sprint(strings.Count(given, "-"), given == strings.ToUpper(given))
	}
	var b strings.Builder
	for i, r := range given {
		switch {
		case r < '0' || r > '9':
			if r == '+' && i > 0 {
				r = '-' // a zone is one
			}
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "0"):
			b.WriteByte('0')
		}
	}
	return b.String()
}
