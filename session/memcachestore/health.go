// Health: what the servers say of themselves.

package memcachestore

import (
	"context"
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
	stats, err := s.stats(ctx, sv.addr, "stats settings", "stats")
	if err != nil {
		return Server{Addr: sv.addr, Err: err}
	}
	return sv.learn(stats)
}

// learn reads the answers to "stats settings" and "stats", and keeps them for Traits.Report.
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
	if s.Err != nil {
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
	asked, used, most, evictions := 0, int64(0), int64(0), int64(0)
	for _, sv := range s.servers {
		one := Server{Addr: sv.addr}
		if told := sv.told.Load(); told != nil {
			one = *told
			asked++
			used, most, evictions = used+one.UsedBytes, most+one.MaxBytes, evictions+one.Evictions
		}
		if sv.breaker.Failing() {
			one.Err = session.ErrUnavailable
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
	if asked > 0 {
		r.Detail += fmt.Sprintf(", %d of %d MiB used when %d were last asked", used>>20, most>>20, asked)
	}
	r.Counters = []session.Counter{{Name: "evictions", N: uint64(max(evictions, 0))}}
	return r
}

// stats returns the server's answers to the commands, by name, on a connection of its own. If two
// answers have the same name, the later one counts: "evictions" is a switch among the settings.
func (s *Store) stats(ctx context.Context, addr string, commands ...string) (map[string]string, error) {
	conn, err := s.cfg.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return s.cfg.statsOn(ctx, conn, addr, commands...)
}

// statsOn is stats on a connection that exists.
func (c *Config) statsOn(ctx context.Context, conn net.Conn, addr string, commands ...string) (map[string]string, error) {
	stats := map[string]string{}
	for _, command := range commands {
		lines, err := converse(ctx, conn, command+"\r\n")
		if err != nil {
			return nil, c.explain(ctx, addr, command, connectError(addr, err))
		}
		if last := lines[len(lines)-1]; strings.HasPrefix(last, "CLIENT_ERROR unauthenticated") {
			return nil, fmt.Errorf("memcachestore: %w: %s: the server asks for a Username and Password: set both", session.ErrMisconfigured, addr)
		}
		for _, line := range lines {
			if name, value, ok := strings.Cut(strings.TrimPrefix(line, "STAT "), " "); ok {
				stats[name] = value
			}
		}
	}
	return stats, nil
}

// suits returns an error if the server does not answer or cannot keep sessions with this
// configuration. A setting that it does not tell, as a proxy may not, is taken to be right.
func (s *Store) suits(ctx context.Context, sv *server) error {
	addr := sv.addr
	stats, err := s.stats(ctx, addr, "stats settings", "stats")
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
