package main

// This file tests that the garbage collector is told how much memory the container has.

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestMemoryIsBoundedByTheContainer(t *testing.T) { // not parallel: the limit is the process's
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	const gib = 1 << 30
	for _, c := range []struct {
		name      string
		variable  string
		container memlimit.Provider
		want      int64 // what the limit is then
		said      string
	}{
		{"a container", "", memlimit.Limit(gib), gib / 10 * 9, ""},
		{"a small container", "", memlimit.Limit(64 << 20), 64 << 20 / 10 * 9, ""},
		{"GOMEMLIMIT is set", "300MiB", memlimit.Limit(gib), math.MaxInt64, ""},
		{"GOMEMLIMIT is off", "off", memlimit.Limit(gib), math.MaxInt64, ""},
		{"no limit", "", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, math.MaxInt64, ""},
		{"no cgroup", "", func() (uint64, error) { return 0, memlimit.ErrNoCgroup }, math.MaxInt64, "is not known"},
		{"a cgroup that cannot be read", "", func() (uint64, error) { return 0, errors.New("no such file") }, math.MaxInt64, "is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			debug.SetMemoryLimit(math.MaxInt64) // as Go begins; a limit that is the program's own is not ours to test
			t.Setenv("GOMEMLIMIT", c.variable)
			var log bytes.Buffer
			boundMemory(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), c.container)
			got := debug.SetMemoryLimit(-1)
			if off := max(got-c.want, c.want-got); off > 16 {
				t.Errorf("the limit is %d, want %d", got, c.want)
			}
			if !strings.Contains(log.String(), c.said) {
				t.Errorf("%q is not in the log:\n%s", c.said, &log)
			}
		})
	}
}
