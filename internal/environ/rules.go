// The rules of sessions, which the panel and a program without one read alike.

package environ

import (
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Bounds of the rules' variables; session.Config has the same in durations.
const (
	maxSessionMinutes = 400 * 24 * 60 // the longest a browser keeps a cookie
	maxCleanupMinutes = 24 * 60
	maxStoreTimeout   = 60_000 // milliseconds
)

// SessionRules are the timeouts and limits of sessions, with their defaults.
func (r *Reader) SessionRules() session.Config {
	idle := r.Int("SESSION_TIMEOUT_MINUTES", 30, 1, maxSessionMinutes, "")
	lifetime := r.Int("SESSION_MAX_LIFETIME_MINUTES", max(720, idle), 1, maxSessionMinutes, "")
	if lifetime < idle {
		r.Wrong("SESSION_MAX_LIFETIME_MINUTES", "%d, which is less than SESSION_TIMEOUT_MINUTES, %d", lifetime, idle)
	}
	perUser := session.Unlimited
	if r.Text("MAX_SESSIONS_PER_USER") != "unlimited" {
		perUser = r.Int("MAX_SESSIONS_PER_USER", 5, 1, session.MaxLimit, ", or the word unlimited")
	}
	return session.Config{
		IdleTimeout:     time.Duration(idle) * time.Minute,
		Lifetime:        time.Duration(lifetime) * time.Minute,
		MaxPerUser:      perUser,
		RefuseOverLimit: r.Word("SESSION_LIMIT_POLICY", "evict", "reject") == "reject",
		SweepInterval:   time.Duration(r.Int("CLEANUP_INTERVAL_MINUTES", 15, 1, maxCleanupMinutes, "")) * time.Minute,
		StoreTimeout:    time.Duration(r.Int("STORE_TIMEOUT_MS", 2000, 1, maxStoreTimeout, "")) * time.Millisecond,
	}
}
