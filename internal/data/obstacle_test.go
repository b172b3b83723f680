// This file tests what is said of a write that failed although nothing was wrong with it.

package data

import (
	"context"
	"errors"
	"testing"
)

// A broken key is not blamed for a write that ran out of time.
func TestATimeoutIsNoObstacle(t *testing.T) {
	s := openWritable(t, Config{}, "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT REFERENCES gone (y))")
	table, _ := s.Schema().Table("a")
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	err := s.refused(ctx, s.db, "update", table, Input{}, nil, errors.New("interrupted (9)"))
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("%v, want %v", err, ErrTimeout)
	}
	err = s.refused(t.Context(), s.db, "update", table, Input{}, nil, errors.New("no such table: main.gone"))
	if unwritable := (*UnwritableError)(nil); !errors.As(err, &unwritable) {
		t.Errorf("%v is not said to be the key's", err)
	}
}
