// Scripts: one file each, run by their SHA-1 and sent in full where a server
// does not know them.

package redisstore

import (
	"context"
	"crypto/sha1" //nolint:gosec // the name Redis gives a script; it guards nothing
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

var (
	//go:embed scripts/prelude.lua
	prelude string
	//go:embed scripts/create.lua
	createLua string
	//go:embed scripts/update.lua
	updateLua string
	//go:embed scripts/touch.lua
	touchLua string
	//go:embed scripts/rotate.lua
	rotateLua string
	//go:embed scripts/delete.lua
	deleteLua string
	//go:embed scripts/delete_user.lua
	deleteUserLua string
	//go:embed scripts/discard.lua
	discardLua string
	//go:embed scripts/sweep.lua
	sweepLua string
	//go:embed scripts/prune.lua
	pruneLua string
	//go:embed scripts/seek.lua
	seekLua string
	//go:embed scripts/count.lua
	countLua string
	//go:embed scripts/cache_swap.lua
	cacheSwapLua string
)

var (
	createScript     = newScript(createLua)
	updateScript     = newScript(updateLua)
	touchScript      = newScript(touchLua)
	rotateScript     = newScript(rotateLua)
	deleteScript     = newScript(deleteLua)
	deleteUserScript = newScript(deleteUserLua)
	discardScript    = newScript(discardLua)
	sweepScript      = newScript(sweepLua)
	pruneScript      = newScript(pruneLua)
	seekScript       = newScript(seekLua)
	countScript      = newScript(countLua)
	cacheSwapScript  = newScript(cacheSwapLua)
)

// script is a Lua script that runs as one step on the server.
type script struct{ text, sha string }

func newScript(text string) *script {
	text = prelude + "\n" + text
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see the import
	return &script{text: text, sha: hex.EncodeToString(sum[:])}
}

// scriptCall is one run of a script.
type scriptCall struct{ keys, args []string }

// run runs the script once for each call, all in one round trip. A script that a server does not
// know, after a restart or SCRIPT FLUSH, is sent in full. One that a Cluster refused while slots
// move is tried again, a few times and within ctx. In both cases it had not begun.
func (s *script) run(ctx context.Context, c rueidis.Client, calls ...scriptCall) []rueidis.RedisResult {
	results := make([]rueidis.RedisResult, len(calls))
	todo := make([]int, len(calls))
	for i := range todo {
		todo[i] = i
	}
	whole := false
	for attempt := 0; ; {
		batch := make(rueidis.Commands, len(todo))
		for i, n := range todo {
			batch[i] = s.command(c, calls[n], whole)
		}
		again := todo[:0]
		unknown := false
		for i, result := range c.DoMulti(ctx, batch...) {
			n := todo[i]
			results[n] = result
			switch {
			case noScript(result.Error()):
				unknown = true
				again = append(again, n)
			case turnedAway(result.Error()):
				again = append(again, n)
			}
		}
		if len(again) == 0 {
			return results
		}
		todo = again
		if unknown && !whole {
			whole = true
			continue
		}
		if attempt++; attempt > maxTurns || !pause(ctx, firstPause<<(attempt-1)) {
			return results
		}
	}
}

const (
	maxTurns   = 8 // tries after a Cluster turned a script away: about a second in all
	firstPause = 4 * time.Millisecond
)

func (s *script) command(c rueidis.Client, call scriptCall, whole bool) rueidis.Completed {
	if whole {
		return c.B().Eval().Script(s.text).Numkeys(int64(len(call.keys))).Key(call.keys...).Arg(call.args...).Build()
	}
	return c.B().Evalsha().Sha1(s.sha).Numkeys(int64(len(call.keys))).Key(call.keys...).Arg(call.args...).Build()
}

func noScript(err error) bool {
	reply, ok := rueidis.IsRedisErr(err)
	return ok && reply.IsNoScript()
}

// turnedAway reports whether a Cluster refused a script because its keys are on another server at
// the moment.
func turnedAway(err error) bool {
	reply, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	if reply.IsTryAgain() || reply.IsClusterDown() {
		return true
	}
	if _, moved := reply.IsMoved(); moved {
		return true
	}
	if _, ask := reply.IsAsk(); ask {
		return true
	}
	// A key that a script derived is on another server. All scripts read before
	// they write, so nothing has happened.
	return strings.Contains(reply.Error(), "non local key")
}

// pause waits and reports whether there is time left to try again.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// micros is a time as scripts take it.
func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }
