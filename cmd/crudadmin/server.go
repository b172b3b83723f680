package main

// This file holds the server that demo and serve share: settings, data directory, key, listener,
// greeting and drain.

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// drainTime is for the requests in flight when the program is told to stop; with closeTime for
	// the panel's loop and the databases the program is gone within 10 seconds.
	drainTime = 7 * time.Second
	closeTime = 2 * time.Second

	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // the panel lengthens it for a large form that arrives
	writeByteTimeout  = 30 * time.Second // of an HTTP/2 connection that takes nothing
	maxStreams        = 100              // of an HTTP/2 connection at once
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// server is what is ready before there is a panel.
type server struct {
	program     *program
	settings    settings
	listener    *connections
	addr        string       // as given
	certificate *certificate // nil where TLS is not spoken here
	json        bool
	log         *slog.Logger
}

// settings reads what flags and variables say. What is wrong with them is a usageError, beside
// settings that have only what is said of tables.
func (p *program) settings(flags serverFlags) (settings, error) {
	settings, err := readSettings(p.getenv, flags.DataDir, flags.shownFlags, flags.servedFlags)
	if err = errors.Join(flags.check(), err); err != nil {
		return settings, &usageError{err, generalHelp + "\n" + variablesHint}
	}
	return settings, nil
}

// start makes the data directory, finds the key and takes the address.
func (p *program) start(ctx context.Context, flags serverFlags, settings settings) (*server, error) {
	handler := slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
	s := &server{program: p, settings: settings, addr: flags.Addr, json: flags.JSON, log: slog.New(settings.LogHandler(handler))}
	log := s.log.With("component", "server")
	for _, warning := range settings.Warnings {
		log.Warn(warning)
	}
	if err := makeDataDir(settings.DataDir, log); err != nil {
		return nil, err
	}
	if err := s.findKey(); err != nil {
		return nil, err
	}
	var err error
	if s.certificate, err = openCertificate(settings.TLSCertFile, settings.TLSKeyFile, log); err != nil {
		return nil, err
	}
	s.warnOfPlainHTTP(log)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", flags.Addr)
	if err != nil {
		return nil, fmt.Errorf("--addr: %w", err)
	}
	s.listener = newConnections(listener.(*net.TCPListener), maxConnections, maxFromOne, settings.TrustedProxies, log)
	boundMemory(log, memlimit.FromCgroup)
	return s, nil
}

// findKey takes the key kept in DATA_DIR where ADMIN_SECRET_KEY is not set, and makes it on the
// first run.
func (s *server) findKey() error {
	if len(s.settings.SecretKey) > 0 {
		return nil
	}
	path := filepath.Join(s.settings.DataDir, "secret.key")
	text, err := keptSecret(path, newSecretKey)
	if err != nil {
		return err
	}
	if len(text) < session.MinSecretKey {
		return fmt.Errorf("%s has %d bytes, want at least %d: delete it to have a new one made", path, len(text), session.MinSecretKey)
	}
	s.settings.SecretKey = config.Secret(text)
	return nil
}

// panelOptions are the options of a panel over the database.
func (s *server) panelOptions(shown connect.Address, readOnly bool) panelOptions {
	return panelOptions{Settings: s.settings, Database: shown, ReadOnly: readOnly, Log: s.log}
}

// greeting is what is printed once the panel answers. Password is empty where it is not ours to
// print.
type greeting struct {
	URL      string `json:"url"`
	Username string `json:"username"`
	Password string `json:"password,omitempty"`
}

func (g greeting) print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(g) //nolint:gosec // the password is printed on purpose, once
	}
	text := fmt.Sprintf("url: %s\nusername: %s\n", g.URL, g.Username)
	if g.Password != "" {
		text += fmt.Sprintf("password: %s\n", g.Password)
	}
	_, err := io.WriteString(w, text)
	return err
}

// url is where the panel answers, with the slash at its end. A listener on every address is named
// by the loopback one.
func (s *server) url() string {
	host, _, _ := net.SplitHostPort(s.addr)
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(reachable(host), port), Path: strings.TrimSuffix(s.settings.MountPath, "/") + "/"}
	if s.certificate != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// reachable is the host under which this machine reaches a listener: the loopback address for one
// on every address.
func reachable(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// warnOfPlainHTTP says that a panel of a development environment can be reached from other
// machines.
func (s *server) warnOfPlainHTTP(log *slog.Logger) {
	host, _, _ := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() || s.certificate != nil || s.settings.Environment != "" {
		return
	}
	log.Warn("other machines may reach this address, and passwords travel over plain HTTP: set ENVIRONMENT=production, and TLS_CERT_FILE or a proxy that speaks HTTPS", "addr", s.addr)
}

// serve prints the greeting and answers requests until ctx is done; then it drains: requests in
// flight get the program's drain time, the panel's loop and its databases closeTime.
func (s *server) serve(ctx context.Context, panel *openedPanel, g greeting) (err error) {
	log := s.log.With("component", "server")
	web := &http.Server{
		Handler:           panel,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, WriteByteTimeout: writeByteTimeout},
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         s.listener.note,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// No WriteTimeout: the panel gives each answer its own from the first byte on. HTTP/2 would
		// end with it what is still being worked on.
	}
	loop, stopLoop := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLoop()
	looped, served := make(chan error, 1), make(chan error, 1)
	go func() { looped <- panel.Run(loop) }()
	signals, stop := hangups()
	defer stop()
	reread := func() { log.Info("SIGHUP: there is nothing to read again, as TLS_CERT_FILE is not set") }
	if s.certificate != nil {
		reread = s.certificate.reread
	}
	go onHangup(loop, signals, reread)
	if s.certificate != nil {
		web.TLSConfig = s.certificate.config()
		go func() { served <- web.ServeTLS(s.listener, "", "") }()
	} else {
		go func() { served <- web.Serve(s.listener) }()
	}
	running := true // the loop

	if err = g.print(s.program.stdout, s.json); err == nil {
		log.Info("listening", "addr", s.listener.Addr().String(), "environment", cmp.Or(s.settings.Environment, environ.Development))
		select {
		case <-ctx.Done():
			log.Info("stopping", "drain", s.program.drain)
		case err = <-served:
			err = fmt.Errorf("serve: %w", err)
		case err = <-looped:
			running = false
			err = errors.Join(errors.New("the panel's loop ended before its time"), err)
		}
	}

	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.program.drain)
	defer cancel()
	if e := web.Shutdown(drain); e != nil {
		err = errors.Join(err, fmt.Errorf("requests still under way after %s were cut", s.program.drain), web.Close())
	}
	stopLoop()
	return errors.Join(err, s.closePanel(panel, looped, running))
}

// closePanel waits for the loop to end and closes the databases, both together within closeTime.
func (s *server) closePanel(panel *openedPanel, looped <-chan error, running bool) error {
	closed := make(chan error, 1)
	go func() {
		var err error
		if running {
			if err = <-looped; errors.Is(err, context.Canceled) {
				err = nil
			}
		}
		closed <- errors.Join(err, panel.Close())
	}()
	late := time.NewTimer(closeTime)
	defer late.Stop()
	select {
	case err := <-closed:
		return err
	case <-late.C:
		return fmt.Errorf("the panel did not close within %s", closeTime)
	}
}
