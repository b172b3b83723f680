// Login attempts of requests: throttled by account, network and known device.

package sessionhttp

import (
	"net/http"

	"github.com/go-crudadmin/crudadmin/session"
)

// LoginOption describes the account that somebody tries to sign in to.
type LoginOption func(*session.Login)

// Epoch is the text to which known devices of the account are bound: any text that changes with a
// new password, a reset, disabling and a change of role, such as a number in the account's row.
// Without it a device is known until session.KnownDeviceLifetime has passed, also after the
// password was changed. See session.Login.
func Epoch(epoch string) LoginOption {
	return func(l *session.Login) { l.Epoch = epoch }
}

// Unlocks is the text under which failures of the account are counted: any text that changes when
// they must be forgotten, such as a number in the account's row that an administrator and a new
// password raise. See session.Login.
func Unlocks(unlocks string) LoginOption {
	return func(l *session.Login) { l.Unlocks = unlocks }
}

// Attempt lets a login of the account (its canonical name) through, or returns a
// *session.ThrottledError. Call it before looking at the password. It counts as a failure until
// SignIn or RememberDevice has counted it as a success; without Middleware only RememberDevice
// does. See session.Manager.Attempt.
func (s *Sessions) Attempt(r *http.Request, account string, of ...LoginOption) (*session.Attempt, error) {
	l := session.Login{Account: account, IP: s.ClientIP(r)}
	if found := distinct(r.Header["Cookie"], s.name+deviceSuffix); len(found) == 1 {
		l.Device = found[0]
	}
	for _, option := range of {
		option(&l)
	}
	a, err := s.manager.Attempt(r.Context(), l)
	if v := visitOf(r.Context(), s); v != nil && err == nil {
		v.changing.Lock()
		v.attempts = append(v.attempts, a)
		v.changing.Unlock()
	}
	return a, err
}

// signedIn counts the request's attempts as successes. If the store cannot take one off now, it
// stays counted as a failure; the sign-in does not fail for that.
func (v *visit) signedIn() {
	for _, a := range v.attempts {
		if _, err := a.Succeed(v); err != nil {
			v.sessions.log.WarnContext(v, "a login attempt stays counted", "error", err)
		}
	}
	v.attempts = nil
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
	s.send(w, s.made(s.name+deviceSuffix, device, session.KnownDeviceLifetime))
	return nil
}
