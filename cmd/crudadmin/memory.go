package main

// This file tells the garbage collector how much memory there is.

import (
	"fmt"
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// ofContainer is how much of a container's memory the program's own may be: the rest is for the stacks of the kernel,
// the page cache and what is not the garbage collector's.
const ofContainer = 0.9

// boundMemory sets Go's memory limit from that of the container (cgroup, v1 or v2), unless GOMEMLIMIT is set: near it
// memory is given back sooner, and the program is not killed for garbage. Outside a container nothing changes.
func boundMemory(log *slog.Logger) {
	_, err := memlimit.Set(memlimit.WithProvider(memlimit.FromCgroup), memlimit.WithRatio(ofContainer), memlimit.WithLogger(log))
	if err != nil {
		log.Debug("the memory of the container is not known", "error", fmt.Sprint(err))
	}
}
