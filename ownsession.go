// Own sessions: a session counts in the panel only if the panel made it. An application
// may keep its customers' sessions in the same store and under the same key, and what it
// says of customer 1 says nothing of administrator 1.

package crudadmin

import (
	"net/http"

	"github.com/go-crudadmin/crudadmin/session"
)

// ownMark is in the metadata of each session that the panel makes.
var ownMark = session.NewKey[bool]("_crudadmin")

// newSession is a session of the panel.
func newSession(userID string) (session.NewSession, error) {
	n := session.NewSession{UserID: userID}
	err := ownMark.Set(&n.Metadata, true)
	return n, err
}

// current returns the request's session, if the panel made it.
func (p *Panel) current(r *http.Request) (session.Session, bool) {
	s, ok := p.sessions.FromContext(r.Context())
	if !ok {
		return session.Session{}, false
	}
	if own, _, err := ownMark.Get(s.Metadata); err != nil || !own {
		return session.Session{}, false
	}
	return s, true
}
