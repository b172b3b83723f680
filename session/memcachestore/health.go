// Health: what the servers say of themselves.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/session"
)

// Health is what the servers say of themselves.
type Health struct {
	Servers []Server

	// Warnings say, in a sentence each, which servers do not answer and which promises the others
	// cannot keep.
	Warnings []string
}

// Server is what one server says of itself.
type Server struct {
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

	// Evictions is how many items the server has removed before they expired, because it was full.
	// Each may have signed a user out.
	Evictions int64

	// Skew is how far the server's clock, in whole seconds, is ahead of this
	// machine's. Items expire by it; over an hour behind or ahead is too much.
	Skew time.Duration
}

// Health asks every server, within the context. Traits.Report repeats the last answers without
// asking.
func (s *Store) Health(ctx context.Context) Health {
	ctx, cancel := bound(ctx)
	defer cancel()
	h := Health{Servers: make([]Server, len(s.servers))}
	var asking sync.WaitGroup
	for i, sv := range s.servers {
		asking.Go(func() { h.Servers[i] = s.health(ctx, sv) })
	}
	asking.Wait()
	for i := range h.Servers {
		h.Warnings = append(h.Warnings, h.Servers[i].warnings()...)
	}
	return h
}

func (s *Store) health(ctx context.Context, sv *server) Server {
	stats, err := s.stats(ctx, sv)
	if err != nil {
		return Server{Addr: sv.addr, Err: err}
	}
	return sv.learn(stats)
}

// learn reads the settings and statistics, and keeps them for Traits.Report.
func (sv *server) learn(stats map[string]string) Server {
	h := Server{Addr: sv.addr}
	number := func(name string) int64 { n, _ := strconv.ParseInt(stats[name], 10, 64); return n }
	h.Version = stats["version"]
	h.Uptime = time.Duration(number("uptime")) * time.Second
	h.Connections = number("curr_connections")
	h.Items, h.UsedBytes, h.MaxBytes = number("curr_items"), number("bytes"), number("limit_maxbytes")
	h.MaxItem, h.Evictions = number("item_size_max"), number("evictions")
	if clock := number("time"); clock > 0 {
		h.Skew = time.Unix(clock, 0).Sub(time.Now().Truncate(time.Second))
	}
	sv.told.Store(&h)
	return h
}

// maxSkew is the skew from which Health warns: half of expirySlack.
const maxSkew = expirySlack / 2

// warnings says which promises the server cannot keep.
func (s *Server) warnings() (out []string) {
	warn := func(format string, args ...any) {
		out = append(out, "memcached "+s.Addr+": "+fmt.Sprintf(format, args...))
	}
	switch {
	case errors.Is(s.Err, session.ErrMisconfigured):
		warn("it cannot be used, so the sessions of its users are unavailable: %v", s.Err)
	case s.Err != nil:
		warn("it does not answer: the sessions of its users are unavailable")
	}
	if s.Evictions > 0 {
		warn("it has removed %d items before they expired, because it is full: each signed a user out or forgot failed logins; give it more memory (-m)", s.Evictions)
	}
	if s.Skew > maxSkew || s.Skew < -maxSkew {
		warn("its clock and this machine's differ by %s: from an hour on it ends sessions early", s.Skew.Abs())
	}
	return out
}

// report is Traits.Report: which servers fail now, and what each said when it was last asked.
func (s *Store) report() session.Report {
	var r session.Report
	var warnings []string
	used, most, evictions := int64(0), int64(0), int64(0)
	for _, sv := range s.servers {
		one := Server{Addr: sv.addr}
		if told := sv.told.Load(); told != nil {
			one = *told
			used, most, evictions = used+one.UsedBytes, most+one.MaxBytes, evictions+one.Evictions
		}
		if sv.breaker.Failing() {
			one.Err = session.ErrUnavailable
			if why := sv.refused.Load(); why != nil {
				one.Err = *why
			}
		}
		warnings = append(warnings, one.warnings()...)
	}
	if warnings != nil {
		r.Warning = strings.Join(warnings, "; ") + "."
	}
	r.Detail = "1 server"
	if len(s.servers) > 1 {
		r.Detail = fmt.Sprintf("%d servers", len(s.servers))
	}
	if most > 0 {
		r.Detail += fmt.Sprintf(", %d of %d MiB used when last asked", used>>20, most>>20)
	}
	r.Counters = []session.Counter{{Name: "evictions", N: uint64(max(evictions, 0))}}
	return r
}

// The commands by which a server tells of itself. "evictions" is a switch among the settings, and a
// number among the statistics, which are asked for later.
const (
	askSettings   = "stats settings"
	askStatistics = "stats"
)

// stats returns the server's settings and statistics, by name, on a connection of its own. A server
// that does not answer for its statistics, within half of ConnectTimeout, can keep sessions.
func (s *Store) stats(ctx context.Context, sv *server) (map[string]string, error) {
	conn, err := s.cfg.dial(ctx, sv.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	stats := map[string]string{}
	if err := sv.read(ctx, conn, askSettings, stats); err != nil {
		return nil, s.cfg.explain(ctx, sv.addr, askSettings, err)
	}
	short, cancel := context.WithTimeout(ctx, s.cfg.ConnectTimeout/2)
	defer cancel()
	if err := sv.read(short, conn, askStatistics, stats); err != nil && ctx.Err() != nil {
		return nil, err
	}
	return stats, nil
}

// read adds the answer to one of the commands to the stats.
func (sv *server) read(ctx context.Context, conn net.Conn, command string, stats map[string]string) error {
	lines, err := converse(ctx, conn, command+"\r\n")
	if err != nil {
		return connectError(sv.addr, err)
	}
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "CLIENT_ERROR unauthenticated") {
		return fmt.Errorf("memcachestore: %w: %s: the server asks for a Username and Password: set both", session.ErrMisconfigured, sv.addr)
	}
	for _, line := range lines {
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "STAT "), " "); ok {
			stats[name] = value
		}
	}
	return nil
}

// suits returns an error if the server does not answer or cannot keep sessions with this
// configuration. A setting that it does not tell, as a proxy may not, is taken to be right.
func (s *Store) suits(ctx context.Context, sv *server) error {
	addr := sv.addr
	stats, err := s.stats(ctx, sv)
	if err != nil {
		return err
	}
	sv.learn(stats)
	if most, err := strconv.Atoi(stats["item_size_max"]); err == nil && most < s.cfg.MaxItem {
		return fmt.Errorf("memcachestore: %w: %s: MaxItem: %d, but the server's limit (-I) is %d", session.ErrMisconfigured, addr, s.cfg.MaxItem, most)
	}
	if stats["cas_enabled"] == "no" { // prove tries servers that do not tell
		return fmt.Errorf("memcachestore: %w: %s: the server keeps no CAS: start it without -C", session.ErrMisconfigured, addr)
	}
	return nil
}

// ping asks whether the server answers.
func (sv *server) ping(ctx context.Context) error {
	_, err := call(ctx, sv, "ping", reads, func(c *memcache.Client) (struct{}, error) { return struct{}{}, c.Ping() })
	return err
}
