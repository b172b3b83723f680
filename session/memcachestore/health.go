// Health: what the servers say of themselves.

package memcachestore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// ServerHealth is what one server says of itself.
type ServerHealth struct {
	Addr string

	// Err says why the server told nothing; the rest is then zero.
	Err error

	Version     string
	Uptime      time.Duration
	Connections int64
	Items       int64
	UsedBytes   int64
	MaxBytes    int64 // limit of UsedBytes (memcached -m)
	MaxItem     int64 // limit of one item in bytes (memcached -I)

	// Evictions is how many items were removed before they expired, because the
	// server was full. Each may have signed a user out.
	Evictions int64

	// Skew is how far the server's clock, in whole seconds, is ahead of this
	// machine's. Items expire by it; over an hour behind or ahead is too much.
	Skew time.Duration
}

// Health asks every server, within the context, for what it says of itself.
func (s *Store) Health(ctx context.Context) []ServerHealth {
	ctx, cancel := bound(ctx)
	defer cancel()
	all := make([]ServerHealth, len(s.servers))
	var asking sync.WaitGroup
	for i, sv := range s.servers {
		asking.Go(func() { all[i] = s.health(ctx, sv.addr) })
	}
	asking.Wait()
	return all
}

func (s *Store) health(ctx context.Context, addr string) ServerHealth {
	h := ServerHealth{Addr: addr}
	stats, err := s.stats(ctx, addr, "stats settings", "stats")
	if err != nil {
		h.Err = err
		return h
	}
	number := func(name string) int64 { n, _ := strconv.ParseInt(stats[name], 10, 64); return n }
	h.Version = stats["version"]
	h.Uptime = time.Duration(number("uptime")) * time.Second
	h.Connections = number("curr_connections")
	h.Items, h.UsedBytes, h.MaxBytes = number("curr_items"), number("bytes"), number("limit_maxbytes")
	h.MaxItem, h.Evictions = number("item_size_max"), number("evictions")
	if clock := number("time"); clock > 0 {
		h.Skew = time.Unix(clock, 0).Sub(time.Now().Truncate(time.Second))
	}
	return h
}

// stats returns what the server answers to the commands, by name, on a connection
// of its own. Of a name that two answers have the later holds: "evictions" is a
// switch among the settings.
func (s *Store) stats(ctx context.Context, addr string, commands ...string) (map[string]string, error) {
	conn, err := s.cfg.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	stats := map[string]string{}
	for _, command := range commands {
		lines, err := converse(ctx, conn, command+"\r\n")
		if err != nil {
			return nil, s.cfg.explain(ctx, addr, command, connectError(addr, err))
		}
		if last := lines[len(lines)-1]; strings.HasPrefix(last, "CLIENT_ERROR unauthenticated") {
			return nil, fmt.Errorf("memcachestore: %w: %s: it asks for a Username and Password, and none are set", ErrMisconfigured, addr)
		}
		for _, line := range lines {
			if name, value, ok := strings.Cut(strings.TrimPrefix(line, "STAT "), " "); ok {
				stats[name] = value
			}
		}
	}
	return stats, nil
}

// suits returns an error if the server does not answer or cannot keep sessions
// with this configuration. What it does not tell, as a proxy may not, is taken to
// be well.
func (s *Store) suits(ctx context.Context, addr string) error {
	stats, err := s.stats(ctx, addr, "stats settings")
	if err != nil {
		return err
	}
	if most, err := strconv.Atoi(stats["item_size_max"]); err == nil && most < s.cfg.MaxItem {
		return fmt.Errorf("memcachestore: %w: %s: MaxItem: %d, but the server's limit (-I) is %d", ErrMisconfigured, addr, s.cfg.MaxItem, most)
	}
	if stats["cas_enabled"] == "no" { // a server that tells nothing is tried by prove
		return fmt.Errorf("memcachestore: %w: %s: the server keeps no CAS, start it without -C", ErrMisconfigured, addr)
	}
	return nil
}

// ping asks whether the server answers.
func (sv *server) ping(ctx context.Context) error {
	_, err := call(ctx, sv, "ping", reads, func(c *memcache.Client) (struct{}, error) { return struct{}{}, c.Ping() })
	return err
}
