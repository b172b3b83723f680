// Package memcachestore keeps sessions on one or more Memcached servers, 1.5.15
// and later.
//
// All sessions of a user are one item, and every change reads it and writes it
// back only if nobody else did meanwhile (CAS). So the limit, a revocation of all
// and the loss of an item are each one step, and no index can be stale. An
// anonymous session has a tag of its own and so an item of its own. What a user's
// item can hold is Traits.MaxPerUser: 59 sessions with the largest metadata where
// the servers keep their item size limit of 1 MiB.
//
// Each user is on one server, by rendezvous hashing of the tag. A server that is
// down costs its own share, for which the answer is session.ErrUnavailable, and
// is used again as soon as it is back.
//
// Keys, behind the prefix:
//
//	t: tag in hexadecimal                the sessions of that tag
//	c: SHA-256 of the counter's name     failed logins by time, in hexadecimal
//
// Every item has an absolute expiry, an hour after the store needs it last. The
// store itself decides by its own clock.
//
// What Memcached cannot promise: a server that restarts, or evicts because it is
// full, ends the sessions it held, a user's all together, and forgets failed
// logins. There is no list of everybody's sessions and no history.
// [Store.Health] tells how full the servers are.
//
// When the list of servers changes, the users of those that came or went sign in
// again. A server that was in the list before must be restarted before it is in it
// again: it still holds what ended elsewhere meanwhile.
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
	cfg      *Config // which is not printed with the store: it holds secrets
	now      func() time.Time
	log      *slog.Logger
	servers  []*server
	maxValue int // bytes of a value
	capacity int // sessions in an item
	closed   atomic.Bool
}

var _ session.Store = (*Store)(nil)

// itemOverhead is more than what a server adds to a value and counts against its
// limit: the key, at most 250 bytes, and its own header.
const itemOverhead = 512

// Open connects to the servers, within ConnectTimeout and the context. Every field
// of cfg that is out of its bounds is named in the error, which shows no secret.
// If no server answers that is session.ErrUnavailable; if only some do not, that
// is logged. One that answers and refuses this configuration, or cannot do all that the
// store needs, is session.ErrMisconfigured: every command is tried once, on a key of
// its own, before a server is used. With Lazy it does not connect, and the first call
// that reaches a server tries it.
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
		s.log.WarnContext(ctx, "a server does not answer, its users are without sessions until it does", "error", err)
	}
	return nil
}

// Ping implements session.Store. It is nil if any of the servers answers: one that
// is down costs its own share only.
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

// Sweep implements session.Store. There is nothing to do: the servers remove what
// expired, and every write what expired in its item.
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
