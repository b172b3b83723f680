// Following: how a node reads the log of changes.

package hybridstore

import (
	"context"
	"errors"
	"time"
)

// maxLoads is how often one poll loads the window anew before it gives up.
const maxLoads = 3

// poll reads the log, unless another call does so in a poll that begins later than this call.
func (s *Store) poll(ctx context.Context) error {
	asked := s.window.asked()
	select {
	case s.polling <- struct{}{}:
		defer func() { <-s.polling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.window.done(asked) {
		return nil
	}
	n, started := s.window.begin()
	err := s.read(ctx)
	if err != nil {
		s.window.fail()
		return err
	}
	s.window.finish(n, started)
	return nil
}

// read reads the log to its end.
func (s *Store) read(ctx context.Context) error {
	for loads := 0; ; {
		at, _ := s.window.here()
		read, now, err := s.database.Changes(ctx, at.seq, s.window.most)
		if err != nil {
			return err
		}
		s.clock.see(now)
		switch err := s.window.extend(read); {
		case errors.Is(err, errLost) && at.seq > 0 && loads < maxLoads:
			s.log.WarnContext(ctx, "the log of changes is not the one that was read before: reading it anew")
			loads++
		case err != nil:
			return err
		case len(read) < s.window.most || at.seq == 0:
			return nil
		}
	}
}

// follow polls until ctx ends.
func (s *Store) follow(ctx context.Context) {
	patience := s.cfg.MaxStale
	if s.cfg.Degraded > 0 { // a database that hangs must be noticed before the window is too old
		patience /= 2
	}
	failed := false
	every(ctx, s.cfg.PollInterval, func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		err := s.poll(ctx)
		if err != nil && !failed {
			s.log.WarnContext(ctx, "the log of changes cannot be read: sessions are read from the database", "error", err)
		}
		if err == nil && failed {
			s.log.InfoContext(ctx, "the log of changes can be read again")
		}
		failed = err != nil
	})
}

// every calls work now, and then after each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, work func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		work()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
