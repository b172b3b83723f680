// Command crudadmin serves an admin panel over an existing database, or over a made one to try it
// with.
//
// Exit codes: 0 done, 1 failed, 2 wrong use (flags, arguments or variables).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	exitDone     = 0
	exitFailed   = 1
	exitWrongUse = 2
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the second one has its ordinary effect: the process ends at once.
	context.AfterFunc(ctx, restore)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// run is the whole program: it does what args say until it is done or ctx is, and returns the exit
// code.
func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{stdout: stdout, stderr: stderr, getenv: getenv, openPanel: openPanel, drain: drainTime}
	return p.run(ctx, args)
}

// program is what the commands share: where they read and write, and how a panel is opened.
type program struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	openPanel      func(context.Context, panelOptions) (*openedPanel, error)
	drain          time.Duration // for the requests in flight when ctx is done
}

func (p *program) run(ctx context.Context, args []string) int {
	command, err := p.parse(args)
	if err == nil && command != nil {
		err = command.run(ctx, p)
	}
	var wrong *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(p.stderr, "crudadmin: %v\n%s\n", err, wrong.hint)
		return exitWrongUse
	default:
		_, _ = fmt.Fprintf(p.stderr, "crudadmin: %v\n", err)
		return exitFailed
	}
}

// usageError is an error of the one who typed the command; hint says where to read on.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
