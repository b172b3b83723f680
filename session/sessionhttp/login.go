// Login attempts of requests: throttled by account, address and known device.

package sessionhttp

import (
	"net/http"

	"github.com/go-crudadmin/crudadmin/session"
)

// Attempt lets a login of the account (its canonical name) through, or returns a
// *session.ThrottledError. Call it before looking at the password, and
// RememberDevice after the login has succeeded; see session.Manager.Attempt.
func (s *Sessions) Attempt(r *http.Request, account string) (*session.Attempt, error) {
	var device string
	if found := distinct(r.Header["Cookie"], s.name+deviceSuffix); len(found) == 1 {
		device = found[0]
	}
	return s.manager.Attempt(r.Context(), session.Login{Account: account, IP: s.ClientIP(r), Device: device})
}

// RememberDevice counts the attempt as a success and gives the browser a cookie
// by which it is known at the account's next login. ErrSent says that the answer has
// begun, and nothing was counted.
func (s *Sessions) RememberDevice(w http.ResponseWriter, r *http.Request, a *session.Attempt) error {
	if v := visitOf(r.Context(), s); v != nil && v.answer.sent.Load() {
		return ErrSent
	}
	device, err := a.Succeed(r.Context())
	if err != nil {
		return err
	}
	s.send(w, s.made(s.name+deviceSuffix, device, session.KnownDevice))
	return nil
}
