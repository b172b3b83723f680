// Health: what the panel stands on, and whether it holds.

package home

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// check is one part the panel needs, as it was found.
type check struct {
	name string // on the page
	key  string // in readyz
	err  error
	took time.Duration

	report *session.Report // of the session store, where it has one
}

const (
	// checkTimeout bounds the look at each part.
	checkTimeout = 2 * time.Second
	// slow is from when on a part that answers is called degraded: pages ask each
	// of them a few times.
	slow = 250 * time.Millisecond
)

// checks looks at every part at once.
func (p *Pages) checks(ctx context.Context) []check {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found := []check{
		{name: "Application database", key: "database"},
		{name: "Administrators", key: "admin_database"},
		{name: "Sessions (" + p.manager.Traits().Name + ")", key: "sessions"},
	}
	ask := []func(context.Context) error{p.source.Ping, p.pingAdmin, p.manager.Ping}
	var all sync.WaitGroup
	for i := range found {
		all.Go(func() {
			start := p.now()
			found[i].err = ask[i](ctx)
			found[i].took = p.now().Sub(start)
		})
	}
	all.Wait()
	if tell := p.manager.Traits().Report; tell != nil {
		report := tell()
		found[len(found)-1].report = &report
	}
	return found
}

// pingAdmin asks the administrators' database, for one of many that come at once
// at a time: they have one of its connections together. All else that the panel
// asks of it are single rows by their keys, and lists for superusers.
func (p *Pages) pingAdmin(ctx context.Context) error {
	select {
	case p.adminPing <- struct{}{}:
		defer func() { <-p.adminPing }()
		return p.adminDB.PingContext(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c check) page() ui.HealthCheck {
	if c.err != nil {
		return ui.HealthCheck{Name: c.name, State: ui.HealthDown, Detail: "does not answer"}
	}
	state, detail := ui.HealthOK, "under 0.1 ms"
	if c.took >= 100*time.Microsecond {
		detail = fmt.Sprintf("%.1f ms", float64(c.took)/float64(time.Millisecond))
	}
	switch {
	case c.report != nil && c.report.Warning != "":
		return ui.HealthCheck{Name: c.name, State: ui.HealthDegraded, Detail: c.report.Warning + " " + c.report.Detail}
	case c.report != nil:
		detail += "; " + c.report.Detail
	}
	if c.took >= slow {
		state = ui.HealthDegraded
	}
	return ui.HealthCheck{Name: c.name, State: state, Detail: detail}
}

// ShowHealth is the page of the parts, of what the session store promises, and
// of versions.
func (p *Pages) ShowHealth(v *frame.Visit) error {
	t := p.manager.Traits()
	page := ui.Health{Store: t.Name, Notes: t.Notes, Promises: promises(t)}
	for _, c := range p.checks(v.R.Context()) {
		page.Parts = append(page.Parts, c.page())
	}
	schema := v.Data.Schema()
	page.Versions = []ui.Fact{
		{Name: "CRUDAdmin", Value: version()},
		{Name: "Application database", Value: strings.TrimSpace(schema.Engine + " " + schema.Version)},
		{Name: "Go", Value: strings.TrimPrefix(runtime.Version(), "go") + " on " + runtime.GOOS + "/" + runtime.GOARCH},
	}
	page.Layout = v.Layout(v.URL("health"))
	return v.Render(http.StatusOK, page)
}

// promises says in words what a session store holds to.
func promises(t session.Traits) []ui.Fact {
	yes := func(name string, is bool, yes, no string) ui.Fact {
		if is {
			return ui.Fact{Name: name, Value: yes}
		}
		return ui.Fact{Name: name, Value: no}
	}
	bound := "none of the store's own"
	if t.MaxPerUser > 0 {
		bound = fmt.Sprint(t.MaxPerUser)
	}
	return []ui.Fact{
		yes("After a crash", t.Durable, "sessions are there still", "everybody signs in again"),
		yes("Several processes", t.Shared, "see the same sessions", "each has its own sessions"),
		yes("An ended session", t.MaxStale == 0, "is refused everywhere at once", fmt.Sprintf("may be taken elsewhere for up to %s", t.MaxStale)),
		yes("Limit of sessions", t.ExactLimit, "holds at every moment", "may be passed for a moment, between processes"),
		{Name: "Sessions of a user, at most", Value: bound},
		yes("List of everybody's sessions", t.ListAll, "yes", "no: by user only"),
		yes("Ended sessions", t.History, "are kept with their reason", "leave nothing behind"),
	}
}

// version is this module's, as the program was built with it.
func version() string {
	const module = "github.com/go-crudadmin/crudadmin"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}

// Healthz says that the process is alive.
func (p *Pages) Healthz(v *frame.Visit) error {
	return p.writeHealth(v, nil)
}

// Readyz says whether the panel can serve: 503 names the parts that do not
// answer, and nothing about why.
func (p *Pages) Readyz(v *frame.Visit) error {
	var down []string
	for _, c := range p.checks(v.R.Context()) {
		if c.err != nil {
			down = append(down, c.key)
			v.Log().WarnContext(v.R.Context(), "not ready", "part", c.key, "error", c.err)
		}
	}
	return p.writeHealth(v, down)
}

func (p *Pages) writeHealth(v *frame.Visit, down []string) error {
	status, text := http.StatusOK, "ok"
	if len(down) > 0 {
		status, text = http.StatusServiceUnavailable, "unavailable: "+strings.Join(down, ", ")
		v.RetryIn(frame.RetryAfter)
	}
	v.W.Header().Set("Cache-Control", "no-store")
	if v.WantsJSON() {
		body := map[string]any{"status": "ok"}
		if len(down) > 0 {
			body = map[string]any{"status": "unavailable", "down": down}
		}
		return v.JSON(status, body)
	}
	v.W.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.W.WriteHeader(status)
	_, _ = v.W.Write([]byte(text + "\n"))
	return nil
}
