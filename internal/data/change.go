// This file holds what a write changes: a Change for each row, with its values before and after, as
// the transaction that writes reads them. One observer is told.
//
// Told are the rows that are written, the links, and the rows that foreign keys' actions delete or
// change with a deletion. Told as Unseen are the tables that may change besides: what a changed key
// takes along, triggers, and the statements of hooks and actions.

package data

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"slices"
)

const (
	// MaxKept is the longest value of a Datum, in bytes.
	MaxKept = 1 << 20
	// keptChanges and keptBytes bound what a write of many keeps until it tells it.
	keptChanges = 1000
	keptBytes   = 16 << 20
	// imageBatch is how many rows are read at once.
	imageBatch = 100
)

// ChangeKind is what became of a row.
type ChangeKind string

// The kinds of changes.
const (
	Created  ChangeKind = "create"
	Updated  ChangeKind = "update"
	Deleted  ChangeKind = "delete"
	Linked   ChangeKind = "link"   // a row of a join table was made
	Unlinked ChangeKind = "unlink" // a row of a join table was deleted
)

// Change is what one write changed in one row.
type Change struct {
	Kind   ChangeKind
	Table  string
	Key    Key              // before; of a new row, after; zero if the row has none
	NewKey Key              // after; zero of a deleted row
	Before map[string]Datum // of an updated row, the columns that changed; nil of a new one
	After  map[string]Datum // alike; nil of a deleted row
}

// Datum is a value of a Change, exactly.
type Datum struct {
	Storage Storage
	Value   any    // int64, float64, string or []byte; nil for NULL, and for what is not kept
	Masked  []byte // of a masked column, instead of the value: its HMAC-SHA-256 by Observer.Key
	Size    int64  // of a value of more than MaxKept bytes, instead of the value: its bytes
	Sum     []byte // and their SHA-256
}

func (d Datum) equal(other Datum) bool {
	return d.Storage == other.Storage && identical(d.Value, other.Value) && bytes.Equal(d.Masked, other.Masked) &&
		d.Size == other.Size && bytes.Equal(d.Sum, other.Sum)
}

// bytes is about how much memory it takes.
func (d Datum) bytes() int {
	n := 100
	switch value := d.Value.(type) {
	case string:
		n += len(value)
	case []byte:
		n += len(value)
	}
	return n
}

// Changes are what one write changes, or some of it.
type Changes struct {
	Changes []Change
	More    bool // the same write tells others after these
	// Unseen are tables that may change too without being told row by row. They come with the last
	// of a write.
	Unseen []string
	// Program says that a hook or an action had the transaction: what its own statements changed in
	// other rows is not told. It comes with the last of a write.
	Program bool
}

// Observer is told what writes change.
type Observer struct {
	// Key is the key of Datum.Masked.
	Key []byte
	// Changed is told in the transaction that writes, right before it is committed: with all that
	// it does done, and before the check of BeforeCommit. Its error undoes the write and is
	// returned as it is. A write of many tells its changes some at a time; one that fails does not
	// get to those that have no More after them.
	Changed func(ctx context.Context, tx Tx, changes Changes) error
	// Ended, if set, is told how the COMMIT ended whose changes Changed was told to the last: nil,
	// or the error for which nothing was written, or for which it is not known.
	Ended func(ctx context.Context, err error)
}

// observed is the key under which the context of a transaction carries its *recorder.
type observed struct{ s *Source }

// recorder gathers what a transaction changes. A nil one gathers nothing.
type recorder struct {
	s       *Source
	tx      queryer
	pending []*pending
	size    int
	unseen  map[string]bool
	program bool
}

// pending is a change whose values after are read when it is told.
type pending struct {
	kind   ChangeKind
	t      *Table
	before *image
	handle []any // of the row after; nil if it is gone
	after  *image
}

// image is what a row holds at one moment.
type image struct {
	handle []any
	key    Key
	values map[string]Datum
}

// record returns a context whose writes in this transaction are gathered, if there is somebody to
// tell.
func (s *Source) record(ctx context.Context, tx queryer) (context.Context, *recorder) {
	if s.config.Observer == nil {
		return ctx, nil
	}
	r := &recorder{s: s, tx: tx, unseen: map[string]bool{}}
	return context.WithValue(ctx, observed{s}, r), r
}

// recorder is what gathers the changes of the transaction that ctx belongs to.
func (s *Source) recorder(ctx context.Context) *recorder {
	r, _ := ctx.Value(observed{s}).(*recorder)
	return r
}

// before is the row of a handle as it is; nil without a recorder.
func (r *recorder) before(ctx context.Context, t *Table, handle []any) (*image, error) {
	if r == nil {
		return nil, nil
	}
	found, err := r.rows(ctx, t, [][]any{handle})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// note gathers a change of a row. before is nil of a new row, handle of a deleted one.
func (r *recorder) note(kind ChangeKind, t *Table, before *image, handle []any) {
	if r == nil {
		return
	}
	if before != nil {
		for _, one := range before.values {
			r.size += one.bytes()
		}
	}
	r.pending = append(r.pending, &pending{kind: kind, t: t, before: before, handle: handle})
}

// reach notes the tables that the database changes by itself in ways that are not told row by row.
func (r *recorder) reach(changes []Reached) {
	if r == nil {
		return
	}
	for _, one := range changes {
		r.unseen[one.Table] = true
	}
}

// full says whether it is time to tell what was gathered.
func (r *recorder) full() bool {
	return r != nil && (len(r.pending) >= keptChanges || r.size >= keptBytes)
}

// tell tells what was gathered. more says that the write goes on.
func (r *recorder) tell(ctx context.Context, more bool) error {
	if r == nil {
		return nil
	}
	told := Changes{More: more}
	for batch := range slices.Chunk(r.pending, imageBatch) {
		if err := r.look(ctx, batch); err != nil {
			return err
		}
		for _, one := range batch {
			if change, ok := one.change(); ok {
				told.Changes = append(told.Changes, change)
			}
		}
	}
	r.pending, r.size = nil, 0
	if !more {
		told.Unseen, told.Program = slices.Sorted(maps.Keys(r.unseen)), r.program
	}
	if more && len(told.Changes) == 0 {
		return nil
	}
	return r.s.config.Observer.Changed(ctx, programs(r.tx), told)
}

// ended tells how a COMMIT ended.
func (s *Source) ended(ctx context.Context, err error) {
	if o := s.config.Observer; o != nil && o.Ended != nil {
		o.Ended(ctx, err)
	}
}

// look reads the rows as they are now, a table at a time.
func (r *recorder) look(ctx context.Context, batch []*pending) error {
	wanted := map[*Table][]*pending{}
	var tables []*Table
	for _, one := range batch {
		if one.handle == nil {
			continue
		}
		if wanted[one.t] == nil {
			tables = append(tables, one.t)
		}
		wanted[one.t] = append(wanted[one.t], one)
	}
	for _, t := range tables {
		var handles [][]any
		for _, one := range wanted[t] {
			handles = append(handles, one.handle)
		}
		found, err := r.rows(ctx, t, handles)
		if err != nil {
			return err
		}
		for _, one := range wanted[t] {
			i := slices.IndexFunc(found, func(row *image) bool { return slices.EqualFunc(row.handle, one.handle, identical) })
			if i >= 0 {
				one.after = found[i]
			}
		}
	}
	return nil
}

// change is what became of a row; false if nothing did.
func (p *pending) change() (Change, bool) {
	c := Change{Kind: p.kind, Table: p.t.Name}
	if p.before != nil {
		c.Key, c.Before = p.before.key, p.before.values
	}
	if p.after != nil {
		c.NewKey, c.After = p.after.key, p.after.values
	}
	switch {
	case p.before == nil && p.after == nil:
		return c, false // made, and deleted again
	case p.before == nil:
		c.Key = c.NewKey
		return c, true
	case p.after == nil:
		if c.Kind == Updated { // and deleted by a hook
			c.Kind = Deleted
		}
		return c, true
	case c.Kind == Deleted: // a trigger kept it
		c.Kind = Updated
	}
	c.Before, c.After = map[string]Datum{}, map[string]Datum{}
	for name, was := range p.before.values {
		if is := p.after.values[name]; !is.equal(was) {
			c.Before[name], c.After[name] = was, is
		}
	}
	return c, len(c.Before) > 0
}

// rows reads the rows of handles, in no order.
func (r *recorder) rows(ctx context.Context, t *Table, handles [][]any) (all []*image, err error) {
	s := r.s
	for batch := range slices.Chunk(handles, imageBatch) {
		some, err := r.images(ctx, t, []fragment{atOneOf(s.dialect, t, batch)})
		if err != nil {
			return nil, s.failed(ctx, "read", t, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// images reads the rows that meet the conditions.
func (r *recorder) images(ctx context.Context, t *Table, where []fragment) (all []*image, err error) {
	s := r.s
	var columns []*Column
	for _, c := range t.Columns {
		if (!c.Hidden || c.unshown) && c.Problem == "" {
			columns = append(columns, c)
		}
	}
	type long struct {
		row *image
		c   *Column
	}
	var longs []long
	handle := t.handle()
	for chunk := range slices.Chunk(columns, recordChunk) {
		query := s.selecting(t, slices.Concat(s.exactly(t, handle, maxHandle), s.exactly(t, t.keyTerms(), MaxKeyPart), s.exactly(t, termsOf(chunk), MaxKept))...).where(where)
		query.text += s.ordered(t, handle)
		n := 0
		err := each(ctx, r.tx, query, func(line *scan) {
			row := &image{values: map[string]Datum{}}
			for range handle {
				row.handle = append(row.handle, line.exact(s.dialect))
			}
			row.key = line.key(s.dialect, t)
			if n == len(all) {
				all = append(all, row)
			}
			row = all[n]
			n++
			for _, c := range chunk {
				one, kept := r.datum(line, c)
				if !kept {
					longs = append(longs, long{row, c})
				}
				row.values[c.Name] = one
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for _, one := range longs {
		value := one.row.values[one.c.Name]
		if value.Size, value.Sum, err = r.sum(ctx, t, one.c, one.row.handle); err != nil {
			return nil, err
		}
		one.row.values[one.c.Name] = value
	}
	return all, nil
}

// datum takes a column's value; false if it is too long to be kept.
func (r *recorder) datum(line *scan, c *Column) (Datum, bool) {
	d := Datum{Storage: Storage(line.text())}
	d.Value = r.s.dialect.value(string(d.Storage), line.take())
	if d.Storage == StoredNull || c.Masked && d.Value == nil {
		return d, d.Storage == StoredNull
	}
	if c.Masked {
		h := hmac.New(sha256.New, r.s.config.Observer.Key)
		hashBytes(h, []byte(c.Name))
		hashValue(h, d.Value)
		return Datum{Masked: h.Sum(nil)}, true
	}
	return d, d.Value != nil
}

// sum is the size and the hash of a long value; of a masked column, its HMAC alone says nothing of
// the size.
func (r *recorder) sum(ctx context.Context, t *Table, c *Column, handle []any) (n int64, sum []byte, err error) {
	h := sha256.New()
	if c.Masked {
		h = hmac.New(sha256.New, r.s.config.Observer.Key)
	}
	if len(handle) == 0 {
		return 0, nil, nil
	}
	err = r.s.longValue(ctx, r.tx, t, c, handle, statePiece, func(piece []byte) error {
		n += int64(len(piece))
		_, _ = h.Write(piece)
		return nil
	})
	return n, h.Sum(nil), err
}

// deletion gathers the rows that are about to be deleted, and what goes with them, before it
// happens.
func (r *recorder) deletion(ctx context.Context, t *Table, handles [][]any) error {
	if r == nil {
		return nil
	}
	c := &cascade{s: r.s, db: r.tx, whole: true, locks: r.s.dialect.moves(), deleted: map[*Table]*rowSet{}, affected: map[*ForeignKey]*rowSet{}}
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
	if err := r.gone(ctx, t, handles); err != nil {
		return err
	}
	for _, child := range slices.SortedFunc(maps.Keys(c.deleted), func(a, b *Table) int { return cmp.Compare(a.Name, b.Name) }) {
		rows := c.deleted[child].rows
		if child == t {
			rows = rows[chosen:]
		}
		if err := r.gone(ctx, child, rows); err != nil {
			return err
		}
	}
	for _, one := range r.s.Schema().Deleting(t.Name) {
		child, ok := r.s.Schema().any(one.Table)
		if c.more || !ok || child.Problem != "" || len(child.handle()) == 0 || c.deleted[child] != nil && c.deleted[child].more {
			r.unseen[one.Table] = true
		}
	}
	return r.bereave(ctx, c)
}

// gone gathers rows of one table that are about to be deleted.
func (r *recorder) gone(ctx context.Context, t *Table, handles [][]any) error {
	kept := slices.ContainsFunc(t.triggers, func(one trigger) bool { return one.on == Deletion }) // maybe, by a trigger
	for batch := range slices.Chunk(handles, imageBatch) {
		rows, err := r.rows(ctx, t, batch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			var handle []any
			if kept {
				handle = row.handle
			}
			r.note(Deleted, t, row, handle)
		}
		if !kept && r.full() {
			if err := r.tell(ctx, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// bereave gathers the rows that lose their reference in a deletion.
func (r *recorder) bereave(ctx context.Context, c *cascade) error {
	for _, fk := range slices.SortedFunc(maps.Keys(c.affected), func(a, b *ForeignKey) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), slices.Compare(a.Columns, b.Columns))
	}) {
		child, _ := r.s.Schema().any(fk.Table)
		if c.affected[fk].more {
			r.unseen[child.Name] = true
		}
		kept := slices.DeleteFunc(slices.Clone(c.affected[fk].rows), c.deleted[child].has)
		rows, err := r.rows(ctx, child, kept)
		if err != nil {
			return err
		}
		for _, row := range rows {
			r.note(Updated, child, row, row.handle)
		}
	}
	return nil
}

// setting sets columns of the rows that meet each of the conditions, some rows at a time, by set.
func (r *recorder) setting(ctx context.Context, t *Table, w written, conditions [][]fragment, lock string, set func(where []fragment) error) error {
	s := r.s
	r.reach(s.Schema().Changing(t.Name, names(w.columns)))
	if len(t.handle()) == 0 || slices.ContainsFunc(t.handle(), func(o term) bool {
		return o.column != nil && slices.Contains(w.columns, o.column) || o.column == nil && slices.Contains(names(w.columns), t.rowid)
	}) {
		r.reach([]Reached{{Table: t.Name}}) // its rows are not found again
		for _, where := range conditions {
			if err := set(where); err != nil {
				return err
			}
		}
		return nil
	}
	handles, err := s.someHandles(ctx, r.tx, t, conditions, MaxBulk+1, lock)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(handles, imageBatch) {
		rows, err := r.rows(ctx, t, batch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			r.note(Updated, t, row, row.handle)
		}
		if err := set([]fragment{atOneOf(s.dialect, t, batch)}); err != nil {
			return err
		}
		if r.full() {
			if err := r.tell(ctx, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// acted gathers the rows that an action is given, before it runs.
func (r *recorder) acted(ctx context.Context, t *Table, handles [][]any) error {
	if r == nil {
		return nil
	}
	for batch := range slices.Chunk(handles, imageBatch) {
		if r.full() {
			r.unseen[t.Name] = true
			return nil
		}
		rows, err := r.rows(ctx, t, batch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			r.note(Updated, t, row, row.handle)
		}
	}
	return nil
}
