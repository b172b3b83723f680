// Ends: Delete, DeleteUser and Rotate.

package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/session"
)

// underLockUntilKnown is underLock for work that ends sessions. If the outcome is unknown and ctx
// lasts, it runs the work once more with again set, which can see what the first attempt has done.
// If that fails too, the outcome stays unknown.
func (s *Store) underLockUntilKnown(ctx context.Context, op string, key int64, work func(t tx, again bool) error) error {
	first := s.underLock(ctx, op, key, func(t tx) error { return work(t, false) })
	if !errors.Is(first, session.ErrIndeterminate) || ctx.Err() != nil {
		return first
	}
	if err := s.underLock(ctx, op, key, func(t tx) error { return work(t, true) }); !errors.Is(err, session.ErrUnavailable) {
		return err
	}
	return first
}

// maxReason is the most bytes of a reason.
const maxReason = 32

// fit shortens and cleans a text so that every engine can keep it. Ending a session never fails
// because of the words for it.
func fit(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	if !storable(text) {
		text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
	}
	return text
}

// Delete implements session.Store. If a COMMIT had no answer, it asks the database what became of
// it.
func (s *Store) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	var ended session.Session
	var broken *record
	var reason error
	var absent bool
	var last int64 // when it was ended, the last time that was tried
	by, text := fit(why.By, session.MaxUserID), fit(string(why.Reason), maxReason)
	err := s.underLockUntilKnown(ctx, "delete", lockKey(id.Tag()), func(t tx, again bool) error {
		broken, absent = nil, false
		if again && last != 0 {
			n, err := readNumber(t.Query(ctx, endedThen+"id = ?", last, text, by, ended.ID[:]))
			if err != nil || n > 0 {
				return err
			}
		}
		at := micro(s.now())
		records, err := readRecords(t.Query(ctx, byID+s.db.Engine.ForUpdate(), id[:], at))
		if err == nil && len(records) == 0 {
			records, err = readRecords(t.Query(ctx, byPrevious+s.db.Engine.ForUpdate(), id[:], at, at))
		}
		if err != nil {
			return err
		}
		if len(records) == 0 {
			buried, err := s.endExpired(ctx, t, at, "(id = ? OR previous = ?)", id[:], id[:])
			if err != nil || len(buried) == 0 {
				return cmp.Or(err, session.ErrNotFound)
			}
			absent = true // and the transaction is to be committed
			return s.logChanges(ctx, t, true, buried...)
		}
		found, err := records[0].decode()
		if errors.Is(err, errNewer) {
			return err
		}
		if err != nil {
			broken, reason = &records[0], err
			return session.ErrNotFound
		}
		n, err := t.Exec(ctx, end, at, text, by, emptyMetadata, found.ID[:], at)
		if err != nil {
			return err
		}
		if n == 0 {
			return session.ErrNotFound
		}
		ended, last = found, at
		return s.logChanges(ctx, t, true, found.ID[:])
	})
	if broken != nil {
		if err := s.endUndecodable(ctx, broken, reason); err != nil {
			return session.Session{}, err
		}
	}
	if err != nil {
		return session.Session{}, err
	}
	if absent {
		return session.Session{}, session.ErrNotFound
	}
	return ended, nil
}

// DeleteUser implements session.Store. keep has at most MaxLimit IDs. If a COMMIT had no answer, it
// asks the database what became of it.
func (s *Store) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	if user.ID == "" || !storable(user.ID) {
		return 0, nil
	}
	if len(keep) > session.MaxLimit {
		return 0, fmt.Errorf("%w: %d sessions to keep, at most %d", session.ErrTooLarge, len(keep), session.MaxLimit)
	}
	kept := make([]any, len(keep))
	for i := range keep {
		kept[i] = keep[i][:]
	}
	var ended, before int64
	var last int64 // when they were ended, the last time that was tried
	by, text := fit(why.By, session.MaxUserID), fit(string(why.Reason), maxReason)
	err := s.underLockUntilKnown(ctx, "delete the user's sessions", lockKey(user.Tag), func(t tx, again bool) (err error) {
		if again && last != 0 {
			if before, err = readNumber(t.Query(ctx, endedThen+"tag = ? AND user_id = ?", last, text, by, user.Tag[:], user.ID)); err != nil {
				return err
			}
		}
		at := micro(s.now())
		statement, spared := endUser, ""
		args := []any{at, text, by, emptyMetadata, user.Tag[:], user.ID, at}
		if len(kept) > 0 {
			list := placeholders(len(kept))
			spared = " AND id NOT IN " + list
			statement += spared + " AND (previous IS NULL OR previous_until <= ? OR previous NOT IN " + list + ")"
			args = append(append(append(args, kept...), at), kept...)
		}
		if ended, err = t.Exec(ctx, statement, args...); err != nil {
			return err
		}
		if !again {
			last = at
		}
		buried, err := s.endExpired(ctx, t, at, "tag = ? AND user_id = ?"+spared, append([]any{user.Tag[:], user.ID}, kept...)...)
		if err != nil {
			return err
		}
		return s.logUser(ctx, t, user, at, int(ended), buried)
	})
	if err != nil {
		return 0, err
	}
	return int(before + ended), nil
}

// Rotate implements session.Store. The old session stays as history, so that its ID is never used
// again.
func (s *Store) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	if old.Tag() != next.ID.Tag() {
		return fmt.Errorf("%w rotation: the IDs have different tags", session.ErrMalformed)
	}
	row, err := encode(&next)
	if err != nil {
		return err
	}
	replace, unused := end+" AND version = ? AND format <= ?", []any(nil)
	if !next.Previous.IsZero() && next.Previous != old {
		replace, unused = replace+" AND previous = ? AND previous_until = deadline", []any{next.Previous[:]}
	}
	return s.underLock(ctx, "rotate", lockKey(old.Tag()), func(t tx) error {
		at := micro(s.now())
		n, err := t.Exec(ctx, replace,
			append([]any{at, string(session.ReasonRotated), "", emptyMetadata, old[:], at, int64(next.Version), format}, unused...)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return t.whyNotRotated(ctx, old, at)
		}
		if _, err := t.Exec(ctx, insert, row...); err != nil {
			return err
		}
		return s.logChanges(ctx, t, next.Previous != old, old[:])
	})
}

// whyNotRotated returns ErrConflict for a session that changed or was replaced, and ErrNotFound for
// one that is absent.
func (t tx) whyNotRotated(ctx context.Context, old session.ID, at int64) error {
	err := t.present(ctx, old, at)
	if errors.Is(err, session.ErrNotFound) {
		err = checkPresent(t.Query(ctx, "SELECT format FROM crudadmin_sessions WHERE previous = ? AND previous_until > ? AND "+live, old[:], at, at))
	}
	if err != nil {
		return err
	}
	return session.ErrConflict
}
