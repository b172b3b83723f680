// Gates: where a request must come from, for which host, and over what, before anybody
// asks whose it is.

package frame

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// MaxHosts is how many hosts and MaxNetworks how many networks gates know at most.
const (
	MaxHosts    = 256
	MaxNetworks = 1024
)

// GateConfig says which requests are let in. The zero value lets in all.
type GateConfig struct {
	// Networks are the addresses that may come in; all where there are none.
	Networks []netip.Prefix

	// Hosts are the names that the panel answers to, without a port; all where there are
	// none. PublicURL's host is one of them.
	Hosts []string

	// EnforceHTTPS leads requests over plain HTTP to HTTPS.
	EnforceHTTPS bool

	// HTTPSPort is where HTTPS is served: 443 by default.
	HTTPSPort int

	// PublicURL is the origin that people type, such as https://admin.example.com.
	PublicURL string

	// Exempt are the full paths that every GET and HEAD is let in to: probes of health come
	// by address and over plain HTTP.
	Exempt []string

	// Client returns the address of a request's client, and from how many trusted
	// proxies it was taken.
	Client func(*http.Request) (netip.Addr, int) `json:"-"`

	// IsHTTPS reports whether a request's client speaks HTTPS.
	IsHTTPS func(*http.Request) bool `json:"-"`

	// Logger is told of every request that is refused.
	Logger *slog.Logger `json:"-"`
}

// Gates let requests in or refuse them.
type Gates struct {
	GateConfig
	hosts    map[string]bool // empty where every host is let in
	redirect map[string]bool // the hosts that HTTPS may lead to; empty where all are
}

// Validate returns nil, or one error with a config.FieldError for each field that is wrong,
// by the names that crudadmin.Config has for them.
func (c GateConfig) Validate() error {
	var check fields.Check
	if n := len(c.Networks); n > MaxNetworks {
		check.Wrong("AllowedNetworks", fmt.Sprintf("%d networks", n), "want at most %d", MaxNetworks)
	}
	for i, network := range c.Networks {
		if !network.IsValid() {
			check.Wrong(fmt.Sprintf("AllowedNetworks[%d]", i), "", "not an address range")
		}
	}
	if n := len(c.Hosts); n > MaxHosts {
		check.Wrong("AllowedHosts", fmt.Sprintf("%d hosts", n), "want at most %d", MaxHosts)
	}
	for i, name := range c.Hosts {
		if err := CheckHost(name); err != nil {
			check.Wrong(fmt.Sprintf("AllowedHosts[%d]", i), "", "%v", err)
		}
	}
	if c.PublicURL != "" {
		if _, err := ParseOrigin(c.PublicURL); err != nil {
			check.Wrong("PublicURL", "", "%v", err)
		}
	}
	check.Int("HTTPSPort", cmp.Or(c.HTTPSPort, defaultHTTPSPort), 1, 65535)
	return check.Err("gates")
}

const defaultHTTPSPort = 443

// NewGates returns gates, or the error of Validate.
func NewGates(cfg GateConfig) (*Gates, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &Gates{GateConfig: cfg, hosts: map[string]bool{}, redirect: map[string]bool{}}
	g.Networks = nil
	for _, network := range cfg.Networks {
		g.Networks = append(g.Networks, Unmapped(network))
	}
	for _, name := range cfg.Hosts {
		g.hosts[canonicalHost(name)] = true
	}
	if cfg.PublicURL != "" {
		origin, err := ParseOrigin(cfg.PublicURL)
		if err != nil {
			return nil, err
		}
		g.redirect[canonicalHost(origin.Hostname())] = true
		if len(g.hosts) > 0 {
			g.hosts[canonicalHost(origin.Hostname())] = true
		}
	}
	for name := range g.hosts {
		g.redirect[name] = true
	}
	g.HTTPSPort = cmp.Or(g.HTTPSPort, defaultHTTPSPort)
	return g, nil
}

// hostName is what can be a host's name: labels of letters, digits, - and _ between dots.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$`)

const maxHost = 253 // RFC 1035, 2.3.4

// CheckHost says what is wrong with the name of a host: it has neither a scheme, a port, a
// path nor a wildcard. An address is a name too.
func CheckHost(name string) error {
	bare := canonicalHost(name)
	if _, err := netip.ParseAddr(bare); err == nil && !strings.Contains(bare, "%") {
		return nil
	}
	if len(name) > maxHost || !hostName.MatchString(bare) {
		return fmt.Errorf("%q, want a host's name such as admin.example.com, without scheme, port, path and wildcard", clip.Text(name, 100))
	}
	return nil
}

// ParseOrigin reads an origin: a scheme, which is http or https, a host, and a port where it
// is not the usual one.
func ParseOrigin(text string) (*url.URL, error) {
	origin, err := url.Parse(text)
	if err != nil || origin.Scheme != "https" && origin.Scheme != "http" || origin.User != nil || origin.Opaque != "" ||
		origin.Path != "" && origin.Path != "/" || origin.RawQuery != "" || origin.ForceQuery || origin.Fragment != "" ||
		strings.HasSuffix(text, "#") || CheckHost(origin.Hostname()) != nil || !portOK(origin.Host) {
		return nil, errors.New("it is not an origin such as https://admin.example.com: scheme and host, a port if need be, nothing else")
	}
	origin.Path = ""
	return origin, nil
}

func portOK(host string) bool {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return true
	}
	port, err := strconv.ParseUint(host[i+1:], 10, 16)
	return err == nil && port > 0
}

// Unmapped is the network in the form in which addresses are compared: of IPv4 addresses
// where it was written as those that IPv6 maps (::ffff:10.0.0.0/104), and without the bits
// that it does not fix.
func Unmapped(network netip.Prefix) netip.Prefix {
	if network.Addr().Is4In6() && network.Bits() >= 96 {
		return netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96).Masked()
	}
	return network.Masked()
}

// Admit lets a request in, or answers it and returns false. The gates are asked in this
// order: addresses (403), hosts (421), HTTPS (308 for GET and HEAD, else 403).
func (g *Gates) Admit(w http.ResponseWriter, r *http.Request) bool {
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && slices.Contains(g.Exempt, r.URL.Path) {
		return true
	}
	if len(g.Networks) > 0 && !g.allows(r) {
		refuse(w, http.StatusForbidden, text.AddressRefused)
		return false
	}
	host := requestHost(r)
	if len(g.hosts) > 0 && !g.hosts[host] {
		g.misdirected(w, r)
		return false
	}
	if !g.EnforceHTTPS || g.IsHTTPS(r) {
		return true
	}
	switch {
	case CheckHost(host) != nil, len(g.redirect) > 0 && !g.redirect[host]:
		g.misdirected(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		g.Logger.WarnContext(r.Context(), "a request over plain HTTP is refused", "gate", "ENFORCE_HTTPS", "method", r.Method)
		refuse(w, http.StatusForbidden, text.HTTPSOnly)
	default:
		w.Header().Set("Location", g.secure(host, r.URL))
		refuse(w, http.StatusPermanentRedirect, text.HTTPSInstead)
	}
	return false
}

// secure is the same address over HTTPS.
func (g *Gates) secure(host string, at *url.URL) string {
	if g.HTTPSPort != 443 {
		host = net.JoinHostPort(host, strconv.Itoa(g.HTTPSPort))
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "https://" + host + at.RequestURI()
}

// allows reports whether the client's address is one of those that are let in, and says in
// the log where it was taken from: whoever shut themselves out learns from it what to set.
func (g *Gates) allows(r *http.Request) bool {
	address, proxies := g.Client(r)
	for _, network := range g.Networks {
		if network.Contains(address) {
			return true
		}
	}
	from := "the connection"
	switch {
	case proxies == 1:
		from = "the forwarding header of a trusted proxy"
	case proxies > 1:
		from = fmt.Sprintf("the forwarding headers of %d trusted proxies", proxies)
	}
	g.Logger.WarnContext(r.Context(), "an address is refused", "gate", "ALLOWED_IPS and ALLOWED_NETWORKS", "address", address.String(), "taken_from", from, "peer", r.RemoteAddr)
	return false
}

func (g *Gates) misdirected(w http.ResponseWriter, r *http.Request) {
	g.Logger.WarnContext(r.Context(), "a host is refused", "gate", "ALLOWED_HOSTS and PUBLIC_URL", "host", clip.Text(r.Host, 100))
	refuse(w, http.StatusMisdirectedRequest, text.HostRefused)
}

// refuse answers in plain text, because visitors who are not let in have no page to see.
func refuse(w http.ResponseWriter, status int, why text.Message) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text.English.Say(why) + "\n"))
}

// requestHost is the name that a request was sent to, without the port.
func requestHost(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return canonicalHost(host)
}

// canonicalHost is a host's name in lower case, an address without brackets and in its
// usual form.
func canonicalHost(name string) string {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	if address, err := netip.ParseAddr(name); err == nil {
		return address.String()
	}
	return name
}
