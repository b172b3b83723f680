package main

// This file holds the command health, for the health check of a container and for scripts.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

type healthCommand struct {
	Addr        string `placeholder:"HOST:PORT" default:"127.0.0.1:8000" variable:"ADDR" help:"The address the panel listens on; for 0.0.0.0 or [::] the loopback address is asked."`
	MountPath   string `placeholder:"PATH" default:"/admin" variable:"MOUNT_PATH" help:"The panel's path."`
	TLSCertFile string `placeholder:"FILE" variable:"TLS_CERT_FILE" help:"Ask over TLS, if the panel has a certificate; the file is not read."`
	Ready       bool   `help:"Ask whether it is ready: the databases and the store of the sessions answer."`
}

// healthTimeout is for the whole question; the panel gives its parts less.
const healthTimeout = 10 * time.Second

func (c *healthCommand) run(ctx context.Context, p *program) error {
	if err := (serverFlags{Addr: c.Addr, DataDir: "unused"}).check(); err != nil {
		return &usageError{err, `Run "crudadmin health --help" to see its flags.`}
	}
	if !strings.HasPrefix(c.MountPath, "/") {
		return &usageError{fmt.Errorf("--mount-path: %q, want a path such as /admin", clip.Value(c.MountPath)), `Run "crudadmin health --help" to see its flags.`}
	}
	at := c.url()
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, // it is this machine that is asked
			// The certificate names the panel's host, and this asks the loopback address: no secret
			// is sent, and what is learnt is whether somebody answers.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		},
	}
	answer, err := client.Do(request)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return fmt.Errorf("%s does not answer: %w", at, err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	said := strings.TrimSpace(string(body))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %q", at, answer.Status, clip.Value(said))
	}
	_, err = fmt.Fprintln(p.stdout, said)
	return err
}

// url is the address to ask.
func (c *healthCommand) url() string {
	host, port, _ := net.SplitHostPort(c.Addr) // checked
	at := url.URL{Scheme: "http", Host: net.JoinHostPort(reachable(host), port), Path: strings.TrimSuffix(c.MountPath, "/") + "/healthz"}
	if c.TLSCertFile != "" {
		at.Scheme = "https"
	}
	if c.Ready {
		at.Path = strings.TrimSuffix(at.Path, "healthz") + "readyz"
	}
	return at.String()
}
