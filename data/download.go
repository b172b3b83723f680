package data

// This file reads the whole of one cell.

import (
	"context"
	"fmt"
	"io"
)

// Download implements DataSource. A cell of more than 1 MiB is read in pieces of 4 MiB, within one snapshot unless
// writers would have to wait for it; it then takes the place of an export.
func (s *Source) Download(ctx context.Context, table string, key Key, column string, to io.Writer) (Storage, error) {
	t, err := s.table(table)
	if err != nil {
		return "", err
	}
	c, ok := t.Column(column)
	switch {
	case !ok || !c.Readable():
		return "", FieldErrors{fieldError(column, "", "is not a column of %s", t.Name)}
	case c.Masked:
		return "", FieldErrors{fieldError(column, "", "is masked")}
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
		return class, s.longCell(ctx, t, c, where, to)
	}
	_, err = io.WriteString(to, plainPart(value))
	return StoredText, err
}

// oneCell reads a cell of up to longTo bytes; tooLong stands for the value of a longer one.
func (s *Source) oneCell(ctx context.Context, t *Table, c *Column, where []fragment, key Key) (Storage, any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return "", nil, err
	}
	defer leave()
	place := s.dialect.place(t, term{column: c})
	query := fragment{text: fmt.Sprintf("SELECT %s, %s FROM %s", s.dialect.exact(place, longTo), s.dialect.class(place), s.dialect.from(t))}
	rows, err := s.exactRows(ctx, s.db, query, where, 2)
	if err != nil {
		return "", nil, s.failed(ctx, "download", t, err)
	}
	if len(rows) != 1 {
		return "", nil, fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
	}
	class, _ := rows[0][1].(string)
	return Storage(class), rows[0][0], nil
}

func (s *Source) longCell(ctx context.Context, t *Table, c *Column, where []fragment, to io.Writer) error {
	ctx, leave, err := s.enter(ctx, exporting)
	if err != nil {
		return err
	}
	defer leave()
	write := func(piece []byte) error { _, err := to.Write(piece); return err }
	apart, err := s.dialect.writersWait(ctx, s.db)
	if err != nil {
		return s.failed(ctx, "download", t, err)
	}
	if apart {
		return s.pieces(ctx, s.db, t, c, where, longPiece, func(piece []byte) error {
			if err := write(piece); err != nil {
				return err
			}
			return rest(ctx)
		})
	}
	return s.snapshot(ctx, "download", t, func(db queryer) error { return s.pieces(ctx, db, t, c, where, longPiece, write) })
}
