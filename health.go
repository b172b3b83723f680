// Health: what the panel stands on, and whether it holds.

package crudadmin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/ui"
)

// check is one part the panel needs, as it was found.
type check struct {
	name string // on the page
	key  string // in readyz
	err  error
	took time.Duration

	report *session.Report // of the session store, where it has one
}

// checkTimeout bounds the look at each part.
const checkTimeout = 2 * time.Second

// checks looks at every part at once.
func (p *Panel) checks(ctx context.Context) []check {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found := []check{
		{name: "Application database", key: "database"},
		{name: "Administrators", key: "admin_database"},
		{name: "Sessions (" + p.manager.Traits().Name + ")", key: "sessions"},
	}
	ask := []func(context.Context) error{p.source.Ping, p.cfg.AdminDB.PingContext, p.manager.Ping}
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() {
			start := p.cfg.Now()
			found[i].err = ask[i](ctx)
			found[i].took = p.cfg.Now().Sub(start)
		})
	}
	all.Wait()
	if tell := p.manager.Traits().Report; tell != nil {
		report := tell()
		found[len(found)-1].report = &report
	}
	return found
}

func (c check) page() ui.HealthCheck {
	if c.err != nil {
		return ui.HealthCheck{Name: c.name, State: ui.HealthDown, Detail: "does not answer"}
	}
	detail := "under 0.1 ms"
	if c.took >= 100*time.Microsecond {
		detail = fmt.Sprintf("%.1f ms", float64(c.took)/float64(time.Millisecond))
	}
	switch {
	case c.report != nil && c.report.Warning != "":
		return ui.HealthCheck{Name: c.name, State: ui.HealthDegraded, Detail: c.report.Warning + " " + c.report.Detail}
	case c.report != nil:
		detail += "; " + c.report.Detail
	}
	return ui.HealthCheck{Name: c.name, State: ui.HealthOK, Detail: detail}
}

// healthz says that the process is alive.
func (p *Panel) healthz(w http.ResponseWriter, r *http.Request) {
	p.writeHealth(w, r, nil)
}

// readyz says whether the panel can serve: 503 names the parts that do not
// answer, and nothing about why.
func (p *Panel) readyz(w http.ResponseWriter, r *http.Request) {
	var down []string
	for _, c := range p.checks(r.Context()) {
		if c.err != nil {
			down = append(down, c.key)
			p.log.WarnContext(r.Context(), "not ready", "part", c.key, "error", c.err)
		}
	}
	p.writeHealth(w, r, down)
}

func (p *Panel) writeHealth(w http.ResponseWriter, r *http.Request, down []string) {
	status, text := http.StatusOK, "ok"
	if len(down) > 0 {
		status, text = http.StatusServiceUnavailable, "unavailable: "+strings.Join(down, ", ")
		w.Header().Set("Retry-After", seconds(retryAfter))
	}
	w.Header().Set("Cache-Control", "no-store")
	if wantsJSON(r) {
		body := map[string]any{"status": "ok"}
		if len(down) > 0 {
			body = map[string]any{"status": "unavailable", "down": down}
		}
		writeJSON(w, status, body)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
