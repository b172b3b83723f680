// Once: a form that is sent twice makes one record.

package records

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// onceKept is how many records that were made are remembered: far more than
// people make while one of them sends a form again.
const onceKept = 1000

// once remembers which record was made of which form. It is the process's own:
// where two nodes are sent the same form at the same time, each makes a record.
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
func (o *once) do(ctx context.Context, form [sha256.Size]byte, insert func() (data.Key, error)) (key data.Key, again bool, err error) {
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
	m.key, m.err = insert()
	return m.key, false, m.err
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
