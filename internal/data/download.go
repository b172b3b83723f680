// This file reads the whole of one cell.

package data

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Download writes the whole of one cell to a writer, whatever its size, and returns how the cell is
// stored: StoredNull, StoredBlob, or StoredText, also for a number, which is written as text. An
// error of the writer is returned as it is; a part was written then. FieldErrors: there is no such
// column, or it is masked. A cell of more than 1 MiB takes the place of an export, and is read as
// longCell says.
func (s *Source) Download(ctx context.Context, table string, key Key, column string, to io.Writer) (Storage, error) {
	t, err := s.table(table)
	if err != nil {
		return "", err
	}
	c, ok := t.Column(column)
	switch {
	case !ok || !c.Readable():
		return "", FieldErrors{fieldError(column, "", text.NotAColumn(t.Name))}
	case c.Masked:
		return "", FieldErrors{fieldError(column, "", text.IsMasked)}
	}
	where, err := s.identified(t, key)
	if err != nil {
		return "", err
	}
	class, value, err := s.oneCell(ctx, t, c, where, key)
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case nil:
		return StoredNull, nil
	case []byte:
		_, err = to.Write(value)
		return class, err
	case tooLong:
		return class, s.longCell(ctx, t, c, class, where, to)
	}
	_, err = io.WriteString(to, plainPart(value))
	return StoredText, err
}

// oneCell reads a cell of up to longTo bytes; tooLong stands for the value of a longer one.
func (s *Source) oneCell(ctx context.Context, t *Table, c *Column, where []fragment, key Key) (Storage, any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return "", nil, err
	}
	defer leave()
	o := term{column: c}
	rows, err := s.exactRows(ctx, s.reads, s.selecting(t, s.dialect.exact(t, o, longTo), s.dialect.class(t, o)), where, 2)
	if err != nil {
		return "", nil, s.failed(ctx, "download", t, err)
	}
	if len(rows) != 1 {
		return "", nil, fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
	}
	class, _ := rows[0][1].(string)
	return Storage(class), rows[0][0], nil
}

// longCell writes a cell in pieces of 4 MiB, within one snapshot. Where writers wait for readers it
// is read in one look instead, and must not have more than 16 MiB.
func (s *Source) longCell(ctx context.Context, t *Table, c *Column, class Storage, where []fragment, to io.Writer) error {
	ctx, leave, err := s.enter(ctx, exporting)
	if err != nil {
		return err
	}
	defer leave()
	write := func(piece []byte) error { _, err := to.Write(piece); return err }
	wait, err := s.waits(ctx, t)
	if err != nil {
		return err
	}
	if wait {
		return s.cellApart(ctx, t, c, where, text.DownloadTooLong, write)
	}
	return s.snapshot(ctx, "download", t, func(db queryer) error {
		handles, err := s.exactRows(ctx, db, s.selecting(t, s.exactly(t, t.handle(), maxHandle)...), where, 1)
		switch {
		case err != nil:
			return s.failed(ctx, "download", t, err)
		case len(handles) == 0:
			return nil
		}
		return s.dialect.whole(class, func(each func([]byte) error) error {
			return s.longValue(ctx, db, t, c, handles[0], longPiece, each)
		}, write)
	})
}

// cellApart reads a cell where writers wait for readers: in one look, in its turn. It yields the
// cell when the look has ended. tooLongToRead says what people can do about a cell that is too
// long.
func (s *Source) cellApart(ctx context.Context, t *Table, c *Column, where []fragment, tooLongToRead func(mebibytes int) text.Message, yield func([]byte) error) error {
	query := s.selecting(t, s.exactly(t, []term{{column: c}}, maxMatched)...)
	var rows [][]any
	err := s.inTurn(ctx, "read", t, 0, func(ctx context.Context, db queryer) (err error) {
		if rows, err = s.exactRows(ctx, db, query, where, 1); err != nil {
			return s.failed(ctx, "read", t, err)
		}
		return nil
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	var value []byte
	switch v := rows[0][0].(type) {
	case tooLong:
		return FieldErrors{fieldError(c.Name, "", tooLongToRead(maxMatched>>20))}
	case []byte:
		value = v
	default:
		value = []byte(plainPart(v))
	}
	for piece := range slices.Chunk(value, longPiece) {
		if err := yield(piece); err != nil {
			return err
		}
	}
	return nil
}
