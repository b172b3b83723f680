// The client: its address behind proxies, its scheme, its device.

package sessionhttp

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/mileusna/useragent"

	"github.com/go-crudadmin/crudadmin/session"
)

// maxHops is how many entries of a forwarding header are looked at, from the
// right.
const maxHops = 32

// ClientIP returns the client's address: the peer's, or, where the peer is a
// trusted proxy, the rightmost in its forwarding header that is not one. A
// header that cannot be read ends the walk at the last address that could. The
// zero Addr means that the peer's address is unknown.
func (s *Sessions) ClientIP(r *http.Request) netip.Addr {
	client := peer(r)
	if !s.trusted(client) {
		return client
	}
	hops := s.hops(r)
	for range min(len(hops), maxHops) {
		hop, ok := parseHop(hops[len(hops)-1])
		hops = hops[:len(hops)-1]
		if !ok {
			return client
		}
		client = hop
		if !s.trusted(client) {
			return client
		}
	}
	return client
}

// IsHTTPS reports whether the client speaks HTTPS: to this server, or to a
// trusted proxy that says so in X-Forwarded-Proto or Forwarded.
func (s *Sessions) IsHTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !s.trusted(peer(r)) {
		return false
	}
	proto := last(r.Header.Values("X-Forwarded-Proto"))
	if s.cfg.ForwardedHeader == "Forwarded" {
		proto = parameter(last(r.Header.Values("Forwarded")), "proto")
	}
	return strings.EqualFold(strings.TrimSpace(proto), "https")
}

func (s *Sessions) trusted(a netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func peer(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, _ := netip.ParseAddr(r.RemoteAddr)
	return a.Unmap().WithZone("")
}

// hops returns the addresses in the forwarding header, the nearest last.
func (s *Sessions) hops(r *http.Request) []string {
	all := strings.Split(strings.Join(r.Header.Values(s.cfg.ForwardedHeader), ","), ",")
	all = all[max(0, len(all)-maxHops):]
	if s.cfg.ForwardedHeader == "Forwarded" {
		for i, element := range all {
			all[i] = parameter(element, "for")
		}
	}
	return all
}

// parameter returns a parameter of an element of a Forwarded header.
func parameter(element, name string) string {
	for pair := range strings.SplitSeq(element, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(key, name) {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// last returns the last of comma-separated values over all lines of a header.
func last(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	line := lines[len(lines)-1]
	return line[strings.LastIndexByte(line, ',')+1:]
}

// parseHop reads an address, with or without brackets and port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// ParseDevice says what a User-Agent header means. It looks at
// session.MaxUserAgent bytes of it at most; an unknown one is the zero Device.
func ParseDevice(agent string) session.Device {
	if len(agent) > session.MaxUserAgent {
		agent = agent[:session.MaxUserAgent]
	}
	ua := useragent.Parse(agent)
	d := session.Device{Browser: ua.Name, Version: ua.Version, OS: strings.TrimSpace(ua.OS + " " + ua.OSVersion), Name: ua.Device}
	switch {
	case ua.Bot:
		d.Kind = "bot"
	case ua.Tablet:
		d.Kind = "tablet"
	case ua.Mobile:
		d.Kind = "mobile"
	case ua.Desktop:
		d.Kind = "desktop"
	}
	return d
}
