package main

// This file holds TLS: the certificate that the program itself serves, read again on SIGHUP.

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// certificate is what the files of TLS_CERT_FILE and TLS_KEY_FILE held when they were last read and
// right.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time
	current           atomic.Pointer[tls.Certificate]
}

// openCertificate reads the files; nil where none are set.
func openCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	if certFile == "" {
		return nil, nil
	}
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// read takes what the files hold now. After an error the certificate is what it was.
func (c *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("TLS_CERT_FILE %s, TLS_KEY_FILE %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	leaf, now := pair.Leaf, c.now()
	attrs := []any{"file", c.certFile, "names", leaf.DNSNames, "from", leaf.NotBefore.UTC(), "until", leaf.NotAfter.UTC()}
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		c.log.Warn("the TLS certificate is not valid now: browsers will refuse it", attrs...)
		return nil
	}
	c.log.Info("the TLS certificate is read", attrs...)
	return nil
}

// config serves whatever certificate was read last.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// reread reads the files again. If they are wrong, the certificate stays what it was.
func (c *certificate) reread() {
	if err := c.read(); err != nil {
		c.log.Error("the TLS certificate could not be read again: the previous one stays in use", "error", err)
	}
}

// onHangup calls do at each signal until ctx ends. Without somebody who listens, a signal would end
// the program.
func onHangup(ctx context.Context, signals <-chan struct{}, do func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			do()
		}
	}
}
