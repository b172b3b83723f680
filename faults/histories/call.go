// Call: what was seen of one call of a store.

package histories

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// kind is which method was called.
type kind string

const (
	create     kind = "Create"
	get        kind = "Get"
	validate   kind = "Validate" // the manager's answer, its writes recorded apart
	update     kind = "Update"
	touch      kind = "Touch"
	rotate     kind = "Rotate"
	remove     kind = "Delete"
	removeUser kind = "DeleteUser"
	list       kind = "List"

	// evicted is a session's own part of a Create that ended it, and of nothing
	// else: it is made by the checker.
	evicted kind = "evicted"

	// lost is what a server does that loses everything, where that is allowed.
	lost kind = "the server lost everything"
)

// never is the end of a call whose outcome is unknown.
const never = math.MaxInt64

// Call is one call of a store, seen from outside.
type Call struct {
	kind   kind
	number int // in the order of their ends
	node   int
	begin  int64 // nanoseconds since the history began
	end    int64 // never, if the outcome is unknown
	at     time.Time

	// What was asked.
	id        session.ID
	tag       session.Tag
	user      string
	session   session.Session // of Create; the next one of Rotate
	admission session.Admission
	version   uint64
	metadata  session.Metadata
	seen      session.Seen
	keep      []session.ID

	// What was answered.
	err   error // nil, ErrNotFound, ErrConflict or ErrLimit
	found session.Session
	ids   []session.ID // the evicted
	all   []session.Session
	count int

	// lag is how long after its end others may not know of the change; untold, that
	// they could not be told at once.
	lag    int64
	untold bool
}

func (c *Call) unknown() bool { return c.end == never }

// settled is the moment at which every read that begins must know of the change.
func (c *Call) settled() int64 {
	if c.unknown() || c.lag > never-c.end {
		return never
	}
	return c.end + c.lag
}

// classes are the answers that the model knows.
var classes = []error{session.ErrNotFound, session.ErrConflict, session.ErrLimit}

// answer returns the class of an error; false if the model has no such answer.
func answer(err error) (error, bool) {
	if err == nil {
		return nil, true
	}
	for _, class := range classes {
		if errors.Is(err, class) {
			return class, true
		}
	}
	return err, false
}

// String is one line of a printed history.
func (c *Call) String() string {
	var ask, got string
	switch c.kind {
	case create:
		ask = fmt.Sprintf("%s, limit %d, refuse %t", short(c.session.ID), c.admission.Limit, c.admission.Refuse)
		if len(c.ids) > 0 {
			got = "evicted " + shorts(c.ids)
		}
	case get, validate:
		ask = short(c.id)
		if c.err == nil {
			got = content(c.found)
		}
	case update:
		ask = fmt.Sprintf("%s, version %d → %s", short(c.id), c.version, c.metadata)
	case touch:
		ask = fmt.Sprintf("%s, until %s", short(c.seen.ID), clock(c.seen.ExpiresAt))
	case rotate:
		ask = fmt.Sprintf("%s → %s, version %d, grace %t", short(c.id), short(c.session.ID), c.session.Version, !c.session.Previous.IsZero())
	case remove:
		ask = short(c.id)
		if c.err == nil {
			got = content(c.found)
		}
	case removeUser:
		ask, got = "all", fmt.Sprint(c.count, " ended")
		if len(c.keep) > 0 {
			ask = "all but " + shorts(c.keep)
		}
	case list:
		var each []string
		for _, s := range c.all {
			each = append(each, content(s))
		}
		got = "[" + strings.Join(each, "; ") + "]"
	case evicted:
		ask = short(c.id)
	}
	switch {
	case c.unknown():
		got = "outcome unknown"
	case c.err != nil:
		got = strings.TrimPrefix(c.err.Error(), "session: ")
	case got == "":
		got = "done"
	}
	end := "         ?"
	if !c.unknown() {
		end = fmt.Sprintf("%10.3f", float64(c.end)/1e6)
	}
	return fmt.Sprintf("%5d %10.3f %s ms  node %d at %s  %s(%s): %s", c.number, float64(c.begin)/1e6, end, c.node, clock(c.at), c.kind, ask, got)
}

// short is enough of an ID to tell a history's sessions apart.
func short(id session.ID) string {
	if id.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%x", id[len(id.Tag()):len(id.Tag())+3])
}

func shorts(ids []session.ID) string {
	var all []string
	for _, id := range ids {
		all = append(all, short(id))
	}
	return strings.Join(all, ", ")
}

func content(s session.Session) string {
	return fmt.Sprintf("%s version %d %s until %s", short(s.ID), s.Version, s.Metadata, clock(s.ExpiresAt))
}

func clock(t time.Time) string { return t.Format("15:04:05") }

// plain returns the session as the model compares it: times by their microseconds,
// no ending; without activity also as if it had never been used.
func plain(s session.Session, activity bool) session.Session {
	for _, t := range []*time.Time{&s.CreatedAt, &s.LastActivity, &s.ExpiresAt, &s.Deadline, &s.RotatedAt, &s.PreviousUntil} {
		*t = time.UnixMicro(t.UnixMicro()).UTC()
	}
	s.EndedAt, s.Ending = time.Time{}, session.Ending{}
	if !activity {
		s.LastActivity, s.ExpiresAt = s.CreatedAt, s.Deadline
	}
	return s
}

// older orders sessions as they are evicted.
func older(a, b session.Session) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(string(a.ID[:]), string(b.ID[:])))
}
