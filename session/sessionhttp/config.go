// Config: how sessions travel over HTTP, its defaults and what it refuses.

package sessionhttp

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/fields"
)

// Config says how sessions travel over HTTP. The zero value is for development; in production set
// Secure.
type Config struct {
	// CookieName is the session cookie's name: "session" by default. With Secure
	// the prefix "__Host-" goes before it, or "__Secure-" where there is a Domain;
	// [Sessions.CookieName] tells the whole. Programs that share a host need
	// different names. Letters, digits, "_" and "-", at most 64.
	CookieName string

	// Secure is for sites served over HTTPS: the cookie gets the attribute
	// Secure, the path "/" and the prefix "__Host-", with which browsers refuse
	// one that a subdomain or plain HTTP has planted (RFC 6265bis, 4.1.3.2).
	Secure bool

	// Domain makes the cookie go to all hosts under this domain, such as
	// "example.com". By default it goes to the one host that set it. Every host
	// under the domain can then read and plant it: with Secure the prefix is only
	// "__Secure-", and Path counts.
	Domain string

	// Path is the cookie's path: "/" by default, and always where Secure is on and
	// there is no Domain.
	Path string

	// SameSite says along which links from other sites the cookie is sent: http.SameSiteLaxMode,
	// the default, along links that people follow; http.SameSiteStrictMode along none;
	// http.SameSiteNoneMode with every request, also from frames and scripts of other sites. None
	// needs Secure, and then only the CSRF token shows that a request comes from this site.
	SameSite http.SameSite

	// Strict is SameSite: http.SameSiteStrictMode.
	Strict bool

	// Partitioned gives the cookie a jar of its own below each site that embeds this
	// one in a frame (CHIPS). It needs Secure, and makes sense with
	// http.SameSiteNoneMode.
	Partitioned bool

	// BrowserSession leaves out Max-Age: browsers forget the cookie when they are
	// closed. By default it lives as long as the session can, to its Deadline; when
	// the session ends is decided on the server in either case.
	BrowserSession bool

	// TrustedProxies are the addresses whose forwarding headers are believed;
	// none by default.
	TrustedProxies []netip.Prefix

	// TrustUnix says that every peer on a Unix socket is a trusted proxy; such a peer has no
	// address.
	TrustUnix bool

	// ForwardedHeader is where trusted proxies write the client's address:
	// "X-Forwarded-For" by default, or "Forwarded" (RFC 7239). Only one is read,
	// because a proxy passes on unread what a client wrote into the other.
	ForwardedHeader string

	// Unavailable answers a request whose session could not be looked up: by default with 503 in
	// plain text and Retry-After. It may pass the request on to public pages, for which nobody is
	// signed in then; the cookie is kept.
	Unavailable func(http.ResponseWriter, *http.Request, error) `json:"-"`
}

func (c Config) withDefaults() Config {
	c.CookieName = cmp.Or(c.CookieName, "session")
	c.Path = cmp.Or(c.Path, "/")
	c.ForwardedHeader = cmp.Or(c.ForwardedHeader, "X-Forwarded-For")
	c.Domain = strings.ToLower(c.Domain)
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
		if c.Strict {
			c.SameSite = http.SameSiteStrictMode
		}
	}
	if c.Unavailable == nil {
		c.Unavailable = unavailable
	}
	return c
}

// Validate returns nil, or one error with a config.FieldError for each field that is
// wrong. New calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check fields.Check
	if !cookieNameOK(c.CookieName) {
		check.Wrong("CookieName", fields.Quote(c.CookieName), "want 1 to 64 letters, digits, _ or -")
	} else if prefix := reservedPrefix(c.CookieName); prefix != "" {
		check.Wrong("CookieName", fields.Quote(c.CookieName), "want one without %s: browsers give it a meaning, and Secure puts it there", prefix)
	}
	if !cookiePathOK(c.Path) {
		check.Wrong("Path", fields.Quote(c.Path), "want a path that begins with / and has no ;, comma or control character")
	}
	if c.Domain != "" && !cookieDomainOK(c.Domain) {
		check.Wrong("Domain", fields.Quote(c.Domain), "want a host name with a dot inside, such as example.com, without a dot before it, a port or a scheme")
	}
	switch c.SameSite {
	case http.SameSiteLaxMode, http.SameSiteStrictMode:
	case http.SameSiteNoneMode:
		if !c.Secure {
			check.Wrong("SameSite", "None without Secure", "browsers drop such a cookie: set Secure, or take Lax")
		}
	default:
		check.Wrong("SameSite", strconv.Itoa(int(c.SameSite)), "want http.SameSiteLaxMode, http.SameSiteStrictMode or http.SameSiteNoneMode")
	}
	if c.Strict && c.SameSite != http.SameSiteStrictMode {
		check.Wrong("Strict", "true beside another SameSite", "leave one of them out")
	}
	if c.Partitioned && !c.Secure {
		check.Wrong("Partitioned", "true without Secure", "browsers drop such a cookie: set Secure")
	}
	if c.ForwardedHeader != "X-Forwarded-For" && c.ForwardedHeader != "Forwarded" {
		check.Wrong("ForwardedHeader", fields.Quote(c.ForwardedHeader), "want X-Forwarded-For or Forwarded")
	}
	for i, p := range c.TrustedProxies {
		if !p.IsValid() {
			check.Wrong(fmt.Sprintf("TrustedProxies[%d]", i), "", "not an address range")
		}
	}
	return check.Err("sessionhttp")
}

// reserved are the beginnings of names to which browsers give a meaning, whatever
// their case.
var reserved = []string{"__Host-", "__Secure-", "__Http-"}

func reservedPrefix(name string) string {
	for _, prefix := range reserved {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return prefix
		}
	}
	return ""
}

func cookieNameOK(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-' {
			return false
		}
	}
	return true
}

func cookiePathOK(path string) bool {
	return strings.HasPrefix(path, "/") && len(path) <= 1024 && !strings.ContainsFunc(path, func(r rune) bool {
		return r == ';' || r == ',' || r < ' ' || r >= 0x7f
	})
}

// cookieDomainOK reports whether browsers take the domain: they refuse addresses and,
// of names without a dot, nearly all.
func cookieDomainOK(domain string) bool {
	if len(domain) > 253 || !strings.Contains(domain, ".") {
		return false
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-' {
				return false
			}
		}
	}
	return true
}
