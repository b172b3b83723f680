// Hybrid: Redis or Memcached in front of the database.

package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// cacheTimeout is how long the cache has to answer at start: the program begins
// without it, so it does not wait for long.
const cacheTimeout = 2 * time.Second

// hybrid is a hybrid store together with the stores below it.
type hybrid struct {
	*hybridstore.Store
	name  string
	below []session.Store
}

// openHybrid opens the database, and the cache in front of it, which may come
// later: until then the database answers alone.
func (c Config) openHybrid(ctx context.Context) (*hybrid, error) {
	truth, err := c.openDatabase(ctx)
	if err != nil {
		return nil, err
	}
	cache, server, err := c.openCache(ctx)
	if err != nil {
		return nil, errors.Join(err, truth.Close())
	}
	store, err := hybridstore.New(truth, cache, c.Hybrid)
	if err != nil {
		return nil, errors.Join(err, server.Close(), truth.Close())
	}
	name := fmt.Sprintf("hybrid, %s and %s", server.Traits().Name, truth.Traits().Name)
	return &hybrid{Store: store, name: name, below: []session.Store{server, truth}}, nil
}

// openCache opens the server of the cache. One that does not answer is connected
// to at the first use; one that refuses the configuration is an error.
func (c Config) openCache(ctx context.Context) (hybridstore.Cache, session.Store, error) {
	first, cancel := context.WithTimeout(ctx, cacheTimeout)
	defer cancel()
	late := func(err error) bool {
		if !absent(err) || ctx.Err() != nil {
			return false
		}
		c.Logger.WarnContext(ctx, "the cache of the sessions does not answer, the database serves alone until it does",
			slog.String("component", "session.backend"), slog.String("cache", string(c.Kind)), slog.Any("error", err))
		return true
	}
	if c.Kind == Redis {
		store, err := redisstore.Open(first, c.Redis)
		if late(err) {
			c.Redis.Lazy = true
			store, err = redisstore.Open(ctx, c.Redis)
		}
		if err != nil {
			return nil, nil, err
		}
		return store.Cache(), store, nil
	}
	store, err := memcachestore.Open(first, c.Memcached)
	if late(err) {
		c.Memcached.Lazy = true
		store, err = memcachestore.Open(ctx, c.Memcached)
	}
	if err != nil {
		return nil, nil, err
	}
	return store.Cache(), store, nil
}

// Traits implements session.Store. The name names the stores below.
func (h *hybrid) Traits() session.Traits {
	traits := h.Store.Traits()
	traits.Name = h.name
	return traits
}

// Close implements session.Store. The database stays open.
func (h *hybrid) Close() error {
	errs := []error{h.Store.Close()}
	for _, store := range h.below {
		errs = append(errs, store.Close())
	}
	return errors.Join(errs...)
}
