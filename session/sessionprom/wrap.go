// Wrap: a store whose calls are timed.

package sessionprom

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-crudadmin/crudadmin/session"
)

// Wrap returns a store that is s, with each call timed. Its traits are those of s; the series carry
// their name as the label store, so that the parts of a composed store can be told apart where each
// is wrapped.
func (c *Collector) Wrap(s session.Store) session.Store {
	name := s.Traits().Name
	timer := func(operation string) prometheus.Observer { return c.seconds.WithLabelValues(name, operation) }
	return &timed{
		Store:      s,
		create:     timer("create"),
		get:        timer("get"),
		update:     timer("update"),
		touch:      timer("touch"),
		touchAll:   timer("touch_all"),
		rotate:     timer("rotate"),
		restore:    timer("restore"),
		delete:     timer("delete"),
		deleteUser: timer("delete_user"),
		list:       timer("list"),
		sweep:      timer("sweep"),
		count:      timer("count"),
		counted:    timer("counted"),
		uncount:    timer("uncount"),
		ping:       timer("ping"),
		swept:      c.swept.WithLabelValues(name),
	}
}

// timed times the calls of the store it embeds; Close and Traits are that store's.
type timed struct {
	session.Store

	create, get, update, touch, touchAll, rotate, restore, delete, deleteUser,
	list, sweep, count, counted, uncount, ping prometheus.Observer

	swept prometheus.Counter
}

// took ends the measurement that began then: defer took(o, time.Now()).
func took(o prometheus.Observer, began time.Time) { o.Observe(time.Since(began).Seconds()) }

func (t *timed) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	defer took(t.create, time.Now())
	return t.Store.Create(ctx, s, a)
}

func (t *timed) Get(ctx context.Context, id session.ID) (session.Session, error) {
	defer took(t.get, time.Now())
	return t.Store.Get(ctx, id)
}

func (t *timed) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	defer took(t.update, time.Now())
	return t.Store.Update(ctx, id, version, m)
}

func (t *timed) Touch(ctx context.Context, seen session.Seen) error {
	defer took(t.touch, time.Now())
	return t.Store.Touch(ctx, seen)
}

func (t *timed) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	defer took(t.touchAll, time.Now())
	return t.Store.TouchAll(ctx, seen)
}

func (t *timed) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	defer took(t.rotate, time.Now())
	return t.Store.Rotate(ctx, old, next)
}

func (t *timed) Restore(ctx context.Context, s session.Session) error {
	defer took(t.restore, time.Now())
	return t.Store.Restore(ctx, s)
}

func (t *timed) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	defer took(t.delete, time.Now())
	return t.Store.Delete(ctx, id, why)
}

func (t *timed) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	defer took(t.deleteUser, time.Now())
	return t.Store.DeleteUser(ctx, user, why, keep...)
}

func (t *timed) List(ctx context.Context, q session.Query) (session.Page, error) {
	defer took(t.list, time.Now())
	return t.Store.List(ctx, q)
}

func (t *timed) Sweep(ctx context.Context, most int) (int, error) {
	defer took(t.sweep, time.Now())
	n, err := t.Store.Sweep(ctx, most)
	t.swept.Add(float64(max(n, 0)))
	return n, err
}

func (t *timed) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	defer took(t.count, time.Now())
	return t.Store.Count(ctx, key, rule)
}

func (t *timed) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	defer took(t.counted, time.Now())
	return t.Store.Counted(ctx, key, window)
}

func (t *timed) Uncount(ctx context.Context, key string, n int) error {
	defer took(t.uncount, time.Now())
	return t.Store.Uncount(ctx, key, n)
}

func (t *timed) Ping(ctx context.Context) error {
	defer took(t.ping, time.Now())
	return t.Store.Ping(ctx)
}
