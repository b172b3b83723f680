//go:build !unix

package main

// This file stands in for SIGHUP where there is none: restart the program to have the certificate
// read again.

func hangups() (signals <-chan struct{}, stop func()) { return nil, func() {} }
