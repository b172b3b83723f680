// This file holds the records that a write of many is about.

package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// MaxKeys is how many records a Selection by keys has.
const MaxKeys = 10_000

// Selection is the records of a table that a write of many, its question and its preview are about.
// The zero Selection is of no table. Make one with ByKeys or ByQuery.
type Selection struct {
	table string
	keys  []Key
	query *Query // nil: by keys
}

// ByKeys selects the records of the keys, at most MaxKeys; without keys it selects none.
func ByKeys(table string, keys []Key) Selection { return Selection{table: table, keys: keys} }

// ByQuery selects the records that match a query's search and filters. Its page and its order do
// not matter.
func ByQuery(q Query) Selection { return Selection{table: q.Table, query: &q} }

// selected are the conditions of a selection: one set for each key, or one of the query.
func (s *Source) selected(ctx context.Context, t *Table, sel Selection) ([][]fragment, error) {
	if sel.query == nil {
		conditions, err := s.chosen(t, sel.keys)
		if err != nil {
			return nil, err
		}
		return conditions, s.single(ctx, t, sel.keys, conditions)
	}
	s.learnFor(ctx, t, *sel.query)
	conditions, err := s.matching(t, *sel.query)
	if err != nil {
		return nil, err
	}
	return [][]fragment{conditions}, nil
}

// single is an error if a key, each of which was chosen as one record, is that of several rows.
func (s *Source) single(ctx context.Context, t *Table, keys []Key, conditions [][]fragment) error {
	if !t.repeats && !slices.ContainsFunc(keys, func(key Key) bool { return slices.ContainsFunc(key.parts, func(part any) bool { return part == nil }) }) {
		return nil
	}
	var wrong FieldErrors
	for _, where := range conditions {
		n, err := s.numberUpTo(ctx, t, where, 2)
		if err != nil {
			return err
		}
		if n > 1 {
			wrong = append(wrong, fieldError("key", "", text.MoreThanOneRow(t.Name)))
			break
		}
	}
	return orNil(wrong)
}

// chosen are the conditions of each key, once.
func (s *Source) chosen(t *Table, keys []Key) ([][]fragment, error) {
	if len(keys) > MaxKeys {
		return nil, FieldErrors{fieldError("key", fmt.Sprint(len(keys)), text.TooManyKeys(MaxKeys))}
	}
	var wrong FieldErrors
	var conditions [][]fragment
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key.String()] {
			continue
		}
		seen[key.String()] = true
		where, err := s.identified(t, key)
		if err != nil {
			wrong = append(wrong, fieldError("key", key.String(), text.NotAKeyOf(t.Name)))
		}
		conditions = append(conditions, where)
	}
	return conditions, orNil(wrong)
}

// matching are a query's conditions, without its page.
func (s *Source) matching(t *Table, q Query) ([]fragment, error) {
	q.Limit, q.After, q.Before = 0, "", ""
	q, wrong := q.check(t)
	if len(wrong) > 0 {
		return nil, wrong
	}
	return s.conditions(t, q)
}

// MaxBulk is how many records that match a query UpdateMany and DeleteMany write. They write them
// in one transaction, which keeps the application from writing until it is done.
const MaxBulk = 100_000

func tooMany() error {
	return FieldErrors{fieldError("all", fmt.Sprint(MaxBulk)+"+", text.TooManyForChange(MaxBulk))}
}

// fewEnough refuses more than MaxBulk matching records before anything is written.
func (s *Source) fewEnough(ctx context.Context, t *Table, sel Selection, selected [][]fragment) error {
	if sel.query == nil {
		return nil // MaxKeys is less
	}
	n, err := s.numberUpTo(ctx, t, selected[0], MaxBulk)
	if err != nil {
		return err
	}
	if n > MaxBulk {
		return tooMany()
	}
	return nil
}
