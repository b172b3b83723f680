// The health page: which parts are well, which are not, and who sees it.

package crudadmin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestHealthPage(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	body := page.get("/health").Body.String()
	for _, want := range []string{"All parts answer", "Application database", "SQLite", "Sessions in memory", "everybody signs in again", "CRUDAdmin"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, note := range b.manager.Traits().Notes {
		if !strings.Contains(body, note) {
			t.Errorf("the page keeps quiet about %q", note)
		}
	}
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	w := page.get("/health")
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "A part does not answer") || !strings.Contains(body, "does not answer</p>") {
		t.Errorf("with its database closed: %d\n%s", w.Code, body)
	}
}

// telling is a store that tells how it is doing.
type telling struct {
	session.Store
	report *session.Report
}

func (s telling) Traits() session.Traits {
	traits := s.Store.Traits()
	traits.Report = func() session.Report { return *s.report }
	return traits
}

func TestHealthShowsWhatTheStoreTells(t *testing.T) {
	report := session.Report{Detail: "97 % of reads from the cache, 400 compared, 0 differed"}
	b := newBench(t, func(c *Config) { c.Sessions = telling{c.Sessions, &report} })
	page := b.browser(t).signIn(adminName)
	if body := page.get("/").Body.String(); !strings.Contains(body, report.Detail) || strings.Contains(body, "degraded") {
		t.Error("the dashboard does not show how the store is doing")
	}
	report.Warning = "The cache does not answer: sessions are read from the database."
	body := page.get("/").Body.String()
	if !strings.Contains(body, report.Warning) || !strings.Contains(body, "degraded") {
		t.Error("the dashboard does not show what does not hold")
	}
	if w := page.get("/readyz"); w.Body.String() != "ok\n" {
		t.Errorf("readyz of a store that answers: %q", w.Body)
	}
}
