// Once: a form that is sent twice makes one record.

package records

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// onceKept is how many records that were made are remembered: far more than
// people make while one of them sends a form again.
const onceKept = 1000

// once remembers which record was made of which form, for this process; see onAllNodes.
type once struct {
	mu    sync.Mutex
	made  map[[sha256.Size]byte]*making
	order [][sha256.Size]byte // of those that are made, the oldest first
}

// making is a record that is being made, or was.
type making struct {
	done chan struct{} // closed when it is decided
	key  data.Key
	err  error
}

// do makes the record of a form, or returns the key of the one that was made of
// it. What failed is forgotten, and may be tried again.
func (o *once) do(ctx context.Context, form [sha256.Size]byte, insert func() (key data.Key, again bool, err error)) (key data.Key, again bool, err error) {
	for {
		o.mu.Lock()
		m := o.made[form]
		if m == nil {
			break
		}
		o.mu.Unlock()
		select {
		case <-m.done:
		case <-ctx.Done():
			return data.Key{}, false, ctx.Err()
		}
		if m.err == nil {
			return m.key, true, nil
		}
	}
	m := &making{done: make(chan struct{}), err: http.ErrAbortHandler} // until insert returns: it may panic
	if o.made == nil {
		o.made = map[[sha256.Size]byte]*making{}
	}
	o.made[form] = m
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		if m.err != nil {
			delete(o.made, form)
		} else if o.order = append(o.order, form); len(o.order) > onceKept {
			delete(o.made, o.order[0])
			o.order = slices.Delete(o.order, 0, 1)
		}
		o.mu.Unlock()
		close(m.done)
	}()
	m.key, again, m.err = insert()
	return m.key, again, m.err
}

// note is a form of which a record was made, or is being made, in the metadata of the session that
// sent it: there every node sees it.
type note struct {
	Form []byte `json:"form"` // the half of its hash
	At   int64  `json:"at"`   // Unix seconds
	Made bool   `json:"made,omitempty"`
	Key  string `json:"key,omitempty"` // of the record, unless it is long or there is none
}

const (
	sentKept    = 4 // forms of a session
	sentHash    = sha256.Size / 2
	sentLongest = 256 // bytes of a key that is kept
	// sentClaim is for how long others wait for a node that makes the record of a form: longer than
	// a write may take. After it the node is taken to be gone.
	sentClaim = 60 // seconds
)

var (
	sentForms = session.NewKey[[]note]("_crudadmin_sent")

	errSentMade   = errors.New("the record of this form was made")
	errSentClaims = errors.New("another node makes the record of this form")
)

// onAllNodes makes the record of a form, or returns the key of the one that another node has made
// of it. Nodes that share their sessions agree through the session. If a node dies between the
// record and its note, the form can be sent again a minute later, and then makes another record.
func (p *Pages) onAllNodes(v *frame.Visit, form [sha256.Size]byte, insert func() (data.Key, error)) (key data.Key, again bool, err error) {
	mine, ok := v.Session()
	if !ok || !p.Manager.Traits().Shared {
		key, err = insert()
		return key, false, err
	}
	ctx := v.R.Context()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		var found note
		_, err := p.Manager.Update(ctx, mine.ID, claim(form[:sentHash], p.Now(), &found))
		switch {
		case errors.Is(err, errSentMade):
			if key, err = data.ParseKey(v.Table, found.Key); err != nil {
				key = data.Key{}
			}
			return key, true, nil
		case errors.Is(err, errSentClaims):
			select {
			case <-ctx.Done():
				return data.Key{}, false, ctx.Err()
			case <-time.After(wait):
				continue
			}
		case errors.Is(err, session.ErrTooLarge): // the application keeps much in its sessions
			key, err = insert()
			return key, false, err
		case err != nil:
			return data.Key{}, false, err
		}
		break
	}
	made := note{Form: form[:sentHash], At: p.Now().Unix()}
	defer func() { // also where insert panics
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		// An error leaves the claim, which others take for one of a node that is gone.
		_, _ = p.Manager.Update(ctx, mine.ID, func(m *session.Metadata) error { return settle(m, made) })
	}()
	if key, err = insert(); err == nil {
		made.Made = true
		if made.Key = key.String(); len(made.Key) > sentLongest {
			made.Key = ""
		}
	}
	return key, false, err
}

// undoTimeout is how long the note of a form may take after its request has ended.
const undoTimeout = 5 * time.Second

// claim notes that this node makes the record of a form, unless another does or has: errSentClaims,
// or errSentMade with what was found.
func claim(form []byte, at time.Time, found *note) func(*session.Metadata) error {
	return func(m *session.Metadata) error {
		all, _, err := sentForms.Get(*m)
		if err != nil {
			all = nil // not ours
		}
		now := at.Unix()
		if i := slices.IndexFunc(all, func(n note) bool { return bytes.Equal(n.Form, form) }); i >= 0 {
			*found = all[i]
			switch {
			case found.Made:
				return errSentMade
			case now-found.At < sentClaim:
				return errSentClaims
			}
			all = slices.Delete(all, i, i+1)
		}
		all = append(all, note{Form: form, At: now})
		return sentForms.Set(m, all[max(0, len(all)-sentKept):])
	}
}

// settle replaces the claim of a form by what came of it; one that made no record is forgotten.
func settle(m *session.Metadata, made note) error {
	all, _, err := sentForms.Get(*m)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(n note) bool { return bytes.Equal(n.Form, made.Form) })
	switch {
	case i < 0 && made.Made:
		all = append(all, made)
	case i >= 0 && made.Made:
		all[i] = made
	case i >= 0:
		all = slices.Delete(all, i, i+1)
	}
	return sentForms.Set(m, all[max(0, len(all)-sentKept):])
}

// sentForm tells a form from all others, and from itself with other values, which
// a browser sends that has gone back to it. A form without ParamOnce does not count.
func sentForm(v *frame.Visit, in data.Input) (form [sha256.Size]byte, ok bool) {
	if v.R.PostForm.Get(ui.ParamOnce) == "" {
		return form, false
	}
	mine, _ := v.Session()
	h := sha256.New()
	fmt.Fprintf(h, "%q %q", mine.Lineage, v.R.URL.EscapedPath())
	for _, name := range slices.Sorted(maps.Keys(v.R.PostForm)) {
		if name != sessionhttp.CSRFField {
			fmt.Fprintf(h, " %q=%q", name, v.R.PostForm[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Fields)) {
		if file := in.Fields[name].File; file != nil {
			fmt.Fprintf(h, " %q:%d:", name, len(file))
			_, _ = h.Write(file) // a hash takes everything
		}
	}
	_, _ = io.WriteString(h, ".")
	return [sha256.Size]byte(h.Sum(nil)), true
}
