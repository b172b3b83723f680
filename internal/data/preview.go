// This file finds out what a deletion would do to other records.

package data

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"hash"
	"slices"
	"strings"
)

const (
	// PreviewLimit is how many rows of one table a Preview counts, and how many rows in all it
	// follows.
	PreviewLimit = 10_000
	// previewBatch is how many rows' references are looked for at once.
	previewBatch = 200
)

// Preview is what deleting records does to others by the foreign keys, and what that does to more
// records in turn. It does not foresee triggers.
type Preview struct {
	Record  *Record // as Edit returns it; nil for many
	Deleted []Effect
	Changed []Effect // set to NULL or the default
	Forbid  []Effect // why it is refused; empty if it can be deleted, as far as was looked
	// Unseen is what may happen besides, or forbid the deletion, in tables that are not shown and
	// by references that are masked. It follows from the schema alone: whether there are such rows
	// is not looked at, because their number would tell something about the hidden values. Its
	// Counts are Unknown.
	Unseen []Effect
	// Question is what the person is asked; its Token goes to the deletion. The token of a single
	// record covers the record as a Record.Token does.
	Question
}

// Effect is one kind of change to one table.
type Effect struct {
	Table   string   // empty if the table is not shown
	Columns []string // the foreign key's; empty in Deleted, and where the table is not shown
	Action  Action
	Count   Count
}

// DeletePreview finds out what Delete would do to other records.
func (s *Source) DeletePreview(ctx context.Context, table string, key Key) (*Preview, error) {
	t, err := s.table(table)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, heavy)
	if err != nil {
		return nil, err
	}
	defer leave()
	preview := &Preview{}
	var state *rowState
	err = s.piecewise(ctx, "preview a deletion from", t, func(ctx context.Context, db queryer) error {
		err := s.undivided(ctx, db, "preview a deletion from", t, func(ctx context.Context, db queryer) (err error) {
			if state, err = s.current(ctx, db, t, key, "", ""); err != nil {
				return err
			}
			preview.Record, err = s.edit(ctx, db, t, key, state)
			return err
		})
		if err == nil {
			preview.Question, err = s.deletion(ctx, db, preview, t, state, "")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return preview, nil
}

// deletion is the question about one record. It fills the preview. lock is dialect.lock where the
// record is going to be deleted, else empty.
func (s *Source) deletion(ctx context.Context, db queryer, preview *Preview, t *Table, state *rowState, lock string) (Question, error) {
	h := newDigest("crudadmin deletion 1", t)
	hashBytes(h, []byte(state.token))
	err := s.predict(ctx, db, preview, t, [][]any{state.handle}, h, lock)
	return Question{Count: 1, Token: askedEffects + base64.RawURLEncoding.EncodeToString(h.Sum(nil))}, err
}

// DeleteManyPreview finds out what DeleteMany would do to other records, as far as PreviewLimit.
// The Preview has no Record.
func (s *Source) DeleteManyPreview(ctx context.Context, sel Selection) (*Preview, error) {
	t, err := s.table(sel.table)
	if err != nil {
		return nil, err
	}
	conditions, err := s.selected(ctx, t, sel)
	if err != nil {
		return nil, err
	}
	preview := &Preview{}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, heavy)
	if err != nil {
		return nil, err
	}
	defer leave()
	err = s.piecewise(ctx, "preview a deletion from", t, func(ctx context.Context, db queryer) (err error) {
		preview.Question, err = s.question(ctx, db, t, conditions, preview, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return preview, nil
}

// predict adds to a preview, and to a hash, the effects of deleting these rows of a table. lock is
// dialect.lock where they are going to be deleted, else empty.
func (s *Source) predict(ctx context.Context, db queryer, preview *Preview, t *Table, handles [][]any, h hash.Hash, lock string) error {
	c := &cascade{s: s, db: db, locks: lock != "" && s.dialect.moves(), deleted: map[*Table]*rowSet{}, affected: map[*ForeignKey]*rowSet{}}
	for _, handle := range handles {
		c.remove(t, handle)
	}
	chosen := 0
	if rows := c.deleted[t]; rows != nil {
		chosen = len(rows.rows)
	}
	if err := c.follow(ctx); err != nil {
		return err
	}
	c.report(preview, t, chosen)
	c.digest(h)
	return nil
}

// unseen says whether the rows that refer by a foreign key are kept from view: their table is not
// shown, or the key is masked.
func (s *Schema) unseen(child *Table, fk *ForeignKey) bool {
	_, shown := s.Table(child.Name)
	return !shown || slices.ContainsFunc(child.columns(fk.Columns), (*Column).secret)
}

// effect is an Effect without the names of a table that is not shown, and of masked columns.
func (s *Schema) effect(t *Table, columns []string, action Action, count Count) Effect {
	if _, shown := s.Table(t.Name); !shown {
		return Effect{Action: action, Count: Count{Unknown: true}}
	}
	if slices.ContainsFunc(t.columns(columns), (*Column).secret) {
		return Effect{Table: t.Name, Action: action, Count: Count{Unknown: true}}
	}
	return Effect{Table: t.Name, Columns: columns, Action: action, Count: count}
}

// rowSet is a set of rows of one table, by their handles.
type rowSet struct {
	seen map[string]bool
	rows [][]any
	more bool
}

func (r *rowSet) add(handle []any) bool {
	name := fmt.Sprintf("%#v", handle)
	if r.seen[name] {
		return false
	}
	if len(r.rows) > PreviewLimit {
		r.more = true
		return false
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[name] = true
	r.rows = append(r.rows, handle)
	return true
}

func (r *rowSet) has(handle []any) bool { return r != nil && r.seen[fmt.Sprintf("%#v", handle)] }

// cascade is the rows that are deleted when some rows are, and the rows that refer to them without
// being deleted.
type cascade struct {
	s        *Source
	db       queryer // nil: it looks as often as it needs to
	whole    bool    // what is kept from view is followed too
	locks    bool    // the rows are locked
	deleted  map[*Table]*rowSet
	affected map[*ForeignKey]*rowSet // rows that refer to deleted ones and stay
	unseen   []Effect
	queue    []deletedRow
	total    int
	more     bool // not everything was followed
}

type deletedRow struct {
	t      *Table
	handle []any
}

func (c *cascade) remove(t *Table, handle []any) {
	if c.deleted[t] == nil {
		c.deleted[t] = &rowSet{}
	}
	if !c.deleted[t].add(handle) {
		return
	}
	if c.total++; c.total > PreviewLimit {
		c.more = true
		return
	}
	c.queue = append(c.queue, deletedRow{t, handle})
}

// follow finds what refers to the deleted rows until there is nothing new.
func (c *cascade) follow(ctx context.Context) error {
	for len(c.queue) > 0 {
		t := c.queue[0].t
		var batch [][]any
		n := 0
		for n < len(c.queue) && n < previewBatch && c.queue[n].t == t {
			batch = append(batch, c.queue[n].handle)
			n++
		}
		c.queue = c.queue[n:]
		for _, fk := range t.referenced {
			child, ok := c.s.Schema().any(fk.Table)
			if ok && !c.whole && c.s.Schema().unseen(child, fk) {
				c.hide(child, fk)
				continue
			}
			if !ok || child.Problem != "" || len(child.handle()) == 0 {
				continue
			}
			if err := c.refer(ctx, t, child, fk, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// hide notes what may happen by a foreign key that is not looked at, and what may follow.
func (c *cascade) hide(child *Table, fk *ForeignKey) {
	s := c.s.Schema()
	c.hides(s.effect(child, nil, fk.OnDelete, Count{Unknown: true}))
	if fk.OnDelete != Cascade {
		return
	}
	for _, one := range s.Deleting(child.Name) {
		t, ok := s.any(one.Table)
		if !ok {
			continue
		}
		action := SetNull
		if one.Deletes {
			action = Cascade
		}
		c.hides(s.effect(t, nil, action, Count{Unknown: true}))
	}
}

func (c *cascade) hides(one Effect) {
	if !slices.ContainsFunc(c.unseen, func(other Effect) bool { return other.Table == one.Table && other.Action == one.Action }) {
		c.unseen = append(c.unseen, one)
	}
}

// mayDelete reports whether rows of t may be deleted by what is not looked at.
func (c *cascade) mayDelete(t *Table) bool {
	return slices.ContainsFunc(c.unseen, func(e Effect) bool { return e.Table == t.Name && e.Action == Cascade })
}

// refer finds the rows of child that refer to those of t by fk.
func (c *cascade) refer(ctx context.Context, t, child *Table, fk *ForeignKey, batch [][]any) error {
	query := c.s.dialect.referring(t, batch, child, fk)
	var rows [][]any
	var err error
	if c.locks {
		rows, err = exactValues(ctx, c.db, c.s.dialect, query.limit(PreviewLimit+1).locked(c.s.dialect.lock(child, true)))
	} else {
		rows, err = c.s.exactSome(ctx, c.db, child, query, nil, PreviewLimit+1)
	}
	if err != nil {
		return c.s.failed(ctx, "preview a deletion from", child, err)
	}
	for _, handle := range rows {
		if fk.OnDelete == Cascade {
			c.remove(child, handle)
			continue
		}
		if c.affected[fk] == nil {
			c.affected[fk] = &rowSet{}
		}
		c.affected[fk].add(handle)
	}
	return nil
}

// report fills the preview. The first rows of t, as many as chosen, are those that are to be
// deleted themselves.
func (c *cascade) report(p *Preview, t *Table, chosen int) {
	limited := func(n int, more bool) Count {
		return Count{Rows: int64(min(n, PreviewLimit)), More: more || n > PreviewLimit}
	}
	effect := c.s.Schema().effect
	for child, rows := range c.deleted {
		n := len(rows.rows)
		if child == t {
			n -= chosen
		}
		if n > 0 {
			p.Deleted = append(p.Deleted, effect(child, nil, Cascade, limited(n, rows.more || c.more)))
		}
	}
	for fk, rows := range c.affected {
		child, _ := c.s.Schema().any(fk.Table)
		n := 0
		for _, handle := range rows.rows {
			if !c.deleted[child].has(handle) {
				n++
			}
		}
		if n == 0 {
			continue
		}
		one := effect(child, fk.Columns, fk.OnDelete, limited(n, rows.more))
		required := slices.ContainsFunc(child.columns(fk.Columns), func(c *Column) bool {
			return !c.Nullable && (fk.OnDelete == SetNull || !c.HasDefault)
		})
		switch {
		case (fk.OnDelete == SetNull || fk.OnDelete == SetDefault) && !required:
			p.Changed = append(p.Changed, one)
		case c.mayDelete(child): // what happens first, only the database knows
			one.Count = Count{Unknown: true}
			c.hides(one)
		default:
			p.Forbid = append(p.Forbid, one)
		}
	}
	p.Unseen = c.unseen
	for _, effects := range [][]Effect{p.Deleted, p.Changed, p.Forbid, p.Unseen} {
		slices.SortFunc(effects, func(a, b Effect) int {
			return cmp.Or(cmp.Compare(a.Table, b.Table), strings.Compare(strings.Join(a.Columns, ","), strings.Join(b.Columns, ",")))
		})
	}
}
