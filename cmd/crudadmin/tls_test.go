package main

// This file holds the tests of TLS and of the command health.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newPair writes a certificate of the name and its key.
func newPair(t *testing.T, dir, name string, until time.Duration) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(until)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// servedName is the name in the certificate at an address.
func servedName(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.TLS.PeerCertificates[0].DNSNames[0]
}

func TestTLSIsServedAndReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := newPair(t, dir, "one.example", time.Hour)
	variables := from("TLS_CERT_FILE", cert, "TLS_KEY_FILE", key, "ADMIN_SECRET_KEY", goodKey, "ENFORCE_HTTPS", "true")
	r := begin(t, &standIn{}, 2, variables, "serve", "--database", "sqlite:"+database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
	url := strings.TrimPrefix(r.lines[0], "url: ")
	if !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatalf("%q", r.lines)
	}
	if name := servedName(t, url); name != "one.example" {
		t.Fatalf("the certificate is of %s", name)
	}
	if said := get("http" + strings.TrimPrefix(url, "https")); !strings.Contains(said, "HTTP request to an HTTPS server") {
		t.Errorf("plain HTTP at the address is answered %q", said)
	}
	hangup := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(cert, []byte("half a"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangup()
	if name := servedName(t, url); name != "one.example" {
		t.Fatalf("after a file that is wrong the certificate is of %s", name)
	}
	newPair(t, dir, "two.example", time.Hour)
	hangup()
	for deadline := time.Now().Add(time.Minute); servedName(t, url) != "two.example"; {
		if time.Now().After(deadline) {
			t.Fatal("the certificate was not read again")
		}
	}
	r.end(t)
	if !strings.Contains(r.log.String(), "one.example") || strings.Contains(r.log.String(), "PRIVATE") {
		t.Errorf("log:\n%s", r.log)
	}
}

// Without a certificate there is nothing to read again, and the program goes on.
func TestAHangupWithoutTLSEndsNothing(t *testing.T) {
	r := begin(t, &standIn{}, 2, from("ADMIN_SECRET_KEY", goodKey), "serve", "--database", "sqlite:"+database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.log.await(t, "nothing to read again")
	r.end(t)
}

func TestFilesThatAreNoCertificate(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	cert, key := newPair(t, dir, "one.example", time.Hour)
	_, stranger := newPair(t, other, "two.example", time.Hour)
	for what, files := range map[string][2]string{
		"no file": {filepath.Join(dir, "none"), key}, "a key of another": {cert, stranger}, "the wrong way round": {key, cert}, "a folder": {dir, key},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), []string{"serve", "--database", "sqlite:" + database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t)}, nil, io.Discard, &stderr,
			from("TLS_CERT_FILE", files[0], "TLS_KEY_FILE", files[1]))
		if code != exitFailed || !strings.Contains(stderr.String(), "TLS_CERT_FILE "+files[0]) {
			t.Errorf("%s: exit code %d, %s", what, code, &stderr)
		}
	}
}

func TestACertificateThatHasEndedIsWarnedOf(t *testing.T) {
	t.Parallel()
	cert, key := newPair(t, t.TempDir(), "one.example", -time.Minute)
	var log bytes.Buffer
	if _, err := openCertificate(cert, key, slog.New(slog.NewTextHandler(&log, nil))); err != nil || !strings.Contains(log.String(), "not valid now") {
		t.Errorf("%v, %s", err, &log)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		variables := []string{"ADMIN_SECRET_KEY", goodKey, "MOUNT_PATH", "/panel"}
		if secure {
			cert, key := newPair(t, t.TempDir(), "one.example", time.Hour)
			variables = append(variables, "TLS_CERT_FILE", cert, "TLS_KEY_FILE", key)
		}
		r := begin(t, &standIn{handler: func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/panel/healthz":
				_, _ = io.WriteString(w, "ok\n")
			case "/panel/readyz":
				http.Error(w, "unavailable: database", http.StatusServiceUnavailable)
			default:
				http.NotFound(w, r)
			}
		}}, 2, from(variables...), "serve", "--database", "sqlite:"+database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
		addr := strings.TrimSuffix(r.lines[0][strings.LastIndex(r.lines[0], "//")+2:], "/panel/")
		_, port, _ := strings.Cut(addr, ":")
		ask := func(getenv func(string) string, args ...string) (int, string) {
			var out, errs bytes.Buffer
			code := run(t.Context(), append([]string{"health"}, args...), nil, &out, &errs, getenv)
			return code, out.String() + errs.String()
		}
		everywhere := from(append(variables, "ADDR", "0.0.0.0:"+port)...)
		if code, said := ask(everywhere); code != exitDone || said != "ok\n" {
			t.Errorf("TLS %v, alive: %d, %q", secure, code, said)
		}
		if code, said := ask(everywhere, "--ready"); code != exitFailed || !strings.Contains(said, "503") || !strings.Contains(said, "unavailable: database") {
			t.Errorf("TLS %v, not ready: %d, %q", secure, code, said)
		}
		if code, said := ask(everywhere, "--mount-path", "/other"); code != exitFailed || !strings.Contains(said, "404") {
			t.Errorf("TLS %v, another path: %d, %q", secure, code, said)
		}
		r.end(t)
		if code, said := ask(everywhere); code != exitFailed || !strings.Contains(said, "does not answer") {
			t.Errorf("TLS %v, ended: %d, %q", secure, code, said)
		}
		if code, _ := ask(everywhere, "--addr", "nonsense"); code != exitWrongUse {
			t.Errorf("a wrong address: %d", code)
		}
	}
}
