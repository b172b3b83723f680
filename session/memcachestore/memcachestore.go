// Package memcachestore keeps sessions on one or more Memcached servers, 1.5.15
// and later.
//
// All sessions of a user are one item, and every change reads it and writes it back only if it has
// not changed meanwhile (CAS). So the limit, the end of all of them and the loss of an item are
// each one step, and no index can be stale. An anonymous session has a tag of its own and so an
// item of its own. Traits.MaxPerUser is how many sessions an item can hold: 59 sessions with the
// largest metadata where the servers keep their item size limit of 1 MiB.
//
// Each user is on one server, by rendezvous hashing of the tag. While a server is down, its own
// users' sessions are session.ErrUnavailable, and it is used again as soon as it is back.
//
// Keys, behind the prefix:
//
//	t: tag in hexadecimal                the sessions of that tag
//	c: SHA-256 of the counter's name     failed logins by time, in hexadecimal
//
// Every item has an absolute expiry, an hour after the store needs it last. The store decides by
// its own clock what has expired.
//
// Memcached cannot promise everything. A server that restarts, or that evicts items because it is
// full, ends the sessions it held, all of a user's together, and forgets failed logins. There is no
// list of everybody's sessions and no history. [Store.Health] tells how full the servers are.
//
// When the list of servers changes, the users of those that came or went sign in again. Restart a
// server before you put it into the list again: it still holds sessions that have ended elsewhere
// meanwhile.
package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Store is a session.Store on Memcached.
type Store struct {
	cfg      *Config // a pointer, so that its secrets are not printed with the store
	now      func() time.Time
	log      *slog.Logger
	servers  []*server
	maxValue int // bytes of a value
	capacity int // sessions in an item
	closed   atomic.Bool
}

var _ session.Store = (*Store)(nil)

// itemOverhead is more than a server adds to a value and counts against its limit: the key, of at
// most 250 bytes, and a header.
const itemOverhead = 512

// Open connects to the servers, within ConnectTimeout and the context. Every field of cfg that is
// out of its bounds is named in the error, which shows no secret. If no server answers, the error
// is session.ErrUnavailable; if some do not, that is logged. If a server refuses this
// configuration, or cannot do all that the store needs, it is session.ErrMisconfigured: every
// command is tried once, on a key of its own, before a server is used. With Lazy Open does not
// connect, and the first call to a server does what Open would have done.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Store{
		cfg:      &cfg,
		now:      session.MonotonicClock(cfg.Now),
		log:      cfg.Logger.With("component", "session.memcached"),
		maxValue: cfg.MaxItem - itemOverhead,
	}
	s.capacity = min((s.maxValue-itemSize(0))/(itemSize(1)-itemSize(0)), session.MaxLimit)
	for _, addr := range cfg.addresses() {
		s.servers = append(s.servers, newServer(s.cfg, addr, s.log, &s.closed))
	}
	if cfg.Lazy {
		return s, nil
	}
	if err := s.probe(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// probe asks every server for its settings. When the first has answered, the
// others have stallTimeout.
func (s *Store) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ConnectTimeout)
	defer cancel()
	answers := make(chan error, len(s.servers))
	for _, sv := range s.servers {
		go func() {
			err := s.suits(ctx, sv)
			if err == nil {
				err = s.tried(ctx, sv)
			}
			answers <- err
		}()
	}
	var misconfigured, failures []error
	var late <-chan time.Time
	for heard := range s.servers {
		select {
		case err := <-answers:
			switch {
			case err == nil && late == nil:
				late = time.After(stallTimeout)
			case errors.Is(err, session.ErrMisconfigured):
				misconfigured = append(misconfigured, err)
			case err != nil:
				failures = append(failures, err)
			}
			continue
		case <-late:
			failures = append(failures, fmt.Errorf("memcachestore: %d servers have not answered yet", len(s.servers)-heard))
		case <-ctx.Done():
			failures = append(failures, fmt.Errorf("memcachestore: connect: %w: %d servers: %w", session.ErrUnavailable, len(s.servers)-heard, context.Cause(ctx)))
		}
		break
	}
	switch {
	case len(misconfigured) > 0:
		return errors.Join(misconfigured...)
	case late == nil:
		return errors.Join(failures...)
	}
	for _, err := range failures {
		s.log.WarnContext(ctx, "a server does not answer, its users' sessions are unavailable until it does", "error", err)
	}
	return nil
}

// Ping implements session.Store. It returns nil if any of the servers answers: a server that is
// down affects its own users only.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	answers := make(chan error, len(s.servers))
	for _, sv := range s.servers {
		go func() { answers <- sv.ping(ctx) }()
	}
	var errs []error
	for range s.servers {
		err := <-answers
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Close implements session.Store.
func (s *Store) Close() error {
	s.closed.Store(true)
	for _, sv := range s.servers {
		_ = sv.client.Close()
	}
	return nil
}

// Sweep implements session.Store. There is nothing to do: the servers remove items that have
// expired, and every write removes the expired sessions of its item.
func (s *Store) Sweep(ctx context.Context, _ int) (int, error) {
	if ctx.Err() != nil {
		return 0, tooLate(ctx, "sweep", "nothing was asked")
	}
	return 0, nil
}

// Traits implements session.Store.
func (s *Store) Traits() session.Traits {
	return session.Traits{
		Name:       "memcached",
		Shared:     true,
		ExactLimit: true,
		MaxPerUser: s.capacity,
		Report:     s.report,
		Notes: []string{
			"A server that restarts, or evicts because it is full, ends the sessions it held, all of a user's together, and forgets failed logins.",
			"There is no list of everybody's sessions, only of one user's.",
			"While one of several servers is down, its users' sessions are unavailable; those of the others are not touched.",
		},
	}
}
