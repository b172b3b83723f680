//go:build !linux

// This file refuses to start servers where nothing would end them with the test.

package testserver

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

type credential struct{}

func supported() error {
	return fmt.Errorf("servers are started on Linux only, this is %s: %w", runtime.GOOS, errMissing)
}

func attributes(*credential, syscall.Signal) *syscall.SysProcAttr { return nil }

func serviceUser(...string) (*credential, error) { return nil, supported() }

func give(string, *credential) error { return supported() }

func suspend(int) error { return supported() }

func resume(int) {}

func killTree(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill() // it may have ended
	}
}

type directory struct{ path string }

func newDirectory(*credential) (*directory, error) { return nil, supported() }

func (d *directory) remove() {}
