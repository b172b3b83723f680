package data

// This file inserts and updates records.

import (
	"context"
	"errors"
)

// Insert implements DataSource.
func (s *Source) Insert(ctx context.Context, table string, in Input) (Key, error) {
	return Key{}, errors.ErrUnsupported
}

// Update implements DataSource.
func (s *Source) Update(ctx context.Context, table string, key Key, token string, in Input) (Key, error) {
	return Key{}, errors.ErrUnsupported
}

// Edit implements DataSource.
func (s *Source) Edit(ctx context.Context, table string, key Key) (*Record, error) {
	return nil, errors.ErrUnsupported
}

// Download implements DataSource.
func (s *Source) Download(ctx context.Context, table string, key Key, column string) (*File, error) {
	return nil, errors.ErrUnsupported
}

// File is the whole of one cell.
type File struct {
	Storage Storage
	Bytes   []byte
}
