// Variables of the gates: proxies, TLS, HTTPS, addresses and hosts.

package crudadmin

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// maxProxies is how many networks TRUSTED_PROXIES has at most.
const maxProxies = 256

// proxies are TRUSTED_PROXIES: addresses, networks, and the word unix for whatever connects
// over a Unix socket.
func (r panelReader) proxies() (networks []netip.Prefix, unix bool) {
	const name = "TRUSTED_PROXIES"
	parts := r.List(name)
	if i := slices.Index(parts, "unix"); i >= 0 {
		unix, parts = true, slices.Delete(parts, i, i+1)
	}
	return r.networks(name, parts, maxProxies, " or the word unix"), unix
}

// networks are addresses and networks in CIDR notation; or is what else would be right.
func (r panelReader) networks(name string, parts []string, most int, or string) []netip.Prefix {
	if len(parts) > most {
		r.Wrong(name, "%d addresses and networks, want at most %d", len(parts), most)
		return nil
	}
	var networks []netip.Prefix
	for _, part := range parts {
		network, err := netip.ParsePrefix(part)
		if address, e := netip.ParseAddr(part); e == nil && address.Zone() == "" {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			r.Wrong(name, "%q, want addresses or networks such as 10.0.0.1,192.168.0.0/16%s", clip.Value(part), or)
			continue
		}
		networks = append(networks, frame.Unmapped(network))
	}
	return networks
}

// gates reads who may come in, for which host, and over what.
func (r panelReader) gates(c *EnvConfig) {
	c.AllowedNetworks = slices.Concat(
		r.networks("ALLOWED_IPS", r.List("ALLOWED_IPS"), frame.MaxNetworks/2, ""),
		r.networks("ALLOWED_NETWORKS", r.List("ALLOWED_NETWORKS"), frame.MaxNetworks/2, ""))
	c.AllowedHosts = r.List("ALLOWED_HOSTS")
	if n := len(c.AllowedHosts); n > frame.MaxHosts {
		r.Wrong("ALLOWED_HOSTS", "%d hosts, want at most %d", n, frame.MaxHosts)
	}
	for _, host := range c.AllowedHosts {
		if err := frame.CheckHost(host); err != nil {
			r.Wrong("ALLOWED_HOSTS", "%w", err)
		}
	}
	c.EnforceHTTPS = r.Bool("ENFORCE_HTTPS", false)
	if c.EnforceHTTPS && c.TLSCertFile == "" && r.Text("TLS_CERT_FILE") == "" && r.Text("TRUSTED_PROXIES") == "" {
		r.Wrong("ENFORCE_HTTPS", "without TLS_CERT_FILE and TRUSTED_PROXIES no request could ever be seen to come over HTTPS: set one of them")
	}
	port := 443
	if c.PublicURL = r.Text("PUBLIC_URL"); c.PublicURL != "" {
		origin, err := frame.ParseOrigin(c.PublicURL)
		switch {
		case err != nil:
			r.Wrong("PUBLIC_URL", "%w", err)
		case origin.Scheme != "https" && c.EnforceHTTPS:
			r.Wrong("PUBLIC_URL", "it begins with http://, and ENFORCE_HTTPS is set: begin it with https://")
		case origin.Scheme != "https":
			r.Discourage("PUBLIC_URL", "production is served over HTTPS: begin it with https://")
		case origin.Port() != "":
			port, _ = strconv.Atoi(origin.Port()) // checked
		}
	}
	c.HTTPSPort = r.Int("HTTPS_PORT", port, 1, 65535, "")
}

// tlsFiles are TLS_CERT_FILE and TLS_KEY_FILE, of which neither stands alone.
func (r panelReader) tlsFiles() (cert, key string) {
	names := [2]string{"TLS_CERT_FILE", "TLS_KEY_FILE"}
	var paths [2]string
	for i, name := range names {
		if paths[i] = r.Text(name); paths[i] != "" && !environ.Path(paths[i]) {
			r.Wrong(name, "it has %d bytes, want the path of a PEM file", len(paths[i]))
		}
	}
	for i, name := range names {
		if other := names[1-i]; paths[i] == "" && paths[1-i] != "" {
			r.Wrong(name, "%s is set, and TLS needs both: a certificate and its key", other)
		}
	}
	return paths[0], paths[1]
}
