// Writing: how sessions begin, change and end. Each is one script.

package redisstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, n session.Session, a session.Admission) ([]session.ID, error) {
	return s.insert(ctx, "create", n, a)
}

// Restore implements session.Store. Redis keeps nothing of a session that has ended, so Restore
// knows an ended ID only while its key is an alias.
func (s *Store) Restore(ctx context.Context, n session.Session) error {
	if !n.LiveAt(s.now()) {
		return session.ErrNotFound
	}
	_, err := s.insert(ctx, "restore", n, session.Admission{})
	return err
}

func (s *Store) insert(ctx context.Context, op string, n session.Session, a session.Admission) ([]session.ID, error) {
	value, err := wire.Append(nil, &n)
	if err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", op, err)
	}
	defer s.near.wrote(n.ID.Tag())
	refuse := "0"
	if a.Refuse {
		refuse = "1"
	}
	keys := append([]string{s.keys.record(n.ID)}, s.indexes(&n)...)
	args := []string{
		s.keys.of(n.ID.Tag()), micros(s.now()), string(n.ID[:]), string(value),
		micros(n.CreatedAt), micros(n.ExpiresAt), micros(n.Deadline), strconv.Itoa(max(a.Limit, 0)), refuse,
	}
	words, err := s.words(ctx, op, createScript, keys, args)
	if err != nil {
		return nil, err
	}
	if words[0] != "ok" {
		return nil, verdict(op, words[0])
	}
	var evicted []session.ID
	for _, word := range words[1:] {
		if len(word) != session.IDSize {
			return nil, fmt.Errorf("redisstore: %s: %w: the script names an ID of %d bytes", op, session.ErrIndeterminate, len(word))
		}
		evicted = append(evicted, session.ID([]byte(word)))
	}
	return evicted, nil
}

// indexes returns the keys of the indexes that hold n.
func (s *Store) indexes(n *session.Session) []string {
	tag := n.ID.Tag()
	keys := []string{s.keys.all(tag), s.keys.due(tag)}
	if n.UserID != "" {
		keys = append(keys, s.keys.user(n.User()))
	}
	return keys
}

// Update implements session.Store.
func (s *Store) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	const op = "update"
	defer s.near.wrote(id.Tag())
	tail, err := wire.AppendMetadata(nil, m)
	if err != nil {
		return fmt.Errorf("redisstore: %s: %w", op, err)
	}
	words, err := s.words(ctx, op, updateScript,
		[]string{s.keys.record(id)},
		[]string{s.keys.of(id.Tag()), micros(s.now()), string(id[:]), eight(version), eight(version + 1), string(tail)})
	if err != nil {
		return err
	}
	return verdict(op, words[0])
}

// eight is a version as a record has it, in eight bytes.
func eight(version uint64) string { return string(binary.BigEndian.AppendUint64(nil, version)) }

// Touch implements session.Store.
func (s *Store) Touch(ctx context.Context, seen session.Seen) error {
	const op = "touch"
	defer s.near.wrote(seen.ID.Tag())
	words, err := s.words(ctx, op, touchScript, []string{s.keys.record(seen.ID)}, s.touchArgs(seen))
	if err != nil {
		return err
	}
	return verdict(op, words[0])
}

func (s *Store) touchArgs(seen session.Seen) []string {
	until := "0"
	if !seen.PreviousUntil.IsZero() {
		until = micros(seen.PreviousUntil)
	}
	return []string{s.keys.of(seen.ID.Tag()), micros(s.now()), string(seen.ID[:]), micros(seen.LastActivity), micros(seen.ExpiresAt), until}
}

// TouchAll implements session.Store. It is one round trip to each server. After
// an error some may have been touched.
func (s *Store) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	const op = "touch many"
	switch {
	case len(seen) > session.MaxBatch:
		return nil, fmt.Errorf("redisstore: %s: %w: %d in a batch, at most %d", op, session.ErrTooLarge, len(seen), session.MaxBatch)
	case len(seen) == 0:
		return nil, nil
	}
	defer func() {
		for _, one := range seen {
			s.near.wrote(one.ID.Tag())
		}
	}()
	return call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) ([]session.ID, error) {
		calls := make([]scriptCall, len(seen))
		for i, one := range seen {
			calls[i] = scriptCall{keys: []string{s.keys.record(one.ID)}, args: s.touchArgs(one)}
		}
		var absent []session.ID
		for i, result := range touchScript.run(ctx, c, calls...) {
			word, err := result.ToString()
			if err != nil {
				return nil, wrap(op, writes, err)
			}
			switch word {
			case "ok":
			case "absent":
				absent = append(absent, seen[i].ID)
			default:
				return nil, verdict(op, word)
			}
		}
		return absent, nil
	})
}

// Rotate implements session.Store.
func (s *Store) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	const op = "rotate"
	defer s.near.wrote(old.Tag())
	if old.Tag() != next.ID.Tag() {
		return fmt.Errorf("redisstore: %s: %w: the IDs have different tags", op, session.ErrMalformed)
	}
	value, err := wire.Append(nil, &next)
	if err != nil {
		return fmt.Errorf("redisstore: %s: %w", op, err)
	}
	var alias []byte
	var replaced string // the ID whose successor next is in the place of old
	if !next.Previous.IsZero() {
		if next.Previous != old {
			replaced = string(next.Previous[:])
		}
		if alias, err = wire.AppendAlias(nil, wire.Alias{Next: next.ID, Until: next.PreviousUntil}); err != nil {
			return fmt.Errorf("redisstore: %s: %w", op, err)
		}
	}
	keys := append([]string{s.keys.record(old), s.keys.record(next.ID)}, s.indexes(&next)...)
	words, err := s.words(ctx, op, rotateScript, keys, []string{
		s.keys.of(old.Tag()), micros(s.now()), string(old[:]), string(next.ID[:]), eight(next.Version), string(value),
		micros(next.CreatedAt), micros(next.ExpiresAt), micros(next.Deadline), string(alias), micros(next.PreviousUntil), replaced,
	})
	if err != nil {
		return err
	}
	return verdict(op, words[0])
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, id session.ID, _ session.Ending) (session.Session, error) {
	const op = "delete"
	tag := id.Tag()
	defer s.near.wrote(tag)
	words, err := s.words(ctx, op, deleteScript,
		[]string{s.keys.record(id), s.keys.all(tag), s.keys.due(tag)},
		[]string{s.keys.of(tag), micros(s.now()), string(id[:])})
	if err != nil {
		return session.Session{}, err
	}
	if words[0] == "ok" && len(words) == 3 && len(words[1]) == session.IDSize {
		ended, err := wire.Decode([]byte(words[2]), session.ID([]byte(words[1])))
		if err == nil {
			return ended, nil
		}
		s.log.WarnContext(ctx, "a record cannot be decoded, its session has ended", "id", id, "error", err)
		return session.Session{}, session.ErrNotFound
	}
	if words[0] == "bad" {
		s.log.WarnContext(ctx, "a record cannot be decoded, its session has ended", "id", id)
		return session.Session{}, session.ErrNotFound
	}
	return session.Session{}, verdict(op, words[0])
}

// DeleteUser implements session.Store.
func (s *Store) DeleteUser(ctx context.Context, user session.User, _ session.Ending, keep ...session.ID) (int, error) {
	const op = "delete user"
	if user.ID == "" {
		return 0, nil
	}
	defer s.near.wrote(user.Tag)
	args := []string{s.keys.of(user.Tag), micros(s.now())}
	for _, id := range keep {
		args = append(args, string(id[:]))
	}
	keys := []string{s.keys.user(user), s.keys.all(user.Tag), s.keys.due(user.Tag)}
	return call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) (int, error) {
		n, err := deleteUserScript.run(ctx, c, scriptCall{keys, args})[0].ToInt64()
		return int(n), wrap(op, writes, err)
	})
}

// words runs a script that writes, and returns its answer: a word, or a word and more.
func (s *Store) words(ctx context.Context, op string, script *script, keys, args []string) ([]string, error) {
	return call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) ([]string, error) {
		result := script.run(ctx, c, scriptCall{keys, args})[0]
		if err := result.Error(); err != nil {
			return nil, wrap(op, writes, err)
		}
		if word, err := result.ToString(); err == nil {
			return []string{word}, nil
		}
		words, err := result.AsStrSlice()
		if err != nil || len(words) == 0 {
			return nil, fmt.Errorf("redisstore: %s: %w: the script's answer makes no sense", op, session.ErrIndeterminate)
		}
		return words, nil
	})
}

// verdict turns the word of a script into an error.
func verdict(op, word string) error {
	switch word {
	case "ok":
		return nil
	case "absent":
		return session.ErrNotFound
	case "conflict":
		return session.ErrConflict
	case "limit":
		return session.ErrLimit
	case "newer":
		return fmt.Errorf("redisstore: %s: %w: %w", op, session.ErrUnavailable, wire.ErrNewer)
	}
	return fmt.Errorf("redisstore: %s: %w: the script answered %q", op, session.ErrIndeterminate, word)
}
