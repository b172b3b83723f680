// The window: the part of the log of changes that this node knows, by which it judges entries of
// the cache.

package hybridstore

import (
	"errors"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// window is the newest part of the log, without gaps. All is under mu.
type window struct {
	most     int           // entries it keeps
	fresh    time.Duration // how long after the start of a poll entries are trusted
	degraded time.Duration // the same while polls fail

	mu      sync.Mutex
	changes []session.Change // never trimmed below one, once loaded
	last    map[session.ID]session.Change
	loads   int // how often it was loaded anew

	begun    uint64    // polls
	complete uint64    // the newest poll that read all there was
	started  time.Time // when that began
	failing  bool      // the newest poll failed
	calm     time.Time // since when no poll has failed
	distrust uint64    // a poll up to this one does not count

	suspects map[session.ID]uint64 // not trusted until a later poll than this
}

func newWindow(most int, fresh, degraded time.Duration) *window {
	return &window{most: most, fresh: fresh, degraded: degraded, last: map[session.ID]session.Change{}, suspects: map[session.ID]uint64{}}
}

// age is how long ago t was, by the wall clock if that has moved further: a machine that was
// suspended must not take old knowledge for new.
func age(now, t time.Time) time.Duration {
	return max(now.Sub(t), now.Round(0).Sub(t.Round(0)))
}

// trusts reports whether records may be believed now.
func (w *window) trusts() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trusting()
}

func (w *window) trusting() bool {
	if w.complete == 0 || w.complete <= w.distrust {
		return false
	}
	old := age(time.Now(), w.started)
	return old < w.fresh || w.failing && old < w.degraded
}

// steady returns for how long polls have not failed.
func (w *window) steady() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing || w.calm.IsZero() {
		return 0
	}
	return time.Since(w.calm)
}

// verdict is the window's judgement of an entry.
type verdict int

const (
	unknown verdict = iota // the database decides
	valid                  // the record is the session
	dead                   // the session ended
	ahead                  // the record is newer than the window
)

// judge says whether to believe an entry found under id.
func (w *window) judge(e *entry, id session.ID) verdict {
	w.mu.Lock()
	defer w.mu.Unlock()
	newest, changed := w.last[id]
	switch {
	case changed && newest.Final, e.kind == tombstone:
		return dead
	case e.kind != record || !w.trusting():
		return unknown
	case w.suspects[id] > 0:
		return unknown
	case e.at.seq > w.head().seq:
		return ahead
	case !w.covers(e.at) || changed && newest.Seq > e.at.seq:
		return unknown
	}
	return valid
}

// head is the newest position.
func (w *window) head() position {
	if len(w.changes) == 0 {
		return position{}
	}
	return positionOf(w.changes[len(w.changes)-1])
}

// covers reports whether p is a position in the window.
func (w *window) covers(p position) bool {
	if len(w.changes) == 0 {
		return false
	}
	i := p.seq - w.changes[0].Seq
	return i >= 0 && i < int64(len(w.changes)) && w.changes[i].Mark == p.mark
}

// point is a moment in the life of the window.
type point struct {
	position
	loads int
}

// here returns the moment, false if nothing is known yet. An answer of the database to a question
// that is asked now is at least as new.
func (w *window) here() (point, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return point{w.head(), w.loads}, len(w.changes) > 0
}

// since returns the head if nothing in the window says that the session changed after p: a record
// that was true at p is then true at the head.
func (w *window) since(p point, id session.ID) (position, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.loads != w.loads || !w.covers(p.position) || w.last[id].Seq > p.seq || w.suspects[id] > 0 {
		return position{}, false
	}
	return w.head(), true
}

// endings returns the sessions of the tag that the window says ended after p,
// false if it does not reach back to p.
func (w *window) endings(p point, tag session.Tag) ([]session.ID, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.loads != w.loads || !w.covers(p.position) {
		return nil, false
	}
	var ids []session.ID
	for _, c := range w.changes[p.seq-w.changes[0].Seq+1:] {
		if c.Final && c.ID.Tag() == tag {
			ids = append(ids, c.ID)
		}
	}
	return ids, true
}

// askDatabase makes this node ask the database about the sessions until a later poll has read what
// became of them.
func (w *window) askDatabase(ids ...session.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		w.suspects[id] = w.begun + 1 // never 0
	}
}

// forgetPolls makes the polls that have begun so far not count.
func (w *window) forgetPolls() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.distrust = w.begun
}

// begin returns the number of a poll that begins.
func (w *window) begin() (n uint64, started time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun++
	return w.begun, time.Now()
}

// asked returns the number of the newest poll that has begun.
func (w *window) asked() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.begun
}

// done reports whether a poll later than n has read the whole log.
func (w *window) done(n uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.complete > n && !w.failing
}

// fail records that a poll failed.
func (w *window) fail() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = true
}

// finish records that poll n, which began then, has read the whole log.
func (w *window) finish(n uint64, started time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing || w.calm.IsZero() {
		w.calm = started
	}
	w.complete, w.started, w.failing = n, started, false
	for id, since := range w.suspects {
		if n >= since {
			delete(w.suspects, id)
		}
	}
}

var (
	errGap  = errors.New("hybridstore: the log of changes has a gap")
	errLost = errors.New("hybridstore: the log of changes is not the one that was read before")
)

// extend adds the changes that were read from the head on, the head itself first. errLost says that
// the head is not there: the database was restored, or pruned past it. If the answer has a gap, the
// part before it is added, and the error is errGap.
func (w *window) extend(read []session.Change) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.changes) > 0 {
		if len(read) == 0 || positionOf(read[0]) != w.head() {
			w.changes, w.last = nil, map[session.ID]session.Change{}
			w.loads++
			w.complete, w.started = 0, time.Time{}
			return errLost
		}
		read = read[1:]
	} else if len(read) == 0 {
		return errLost
	}
	for _, c := range read {
		if len(w.changes) > 0 && c.Seq != w.head().seq+1 {
			return errGap
		}
		w.changes = append(w.changes, c)
		w.last[c.ID] = c
	}
	w.trim()
	return nil
}

// trim drops the oldest entries when there are twice as many as are kept.
func (w *window) trim() {
	if len(w.changes) < 2*w.most {
		return
	}
	drop := len(w.changes) - w.most
	for _, c := range w.changes[:drop] {
		if w.last[c.ID].Seq == c.Seq {
			delete(w.last, c.ID)
		}
	}
	w.changes = append([]session.Change(nil), w.changes[drop:]...)
}
