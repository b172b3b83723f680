// This file holds what only Linux does: the parent-death signal, signals to a
// whole process tree, and locked directories.

package testserver

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type credential = syscall.Credential

// supported is nil: servers can be started here.
func supported() error { return nil }

// attributes put a process into a group of its own and let it die with us, of
// the signal death.
func attributes(as *credential, death syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: death, Credential: as}
}

// serviceUser returns the first of the named users that exists, for servers
// that refuse to run as root; nil when we are not root.
func serviceUser(names ...string) (*credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("none of the users %q is on this machine, and the server does not run as root: %w", names, errMissing)
}

func give(path string, owner *credential) error {
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

// suspend stops the process and all its descendants, wherever their process
// groups are (each backend of PostgreSQL leads a session of its own), and returns
// when every thread of theirs stands still: one that was running when the signal
// came may answer once more.
func suspend(pid int) error {
	// The parent first, so that it starts no more children.
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("freeze process %d: %w", pid, err)
	}
	family := append(descendants(pid), pid)
	for _, child := range family {
		_ = syscall.Kill(child, syscall.SIGSTOP) // it may have ended meanwhile
	}
	if !wait(func() bool { return !slices.ContainsFunc(family, moves) }) {
		return fmt.Errorf("freeze process %d: a thread does not stop", pid)
	}
	return nil
}

// moves reports whether a thread of the process is not stopped.
func moves(pid int) bool {
	threads, _ := filepath.Glob(proc(pid) + "/task/[0-9]*") // the pattern is well-formed
	return slices.ContainsFunc(threads, func(thread string) bool {
		_, state, ok := stat(thread)
		return ok && !bytes.ContainsRune([]byte("TtZX"), rune(state))
	})
}

func resume(pid int) {
	for _, child := range descendants(pid) {
		_ = syscall.Kill(child, syscall.SIGCONT)
	}
	_ = syscall.Kill(pid, syscall.SIGCONT)
}

// killTree kills the process, its group and its descendants, and waits until
// the descendants are gone: they may hold files and shared memory.
func killTree(pid int) {
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	children := descendants(pid)
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	_ = syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range children {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	wait(func() bool { return !slices.ContainsFunc(children, alive) })
}

// wait returns true when a condition holds, false if it does not within [Guard].
func wait(holds func() bool) bool {
	deadline := time.Now().Add(Guard)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}

// alive reports whether the process exists and is not a zombie.
func alive(pid int) bool {
	_, state, ok := stat(proc(pid))
	return ok && state != 'Z' && state != 'X'
}

func proc(pid int) string { return "/proc/" + strconv.Itoa(pid) }

func descendants(pid int) []int {
	children := map[int][]int{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	for _, dir := range dirs {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if parent, _, ok := stat(dir); ok {
			children[parent] = append(children[parent], child)
		}
	}
	var found []int
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		found = append(found, children[queue[0]]...)
		queue = append(queue, children[queue[0]]...)
	}
	return found
}

// stat reads the parent and the state of the process or thread with that
// directory: proc(5), /proc/pid/stat.
func stat(dir string) (parent int, state byte, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, 0, false
	}
	// The second field, the name, is in parentheses and may hold anything.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 2 || len(fields[0]) != 1 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return parent, fields[0][0], err == nil
}

// directory is a temporary directory, locked for as long as this process lives
// or until it is removed.
type directory struct {
	path string
	lock *os.File
}

const directoryPrefix = "crudadmin-testserver-"

var sweepOnce sync.Once

// newDirectory makes a directory that owner (nil: we) can use, and deletes the
// ones that test processes left behind which did not live to clean up.
func newDirectory(owner *credential) (*directory, error) {
	sweepOnce.Do(sweepDirectories)
	path, err := os.MkdirTemp("", directoryPrefix)
	if err != nil {
		return nil, err
	}
	// Locked before it gets its name, so that no sweep sees it unlocked.
	lock, err := os.OpenFile(filepath.Join(path, "unlocked"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	if err := os.Rename(lock.Name(), filepath.Join(path, "lock")); err != nil {
		return nil, err
	}
	if owner != nil {
		if err := give(path, owner); err != nil {
			return nil, err
		}
	}
	return &directory{path: path, lock: lock}, nil
}

func (d *directory) remove() {
	removeAll(d.path)
	_ = d.lock.Close() // nothing was written to it
}

func sweepDirectories() {
	locks, _ := filepath.Glob(filepath.Join(os.TempDir(), directoryPrefix+"*", "lock")) // the pattern is well-formed
	for _, name := range locks {
		lock, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue // another user's, or just removed
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			removeAll(filepath.Dir(name))
		}
		_ = lock.Close()
	}
}
