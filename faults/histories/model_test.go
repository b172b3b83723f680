// The checker on histories written by hand.

package histories

import (
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// one is a session of the user whose tag begins with u.
func one(u, n byte) session.Session {
	return session.Session{
		ID: session.ID{u, session.IDSize - 1: n}, UserID: string(u), Version: 1,
		CreatedAt: noon, ExpiresAt: noon.Add(time.Hour), Deadline: noon.Add(time.Hour),
	}
}

// made, seen, gone and others are calls from begin to end.
func made(begin, end int64, s session.Session) Call {
	return Call{kind: create, begin: begin, end: end, at: noon, tag: s.ID.Tag(), session: s, admission: session.Admission{Limit: 1}}
}

func seen(begin, end int64, s session.Session, err error) Call {
	c := Call{kind: get, begin: begin, end: end, at: noon, tag: s.ID.Tag(), id: s.ID, err: err}
	if err == nil {
		c.found = s
	}
	return c
}

func gone(begin, end int64, s session.Session) Call {
	return Call{kind: remove, begin: begin, end: end, at: noon, tag: s.ID.Tag(), id: s.ID, found: s}
}

func (c Call) by(evicts ...session.Session) Call { c.ids = ids(evicts); return c }

func (c Call) late(lag int64) Call { c.lag = lag; return c }

func TestCheck(t *testing.T) {
	a, b := one('a', 1), one('a', 2)
	no := session.ErrNotFound
	strict, regular := Rules{Snapshot: true}, Rules{Regular: true}
	all := func(begin, end int64, sessions ...session.Session) Call {
		return Call{kind: list, begin: begin, end: end, at: noon, tag: a.ID.Tag(), all: sessions}
	}
	loss := func(begin, end int64) Call { return Call{kind: lost, begin: begin, end: end, at: noon} }
	for name, c := range map[string]struct {
		rules Rules
		calls []Call
		wrong bool
	}{
		"seen after it was made":                    {strict, []Call{made(1, 2, a), seen(3, 4, a, nil)}, false},
		"not seen after it was made":                {strict, []Call{made(1, 2, a), seen(3, 4, a, no)}, true},
		"seen while it is made":                     {strict, []Call{made(1, 9, a), seen(2, 3, a, no), seen(4, 5, a, nil)}, false},
		"seen and then not while it is made":        {strict, []Call{made(1, 9, a), seen(2, 3, a, nil), seen(4, 5, a, no)}, true},
		"seen after it ended":                       {strict, []Call{made(1, 2, a), gone(3, 4, a), seen(5, 6, a, nil)}, true},
		"ended twice":                               {strict, []Call{made(1, 2, a), gone(3, 8, a), gone(4, 7, a)}, true},
		"made, nobody knows, and never seen":        {strict, []Call{made(1, never, a), seen(3, 4, a, no)}, false},
		"made, nobody knows, and seen late":         {strict, []Call{made(1, never, a), seen(3, 4, a, no), seen(5, 6, a, nil)}, false},
		"made, nobody knows, seen and not":          {strict, []Call{made(1, never, a), seen(3, 4, a, nil), seen(5, 6, a, no)}, true},
		"ended, nobody knows, and late":             {strict, []Call{made(1, 2, a), gone(3, never, a), seen(5, 6, a, nil), seen(7, 8, a, no)}, false},
		"ended, nobody knows, and back":             {strict, []Call{made(1, 2, a), gone(3, never, a), seen(5, 6, a, no), seen(7, 8, a, nil)}, true},
		"evicted":                                   {strict, []Call{made(1, 2, a), made(3, 4, b).by(a), seen(5, 6, a, no)}, false},
		"over the limit":                            {strict, []Call{made(1, 2, a), made(3, 4, b)}, true},
		"evicted and seen":                          {strict, []Call{made(1, 2, a), made(3, 4, b).by(a), seen(5, 6, a, nil)}, true},
		"evicted by a call of unknown outcome":      {strict, []Call{made(1, 2, a), made(3, never, b), seen(5, 6, a, no), seen(7, 8, b, nil)}, false},
		"evicted for nobody":                        {strict, []Call{made(1, 2, a), made(3, never, b), seen(5, 6, a, no), seen(7, 8, b, no)}, true},
		"lost by the server":                        {strict, []Call{made(1, 2, a), loss(3, 6), seen(4, 5, a, nil), seen(7, 8, a, no)}, false},
		"lost and back":                             {strict, []Call{made(1, 2, a), loss(3, 4), seen(5, 6, a, nil)}, true},
		"listed":                                    {strict, []Call{made(1, 2, a), all(3, 4, a)}, false},
		"listed with what it was evicted for":       {strict, []Call{made(1, 2, a), made(3, 6, b).by(a), all(4, 5, b, a)}, true},
		"listed without a moment of its own":        {Rules{}, []Call{made(1, 2, a), made(3, 6, b).by(a), all(4, 5)}, false},
		"listed by one moment":                      {strict, []Call{made(1, 2, a), made(3, 6, b).by(a), all(4, 5)}, true},
		"a node behind, while it ends":              {regular, []Call{made(1, 2, a), gone(3, 9, a), seen(4, 5, a, no), seen(6, 7, a, nil)}, false},
		"the same without a cache":                  {strict, []Call{made(1, 2, a), gone(3, 9, a), seen(4, 5, a, no), seen(6, 7, a, nil)}, true},
		"a node behind, after it ended":             {regular, []Call{made(1, 2, a), gone(3, 9, a), seen(10, 11, a, nil)}, true},
		"a node behind, within the lag":             {regular, []Call{made(1, 2, a), gone(3, 9, a).late(5), seen(10, 20, a, nil)}, false},
		"a node behind, past the lag":               {regular, []Call{made(1, 2, a), gone(3, 9, a).late(5), seen(15, 20, a, nil)}, true},
		"a node that says invalid too early":        {regular, []Call{made(1, 2, a), seen(3, 4, a, no), gone(5, 9, a)}, true},
		"a node behind about what it never knew":    {regular, []Call{made(1, 2, a), gone(3, 9, a), seen(4, 5, b, nil)}, true},
		"two users do not meet":                     {strict, []Call{made(1, 2, a), made(3, 4, one('b', 3))}, false},
		"a delete that begins before it is created": {strict, []Call{gone(1, 4, a), made(2, 3, a)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.calls {
				c.calls[i].number = i
			}
			found := check(c.calls, c.rules)
			if (len(found) > 0) != c.wrong {
				t.Errorf("wrong: %t, want %t: %v", len(found) > 0, c.wrong, found)
			}
		})
	}
}
