// The probe: every command and every script that the store sends, tried once on keys of its own
// before the connection is used, so that the person who sets the server up finds out that it cannot
// do something, and not its users.

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// trial is one command that the store or one of its scripts sends.
type trial struct {
	name string
	args []string // behind the key
	word string   // the word before the key, and args are empty; of EVAL and EVALSHA
}

// The scripts that try EVAL and EVALSHA; the first one makes the second one known.
const (
	trialLua = "return redis.call('EXISTS', KEYS[1])"
	trialSHA = "36470718001cbf79c047c6e440069970b40bb3b4"
)

// trials are all commands that the store needs. TestProbeTriesAll compares them with the code and
// the scripts. The commands that only Health sends are left out, because Health can do without
// them.
var trials = []trial{
	{name: "SET", args: []string{"v", "PX", "60000"}},
	{name: "GETEX"},
	{name: "GETRANGE", args: []string{"0", "0"}},
	{name: "SETRANGE", args: []string{"0", "w"}},
	{name: "EXISTS"},
	{name: "PTTL"},
	{name: "PEXPIRE", args: []string{"60000"}},
	{name: "DEL"},
	{name: "ZADD", args: []string{"1", "m"}},
	{name: "PEXPIRE", args: []string{"60000"}}, // now of the index
	{name: "ZCARD"},
	{name: "ZCOUNT", args: []string{"-inf", "+inf"}},
	{name: "ZRANGE", args: []string{"0", "0", "WITHSCORES"}},
	{name: "ZREVRANGE", args: []string{"0", "0", "WITHSCORES"}},
	{name: "ZRANGEBYSCORE", args: []string{"-inf", "+inf", "LIMIT", "0", "1"}},
	{name: "ZREVRANGEBYSCORE", args: []string{"+inf", "-inf", "WITHSCORES", "LIMIT", "0", "1"}},
	{name: "ZREMRANGEBYSCORE", args: []string{"-inf", "0"}},
	{name: "ZREMRANGEBYRANK", args: []string{"0", "-2"}},
	{name: "ZREM", args: []string{"n"}},
	{name: "ZPOPMAX", args: []string{"1"}},
	{name: "DEL"},
	{name: "EVAL", word: trialLua},
	{name: "EVALSHA", word: trialSHA},
}

func (t trial) build(c rueidis.Client, key string) rueidis.Completed {
	cmd := c.B().Arbitrary(t.name)
	if t.word != "" {
		return cmd.Args(t.word, "1").Keys(key).Build()
	}
	return cmd.Keys(key).Args(t.args...).Build()
}

// flaws are the commands and rights that a server lacks.
type flaws struct {
	unknown, forbidden []string // commands
	others             []string // sentences
}

func (f *flaws) found() bool { return len(f.unknown)+len(f.forbidden)+len(f.others) > 0 }

// note notes what the error means with which a command or a script was answered.
func (f *flaws) note(s *Store, name, text string) {
	add := func(list *[]string, one string) {
		if !slices.Contains(*list, one) {
			*list = append(*list, one)
		}
	}
	alone := len(s.cfg.Sentinels) == 0 && len(s.cfg.Cluster) == 0
	switch {
	case passing(text):
	case strings.Contains(text, "unknown command"), strings.Contains(text, "Unknown Redis command"):
		add(&f.unknown, name)
	case strings.HasPrefix(text, "NOPERM") && strings.Contains(text, "key"):
		add(&f.others, fmt.Sprintf("the user may not reach the keys under %q: give it the pattern ~%s*", s.cfg.Prefix, s.cfg.Prefix))
	case strings.HasPrefix(text, "NOPERM"):
		add(&f.forbidden, name)
	case strings.Contains(text, "READONLY"):
		if alone { // otherwise it is a primary that has just been replaced
			add(&f.others, "it is a read-only replica: give the address of the primary, or Sentinels")
		}
	case strings.HasPrefix(text, "MOVED"):
		if alone {
			add(&f.others, "it is a node of a Cluster: set Cluster (REDIS_CLUSTER) instead of Host or URL")
		}
	case strings.HasPrefix(text, "ASK"):
	case strings.Contains(text, "undeclared key"):
		add(&f.others, "its scripts may use declared keys only, and those of the store derive some: start Dragonfly with --default_lua_flags=allow-undeclared-keys")
	default:
		add(&f.others, fmt.Sprintf("it refuses %s: %s", name, told(text)))
	}
}

// sentence says what is wrong and how to mend it.
func (f *flaws) sentence(user string) string {
	var parts []string
	if len(f.unknown) > 0 {
		parts = append(parts, fmt.Sprintf("it does not have %s: use Redis 6.2 or later, without renamed commands and without a proxy in front of it", strings.Join(f.unknown, ", ")))
	}
	if len(f.forbidden) > 0 {
		parts = append(parts, fmt.Sprintf("%s may not run %s: allow it with ACL SETUSER (docs/redis.md)", user, strings.Join(f.forbidden, ", ")))
	}
	return strings.Join(append(parts, f.others...), "; ")
}

// user names the user of the server, in words.
func (c Config) user() string {
	switch {
	case c.Credentials != nil:
		return "the user of Credentials"
	case c.Username == "":
		return "the default user"
	}
	return fmt.Sprintf("the user %q", c.Username)
}

// probe tries everything on each server that the client knows. Errors:
// session.ErrMisconfigured; session.ErrUnavailable if no server said what it can do.
func (s *Store) probe(ctx context.Context, c rueidis.Client) error {
	homes, err := s.homes(ctx, c)
	if err != nil {
		return err
	}
	for addr, p := range homes {
		var found flaws
		if err := s.try(ctx, c, p, &found); err != nil && len(homes) == 1 {
			return fmt.Errorf("connect to %s: %w: %w", addr, session.ErrUnavailable, err)
		}
		if found.found() {
			return fmt.Errorf("%w: %s: %s", session.ErrMisconfigured, addr, found.sentence(s.cfg.user()))
		}
	}
	return nil
}

// homes returns the servers, each with one of its partitions. In a Cluster, servers that do not
// answer and servers without a partition are left out.
func (s *Store) homes(ctx context.Context, c rueidis.Client) (map[string]int, error) {
	homes := map[string]int{}
	if len(s.cfg.Cluster) == 0 {
		homes[s.cfg.where()] = 0
		return homes, nil
	}
	var last error
	nodes := c.Nodes()
	for _, addr := range slices.Sorted(maps.Keys(nodes)) {
		node := nodes[addr]
		cmds := make(rueidis.Commands, partitions)
		for p, base := range s.keys.base {
			cmds[p] = node.B().Exists().Key(base + "a").Build()
		}
		for p, result := range node.DoMulti(ctx, cmds...) {
			err := result.Error()
			if reply, ok := rueidis.IsRedisErr(err); ok {
				if _, elsewhere := reply.IsMoved(); elsewhere {
					continue
				}
				err = nil // whatever it is, the trials find it too
			}
			if err == nil {
				homes[addr] = p
				break
			}
			last = err
		}
	}
	if len(homes) == 0 {
		if last == nil {
			return nil, fmt.Errorf("%w: %s: no node of the Cluster has a slot: assign them", session.ErrMisconfigured, s.cfg.where())
		}
		return nil, connectError(s.cfg, last)
	}
	return homes, nil
}

// try tries everything on the server of partition p. The error says that the server did not answer.
func (s *Store) try(ctx context.Context, c rueidis.Client, p int, found *flaws) error {
	keys := &keyspace{}
	for i := range keys.base { // each in its own slot, away from all other keys
		keys.base[i] = fmt.Sprintf("%sprobe:%016x:", s.keys.base[i], s.now().UnixNano())
	}
	cmds := make(rueidis.Commands, len(trials))
	for i, t := range trials {
		cmds[i] = t.build(c, keys.base[p])
	}
	for i, result := range c.DoMulti(ctx, cmds...) {
		err := result.Error()
		reply, answered := rueidis.IsRedisErr(err)
		switch {
		case err == nil, rueidis.IsRedisNil(err):
		case answered:
			found.note(s, trials[i].name, reply.Error())
		default:
			return s.silent(ctx, c, keys.base[p], found, err)
		}
	}
	if s.near != nil {
		cmd := c.B().Getrange().Key(keys.base[p]).Start(0).End(0).Cache().ToStaticTTL()
		if reply, ok := rueidis.IsRedisErr(c.DoCache(ctx, cmd, time.Millisecond).Error()); ok {
			found.note(s, "CLIENT CACHING, which NearCache needs", reply.Error())
		}
	}
	if found.found() {
		return nil // scripts would only stumble over the same
	}
	return s.tryScripts(ctx, c, keys, p, found)
}

// silent finds out at which command a server closes the connection instead of answering, as some
// proxies do. If the server does not answer at all, it returns the error why.
func (s *Store) silent(ctx context.Context, c rueidis.Client, key string, found *flaws, why error) error {
	awake := func() bool { // the command after the one that closed a connection may fail with it
		for range 2 {
			if c.Do(ctx, c.B().Ping().Build()).NonRedisError() == nil {
				return true
			}
		}
		return false
	}
	for _, t := range trials {
		if !awake() {
			return why
		}
		if c.Do(ctx, t.build(c, key)).NonRedisError() == nil {
			continue
		}
		if ctx.Err() != nil || !awake() {
			return why
		}
		found.others = append(found.others, fmt.Sprintf("it closes the connection at %s, as a proxy such as twemproxy does: connect to Redis itself", t.name))
		return nil
	}
	return why
}

// tryScripts runs every script once, through the methods that send it.
func (s *Store) tryScripts(ctx context.Context, c rueidis.Client, keys *keyspace, p int, found *flaws) error {
	own := &Store{cfg: s.cfg, now: s.now, log: slog.New(slog.DiscardHandler), keys: keys}
	own.client.Store(&c)
	now := s.now().Truncate(time.Microsecond)
	made := func(n byte) session.Session {
		one := session.Session{UserID: "probe", Version: 1, CreatedAt: now, LastActivity: now, ExpiresAt: now.Add(time.Minute), Deadline: now.Add(time.Hour)}
		one.ID[0], one.ID[session.IDSize-1] = byte(p), n
		return one
	}
	one, next := made(1), made(2)
	next.Previous, next.PreviousUntil = one.ID, now.Add(time.Minute)
	user, tag, base := one.User(), one.ID.Tag(), keys.base[p]
	script := func(of *script, keys []string, args ...string) func() error {
		return func() error {
			return wrap("probe", writes, of.run(ctx, c, scriptCall{keys, args})[0].Error())
		}
	}
	why := session.Ending{Reason: session.ReasonLogout}
	for _, trial := range []struct {
		name string
		run  func() error
	}{
		{"create", func() error { _, err := own.Create(ctx, one, session.Admission{Limit: 1}); return err }},
		{"update", func() error { return own.Update(ctx, one.ID, 1, session.Metadata{}) }},
		{"touch", func() error {
			return own.Touch(ctx, session.Seen{ID: one.ID, LastActivity: now.Add(time.Second), ExpiresAt: now.Add(time.Hour)})
		}},
		{"seek", script(seekScript, []string{keys.user(user)}, "+inf", "", "1")},
		{"rotate", func() error { return own.Rotate(ctx, one.ID, next) }},
		{"discard", script(discardScript, []string{keys.record(one.ID), keys.all(tag), keys.due(tag)}, base, string(one.ID[:]), "not this")},
		{"prune", script(pruneScript, []string{keys.user(user)}, base, micros(now), string(one.ID[:]))},
		{"sweep", func() error { _, err := own.sweepPartition(ctx, c, p, micros(now), 1); return err }},
		{"delete", func() error { _, err := own.Delete(ctx, next.ID, why); return err }},
		{"delete_user", func() error { _, err := own.DeleteUser(ctx, user, why); return err }},
		{"count", script(countScript, []string{base + "c:"}, micros(now), "1", "1000000", "e", "0", "0", "1")},
		{"cache_swap", script(cacheSwapScript, []string{base + "h:"}, "", "v", "60000")},
	} {
		err := trial.run()
		said, answered := errors.AsType[answer](err)
		switch {
		case answered:
			if found.note(s, "the script "+trial.name, said.text); found.found() {
				return nil // the others would be refused alike
			}
		case errors.Is(err, session.ErrUnavailable):
			return err
		}
	}
	left := []string{keys.record(one.ID), keys.record(next.ID), keys.all(tag), keys.due(tag), keys.user(user), base + "c:", base + "h:"}
	return c.Do(ctx, c.B().Del().Key(left...).Build()).NonRedisError() // keys that are left expire
}

// lacks logs, once a minute at most, that a server can no longer do something that it could when
// the probe ran: another server has taken its place, or its rights were changed.
func (s *Store) lacks(ctx context.Context, err error) {
	if err == nil || !errors.Is(err, session.ErrMisconfigured) {
		return
	}
	now := s.now().UnixNano()
	if last := s.toldAt.Load(); last != 0 && now-last < int64(time.Minute) || !s.toldAt.CompareAndSwap(s.toldAt.Load(), now) {
		return
	}
	s.log.ErrorContext(ctx, "the server cannot do what the sessions need, they are unavailable until it can: see docs/redis.md for version and rights", "error", err)
}
