// This file makes tokens: a few bytes that say what a person was asked about, to be compared with
// what is there when the person has answered.

package data

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// ErrAsked means that other records match, or go with them, than when the person was asked. Nothing
// was written.
var ErrAsked = errors.New("other records match than were asked about")

// Question is what a person is asked before many records are changed.
type Question struct {
	Count int64 // of the records
	// Token covers which records they are, not what they hold. The token of a Preview also covers
	// the records that go with them, lose their reference or forbid the deletion, as far as
	// PreviewLimit. The methods that change many records compare it in the transaction in which
	// they write. For tables that are not shown, and for masked keys, it covers the number alone: a
	// token must tell nothing about them.
	Token string
}

// The first letter of a token: what it covers.
const (
	askedKeys    = "k"
	askedEffects = "e"
)

// Ask makes the question that is to be asked before the selected records are changed.
func (s *Source) Ask(ctx context.Context, sel Selection) (*Question, error) {
	t, err := s.table(sel.table)
	if err != nil {
		return nil, err
	}
	conditions, err := s.selected(ctx, t, sel)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.BulkTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, heavy)
	if err != nil {
		return nil, err
	}
	defer leave()
	var asked Question
	err = s.piecewise(ctx, "ask about", t, func(ctx context.Context, db queryer) (err error) {
		asked, err = s.question(ctx, db, t, conditions, nil, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return &asked, nil
}

// sameAsked is ErrAsked unless the token still covers what meets the conditions, and returns how
// many rows that are. lock is dialect.lock. An empty token covers everything, and -1 rows.
func (s *Source) sameAsked(ctx context.Context, db queryer, t *Table, conditions [][]fragment, token, lock string) (int64, error) {
	if token == "" {
		return -1, nil
	}
	var preview *Preview
	if strings.HasPrefix(token, askedEffects) {
		preview = &Preview{}
	}
	now, err := s.question(ctx, db, t, conditions, preview, lock)
	if err != nil || now.Token == token {
		return now.Count, err
	}
	if lock != "" {
		if preview != nil {
			preview = &Preview{}
		}
		seen, err := s.question(ctx, db, t, conditions, preview, "")
		if err == nil && seen.Token == token { // they are the rows, and not all could be locked
			return 0, &UnwritableError{Table: t.Name, Reason: text.RowsProtected}
		}
	}
	return now.Count, ErrAsked
}

// question reads the rows that meet the conditions, one at a time, and fills the preview of their
// deletion if it is given one. lock is dialect.lock where the rows are going to be written, else
// empty.
func (s *Source) question(ctx context.Context, db queryer, t *Table, conditions [][]fragment, preview *Preview, lock string) (Question, error) {
	h := newDigest("crudadmin question 1", t)
	var asked Question
	for _, where := range conditions {
		n, err := s.digestKeys(ctx, db, t, where, h, lock)
		if err != nil {
			return asked, s.failed(ctx, "ask about", t, err)
		}
		asked.Count += n
	}
	hashCount(h, asked.Count)
	letter := askedKeys
	if preview != nil {
		letter = askedEffects
		if len(t.referenced) > 0 && len(t.handle()) > 0 {
			handles, err := s.someHandles(ctx, db, t, conditions, PreviewLimit+1, "")
			if err != nil {
				return asked, err
			}
			if err := s.predict(ctx, db, preview, t, handles, h, lock); err != nil {
				return asked, err
			}
		}
	}
	asked.Token = letter + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	return asked, nil
}

// digestKeys hashes the handles of the rows that meet the conditions, in their order, and counts
// them.
func (s *Source) digestKeys(ctx context.Context, db queryer, t *Table, where []fragment, h hash.Hash, lock string) (n int64, err error) {
	var keys bytes.Buffer // of one look, which may be stopped
	some := func(ctx context.Context, db queryer, where []fragment) error {
		keys.Reset()
		more, err := s.digestNow(ctx, db, t, where, &keys, "")
		if err == nil {
			n += more
			_, _ = h.Write(keys.Bytes())
		}
		return err
	}
	whole := func(ctx context.Context, db queryer) error { return some(ctx, db, where) }
	switch {
	case db != nil:
		return s.digestNow(ctx, db, t, where, h, lock)
	case !t.walksHandles():
		err = s.undivided(ctx, nil, "ask about", t, whole)
		return n, err
	}
	if _, err := s.glance(ctx, "ask about", t, s.shares.first, whole); !errors.Is(err, errStopped) {
		return n, err
	}
	err = s.windows(ctx, t, false, where, func(ctx context.Context, db queryer, rows window) (bool, error) {
		return true, some(ctx, db, rows.where())
	})
	return n, err
}

func (s *Source) digestNow(ctx context.Context, db queryer, t *Table, where []fragment, h io.Writer, lock string) (n int64, err error) {
	if !s.tells(t) {
		return s.number(ctx, db, t, where, 0)
	}
	query := s.selecting(t, s.exactly(t, t.handle(), maxHandle)...).where(where)
	query.text += s.ordered(t, t.handle()) + lock
	err = each(ctx, db, query, func(line *scan) {
		n++
		for range t.handle() {
			hashValue(h, line.exact(s.dialect))
		}
	})
	return n, err
}

// tells says whether a token may cover which rows of a table there are: it is shown, and its handle
// is not masked.
func (s *Source) tells(t *Table) bool {
	_, shown := s.Schema().Table(t.Name)
	return shown && len(t.handle()) > 0 && !slices.ContainsFunc(t.handle(), func(o term) bool {
		return o.column != nil && (o.column.Masked || o.column.Hidden)
	})
}

// newDigest begins the hash of a token.
func newDigest(what string, t *Table) hash.Hash {
	h := sha256.New()
	hashBytes(h, []byte(what))
	hashBytes(h, []byte(t.Name))
	return h
}

func hashCount(h hash.Hash, n int64) { _, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// digest hashes which rows go with the chosen ones, and which refer to them.
func (c *cascade) digest(h hash.Hash) {
	rowsOf := func(t *Table, action Action, columns []string, rows *rowSet) {
		hashBytes(h, []byte(t.Name))
		hashBytes(h, []byte(action))
		for _, column := range columns {
			hashBytes(h, []byte(column))
		}
		hashCount(h, int64(len(rows.rows)))
		if !c.s.tells(t) {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(rows.seen)) {
			hashBytes(h, []byte(name))
		}
	}
	byName := func(a, b *Table) int { return cmp.Compare(a.Name, b.Name) }
	for _, t := range slices.SortedFunc(maps.Keys(c.deleted), byName) {
		rowsOf(t, Cascade, nil, c.deleted[t])
	}
	for _, fk := range slices.SortedFunc(maps.Keys(c.affected), func(a, b *ForeignKey) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), slices.Compare(a.Columns, b.Columns))
	}) {
		child, _ := c.s.Schema().any(fk.Table)
		rowsOf(child, fk.OnDelete, fk.Columns, c.affected[fk])
	}
}
