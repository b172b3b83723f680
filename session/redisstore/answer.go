// Answers: a server's errors, as they may be shown, and what they mean.

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
	// aKey is a text up to its hash tag, which begins every key behind the prefix, and whatever
	// follows: the end of a key cannot be seen.
	aKey = regexp.MustCompile("[^\\s'\"`]*\\{[0-9a-f]{2}\\}:.*")

	// unreadable is everything from the first character on that is not printable ASCII.
	unreadable = regexp.MustCompile(`[^ -~].*`)
)

// told is the part of a server's text that may be shown: its first line, without keys and without
// the arguments of a command.
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

// incapable reports whether a server says that it can never do what it was asked: a command that it
// does not know or that the user may not run, a key that the user may not reach, a script with keys
// that were not declared.
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

// passing reports whether a server says that it cannot do something now: it is starting, full,
// busy, or without its disk or replicas. That says nothing about what it can do.
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
