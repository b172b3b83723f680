// This file reads all rows that match a query, at full speed and in bounded memory.

package data

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

const (
	// MaxExportColumns is how many columns one export has; SQLite's results are bounded by it.
	MaxExportColumns = 900
	// rowBytes is how much of one row is read at once (dialect.rowBytes). A cell with more than its
	// share of that, which is at least longFrom and at most longTo bytes, is read in pieces of
	// longPiece, one after the other. exportGathered is how much of the rows of a slice is held.
	rowBytes       = 8 << 20
	longFrom       = 4 << 10
	longTo         = 1 << 20
	longPiece      = 4 << 20
	exportGathered = 8 << 20
	// sliceRows and sliceTime bound one look at a database whose writers wait for its readers;
	// sliceRest is the time between two looks.
	sliceRows = 1000
	sliceTime = 12 * time.Millisecond
	sliceRest = 2 * time.Millisecond
)

// RowWriter takes an export. CSV, JSON and JSONLines make one.
type RowWriter interface {
	// Begin is called once, before the rows.
	Begin(columns []*Column) error
	// Row is called for each row. cells are those of the columns, and are good until Row returns.
	// The value of a long cell is given by Pieces alone.
	Row(cells []Value) error
	// End is called once, after the last row, if nothing failed.
	End() error
}

// export is an export that is under way.
type export struct {
	s          *Source
	t          *Table
	columns    []*Column
	conditions []fragment
	order      []term
	longest    int  // bytes of a cell that is read at once
	wait       bool // writers wait for the looks (look.go)
	w          RowWriter
}

// Exported are the columns that an export of a query has: all or the query's, without the masked
// ones.
func (t *Table) Exported(q Query) []*Column {
	columns := t.columns(q.Columns)
	if len(q.Columns) == 0 {
		columns = slices.Clone(t.Columns)
	}
	return slices.DeleteFunc(columns, func(c *Column) bool { return !c.Sortable() })
}

// Export gives every row that matches a query, in its order, to w: all columns or the query's,
// whole, without the masked ones. The query's page is ignored. Only ctx bounds its time, but a
// server must let the table be read within Config.QueryTimeout. It keeps a connection until it
// returns, so w should not wait for anybody. An error of w is returned as it is. ErrBusy: other
// exports are under way.
//
// It is one statement in one snapshot of the database, unless writers would have to wait for it. A
// SQLite database that is not in WAL mode is read in slices, of 12 ms or a row, in the order of the
// query if its first column is of the key or has an index, else in the order of the key. The export
// may or may not have what is written meanwhile. A view, or a table without a key, has no slices:
// one look reads all of it (look.go), up to some MiB.
func (s *Source) Export(ctx context.Context, q Query, w RowWriter) error {
	t, err := s.table(q.Table)
	if err != nil {
		return err
	}
	q.Limit, q.After, q.Before = 0, "", ""
	s.learnFor(ctx, t, q)
	q, wrong := q.check(t)
	if len(wrong) > 0 {
		return wrong
	}
	conditions, err := s.conditions(t, q)
	if err != nil {
		return err
	}
	columns := t.Exported(q)
	if len(columns) == 0 {
		return FieldErrors{fieldError("", "", text.NothingToExport)}
	}
	if most := min(MaxExportColumns, s.dialect.results()/2-len(t.handle())); len(columns) > most {
		return FieldErrors{fieldError("columns", "", text.TooManyColumns(t.Name, len(columns), most))}
	}
	ctx, leave, err := s.enter(ctx, exporting)
	if err != nil {
		return err
	}
	defer leave()
	if err := s.reachable(ctx, t); err != nil {
		return err
	}
	wait, err := s.waits(ctx, t)
	if err != nil {
		return err
	}
	e := &export{s: s, t: t, columns: columns, conditions: conditions, order: t.order(q.Sort), wait: wait, w: w}
	if e.longest = max(longFrom, min(longTo, s.dialect.rowBytes()/len(columns))); len(t.handle()) == 0 {
		e.longest = maxMatched // it could not be read in pieces
	}
	switch {
	case wait && t.keyset():
		if len(q.Sort) > 1 || len(q.Sort) == 1 && !e.order[0].key && !e.order[0].column.Indexed {
			e.order = t.order(nil)
		}
		err = e.inSlices(ctx)
	case wait:
		err = e.inOne(ctx)
	default:
		err = s.snapshot(ctx, "export", t, func(db queryer) error { return e.whole(ctx, db, e.w) })
	}
	if err != nil {
		return err
	}
	return w.End()
}

// reachable is an error if a server does not let the table be read within Config.QueryTimeout: it
// does not answer, or a migration has locked the table. After that an export takes as long as it
// takes.
func (s *Source) reachable(ctx context.Context, t *Table) error {
	if s.dialect.engine() == sqldb.SQLite {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	return s.snapshot(ctx, "export", t, func(db queryer) error {
		if err := each(ctx, db, s.selecting(t, "1").where([]fragment{anyOf(nil)}), func(*scan) {}); err != nil {
			return s.failed(ctx, "export", t, err)
		}
		return nil
	})
}

// selected are the cells and the handle of a row.
func (e *export) selected() []string {
	d := e.s.dialect
	var all []string
	for _, o := range termsOf(e.columns) {
		all = append(all, d.part(e.t, o, e.longest))
	}
	return append(all, e.s.exactly(e.t, e.t.handle(), maxHandle)...)
}

// gathering keeps the rows of an export, as many as may be held.
type gathering struct {
	t    *Table
	rows [][]Value
	size int
}

func (g *gathering) Begin([]*Column) error { return nil }

func (g *gathering) Row(cells []Value) error {
	if g.size += sizeOf(cells); g.size > exportGathered {
		return &TableError{Table: g.t.Name, Problem: text.ExportTooMuch(exportGathered >> 20)}
	}
	g.rows = append(g.rows, cells)
	return nil
}

func (g *gathering) End() error { return nil }

// inOne reads the rows in one look, and writes them when it has ended.
func (e *export) inOne(ctx context.Context) error {
	var all *gathering
	err := e.s.undivided(ctx, nil, "export", e.t, func(ctx context.Context, db queryer) error {
		all = &gathering{t: e.t} // again, if the look before it was stopped
		return e.whole(ctx, db, all)
	})
	if err != nil {
		return err
	}
	if err := e.w.Begin(e.columns); err != nil {
		return err
	}
	for _, cells := range all.rows {
		if err := e.w.Row(cells); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is how many bytes cells hold, about.
func sizeOf(cells []Value) int {
	size := 0
	for _, cell := range cells {
		size += len(cell.Text) + int(cell.Size)
	}
	return size
}

// whole reads the rows by one statement. It begins to write once the database has an answer.
func (e *export) whole(ctx context.Context, db queryer, to RowWriter) error {
	s, t := e.s, e.t
	query := s.selecting(t, e.selected()...).where(e.conditions)
	query.text += s.ordered(t, e.order)
	begun := false
	var own error // not the engine's
	begin := func() error {
		begun = true
		own = to.Begin(e.columns)
		return own
	}
	err := s.dialect.stream(ctx, db, query, t.keyset(), func(line *scan) error {
		if !begun && begin() != nil {
			return own
		}
		var cells []Value
		if cells, own = e.cells(ctx, db, line); own == nil {
			own = to.Row(cells)
		}
		return own
	})
	switch {
	case own != nil:
		return own
	case err != nil:
		return s.failed(ctx, "export", t, err)
	case !begun:
		return begin()
	}
	return nil
}

// cells takes a row's cells, and its handle.
func (e *export) cells(ctx context.Context, db queryer, line *scan) ([]Value, error) {
	cells := make([]Value, len(e.columns))
	var long []int
	for i, c := range e.columns {
		class := line.text()
		storage, isLong := strings.CutPrefix(class, "long ")
		value := e.s.dialect.value(storage, line.take())
		if isLong {
			cells[i] = Value{Kind: c.Kind, Storage: Storage(storage), Truncated: true}
			long = append(long, i)
			continue
		}
		cells[i] = wholeCell(c, Storage(class), value)
	}
	if len(long) == 0 {
		return cells, nil
	}
	handle := make([]any, len(e.t.handle()))
	for i := range handle {
		handle[i] = line.exact(e.s.dialect)
	}
	for _, i := range long {
		c, class := e.columns[i], cells[i].Storage
		if len(handle) == 0 {
			return nil, FieldErrors{fieldError("columns", c.Name, text.ExportNoPieces(maxMatched>>20, e.t.Name))}
		}
		cells[i].pieces = func(yield func([]byte) error) error {
			if e.wait {
				return e.s.cellApart(ctx, e.t, c, e.s.at(e.t, handle), text.ExportCellTooLong, yield)
			}
			return e.s.dialect.whole(class, func(each func([]byte) error) error {
				return e.s.longValue(ctx, db, e.t, c, handle, longPiece, each)
			}, yield)
		}
	}
	return cells, nil
}

// inSlices reads the rows some at a time, and lets writers have their turns. Each look is bounded
// by the rows that it walks, whether they match or not: it passes over a row that does not meet the
// conditions.
func (e *export) inSlices(ctx context.Context) error {
	s, t := e.s, e.t
	keep := allOf(e.conditions)
	keep.text = "(" + keep.text + ") IS TRUE"
	query := s.selecting(t, slices.Concat([]string{keep.text}, s.exactly(t, e.order, maxMatched), e.selected())...)
	query.args = keep.args
	walk := &reader{s: s, db: s.reads, t: t, terms: e.order}
	var place []any
	for first := true; ; first = false {
		var gathered [][]Value
		last := place
		for _, segment := range walk.segments(place) {
			more := false
			err := s.inTurn(ctx, "export", t, 0, func(ctx context.Context, db queryer) (err error) {
				more, err = e.slice(ctx, db, query, segment, &gathered, &last)
				return err
			})
			if err != nil {
				return err
			}
			if more { // the next look goes on behind the last row of this one
				break
			}
		}
		if first {
			if err := e.w.Begin(e.columns); err != nil {
				return err
			}
		}
		for _, cells := range gathered {
			if err := e.w.Row(cells); err != nil {
				return err
			}
		}
		if same(last, place) {
			return nil
		}
		place = last
	}
}

// same says whether no row came after a place.
func same(a, b []any) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// slice reads rows of one segment until there are enough for one look. more says that there may be
// others in it.
func (e *export) slice(ctx context.Context, db queryer, query fragment, segment []fragment, gathered *[][]Value, last *[]any) (more bool, err error) {
	s, t := e.s, e.t
	query = query.where(segment)
	query.text += s.ordered(t, e.order)
	query = query.limit(sliceRows)
	begun, n, size := time.Now(), 0, 0
	rows, err := db.QueryContext(ctx, query.text, query.args...)
	if err != nil {
		return false, s.failed(ctx, "export", t, err)
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	for rows.Next() {
		line := newScan(1 + 2*(len(e.order)+len(e.columns)+len(t.handle())))
		if err := rows.Scan(line.targets...); err != nil {
			return false, s.failed(ctx, "export", t, err)
		}
		keep, _ := line.take().(int64)
		place := make([]any, len(e.order))
		for i, o := range e.order {
			place[i] = line.exact(s.dialect)
			if _, long := place[i].(tooLong); long {
				return false, FieldErrors{fieldError("sort", o.column.Name, text.ExportSortTooLong(maxMatched>>20))}
			}
		}
		*last = place
		if n++; keep == 1 {
			cells, err := e.cells(ctx, s.reads, line) // long ones are read when it has ended
			if err != nil {
				return false, err
			}
			*gathered = append(*gathered, cells)
			size += sizeOf(cells)
		}
		if n == sliceRows || size > exportGathered || time.Since(begun) > sliceTime {
			return true, nil
		}
	}
	if err := rows.Err(); err != nil {
		return false, s.failed(ctx, "export", t, err)
	}
	return false, nil
}

// wholeCell is a cell that was read whole.
func wholeCell(c *Column, storage Storage, value any) Value {
	switch raw := value.(type) {
	case string:
		if storage != StoredDecimal {
			storage = StoredText
		}
		return newValue(c, storage, raw, int64(len(raw)), math.MaxInt, math.MaxInt)
	case []byte:
		return newValue(c, StoredBlob, raw, int64(len(raw)), 0, 0)
	case nil:
		if storage == StoredBlob { // some drivers make nil of an empty one
			value = []byte{}
		}
	}
	return newValue(c, storage, value, 0, 0, 0)
}
