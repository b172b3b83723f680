// Filling: what a session in a store looks like.

package bench

import (
	"net/netip"

	"github.com/go-crudadmin/crudadmin/session"
)

// visitor is a login as a middleware makes it of a common browser.
func visitor(user string) session.NewSession {
	return session.NewSession{
		UserID:    user,
		IP:        netip.AddrFrom4([4]byte{192, 0, 2, 1}),
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		Device:    session.Device{Browser: "Firefox", Version: "140.0", OS: "Linux", Kind: "desktop"},
	}
}
