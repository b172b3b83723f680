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
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// check is one part the panel needs, as it was found.
type check struct {
	name text.Message // on the page
	key  string       // in readyz
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
		{name: text.ApplicationDatabase, key: "database"},
		{name: text.Administrators, key: "admin_database"},
		{name: text.SessionsIn(p.manager.Traits().Name), key: "sessions"},
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
		return ui.HealthCheck{Name: c.name, State: ui.HealthDown, Detail: text.NoAnswer}
	}
	state, detail := ui.HealthOK, text.UnderTenthMillisecond
	if c.took >= 100*time.Microsecond {
		detail = text.Milliseconds(fmt.Sprintf("%.1f", float64(c.took)/float64(time.Millisecond)))
	}
	switch {
	case c.report != nil && c.report.Warning != "":
		return ui.HealthCheck{Name: c.name, State: ui.HealthDegraded, Detail: text.Sentences(text.Verbatim(c.report.Warning), text.Verbatim(c.report.Detail))}
	case c.report != nil:
		detail = text.List(detail, text.Verbatim(c.report.Detail))
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
	page := ui.Health{Store: t.Name, Promises: promises(t)}
	for _, note := range t.Notes {
		page.Notes = append(page.Notes, text.Verbatim(note))
	}
	for _, c := range p.checks(v.R.Context()) {
		page.Parts = append(page.Parts, c.page())
	}
	schema := v.Data.Schema()
	page.Versions = []ui.Fact{
		{Name: text.Verbatim("CRUDAdmin"), Value: version()},
		{Name: text.ApplicationDatabase, Value: text.Verbatim(strings.TrimSpace(schema.Engine + " " + schema.Version))},
		{Name: text.Verbatim("Go"), Value: text.OnSystem(strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS+"/"+runtime.GOARCH)},
	}
	page.Layout = v.Layout(v.URL("health"))
	return v.Render(http.StatusOK, page)
}

// promises says in words what a session store holds to.
func promises(t session.Traits) []ui.Fact {
	yes := func(name text.Message, is bool, yes, no text.Message) ui.Fact {
		if is {
			return ui.Fact{Name: name, Value: yes}
		}
		return ui.Fact{Name: name, Value: no}
	}
	bound := text.NoBound
	if t.MaxPerUser > 0 {
		bound = text.Number(text.Exact(int64(t.MaxPerUser)))
	}
	return []ui.Fact{
		yes(text.AfterCrash, t.Durable, text.SessionsStay, text.SessionsLost),
		yes(text.SeveralProcesses, t.Shared, text.SameSessions, text.OwnSessions),
		yes(text.EndedSession, t.MaxStale == 0, text.RefusedAtOnce, text.AcceptedFor(text.Wait(t.MaxStale))),
		yes(text.SessionLimit, t.ExactLimit, text.LimitExact, text.LimitLoose),
		{Name: text.SessionsPerUser, Value: bound},
		yes(text.SessionList, t.ListAll, text.Yes, text.ByUserOnly),
		yes(text.EndedSessions, t.History, text.KeptWithReason, text.LeaveNothing),
	}
}

// version is this module's, as the program was built with it.
func version() text.Message {
	const module = "github.com/go-crudadmin/crudadmin"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return text.Unknown
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" {
			return text.Verbatim(m.Version)
		}
	}
	return text.Verbatim("(devel)")
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
