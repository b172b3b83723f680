//go:build unix

package main

// This file holds SIGHUP, by which the certificate is read again.

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups sends for each SIGHUP until stop is called.
func hangups() (signals <-chan struct{}, stop func()) {
	caught, sent, done := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(caught, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-caught:
				select {
				case sent <- struct{}{}:
				case <-done:
					return
				}
			}
		}
	}()
	return sent, func() {
		signal.Stop(caught)
		close(done)
	}
}
