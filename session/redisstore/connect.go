// Connecting: the client's options, and a connection that may come late.

package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"runtime"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// An idle connection is probed every keepAlive, and given up if the server does not answer within
// stallTimeout. Calls end by their own deadlines; these bound the connections that they leave
// behind.
const (
	keepAlive    = time.Second
	stallTimeout = time.Second

	bufferSize = 32 << 10 // of each connection and direction; the client's own default is 512 KiB

	// topologyRefresh is how often Sentinels and Cluster nodes are asked which server is primary;
	// announcements and redirections are followed at once.
	topologyRefresh = time.Second
)

// connections is how many connections are made to a server: one for four
// processors. Callers that share a connection share its packets too, and writing
// packets is most of what a call costs: 64 callers on two processors get 290,000
// answers a second over one connection, 118,000 over two, 86,000 over eight.
func (c Config) connections() int {
	return min(c.PoolSize, max(1, runtime.GOMAXPROCS(0)/4))
}

// options returns the options of the client.
func (c Config) options() rueidis.ClientOption {
	pipelines := bits.Len(uint(c.connections())) - 1
	if pipelines == 0 {
		pipelines = -1 // one connection; 0 would be the client's default
	}
	opt := rueidis.ClientOption{
		InitAddress:       c.addresses(),
		Username:          c.Username,
		Password:          string(c.Password),
		DialCtxFn:         c.dial,
		SelectDB:          c.DB,
		TLSConfig:         c.tls(),
		Dialer:            net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: keepAlive},
		ConnWriteTimeout:  stallTimeout,
		PipelineMultiplex: pipelines,
		BlockingPoolSize:  c.PoolSize,

		// Otherwise a caller that gives up would close the connection that others use.
		AlwaysPipelining: true,

		ReadBufferEachConn:  bufferSize,
		WriteBufferEachConn: bufferSize,
		DisableCache:        true,
		ClientSetInfo:       rueidis.DisableClientSetInfo,
		ForceSingleClient:   len(c.Cluster) == 0 && len(c.Sentinels) == 0,
		RetryDelay:          retryDelay,
		ClusterOption: rueidis.ClusterOption{
			ShardsRefreshInterval: topologyRefresh,
			MaxMovedRedirections:  8,
		},
	}
	if c.Credentials != nil {
		opt.AuthCredentialsFn = c.credentials
	}
	if len(c.Sentinels) > 0 {
		opt.Sentinel = rueidis.SentinelOption{
			MasterSet:               c.MasterName,
			Username:                c.SentinelUsername,
			Password:                string(c.SentinelPassword),
			TLSConfig:               opt.TLSConfig,
			Dialer:                  net.Dialer{Timeout: c.sentinelTimeout(), KeepAlive: keepAlive},
			TopologyRefreshInterval: topologyRefresh,
		}
	}
	return opt
}

// tls returns the configuration of TLS. It has no server name unless the caller gave one: the
// dialer then requires a certificate for the host of each address.
func (c Config) tls() *tls.Config {
	if c.TLS == nil {
		return nil
	}
	conf := c.TLS.Clone()
	if conf.MinVersion == 0 {
		conf.MinVersion = tls.VersionTLS12
	}
	return conf
}

// retryDelay says when the client repeats a command that only reads: three times and soon, so that
// a connection which the server has dropped costs no answer, and a server that is down is found
// quickly.
func retryDelay(attempt int, _ rueidis.Completed, _ error) time.Duration {
	if attempt > 3 {
		return -1
	}
	return time.Duration(attempt) * 5 * time.Millisecond
}

// connected returns the client, and connects if there is no connection yet. Of many callers one
// connects and the others wait, each no longer than its context. All of them get the error of an
// attempt that fails.
func (s *Store) connected(ctx context.Context) (rueidis.Client, error) {
	if c := s.client.Load(); c != nil {
		return *c, nil
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, fmt.Errorf("%w: the store is closed", session.ErrUnavailable)
	}
	if c := s.client.Load(); c != nil {
		s.mu.Unlock()
		return *c, nil
	}
	attempt := s.connecting
	if attempt == nil {
		attempt = &connection{done: make(chan struct{})}
		s.connecting = attempt
		go s.connect(attempt) //nolint:gosec // others wait for it as well, so no caller's context ends it
	}
	s.mu.Unlock()
	select {
	case <-attempt.done:
		if attempt.err != nil {
			return nil, attempt.err
		}
		return attempt.client, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("connect to %s: %w: no connection yet: %w", s.cfg.where(), session.ErrUnavailable, context.Cause(ctx))
	}
}

// connection is an attempt to connect.
type connection struct {
	done   chan struct{} // closed when the others are set
	client rueidis.Client
	err    error
}

// connect makes the client, which dials within ConnectTimeout. A lazy store then asks the servers
// what they promise, as Open does for others; the callers that waited do not wait for that.
func (s *Store) connect(attempt *connection) {
	s.makeClient(attempt)
	if attempt.err == nil && s.cfg.Lazy {
		ctx, cancel := context.WithTimeout(context.Background(), s.cfg.ConnectTimeout)
		defer cancel()
		s.learn(ctx)
	}
}

// makeClient makes the client and hands it to the callers that wait.
func (s *Store) makeClient(attempt *connection) {
	opt := s.cfg.options()
	if s.near != nil {
		opt.DisableCache, opt.NewCacheStoreFn = false, s.near.link
	}
	client, err := rueidis.NewClient(opt)
	if err != nil && client != nil {
		client.Close() // one server: the client is returned beside the error
		client = nil
	}
	if err != nil {
		err = s.cfg.explain(connectError(s.cfg, err))
	} else if err = s.proved(client); err != nil {
		client.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connecting = nil
	switch {
	case err != nil:
		attempt.err = err
	case s.closed:
		client.Close()
		attempt.err = fmt.Errorf("%w: the store is closed", session.ErrUnavailable)
	default:
		attempt.client = client
		s.client.Store(&client)
	}
	close(attempt.done)
}

// proved runs the probe, within ConnectTimeout.
func (s *Store) proved(c rueidis.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.ConnectTimeout)
	defer cancel()
	return s.probe(ctx, c)
}

// defaultTimeout bounds a call whose context has no deadline.
const defaultTimeout = 2 * time.Second

// begin gives ctx a deadline if it has none, and returns the client, connecting if necessary. The
// caller must call cancel in any case.
func (s *Store) begin(ctx context.Context, op string) (_ context.Context, cancel context.CancelFunc, c rueidis.Client, err error) {
	cancel = func() {}
	if _, ok := ctx.Deadline(); !ok {
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
	}
	if ctx.Err() != nil {
		return ctx, cancel, nil, tooLate(ctx, op)
	}
	c, err = s.connected(ctx)
	switch {
	case errors.Is(err, session.ErrMisconfigured): // of a lazy store: for the caller of a method it is unavailable as well
		s.lacks(ctx, err)
		err = fmt.Errorf("redisstore: %s: %w: %w", op, session.ErrUnavailable, err)
	case err != nil:
		err = fmt.Errorf("redisstore: %s: %w", op, err)
	}
	return ctx, cancel, c, err
}

// call runs f with the client and returns by the context's deadline. f may go on without its caller
// until the client notices the deadline; after that it can only wait for a connection that another
// call is making.
func call[T any](ctx context.Context, s *Store, op string, e effect, f func(context.Context, rueidis.Client) (T, error)) (T, error) {
	var none T
	ctx, cancel, client, err := s.begin(ctx, op)
	defer cancel()
	if err != nil {
		return none, err
	}
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := f(ctx, client)
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		s.lacks(ctx, a.err)
		return a.value, a.err
	case <-ctx.Done():
		select {
		case a := <-answered:
			s.lacks(ctx, a.err)
			return a.value, a.err
		default:
			return none, wrap(op, e, context.Cause(ctx))
		}
	}
}
