// Servers: one client for each, bounded in its calls, and the choice among them.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/batch"
	"github.com/go-crudadmin/crudadmin/session/internal/breaker"
	"github.com/go-crudadmin/crudadmin/session/internal/fault"
)

const (
	// stallTimeout is how long a server may be silent before its connection is given up. Calls end
	// by their own deadlines; this bounds the connections that they leave behind.
	stallTimeout = time.Second

	keepAlive = 15 * time.Second

	// maxBatch is how many items are asked for in one round trip. Each has a megabyte at most.
	maxBatch = 32

	// A server that failed is left alone for minPause, and twice as long after each further
	// failure, up to maxServerPause.
	minPause       = 25 * time.Millisecond
	maxServerPause = 500 * time.Millisecond

	// defaultTimeout bounds a call whose context has no deadline.
	defaultTimeout = 2 * time.Second
)

// server is one Memcached server. The client knows no context and no bound on
// connections, so every call runs in a goroutine that holds one of PoolSize slots
// until the client is done, whether or not its caller still waits.
type server struct {
	addr    string
	seed    uint64 // hash of addr
	client  *memcache.Client
	slots   chan struct{}
	breaker breaker.Breaker
	log     *slog.Logger
	closed  *atomic.Bool           // the store's
	refused atomic.Pointer[error]  // why it cannot be used at all, by its last answer
	proved  atomic.Bool            // it has answered every command rightly
	told    atomic.Pointer[Server] // its last answer about itself; nil before the first
	asked   atomic.Bool            // listen has asked it
	epoch   atomic.Uint64          // counts connections that broke
	reads   batch.Group[string, got]
	stripes [256]stripe // by hash of the key
}

func newServer(cfg *Config, addr string, log *slog.Logger, closed *atomic.Bool) *server {
	sv := &server{addr: addr, seed: hash(addr), slots: make(chan struct{}, cfg.PoolSize), log: log, closed: closed}
	for i := range sv.stripes {
		sv.stripes[i].lock = make(chan struct{}, 1)
	}
	sv.reads.MaxBatch, sv.reads.Send = maxBatch, sv.send
	sv.breaker.MinPause, sv.breaker.MaxPause = minPause, maxServerPause
	sv.client = memcache.NewFromSelector(only{address(addr)})
	sv.client.Timeout = stallTimeout
	sv.client.MaxIdleConns = cfg.PoolSize
	sv.client.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
		conn, err := cfg.dial(ctx, addr)
		if err == nil {
			err = sv.prove(ctx, cfg, conn)
		}
		if err == nil && sv.told.Load() == nil && !sv.asked.Swap(true) && !sv.listen(ctx, conn) {
			_ = conn.Close() // health is optional: another connection takes the place of this one
			conn, err = cfg.dial(ctx, addr)
		}
		return conn, err
	}
	return sv
}

// only selects the only server of a client.
type only struct{ addr net.Addr }

func (o only) PickServer(string) (net.Addr, error)     { return o.addr, nil }
func (o only) Each(do func(addr net.Addr) error) error { return do(o.addr) }

// hash is FNV-1a, the same in every process.
func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// pick chooses the server for a key's hash by rendezvous hashing (Thaler and Ravishankar, 1998):
// each server has a weight of its own for the key, and the heaviest has it. When the list changes,
// only the keys of servers that were added or removed move.
func pick(servers []*server, key uint64) *server {
	var best *server
	var heaviest uint64
	for _, sv := range servers {
		if w := mix(sv.seed ^ mix(key)); best == nil || w > heaviest {
			best, heaviest = sv, w
		}
	}
	return best
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// got is the answer for one key.
type got struct {
	item *memcache.Item // nil: nothing
	err  error          // of the contract
}

// get returns the item of a key, nil if there is none, by the context's deadline. Callers that ask
// at the same time share one command.
func (sv *server) get(ctx context.Context, op, key string) (*memcache.Item, error) {
	if ctx.Err() != nil {
		return nil, tooLate(ctx, op, sv.addr)
	}
	found, err := sv.reads.Ask(ctx, key)
	if err != nil {
		return nil, wrap(op, reads, fmt.Errorf("%s: %w", sv.addr, err))
	}
	return found.item, found.err
}

// send reads the items of all keys.
func (sv *server) send(ctx context.Context, keys []string) []got {
	const op = "read"
	answers := make([]got, len(keys))
	err := sv.enter(ctx, op)
	if err == nil {
		err = readInto(answers, sv.client, keys)
		if sv.stale(err) {
			err = readInto(answers, sv.client, keys)
		}
		sv.settle(err)
		sv.leave()
		err = wrap(op, reads, err)
	}
	if err != nil {
		for i := range answers {
			answers[i] = got{nil, err}
		}
	}
	return answers
}

// readInto reads the items of all keys into the answers.
func readInto(answers []got, c *memcache.Client, keys []string) error {
	if len(keys) == 1 {
		item, err := c.Get(keys[0])
		switch {
		case errors.Is(err, memcache.ErrCacheMiss):
			return nil
		case err == nil && item.Key != keys[0]:
			return errOtherKey
		}
		answers[0].item = item
		return err
	}
	items, err := c.GetMulti(keys)
	if err != nil {
		return err
	}
	for key := range items {
		if !slices.Contains(keys, key) {
			return errOtherKey
		}
	}
	for i, key := range keys {
		if item := items[key]; item != nil {
			one := *item // two callers may have asked for the same item, and each changes it
			answers[i].item = &one
		}
	}
	return nil
}

var errOtherKey = errors.New("the server answered for another key")

// call runs f with the server's client and returns by the context's deadline. f
// goes on without its caller for at most stallTimeout for each read and write.
func call[T any](ctx context.Context, sv *server, op string, e effect, f func(*memcache.Client) (T, error)) (T, error) {
	var none T
	if err := sv.enter(ctx, op); err != nil {
		return none, err
	}
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		var a answer
		a.value, a.err = f(sv.client)
		if e == reads && sv.stale(a.err) {
			a.value, a.err = f(sv.client)
		}
		sv.settle(a.err)
		sv.leave()
		answered <- a
	}()
	select {
	case a := <-answered:
		return a.value, sv.outcome(op, e, a.err)
	case <-ctx.Done():
		select {
		case a := <-answered:
			return a.value, sv.outcome(op, e, a.err)
		default:
			return none, wrap(op, e, fmt.Errorf("%s: %w", sv.addr, context.Cause(ctx)))
		}
	}
}

// outcome is wrap, and leaves the answers of the protocol as they are.
func (sv *server) outcome(op string, e effect, err error) error {
	switch err {
	case nil, memcache.ErrCacheMiss, memcache.ErrCASConflict, memcache.ErrNotStored: //nolint:errorlint // the client returns them bare
		return err
	}
	return wrap(op, e, err)
}

// enter waits for a slot. If it returns nil, leave must follow.
func (sv *server) enter(ctx context.Context, op string) error {
	if ctx.Err() != nil {
		return tooLate(ctx, op, sv.addr)
	}
	select {
	case sv.slots <- struct{}{}:
	default:
		select {
		case sv.slots <- struct{}{}:
		case <-ctx.Done():
			return tooLate(ctx, op, "all connections to "+sv.addr+" are busy")
		}
	}
	// This is checked after the wait, so that callers that waited for a server that hangs leave at
	// once when that is known.
	if sv.closed.Load() {
		sv.leave()
		return fmt.Errorf("memcachestore: %s: %w: %w: the store is closed", op, session.ErrUnavailable, fault.ErrUnsent)
	}
	if wait, ok := sv.breaker.Enter(time.Now()); !ok {
		<-sv.slots
		if why := sv.refused.Load(); why != nil {
			return fmt.Errorf("memcachestore: %s: %w: %w: %w", op, session.ErrUnavailable, fault.ErrUnsent, *why)
		}
		return fmt.Errorf("memcachestore: %s: %w: %w: %s failed, it is asked again in %s", op, session.ErrUnavailable, fault.ErrUnsent, sv.addr, wait.Round(time.Millisecond))
	}
	return nil
}

// leave gives the slot back. It closes the client's connections if the store has been closed
// meanwhile.
func (sv *server) leave() {
	if sv.closed.Load() {
		_ = sv.client.Close()
	}
	<-sv.slots
}

// stale reports whether a call may have used a connection that the server had closed long before,
// so that another attempt makes sense. It then drops all idle connections, which may be closed too.
func (sv *server) stale(err error) bool {
	if answered(err) || unsent(err) || isTimeout(err) {
		return false
	}
	sv.drop()
	return true
}

// settle notes how a call went.
func (sv *server) settle(err error) {
	if answered(err) {
		sv.refused.Store(nil)
		if sv.breaker.Succeed() {
			sv.log.Info("a server answers again", "server", sv.addr)
		}
		return
	}
	sv.drop()
	if errors.Is(err, session.ErrMisconfigured) {
		why := err // a copy, so that the usual path does not allocate
		sv.refused.Store(&why)
	} else {
		sv.refused.Store(nil)
	}
	if sv.breaker.Fail(time.Now()) {
		sv.log.Warn("a server fails, its users' sessions are unavailable until it answers", "server", sv.addr, "error", err)
	}
}

// drop closes the idle connections.
func (sv *server) drop() {
	sv.epoch.Add(1)
	_ = sv.client.Close()
}
