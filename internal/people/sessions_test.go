// Tests of what is said of sessions.

package people

import (
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
)

// Why a session ended is a sentence where the reason is ours, and a program's own words where not.
func TestWhySessionsEnd(t *testing.T) {
	for e, want := range map[session.Ending]string{
		{Reason: session.ReasonPasswordChanged}:    "password changed",
		{Reason: session.ReasonRevoked, By: "ada"}: "revoked by ada",
		{Reason: "moved_house", By: "ada"}:         "moved house by ada",
	} {
		if got := whyText(e).String(); got != want {
			t.Errorf("%v: %q, want %q", e, got, want)
		}
	}
}
