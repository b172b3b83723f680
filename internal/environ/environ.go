// Package environ reads environment variables, checks them, and gathers
// everything that is wrong with them into one error. What the panel, the session
// stores and the program read, they read alike.
package environ

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// MaxValue is the most a variable may have, in bytes.
const MaxValue = 32 << 10

// The values of ENVIRONMENT.
const (
	Development = "development"
	Staging     = "staging"
	Production  = "production"
)

// Reader reads variables one by one. One that is unset and one that is empty are
// the same. A variable that is wrong reads as its default, and is in Err.
type Reader struct {
	// Warnings are what production would refuse and staging does not.
	Warnings []string

	getenv   func(string) string
	problems []Problem
}

// NewReader returns a reader of the variables that getenv returns.
func NewReader(getenv func(string) string) *Reader { return &Reader{getenv: getenv} }

// Err is nil if no variable was wrong, else an [*Error].
func (r *Reader) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return &Error{Problems: slices.Clone(r.problems)}
}

// Wrong notes what is wrong with a variable. Of several notes on one variable
// the first stays. What is wrong with the content of a secret's file is a note on the
// variable that names the file.
func (r *Reader) Wrong(name, format string, args ...any) {
	name = r.source(name)
	if !slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Variable == name }) {
		r.problems = append(r.problems, Problem{name, fmt.Errorf(format, args...)})
	}
}

// Discourage notes something that production refuses, staging warns of, and
// development allows.
func (r *Reader) Discourage(name, sentence string) {
	switch r.Environment() {
	case Production:
		r.Wrong(name, "%s", sentence)
	case Staging:
		r.Warnings = append(r.Warnings, r.source(name)+": "+sentence)
	}
}

// source is the variable under which Wrong notes what is wrong with a value: name_FILE if it is
// set, else name.
func (r *Reader) source(name string) string {
	if slices.Contains(Secrets, name) && r.getenv(name+FileSuffix) != "" {
		return name + FileSuffix
	}
	return name
}

// Unbuilt refuses a variable of a feature that this version does not have:
// ignoring it would promise what is not kept.
func (r *Reader) Unbuilt(name string) {
	if r.getenv(name) != "" {
		r.Wrong(name, "it is set, and what it is for is not built yet: unset it")
	}
}

// Environment is ENVIRONMENT, development by default.
func (r *Reader) Environment() string {
	return r.Word("ENVIRONMENT", Development, Staging, Production)
}

// Text is the variable as it is; one of [Secrets] may also be in the file that its
// variable with _FILE names.
func (r *Reader) Text(name string) string {
	text := r.getenv(name)
	if slices.Contains(Secrets, name) {
		var err error
		if text, err = Secret(r.getenv, name); err != nil {
			r.Wrong(name+FileSuffix, "%w", err)
			return ""
		}
	}
	if len(text) > MaxValue {
		r.Wrong(name, "it has %d bytes, want at most %d", len(text), MaxValue)
		return ""
	}
	return text
}

// List are the texts between the commas of a variable, without the blanks around them.
func (r *Reader) List(name string) []string {
	text := r.Text(name)
	if text == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// Word is one of the words; the first is the default.
func (r *Reader) Word(name string, words ...string) string {
	text := r.Text(name)
	if text == "" {
		return words[0]
	}
	if !slices.Contains(words, text) {
		last := len(words) - 1
		r.Wrong(name, "%q, want %s or %s", clip.Value(text), strings.Join(words[:last], ", "), words[last])
		return words[0]
	}
	return text
}

// Bool is true or false, or what else strconv.ParseBool takes.
func (r *Reader) Bool(name string, byDefault bool) bool {
	text := r.Text(name)
	if text == "" {
		return byDefault
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		r.Wrong(name, "%q, want true or false", clip.Value(text))
		return byDefault
	}
	return value
}

// Int is a whole number from least to most; or is what else would be right, such
// as ", or the word unlimited".
func (r *Reader) Int(name string, byDefault, least, most int, or string) int {
	text := r.Text(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		r.Wrong(name, "%q, want a whole number from %d to %d%s", clip.Value(text), least, most, or)
		return byDefault
	}
	return n
}

// databases are the addresses that name a database.
const databases = "sqlite:PATH, such as sqlite:shop.db, postgres://USER:PASSWORD@HOST:PORT/NAME or mysql://USER:PASSWORD@HOST:PORT/NAME"

// Database is the path in sqlite:PATH, or says that an address is of a database on a server:
// postgres://…, postgresql://…, mysql://… or mariadb://…. Other schemes are refused by name only:
// an address may hold a password.
func Database(address string) (path string, server bool, err error) {
	scheme, path, found := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		if !Path(path) {
			return "", false, fmt.Errorf("sqlite: needs a path of 1 to %d bytes after it", maxPath)
		}
		return path, false, nil
	case "postgres", "postgresql", "mysql", "mariadb":
		if !strings.HasPrefix(path, "//") {
			return "", false, NotAnAddress(scheme)
		}
		return "", true, nil
	}
	if !found {
		return "", false, errors.New("want " + databases)
	}
	return "", false, fmt.Errorf("the address begins with %q, want %s", clip.Value(scheme)+":", databases)
}

// NotAnAddress is the error of what cannot be read as the address of a database on a server.
func NotAnAddress(scheme string) error {
	return errors.New("it is not an address such as " + scheme + "://USER:PASSWORD@HOST:PORT/NAME: " +
		"in a password, characters such as / ? # [ ] @ are written as %2F %3F %23 %5B %5D %40")
}

const maxPath = 4096 // PATH_MAX of Linux

// Path reports whether text can be the path of a file.
func Path(text string) bool {
	return text != "" && len(text) <= maxPath && !strings.ContainsRune(text, 0)
}
