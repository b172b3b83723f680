// This file fills a page with its rows and their count: at once, or in looks where writers wait for
// readers (look.go).

package data

import (
	"context"
	"errors"
)

// fill reads the rows of a page and counts all of them, in looks where writers wait for them.
func (s *Source) fill(ctx context.Context, r *reader, page *Page, conditions []fragment, wait bool) error {
	switch {
	case !wait:
		return s.fillNow(ctx, r, page, conditions)
	case !r.t.keyset():
		return s.fillUndivided(ctx, r, page, conditions)
	case !r.t.Searches(page.Query):
		r.wait = true
		return s.fillNow(ctx, r, page, conditions)
	}
	r.wait, r.apart = true, true
	seeks, err := s.seeks(ctx, r, conditions)
	if err != nil {
		return err
	}
	if r.sought = seeks; seeks { // to few enough rows, perhaps
		if err := s.fillAtOnce(ctx, r, page, conditions); !errors.Is(err, errStopped) {
			return err
		}
	}
	return s.fillNow(ctx, r, page, conditions)
}

// fillUndivided fills the page of a table that cannot be read in windows. Its count is unknown if
// it takes too long.
func (s *Source) fillUndivided(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	err := s.twice(ctx, "count", r.t, func(ctx context.Context, db queryer) (err error) {
		page.Count, err = s.count(ctx, db, r.t, conditions)
		return err
	})
	if errors.Is(err, errStopped) {
		page.Count, err = Count{Unknown: true}, nil
	}
	if err != nil {
		return err
	}
	return s.undivided(ctx, nil, "list", r.t, func(ctx context.Context, db queryer) error {
		one := *r
		one.db = db
		return s.offsetPage(ctx, &one, page, conditions)
	})
}

// fillAtOnce fills a page in one look. If that is stopped, r and the page are as they were.
func (s *Source) fillAtOnce(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	empty := *page
	return s.inTurn(ctx, "list", r.t, s.shares.first, func(ctx context.Context, db queryer) error {
		one := *r
		one.db, one.wait, one.apart = db, false, false
		err := s.fillNow(ctx, &one, page, conditions)
		if err != nil {
			*page = empty
		}
		return err
	})
}

// fillNow reads the rows of a page and counts all of them. A page that holds them all needs no
// count.
func (s *Source) fillNow(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	var err error
	if !r.t.keyset() {
		if page.Count, err = s.count(ctx, r.db, r.t, conditions); err != nil {
			return err
		}
		return s.offsetPage(ctx, r, page, conditions)
	}
	var counted bool
	if !r.apart {
		if page.Count, counted, err = s.choose(ctx, r, conditions); err != nil {
			return err
		}
	}
	if err := s.keysetPage(ctx, r, page, conditions); err != nil || counted {
		return err
	}
	if !page.HasNext && !page.HasPrev {
		page.Count = Count{Rows: int64(len(page.Rows))}
		return nil
	}
	if r.apart && len(conditions) > 0 {
		page.Count, err = s.limited(ctx, r.t, conditions, func(ctx context.Context) (int64, error) {
			return s.countApart(ctx, r.t, conditions, CountLimit)
		})
		return err
	}
	page.Count, err = s.count(ctx, r.db, r.t, conditions)
	return err
}
