// Fiber's sessions, a footnote: fasthttp is another server, so its handler is
// another, and its figures do not belong into the tables of net/http.

package bench

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/gofiber/fiber/v3"
	fibersession "github.com/gofiber/fiber/v3/middleware/session"
	"github.com/valyala/fasthttp"
)

// fiberSite serves what the others do, with Fiber's sessions in memory, as its
// documentation says, or without sessions.
func fiberSite(sessions bool) fasthttp.RequestHandler {
	app := fiber.New()
	if !sessions {
		app.Post("/nothing", func(c fiber.Ctx) error { return c.Send(ok) })
		return app.Handler()
	}
	app.Use(fibersession.New())
	handle := func(path string, do func(*fibersession.Middleware) error) {
		app.Post(path, func(c fiber.Ctx) error {
			if err := do(fibersession.FromContext(c)); err != nil {
				return err
			}
			return c.Send(ok)
		})
	}
	handle("/login", func(s *fibersession.Middleware) error {
		err := s.Regenerate()
		s.Set("user", "somebody")
		return err
	})
	handle("/logout", func(s *fibersession.Middleware) error { return s.Destroy() })
	handle("/read, idle timeout", func(s *fibersession.Middleware) error {
		if s.Get("user") != "somebody" {
			return fiber.ErrUnauthorized
		}
		return nil
	})
	var n atomic.Int64
	handle("/write", func(s *fibersession.Middleware) error {

		s.Set("key", n.Add(1))
		return nil
	})
	return app.Handler()
}

// fiberCaller sends one request again and again.
type fiberCaller struct {
	t       testing.TB
	ctx     fasthttp.RequestCtx
	handler fasthttp.RequestHandler
}

func newFiberCaller(t testing.TB, h fasthttp.RequestHandler, path string) *fiberCaller {
	c := &fiberCaller{t: t, handler: h}
	c.ctx.Request.Header.SetMethod(fasthttp.MethodPost)
	c.ctx.Request.Header.SetHost("localhost")
	c.to(path)
	return c
}

func (c *fiberCaller) to(path string) {
	c.ctx.Request.URI().SetPath(path)
	c.ctx.Request.Header.SetRequestURIBytes(c.ctx.Request.URI().RequestURI())
}

func (c *fiberCaller) send() {
	c.ctx.Response.Reset()
	c.ctx.ResetUserValues()
	c.handler(&c.ctx)
	if code := c.ctx.Response.StatusCode(); code != fasthttp.StatusOK {
		c.t.Errorf("%s: answered %d %s", c.ctx.Path(), code, c.ctx.Response.Body())
	}
}

// login gets the caller a session.
func (c *fiberCaller) login(then string) {
	c.to("/login")
	c.ctx.Request.Header.DelAllCookies()
	c.send()
	var cookie fasthttp.Cookie
	cookie.SetKey("session_id")
	if !c.ctx.Response.Header.Cookie(&cookie) {
		c.t.Error("no cookie")
	}
	c.ctx.Request.Header.SetCookieBytesKV(cookie.Key(), cookie.Value())
	c.to(then)
}

// TestFiber measures what sessions add to a request of Fiber, beside what ours add
// to one of net/http.
func TestFiber(t *testing.T) {
	needsMeasure(t)
	begun := began()
	table := newTable("request", "library", "added µs", "added CPU µs", "added allocations")
	var ready [][]*fiberCaller // to log out
	plain, site := fiberSite(false), fiberSite(true)
	const clients = 8
	for _, name := range []string{"read, idle timeout", "write", "login", "logout"} {
		var op operation
		for _, o := range operations {
			if o.name == name {
				op = o
			}
		}
		callers := make([]*fiberCaller, clients)
		none := make([]*fiberCaller, clients)
		for i := range callers {
			callers[i], none[i] = newFiberCaller(t, site, "/"+name), newFiberCaller(t, plain, "/nothing")
			if !op.once && name != "login" {
				callers[i].login("/" + name)
			}
		}
		theirs := work{do: func(client, _ int) { callers[client].send() }}
		if op.once {
			theirs = work{prepare: func(int) int {
				ready = make([][]*fiberCaller, clients)
				for c := range ready {
					for range 64 {
						one := newFiberCaller(t, site, "/"+name)
						one.login("/" + name)
						ready[c] = append(ready[c], one)
					}
				}
				return 64
			}, do: func(client, n int) { ready[client][n].send() }}
		}
		costs := race(clients, work{do: func(client, _ int) { none[client].send() }}, theirs,
			client(t, bare{}, nothing, clients), client(t, oursOnMemory(t, options{}).library, op, clients))
		for i, library := range []string{"fiber v3 on fasthttp", "crudadmin on net/http"} {
			with, without := costs[2*i+1], costs[2*i]
			table.add(name, library, micros(with.nanoseconds-without.nanoseconds), micros(with.processor-without.processor), fmt.Sprintf("%.0f", with.allocations-without.allocations))
		}
	}
	publish(t, "fiber", begun+table.String())
}
