// Secrets: variables that may be given as a file, and texts that are not good keys.

package environ

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session"
)

// FileSuffix after the name of a secret's variable is the variable that names a file with
// the secret in it, as containers hand them over.
const FileSuffix = "_FILE"

// Secrets are the variables that are secrets or hold one. For each X there is X_FILE.
var Secrets = []string{
	"ADMIN_SECRET_KEY", "ADMIN_PASSWORD", "DATABASE_URL", "ADMIN_DATABASE_URL",
	"REDIS_URL", "REDIS_PASSWORD", "MEMCACHED_PASSWORD",
}

// Secret returns the variable name, or the content of the file that name_FILE names,
// without one line break at its end. Both set is an error, and so are a file that cannot
// be read, that is empty, or that has more than MaxValue bytes. No error shows what is in
// the variable or the file.
func Secret(getenv func(string) string, name string) (string, error) {
	value, path := getenv(name), getenv(name+FileSuffix)
	switch {
	case path == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s is set too: unset one of them", name)
	case !Path(path):
		return "", fmt.Errorf("it has %d bytes, want the path of a file", len(path))
	}
	text, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("%q: %w", clip.Value(path), err)
	}
	return text, nil
}

func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", reason(err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.New("it is not a file")
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxValue+3))
	if err != nil {
		return "", reason(err)
	}
	text := strings.TrimSuffix(string(content), "\n")
	if len(text) < len(content) {
		text = strings.TrimSuffix(text, "\r")
	}
	switch {
	case text == "":
		return "", errors.New("it is empty")
	case len(text) > MaxValue:
		return "", fmt.Errorf("it has more than %d bytes", MaxValue)
	case strings.ContainsRune(text, 0):
		return "", errors.New("it holds a zero byte, want text")
	}
	return text, nil
}

// reason is an error of a file without the path, which stands in front already.
func reason(err error) error {
	if wrapped := (*os.PathError)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// SecretKey is ADMIN_SECRET_KEY, which only development may leave empty. Production takes
// no key that somebody could guess; see [Guessable].
func (r *Reader) SecretKey() string {
	key := r.Text("ADMIN_SECRET_KEY")
	switch n := len(key); {
	case n == 0:
		r.Discourage("ADMIN_SECRET_KEY", `production needs a key of its own: make one with "crudadmin secret" and set it`)
	case n < session.MinSecretKey:
		r.Wrong("ADMIN_SECRET_KEY", `it has %d bytes, want at least %d random ones: make one with "crudadmin secret"`, n, session.MinSecretKey)
		return ""
	default:
		if why := Guessable(key); why != "" {
			r.Discourage("ADMIN_SECRET_KEY", why+`: make a random one with "crudadmin secret"`)
		}
	}
	return key
}

// minDistinct is how many different bytes a key has at least. Of 32 random hexadecimal
// digits, the poorest alphabet that is usual, fewer than 8 differ once in two million keys.
const minDistinct = 8

// documented are texts that stand in documents where a key should: this project's, and the
// guides that people come from. TestNoDocumentShowsAUsableKey finds what is missing here.
var documented = []string{"0123456789abcdef0123456789abcdef"}

// placeholders are words that stand in texts in the place of a key, compared without everything
// that is not a letter: no random key contains one of eight letters.
var placeholders = []string{
	"changeme", "changethis", "yoursecret", "yoursuper", "supersecret", "secretkey", "replaceme", "replacethis",
	"inproduction", "placeholder", "insertyour", "notasecret", "donotuse", "examplekey", "examplesecret",
}

// Guessable says why somebody could guess a key, in words that go on after its name. It is
// empty for a key that has at least 8 different bytes, does not repeat a shorter text, and
// holds no text that documents show in the place of a key.
func Guessable(key string) string {
	if n := distinct(key); n < minDistinct {
		return fmt.Sprintf("it has only %d different bytes, want at least %d", n, minDistinct)
	}
	if repeats(key) || endsAsItBegins(key) {
		return "it repeats a shorter text"
	}
	if 4*steps(key) > 3*len(key) {
		return "its characters follow one another, as in 0123 or abcd"
	}
	lower := strings.ToLower(key)
	if letters := strings.Map(onlyLetters, lower); slices.ContainsFunc(placeholders, func(word string) bool { return strings.Contains(letters, word) }) {
		return "it contains words that documents write in the place of a key"
	}
	if slices.ContainsFunc(documented, func(text string) bool { return strings.Contains(lower, text) }) {
		return "it is a key that documents show"
	}
	return ""
}

func onlyLetters(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r
	}
	return -1
}

// minBorder is the length from which an end that equals the beginning is not chance: one in
// sixteen million random keys of hexadecimal digits ends with the six that it begins with.
const minBorder = 6

// endsAsItBegins reports whether minBorder bytes or more at the end of a text equal its
// beginning, as they do where a shorter text is repeated, even if the last copy is cut off.
func endsAsItBegins(text string) bool {
	for i := 1; i+minBorder <= len(text); i++ {
		if strings.HasPrefix(text, text[i:]) {
			return true
		}
	}
	return false
}

// steps is how many bytes are the one before and one more, or one less.
func steps(text string) int {
	n := 0
	for i := 1; i < len(text); i++ {
		if d := int(text[i]) - int(text[i-1]); d == 1 || d == -1 {
			n++
		}
	}
	return n
}

func distinct(text string) int {
	var seen [256]bool
	n := 0
	for i := range len(text) {
		if !seen[text[i]] {
			seen[text[i]] = true
			n++
		}
	}
	return n
}

// repeats reports whether more than a third of the runs of four bytes stand in text more
// than once, as they do where a shorter text is written twice or oftener, with something
// between or not. Of 64 random hexadecimal digits not one run in a thousand does.
func repeats(text string) bool {
	const run = 4
	runs := map[string]bool{}
	for i := 0; i+run <= len(text); i++ {
		runs[text[i:i+run]] = true
	}
	return 3*len(runs) < 2*(len(text)-run+1)
}
