// Tests of what the dashboard shows of a store that tells how it is doing.

package crudadmin

import (
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
)

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
