// Reading: one record by its ID.

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// Get implements session.Store. It sends one command, and a second one for an ID whose session was
// renewed.
func (s *Store) Get(ctx context.Context, id session.ID) (session.Session, error) {
	const op = "get"
	ctx, cancel, c, err := s.begin(ctx, op)
	defer cancel()
	if err != nil {
		return session.Session{}, err
	}
	value, kept, err := s.fetch(ctx, c, id)
	if err != nil {
		return session.Session{}, err
	}
	if !wire.IsAlias(value) {
		return s.decode(ctx, id, value, kept)
	}
	return s.succeeding(ctx, c, id, value)
}

// maxFollows is how often the successor of an ID is looked for. Each time another successor has
// taken its place meanwhile, which happens once in a RenewEvery.
const maxFollows = 64

// succeeding returns the successor of id, where an alias stands. Alias and successor are read one
// after the other. If the successor is gone, the alias is read once more, from the server: another
// successor may have taken its place.
func (s *Store) succeeding(ctx context.Context, c rueidis.Client, id session.ID, value []byte) (session.Session, error) {
	var tried session.ID
	for range maxFollows {
		alias, err := wire.DecodeAlias(value)
		if err != nil {
			return session.Session{}, s.spoilt(ctx, id, value, err)
		}
		if alias.Next == tried || !s.now().Before(alias.Until) {
			return session.Session{}, session.ErrNotFound
		}
		fetch := s.fetch
		if !tried.IsZero() {
			fetch = s.fetchAnew
		}
		tried = alias.Next
		found, kept, err := fetch(ctx, c, alias.Next)
		if err != nil {
			return session.Session{}, err
		}
		if found != nil && !wire.IsAlias(found) { // otherwise the successor was replaced too, and its grace belongs to another ID
			next, err := s.decode(ctx, alias.Next, found, kept)
			if err != nil {
				return session.Session{}, err
			}
			if next.Previous == id && s.now().Before(next.PreviousUntil) {
				return next, nil
			}
		}
		if value, _, err = s.fetchAnew(ctx, c, id); err != nil {
			return session.Session{}, err
		}
		if !wire.IsAlias(value) {
			return s.decode(ctx, id, value, nil)
		}
	}
	return session.Session{}, fmt.Errorf("redisstore: get: %w: the session is renewed faster than it is read", session.ErrUnavailable)
}

// fetchAnew returns the record of id from the server, whatever the near-cache has.
func (s *Store) fetchAnew(ctx context.Context, c rueidis.Client, id session.ID) ([]byte, *record, error) {
	value, err := s.retrieve(ctx, c, id, s.keys.record(id))
	return value, nil, err
}

// fetch returns the record of id, from the near-cache where it is kept.
func (s *Store) fetch(ctx context.Context, c rueidis.Client, id session.ID) (value []byte, kept *record, err error) {
	key := s.keys.record(id)
	if s.near == nil {
		value, err = s.retrieve(ctx, c, id, key)
		return value, nil, err
	}
	now := s.near.now()
	if s.near.bypassed(id.Tag(), now) {
		value, err = s.retrieve(ctx, c, id, key)
		return value, nil, err
	}
	if kept = s.near.look(key, now); kept != nil {
		value, err = recordOf(kept.value, nil)
		return value, kept, err
	}
	value, err = call(ctx, s, "get", reads, func(ctx context.Context, c rueidis.Client) ([]byte, error) {
		cmd := c.B().Getrange().Key(key).Start(0).End(recordEnd).Cache().ToStaticTTL()
		value, err := recordOf(c.DoCache(ctx, cmd, s.near.maxStale).AsBytes())
		return value, wrap("get", reads, err)
	})
	if err != nil && ctx.Err() == nil && (errors.Is(err, rueidis.ErrDoCacheAborted) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		value, err = s.retrieve(ctx, c, id, key) // another call that asked for the same record has failed
	}
	return value, nil, err
}

// retrieve asks the server for the record of id. The caller does not call the client itself: the
// client may wait, without a deadline, for a place in its queue and for a connection that another
// call is making.
func (s *Store) retrieve(ctx context.Context, c rueidis.Client, id session.ID, key string) ([]byte, error) {
	result, err := s.together(ctx, id.Tag(), s.validating(c, key))
	if err != nil {
		return nil, wrap("get", reads, err)
	}
	value, err := recordOf(result.AsBytes())
	if reply, ok := rueidis.IsRedisErr(err); ok && refusesWrites(reply) {
		return s.retrieveUnwritable(ctx, key, err)
	}
	err = wrap("get", reads, err)
	s.lacks(ctx, err)
	return value, err
}

// together sends a command that reads to the server of the tag, together with others.
func (s *Store) together(ctx context.Context, tag session.Tag, cmd rueidis.Completed) (rueidis.RedisResult, error) {
	// In a Cluster each partition has a group of its own, so that a node that does not answer holds
	// up only its own records.
	return s.reads[int(tag.Partition())%len(s.reads)].Ask(ctx, cmd)
}

// validating is the command that reads a record for a validation: GETEX, which a replica refuses
// because it may write. Without an option it does not write, and a primary answers with the whole
// record. In a Cluster a replica refuses all commands.
func (s *Store) validating(c rueidis.Client, key string) rueidis.Completed {
	if len(s.cfg.Cluster) > 0 {
		return fetching(c, key)
	}
	return c.B().Arbitrary("GETEX").Keys(key).ReadOnly()
}

// refusesWrites reports whether a server that may be a primary takes no writes: its disk fails, or
// it has too few replicas.
func refusesWrites(err *rueidis.RedisError) bool {
	return strings.HasPrefix(err.Error(), "MISCONF") || strings.HasPrefix(err.Error(), "NOREPLICAS")
}

// retrieveUnwritable is retrieve from a server that takes no writes, for the reason why. The record
// counts only if the server is a primary.
func (s *Store) retrieveUnwritable(ctx context.Context, key string, why error) ([]byte, error) {
	const op = "get"
	return call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) ([]byte, error) {
		results := c.DoMulti(ctx, c.B().Info().Section("replication").Build(), fetching(c, key))
		text, err := results[0].ToString()
		if err != nil {
			return nil, wrap(op, reads, err)
		}
		if parseInfo(text)["role"] != "master" {
			return nil, wrap(op, reads, why)
		}
		value, err := recordOf(results[1].AsBytes())
		return value, wrap(op, reads, err)
	})
}

// send sends commands that read to the server.
func (s *Store) send(ctx context.Context, cmds []rueidis.Completed) []rueidis.RedisResult {
	c := *s.client.Load() // set before anything is asked
	if len(cmds) == 1 {
		return []rueidis.RedisResult{c.Do(ctx, cmds[0])}
	}
	return c.DoMulti(ctx, cmds...)
}

// recordEnd asks for one byte more than a record can have.
const recordEnd = int64(wire.MaxRecord)

// fetching is the command for a record.
func fetching(c rueidis.Client, key string) rueidis.Completed {
	return c.B().Getrange().Key(key).Start(0).End(recordEnd).Build()
}

// notText stands for a value that is not a string.
var notText = []byte{}

// recordOf reads the answer to fetching or validating. It is nil if there is no record.
func recordOf(value []byte, err error) ([]byte, error) {
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	if answer, ok := rueidis.IsRedisErr(err); ok && isWrongType(answer) {
		return notText, nil
	}
	if err == nil && len(value) == 0 {
		return nil, nil
	}
	return value, err
}

// decode returns the live session in value, the record of id. A record of the near-cache is decoded
// once.
func (s *Store) decode(ctx context.Context, id session.ID, value []byte, kept *record) (session.Session, error) {
	if value == nil {
		return session.Session{}, session.ErrNotFound
	}
	var got session.Session
	if kept != nil && kept.decoded.Load() != nil {
		got = *kept.decoded.Load()
	} else {
		var err error
		if got, err = wire.Decode(value, id); err != nil {
			return session.Session{}, s.spoilt(ctx, id, value, err)
		}
		if kept != nil {
			memo := got
			kept.decoded.Store(&memo)
		}
	}
	if !got.LiveAt(s.now()) {
		return session.Session{}, session.ErrNotFound
	}
	return got, nil
}

// spoilt is undecodable as a call of its own.
func (s *Store) spoilt(ctx context.Context, id session.ID, value []byte, why error) error {
	_, err := call(ctx, s, "get", reads, func(ctx context.Context, c rueidis.Client) (struct{}, error) {
		return struct{}{}, s.undecodable(ctx, c, id, value, why)
	})
	return err
}

// undecodable handles a record that could not be decoded. One of a newer release is left alone, and
// its session is unavailable; any other is removed, which ends that one session.
func (s *Store) undecodable(ctx context.Context, c rueidis.Client, id session.ID, value []byte, why error) error {
	if errors.Is(why, wire.ErrNewer) {
		return fmt.Errorf("redisstore: %w: %w", session.ErrUnavailable, why)
	}
	tag := id.Tag()
	result := discardScript.run(ctx, c, scriptCall{
		keys: []string{s.keys.record(id), s.keys.all(tag), s.keys.due(tag)},
		args: []string{s.keys.of(tag), string(id[:]), string(value)},
	})[0]
	removal := "done"
	if err := result.Error(); err != nil {
		removal = shownError(err)
	}
	s.log.WarnContext(ctx, "a record cannot be decoded, its session ends", "id", id, "error", why, "removal", removal)
	return session.ErrNotFound
}

func isWrongType(err *rueidis.RedisError) bool {
	const code = "WRONGTYPE"
	text := err.Error()
	return len(text) >= len(code) && text[:len(code)] == code
}
