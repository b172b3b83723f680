package data

// This file deletes records: one, chosen ones, or all that match a query.

import (
	"context"
	"errors"
)

// Delete implements DataSource.
func (s *Source) Delete(ctx context.Context, table string, key Key, token string) error {
	return errors.ErrUnsupported
}

// DeleteMany implements DataSource.
func (s *Source) DeleteMany(ctx context.Context, table string, keys []Key) (int64, error) {
	return 0, errors.ErrUnsupported
}

// DeleteMatching implements DataSource.
func (s *Source) DeleteMatching(ctx context.Context, q Query) (int64, error) {
	return 0, errors.ErrUnsupported
}

// CountMatching implements DataSource.
func (s *Source) CountMatching(ctx context.Context, q Query) (int64, error) {
	return 0, errors.ErrUnsupported
}
