// The model: what the contract of a store says that a call answers and leaves
// behind, as a function of what was there before.

package histories

import (
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

// state is what a store holds of one user or of one session.
type state struct {
	live  []session.Session // not ended; some may have expired
	stale []past            // what a read may still show
	known int               // how many calls with a known outcome led here
}

// past is a session as it was before it changed or ended.
type past struct {
	session session.Session
	until   int64 // a read that began before may show it
}

// equal reports whether two states are the same for all that follows.
func (st *state) equal(other *state) bool {
	return slices.Equal(st.live, other.live) && slices.Equal(st.stale, other.stale)
}

// hash spreads states that are not equal.
func (st *state) hash() uint64 {
	h := uint64(len(st.live))
	for i := range st.live {
		h = h*31 + st.live[i].Version + uint64(st.live[i].ID[session.IDSize-1])<<8
	}
	return h
}

// at returns the live session of exactly that ID, nil if there is none.
func (st *state) at(c *Call, id session.ID) *session.Session {
	for i := range st.live {
		if s := &st.live[i]; s.ID == id && s.LiveAt(c.at) {
			return s
		}
	}
	return nil
}

// find returns the live session that the ID names, its successor in its grace.
func (st *state) find(c *Call, id session.ID) *session.Session {
	for i := range st.live {
		if s := &st.live[i]; s.Previous == id && !id.IsZero() && s.LiveAt(c.at) && c.at.Before(s.PreviousUntil) {
			return s
		}
	}
	return st.at(c, id)
}

// all returns the live sessions, the oldest first.
func (st *state) all(c *Call) []session.Session {
	var all []session.Session
	for i := range st.live {
		if st.live[i].LiveAt(c.at) {
			all = append(all, st.live[i])
		}
	}
	slices.SortFunc(all, older)
	return all
}

// without returns the state in which the sessions have ended by the call.
func (st *state) without(c *Call, rules Rules, ids ...session.ID) *state {
	next := &state{stale: st.stale}
	for i := range st.live {
		if slices.Contains(ids, st.live[i].ID) {
			next.fade(c, rules, st.live[i])
		} else {
			next.live = append(next.live, st.live[i])
		}
	}
	return next
}

// with returns the state in which the session has been put in the place of the one
// with its ID, or beside the others.
func (st *state) with(c *Call, rules Rules, s session.Session) *state {
	next := &state{live: slices.Clone(st.live), stale: st.stale}
	for i := range next.live {
		if next.live[i].ID == s.ID {
			if next.live[i] != s {
				next.fade(c, rules, next.live[i])
				next.live[i] = s
			}
			return next
		}
	}
	next.live = append(next.live, s)
	slices.SortFunc(next.live, older)
	return next
}

// fade notes how a session was, for the reads that may still show it.
func (st *state) fade(c *Call, rules Rules, s session.Session) {
	if !rules.Regular {
		return
	}
	var kept []past
	for _, p := range st.stale { // no read is left that began so long ago
		if p.until == never || p.until+rules.longest >= c.begin {
			kept = append(kept, p)
		}
	}
	st.stale = append(kept, past{s, c.settled()})
}

// shows reports whether a read of that ID may show this session although it has
// changed or ended since.
func (st *state) shows(c *Call, id session.ID, same func(*session.Session) bool) bool {
	return slices.ContainsFunc(st.stale, func(p past) bool {
		return p.session.ID == id && c.begin < p.until && same(&p.session)
	})
}

// effect returns the model's answer to a call and the state it leaves, nil where
// that is the same.
func (rules Rules) effect(st *state, c *Call) (error, *state) {
	switch c.kind {
	case create:
		ids, err := st.admits(c)
		if err != nil {
			return err, nil
		}
		return nil, st.without(c, rules, ids...).with(c, rules, c.session)
	case update:
		s := st.at(c, c.id)
		switch {
		case s == nil:
			return session.ErrNotFound, nil
		case s.Version != c.version:
			return session.ErrConflict, nil
		}
		changed := *s
		changed.Metadata = c.metadata
		changed.Version++
		return nil, st.with(c, rules, changed)
	case touch:
		s := st.at(c, c.seen.ID)
		if s == nil {
			return session.ErrNotFound, nil
		}
		return nil, st.with(c, rules, rules.touched(*s, c.seen))
	case rotate:
		s := st.find(c, c.id)
		switch {
		case s == nil:
			return session.ErrNotFound, nil
		case s.ID != c.id || s.Version != c.session.Version || !s.Renewable(c.session.Previous):
			return session.ErrConflict, nil
		}
		return nil, st.without(c, rules, c.id).with(c, rules, c.session)
	case remove:
		s := st.find(c, c.id)
		if s == nil {
			return session.ErrNotFound, nil
		}
		return nil, st.without(c, rules, s.ID)
	case removeUser:
		return nil, st.without(c, rules, st.ends(c)...)
	case evicted:
		if st.at(c, c.id) == nil {
			return session.ErrNotFound, nil
		}
		return nil, st.without(c, rules, c.id)
	case lost:
		return nil, &state{}
	default: // reads
		return nil, nil
	}
}

// touched is the session after it was seen.
func (rules Rules) touched(s session.Session, seen session.Seen) session.Session {
	if !seen.PreviousUntil.IsZero() && s.Unused() {
		s.PreviousUntil = seen.PreviousUntil
	}
	if rules.Regular { // activity is not compared
		return s
	}
	if seen.LastActivity.After(s.LastActivity) {
		s.LastActivity = seen.LastActivity
	}
	if seen.ExpiresAt.After(s.Deadline) {
		seen.ExpiresAt = s.Deadline
	}
	if seen.ExpiresAt.After(s.ExpiresAt) {
		s.ExpiresAt = seen.ExpiresAt
	}
	return s
}

// admits returns who must go so that the new session comes in.
func (st *state) admits(c *Call) ([]session.ID, error) {
	all := st.all(c)
	over := len(all) + 1 - c.admission.Limit
	switch {
	case c.admission.Limit == 0 || c.session.UserID == "" || over <= 0:
		return nil, nil
	case c.admission.Refuse:
		return nil, session.ErrLimit
	}
	return ids(all[:over]), nil
}

// ends returns whom a DeleteUser ends.
func (st *state) ends(c *Call) []session.ID {
	return ids(slices.DeleteFunc(st.all(c), func(s session.Session) bool {
		return slices.Contains(c.keep, s.ID) || c.at.Before(s.PreviousUntil) && slices.Contains(c.keep, s.Previous)
	}))
}

func ids(all []session.Session) []session.ID {
	var ids []session.ID
	for i := range all {
		ids = append(ids, all[i].ID)
	}
	return ids
}

// step returns the state after the call, and false if the contract does not allow
// its answer there.
func (rules Rules) step(st *state, c *Call) (bool, *state) {
	err, next := rules.effect(st, c)
	if next == nil {
		next = st
	}
	if c.unknown() {
		if next == st || next.equal(st) { // it does nothing, so it comes last
			return st.known == rules.known, st
		}
		return true, &state{next.live, next.stale, st.known}
	}
	return rules.allows(st, c, err), &state{next.live, next.stale, st.known + 1}
}

// allows reports whether the call may have had its answer in the state, where the
// model's error is err.
func (rules Rules) allows(st *state, c *Call, err error) bool {
	switch c.kind {
	case get:
		return st.reads(c, func(s *session.Session) bool { return *s == c.found })
	case validate:
		return st.reads(c, func(s *session.Session) bool {
			return s.ID == c.found.ID && s.UserID == c.found.UserID && s.Version == c.found.Version && s.Metadata == c.found.Metadata
		})
	case list:
		all := st.all(c)
		slices.Reverse(all) // newest first
		return slices.Equal(all, c.all)
	}
	if err != c.err { //nolint:errorlint // both are the sentinels themselves
		return c.kind == touch && c.err == nil && st.shows(c, c.seen.ID, func(*session.Session) bool { return true })
	}
	if err != nil {
		return true
	}
	switch c.kind {
	case create:
		gone, _ := st.admits(c)
		return sameIDs(gone, c.ids)
	case remove:
		return *st.find(c, c.id) == c.found
	case removeUser:
		return c.count < 0 || c.count == len(st.ends(c))
	}
	return true
}

// reads reports whether a read may have had its answer.
func (st *state) reads(c *Call, same func(*session.Session) bool) bool {
	s := st.find(c, c.id)
	if c.err != nil {
		return s == nil
	}
	return s != nil && same(s) || st.shows(c, c.id, same)
}

func sameIDs(a, b []session.ID) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(id session.ID) bool { return !slices.Contains(b, id) })
}
