// Pages: what the handlers need, and no request carries.

package people

import (
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Pages are the pages of administrators and their sessions. It needs all its fields.
type Pages struct {
	Accounts *account.Accounts
	Manager  *session.Manager
	Sessions *sessionhttp.Sessions
}
