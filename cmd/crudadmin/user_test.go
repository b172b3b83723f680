package main

// This file unlocks an administrator beside a running panel.

import (
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// TestUnlockBesideARunningPanel counts in the memory of the program: what another process does is
// known there at once.
func TestUnlockBesideARunningPanel(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	dir := dataDir(t)
	s := programtest.Serve(t, "demo", "--data-dir", dir)
	try := func(password string) programtest.Page {
		r := s.Stranger(t)
		return r.Post("login", url.Values{"username": {s.Username}, "password": {password}, "csrf_token": {r.Get("login").Field("csrf_token")}})
	}
	for range 5 {
		if p := try("a wrong password"); p.Status != http.StatusUnauthorized {
			t.Fatal(p.Status)
		}
	}
	p := try(s.Password)
	if p.Status != http.StatusTooManyRequests || !strings.Contains(p.Body, "Too many attempts. Try again in ") || p.Header.Get("Retry-After") == "" {
		t.Fatalf("the sixth attempt: %d", p.Status)
	}
	path, err := programtest.Build()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "user", "unlock", " "+strings.ToUpper(s.Username), "--data-dir", dir).CombinedOutput()
	if err != nil || string(out) != s.Username+" can try to sign in again: the failed sign-ins are forgotten.\n" {
		t.Fatalf("user unlock: %v: %s", err, out)
	}
	if p := try(s.Password); p.Status != http.StatusOK {
		t.Errorf("after the unlock: %d", p.Status)
	}
}
