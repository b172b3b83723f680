// Tests of the cookie's attributes and of what Config refuses.

package sessionhttp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// TestCookieOptions walks all combinations: what New accepts, browsers accept, by the rules of
// RFC 6265bis for prefixes, SameSite and Partitioned.
func TestCookieOptions(t *testing.T) {
	t.Parallel()
	accepted := 0
	for n := range 1 << 6 {
		cfg := sessionhttp.Config{Secure: n&1 > 0, Partitioned: n&2 > 0, BrowserSession: n&4 > 0}
		if n&8 > 0 {
			cfg.Domain = "Example.com"
		}
		if n&16 > 0 {
			cfg.Path = "/app"
		}
		for _, sameSite := range []http.SameSite{0, http.SameSiteLaxMode, http.SameSiteStrictMode, http.SameSiteNoneMode} {
			cfg.SameSite, cfg.Strict = sameSite, n&32 > 0
			err := cfg.Validate()
			wrong := sameSite == http.SameSiteNoneMode && !cfg.Secure || cfg.Partitioned && !cfg.Secure ||
				cfg.Strict && sameSite != 0 && sameSite != http.SameSiteStrictMode
			if (err != nil) != wrong {
				t.Fatalf("%+v: %v", cfg, err)
			}
			if wrong {
				continue
			}
			accepted++
			s := newSite(t, session.Config{RenewEvery: 1 << 36}, cfg)
			b := s.browser()
			b.get("/form")
			w := b.login("ann")
			b.do(http.MethodPost, "/start", nil)
			w2 := b.do(http.MethodPost, "/logout", nil)
			for _, line := range append(w.Result().Header["Set-Cookie"], w2.Result().Header["Set-Cookie"]...) {
				c, err := http.ParseSetCookie(line)
				if err != nil {
					t.Fatal(err)
				}
				removal := c.MaxAge < 0
				switch {
				case !strings.HasPrefix(c.Name, s.sessions.CookieName()):
					t.Errorf("%+v: cookie %q", cfg, c.Name)
				case strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || c.Path != "/" || c.Domain != ""), strings.HasPrefix(c.Name, "__Secure-") && !c.Secure,
					c.SameSite == http.SameSiteNoneMode && !c.Secure, c.Partitioned && !c.Secure:
					t.Errorf("%+v: browsers refuse %s", cfg, line)
				case cfg.Secure && !strings.HasPrefix(c.Name, "__"), !c.HttpOnly, c.Secure != cfg.Secure, c.Partitioned != cfg.Partitioned:
					t.Errorf("%+v: %s", cfg, line)
				case c.Domain != strings.ToLower(cfg.Domain):
					t.Errorf("%+v: %s", cfg, line)
				case cfg.Path != "" && (cfg.Domain != "" || !cfg.Secure) && c.Path != cfg.Path:
					t.Errorf("%+v: %s", cfg, line)
				case !removal && cfg.BrowserSession && (c.MaxAge != 0 || !c.Expires.IsZero()), !removal && !cfg.BrowserSession && c.MaxAge <= 0:
					t.Errorf("%+v: Max-Age: %s", cfg, line)
				}
			}
			if len(b.cookies) != 0 {
				t.Errorf("%+v: after the sign-out the browser holds %v", cfg, b.cookies)
			}
		}
	}
	if accepted == 0 {
		t.Error("nothing was tried")
	}
}

func TestWhatConfigRefuses(t *testing.T) {
	t.Parallel()
	for field, cfgs := range map[string][]sessionhttp.Config{
		"CookieName": {{CookieName: "__Host-x"}, {CookieName: "__secure-x", Secure: true}, {CookieName: "__HTTP-x"}, {CookieName: "__Host-Http-x"}, {CookieName: "a b"}, {CookieName: strings.Repeat("a", 65)}},
		"Domain":     {{Domain: ".example.com"}, {Domain: "example.com."}, {Domain: "localhost"}, {Domain: "example.com:80"}, {Domain: "https://example.com"}, {Domain: "192.0.2.1"}, {Domain: "[2001:db8::1]"}, {Domain: "a..b"}, {Domain: "-a.b"}, {Domain: "a b.c"}, {Domain: "a;b.c"}, {Domain: strings.Repeat("a.", 127) + "b"}},
		"SameSite":   {{SameSite: http.SameSiteNoneMode}, {SameSite: 9}, {SameSite: http.SameSiteDefaultMode}},
		"Path":       {{Path: "app"}, {Path: "/a;b"}},
	} {
		for _, cfg := range cfgs {
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field+": ") {
				t.Errorf("%+v: %v", cfg, err)
			}
		}
	}
	err := sessionhttp.Config{CookieName: "__Host-a", Domain: "x", Path: "y", SameSite: http.SameSiteNoneMode, Strict: true, Partitioned: true, ForwardedHeader: "Via"}.Validate()
	for _, field := range []string{"CookieName", "Domain", "Path", "SameSite", "Strict", "Partitioned", "ForwardedHeader"} {
		if err == nil || !strings.Contains(err.Error(), field+": ") {
			t.Errorf("one error does not name %s: %v", field, err)
		}
	}
}
