package main

// This file tells the garbage collector how much memory there is.

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// goMemoryLimit is the variable by which Go itself is told the limit.
const goMemoryLimit = "GOMEMLIMIT"

// ofContainer is how much of a container's memory the program's own may be: the rest is for the
// stacks of the kernel, the page cache and what is not the garbage collector's.
const ofContainer = 0.9

// boundMemory sets Go's memory limit from that of the container (memlimit.FromCgroup: v1 or v2),
// unless GOMEMLIMIT is set: near it memory is given back sooner, and the program is not killed for
// garbage. Outside a container nothing changes.
func boundMemory(log *slog.Logger, container memlimit.Provider) {
	if os.Getenv(goMemoryLimit) == "" { // empty is unset, for Go and for every variable of ours
		_ = os.Unsetenv(goMemoryLimit)
	}
	_, err := memlimit.Set(memlimit.WithProvider(container), memlimit.WithRatio(ofContainer), memlimit.WithLogger(log))
	if err != nil {
		log.Debug("the memory of the container is not known", "error", fmt.Sprint(err))
	}
}
