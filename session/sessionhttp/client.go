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
	client, _ := s.Client(r)
	return client
}

// Client returns the address that ClientIP returns, and how many trusted proxies it was taken from:
// 0 if the address is the peer's own.
func (s *Sessions) Client(r *http.Request) (address netip.Addr, proxies int) {
	address = peer(r)
	if !s.trustsPeer(r) {
		return address, 0
	}
	proxies = 1
	hops := s.hops(r)
	for i := range min(len(hops), maxHops) {
		hop, ok := parseHop(hops[len(hops)-1-i])
		if !ok {
			break
		}
		address = hop
		if !s.trusted(address) {
			break
		}
		proxies++
	}
	return address, proxies
}

// IsHTTPS reports whether the client speaks HTTPS: to this server, or to the outermost trusted
// proxy, where that says so in X-Forwarded-Proto or Forwarded (with ForwardedHeader "Forwarded",
// there alone); where both name a protocol, both must say so. All lines of a header count, in their
// order; each trusted proxy adds one value at most, so values further left are the client's own.
func (s *Sessions) IsHTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !s.trustsPeer(r) {
		return false
	}
	_, proxies := s.Client(r)
	outermost := func(protos []string) string {
		if len(protos) == 0 {
			return ""
		}
		return strings.TrimSpace(protos[max(0, len(protos)-proxies)])
	}
	forwarded := values(r, "Forwarded")
	for i, element := range forwarded {
		forwarded[i] = parameter(element, "proto")
	}
	https := func(proto string) bool { return strings.EqualFold(proto, "https") }
	said, own := outermost(forwarded), values(r, "X-Forwarded-Proto")
	if s.cfg.ForwardedHeader == "Forwarded" || len(own) == 0 {
		return https(said)
	}
	return https(outermost(own)) && (said == "" || https(said))
}

func (s *Sessions) trusted(a netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// trustsPeer reports whether the request came from a trusted proxy: from its
// address, or over a Unix socket where TrustUnix says that a proxy is there.
func (s *Sessions) trustsPeer(r *http.Request) bool {
	return s.trusted(peer(r)) || s.cfg.TrustUnix && overUnix(r)
}

// overUnix reports whether a request came over a Unix socket: net/http then has "@",
// a path, or nothing for the peer's address.
func overUnix(r *http.Request) bool {
	return r.RemoteAddr == "" || r.RemoteAddr[0] == '@' || r.RemoteAddr[0] == '/'
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
	all := values(r, s.cfg.ForwardedHeader)
	if s.cfg.ForwardedHeader == "Forwarded" {
		for i, element := range all {
			all[i] = parameter(element, "for")
		}
	}
	return all
}

// values are the last maxHops of the comma-separated values of a header, over all of
// its lines in their order.
func values(r *http.Request, header string) []string {
	lines := r.Header.Values(header)
	if len(lines) == 0 {
		return nil
	}
	all := strings.Split(strings.Join(lines, ","), ",")
	return all[max(0, len(all)-maxHops):]
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

// ParseDevice describes the device of a User-Agent header, of which it reads session.MaxUserAgent
// bytes at most. An unknown header gives the zero Device.
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
