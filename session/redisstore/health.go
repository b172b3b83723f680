// Health: what the servers say they can promise.

package redisstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// Unknown is the value of a text that a server does not tell: a managed Redis may allow neither
// CONFIG nor INFO.
const Unknown = "unknown"

// Health is what the servers say of themselves.
type Health struct {
	Mode    string // "standalone", "sentinel" or "cluster"
	Servers []Server

	// Warnings say, in a sentence each, which promises the servers cannot keep.
	Warnings []string
}

// Server is what one server says of itself. A text that it does not tell is Unknown, a number -1.
type Server struct {
	Addr        string
	Version     string
	Role        string // "primary" or "replica"
	Eviction    string // maxmemory-policy, such as "noeviction"
	Persistence string // such as "aof (everysec), rdb", or "none"
	UsedMemory  int64  // bytes
	MaxMemory   int64  // bytes; 0: no bound
	Clients     int64  // connections

	// Skew is how far the server's clock is ahead of this process's, exact to
	// the round trip.
	Skew time.Duration
}

// maxSkew is the skew from which Health warns.
const maxSkew = time.Second

// Health asks every server that the client knows. If one of them does not answer, the error is
// session.ErrUnavailable; a value that a server does not tell is Unknown. Open asks too.
// Traits.Report repeats the last answer without asking.
func (s *Store) Health(ctx context.Context) (Health, error) {
	const op = "health"
	h, err := call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) (Health, error) {
		h := Health{Mode: string(c.Mode())}
		nodes := c.Nodes()
		for _, addr := range slices.Sorted(maps.Keys(nodes)) {
			one, err := s.ask(ctx, nodes[addr])
			if err != nil {
				return Health{}, wrap(op, reads, err)
			}
			one.Addr = addr
			h.Servers = append(h.Servers, one)
			h.Warnings = append(h.Warnings, one.warnings()...)
		}
		return h, nil
	})
	if err == nil {
		s.health.Store(&h)
	}
	return h, err
}

// learn asks the servers for their health, for Traits.Report, and logs the warnings.
func (s *Store) learn(ctx context.Context) {
	h, err := s.Health(ctx)
	if err != nil {
		return
	}
	for _, warning := range h.Warnings {
		s.log.WarnContext(ctx, warning)
	}
}

// report is Traits.Report: the last answer of the servers, and the counts of the near-cache.
func (s *Store) report() session.Report {
	r := session.Report{Detail: "not connected yet"}
	if s.client.Load() != nil {
		r.Detail = "connected; no server has reported its state yet"
	}
	if h := s.health.Load(); h != nil {
		r.Warning = strings.Join(h.Warnings, "; ")
		r.Detail = fmt.Sprintf("%s, %d servers", h.Mode, len(h.Servers))
		if len(h.Servers) == 1 {
			r.Detail = fmt.Sprintf("%s, eviction %s, persistence %s", h.Mode, h.Servers[0].Eviction, h.Servers[0].Persistence)
		}
		if r.Warning != "" {
			r.Warning += ". So it was when the servers were last asked."
		}
	}
	if s.near != nil {
		r.Counters = []session.Counter{{Name: "near_cache_hits", N: s.near.hits.Load()}, {Name: "near_cache_misses", N: s.near.misses.Load()}}
	}
	return r
}

func (s *Store) ask(ctx context.Context, c rueidis.Client) (Server, error) {
	began := s.now()
	results := c.DoMulti(ctx,
		c.B().Time().Build(),
		c.B().Info().Build(),
		c.B().ConfigGet().Parameter("save").Build(),
		c.B().ConfigGet().Parameter("appendfsync").Build(),
	)
	middle := began.Add(s.now().Sub(began) / 2)
	for _, result := range results {
		if err := result.NonRedisError(); err != nil {
			return Server{}, err
		}
	}
	var one Server
	if clock, err := results[0].AsIntSlice(); err == nil && len(clock) == 2 {
		one.Skew = time.Unix(clock[0], clock[1]*1000).Sub(middle)
	}
	text, _ := results[1].ToString() // no right to ask leaves it empty
	info := parseInfo(text)
	one.Version = info.text("redis_version")
	one.Role = map[string]string{"master": "primary", "slave": "replica"}[info["role"]]
	if one.Role == "" {
		one.Role = Unknown
	}
	one.Eviction = info.text("maxmemory_policy")
	one.UsedMemory, one.MaxMemory, one.Clients = info.number("used_memory"), info.number("maxmemory"), info.number("connected_clients")
	one.Persistence = persistence(info, setting(results[2]), setting(results[3]))
	return one, nil
}

// setting is the value of one parameter in the answer to CONFIG GET, Unknown if the server does not
// tell.
func setting(result rueidis.RedisResult) string {
	values, err := result.AsStrMap()
	if err != nil || len(values) != 1 {
		return Unknown
	}
	for _, value := range values {
		return value
	}
	return Unknown
}

func persistence(info info, save, fsync string) string {
	var kinds []string
	switch info["aof_enabled"] {
	case "":
		return Unknown
	case "1":
		kinds = append(kinds, "aof ("+fsync+")")
	}
	switch save {
	case "":
	case Unknown:
		kinds = append(kinds, "rdb "+Unknown)
	default:
		kinds = append(kinds, "rdb")
	}
	if len(kinds) == 0 {
		return "none"
	}
	return strings.Join(kinds, ", ")
}

// info is the answer of INFO.
type info map[string]string

func parseInfo(text string) info {
	fields := info{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[key] = value
		}
	}
	return fields
}

func (i info) text(key string) string {
	if i[key] == "" {
		return Unknown
	}
	return i[key]
}

func (i info) number(key string) int64 {
	n, err := strconv.ParseInt(i[key], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// warnings says which promises the server cannot keep.
func (s Server) warnings() (out []string) {
	warn := func(format string, args ...any) {
		out = append(out, "redis "+s.Addr+": "+fmt.Sprintf(format, args...))
	}
	if s.Eviction != "noeviction" && s.Eviction != Unknown {
		warn("maxmemory-policy is %s: when the server is full it ends sessions and forgets failed logins, so neither the limit nor the throttle is promised; set it to noeviction", s.Eviction)
	}
	if s.Persistence == "none" {
		warn("it keeps nothing on disk: a restart forgets the sessions in it")
	}
	if major, minor, ok := s.version(); ok && (major < 6 || major == 6 && minor < 2) {
		warn("version %s is older than 6.2, the oldest that will do", s.Version)
	}
	if s.Skew > maxSkew || s.Skew < -maxSkew {
		warn("its clock and this machine's differ by %s", s.Skew.Abs().Round(time.Millisecond))
	}
	return out
}

func (s Server) version() (major, minor int, ok bool) {
	n, err := fmt.Sscanf(s.Version, "%d.%d", &major, &minor)
	return major, minor, err == nil && n == 2
}
