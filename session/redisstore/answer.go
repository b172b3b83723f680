// Answers: what a server says in an error, as it may be shown and as it is meant.

package redisstore

import (
	"regexp"
	"strings"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// answer is an error that the server answered with. Its text shows no key and no
// argument of a command: keys hold the bytes of IDs and the names of users.
type answer struct{ text string }

// Error implements error.
func (a answer) Error() string { return "the server answered: " + told(a.text) }

var (
	// aKey is a text up to its hash tag, which begins every key behind the prefix, and
	// whatever follows: where a key ends cannot be seen.
	aKey = regexp.MustCompile("[^\\s'\"`]*\\{[0-9a-f]{2}\\}:.*")

	// unreadable is what is no printable ASCII, and whatever follows.
	unreadable = regexp.MustCompile(`[^ -~].*`)
)

// told is what may be shown of a server's text: its first line without keys and
// without the arguments of a command.
func told(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	text, _, _ = strings.Cut(text, ", with args beginning with")
	text = aKey.ReplaceAllString(text, "(a key)")
	text = unreadable.ReplaceAllString(text, "…")
	return clip.Text(strings.TrimSpace(text), 200)
}

// shownError is the text of an error that may be one of the server.
func shownError(err error) string {
	if reply, ok := rueidis.IsRedisErr(err); ok {
		return told(reply.Error())
	}
	return err.Error()
}

// incapable reports whether a server says that it can never do what was asked of it:
// a command that it does not know or that the user may not run, a key that the user
// may not reach, a script that reaches keys by its own reckoning.
func incapable(text string) bool {
	for _, sign := range []string{
		"NOPERM", "unknown command", "Unknown Redis command", "unknown subcommand", "executing the script can't", "undeclared key",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// passing reports whether a server says that it cannot do it now: it is starting,
// full, busy, without its disk or its replicas. That says nothing of what it is.
func passing(text string) bool {
	for _, sign := range []string{
		"LOADING", "OOM ", "MISCONF", "NOREPLICAS", "BUSY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "UNKILLABLE", "max number of clients",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
