// Tests of the gates: addresses, hosts and HTTPS, at every address of the panel, at three
// mount paths, behind a proxy and without one.

package crudadmin

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// knock sends a request without a session and returns the answer.
func (b *bench) knock(method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr, r.Host = "203.0.113.9:4711", "admin.example.com"
	change(r)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// Nothing behind a gate is reached by a request that the gate refuses: no route, static
// file, wrong method or unknown address answers otherwise, and no session is looked up.
func TestGatesStandInFrontOfEveryAddress(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	for _, mount := range []string{"/admin", "/", "/a/b.c"} {
		for _, proxied := range []bool{false, true} {
			b := newBench(t, func(c *Config) {
				c.MountPath = mount
				c.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
				c.AllowedHosts = []string{"Admin.example.com", "::1"}
				c.EnforceHTTPS, c.HTTPSPort = true, 8443
				if proxied {
					c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
				}
			})
			base := strings.TrimSuffix(mount, "/")
			// from makes a request come from an address and over HTTP or HTTPS, as the proxy says
			// it.
			from := func(address string, https bool) func(*http.Request) {
				return func(r *http.Request) {
					if !proxied {
						r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(address), 1).String()
						r.Header.Set("X-Forwarded-For", "203.0.113.1") // a lie
						r.Header.Set("X-Forwarded-Proto", "https")     // a lie
						if https {
							r.TLS = httptest.NewRequest(http.MethodGet, "https://x/", nil).TLS
						}
						return
					}
					r.RemoteAddr = "10.0.0.1:1"
					r.Header.Add("X-Forwarded-For", "203.0.113.1") // a lie of the client's
					r.Header.Add("X-Forwarded-For", address)
					r.Header.Add("X-Forwarded-Proto", map[bool]string{true: "https", false: "http"}[https])
				}
			}
			targets := []frame.Route{{Method: http.MethodGet, Path: "/nosuch"}, {Method: http.MethodPut, Path: "/login"}, {Method: http.MethodHead, Path: "/"}, {Method: http.MethodGet, Path: "/m/x/%2f..%2f"}}
			for _, rt := range append(targets, b.table()...) {
				if rt.Path == "/healthz" || rt.Path == "/readyz" {
					continue
				}
				path := base + strings.NewReplacer("{table}", "orders", "{key}", "1", "{column}", "note", "{file}", "app.css", "{name}", "x", "{id}", "1", "{$}", "").Replace(rt.Path) + "?a=%20b&c"
				check := func(what string, change func(*http.Request), status int, location string) {
					t.Helper()
					asked := b.store.calls.Load()
					w := b.knock(rt.Method, path, change)
					if w.Code != status || w.Header().Get("Location") != location {
						t.Errorf("%s at %s, proxied %v: %s %s is %d to %q, want %d to %q", what, mount, proxied, rt.Method, path, w.Code, w.Header().Get("Location"), status, location)
					}
					if b.store.calls.Load() != asked || len(w.Result().Cookies()) > 0 {
						t.Errorf("%s: %s %s looked a session up, or set a cookie", what, rt.Method, path)
					}
				}
				check("an address", from("198.51.100.1", true), http.StatusForbidden, "")
				check("an address over HTTP", from("198.51.100.1", false), http.StatusForbidden, "")
				check("a host", func(r *http.Request) { from("203.0.113.7", true)(r); r.Host = "evil.example" }, http.StatusMisdirectedRequest, "")
				check("no host", func(r *http.Request) { from("203.0.113.7", true)(r); r.Host = "" }, http.StatusMisdirectedRequest, "")
				status, location := http.StatusForbidden, ""
				if rt.Method == http.MethodGet || rt.Method == http.MethodHead {
					status, location = http.StatusPermanentRedirect, "https://admin.example.com:8443"+path
				}
				check("plain HTTP", func(r *http.Request) { from("203.0.113.7", false)(r); r.Host = "ADMIN.example.com:80" }, status, location)
				if location != "" {
					check("plain HTTP to an address", func(r *http.Request) { from("203.0.113.7", false)(r); r.Host = "[::1]:8000" }, status, "https://[::1]:8443"+path)
				}
			}
			if w := b.knock(http.MethodGet, base+"/login", from("203.0.113.7", true)); w.Code != http.StatusOK && (proxied || w.Code != http.StatusPermanentRedirect) {
				t.Errorf("at %s, proxied %v: who may come in is answered %d", mount, proxied, w.Code)
			}
			for _, path := range []string{"/healthz", "/readyz"} {
				for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "PROPFIND"} {
					if w := b.knock(method, base+path, func(r *http.Request) { from("198.51.100.1", false)(r) }); w.Code != http.StatusForbidden {
						t.Errorf("%s %s%s passes the gate of addresses: %d", method, base, path, w.Code)
					}
				}
				if w := b.knock(http.MethodGet, base+path, func(r *http.Request) { from("198.51.100.1", false)(r); r.Host = "10.1.2.3:8000" }); w.Code != http.StatusOK {
					t.Errorf("%s%s is %d for a probe", base, path, w.Code)
				}
			}
		}
	}
}

func TestPublicURLNamesTheHostForHTTPS(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	for _, c := range []struct {
		public string
		hosts  []string
		host   string
		status int
	}{
		{"", nil, "anything.example", http.StatusPermanentRedirect},
		{"", nil, "an odd host", http.StatusMisdirectedRequest},
		{"", nil, "a.example/x@evil.example", http.StatusMisdirectedRequest},
		{"https://admin.example.com", nil, "admin.example.com", http.StatusPermanentRedirect},
		{"https://admin.example.com:8443", nil, "Admin.Example.com:80", http.StatusPermanentRedirect},
		{"https://admin.example.com", nil, "evil.example", http.StatusMisdirectedRequest},
		{"https://admin.example.com", []string{"other.example"}, "admin.example.com", http.StatusPermanentRedirect},
		{"https://admin.example.com", []string{"other.example"}, "other.example", http.StatusPermanentRedirect},
		{"https://admin.example.com", []string{"other.example"}, "evil.example", http.StatusMisdirectedRequest},
	} {
		b := newBench(t, func(cfg *Config) { cfg.EnforceHTTPS, cfg.PublicURL, cfg.AllowedHosts = true, c.public, c.hosts })
		w := b.knock(http.MethodGet, "/admin/login", func(r *http.Request) { r.Host = c.host })
		if w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

func TestARefusedAddressFindsTheWayBackInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	b.knock(http.MethodGet, "/admin/", func(r *http.Request) { r.RemoteAddr = "10.0.0.1:1"; r.Header.Set("X-Forwarded-For", "198.51.100.7") })
	if said := log.String(); !strings.Contains(said, "address=198.51.100.7") || !strings.Contains(said, `taken_from="the forwarding header of a trusted proxy"`) || !strings.Contains(said, "ALLOWED_IPS") {
		t.Errorf("the log says %s", said)
	}
}

func TestWrongGatesAreToldByName(t *testing.T) {
	t.Parallel()
	_, err := New(t.Context(), Config{AllowedHosts: []string{"a.example", "https://b.example"}, AllowedNetworks: make([]netip.Prefix, 1), PublicURL: "example", HTTPSPort: 70000})
	for _, name := range []string{"AllowedHosts[1]: ", "AllowedNetworks[0]: ", "PublicURL: ", "HTTPSPort: 70000", "DB: nil"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in %v", name, err)
		}
	}
}
