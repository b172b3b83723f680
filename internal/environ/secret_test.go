// Tests of secrets in files, and of keys that somebody could guess.

package environ

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

func TestASecretMayBeAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(content string) string {
		path := filepath.Join(dir, "f"+strings.Repeat("x", len(must(os.ReadDir(dir)))))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(write("canary linked\n"), link); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", MaxValue)
	for _, name := range Secrets {
		for what, c := range map[string]struct{ value, path, want, wrong string }{
			"neither":           {},
			"the variable":      {value: "canary\n", want: "canary\n"},
			"a file":            {path: write("canary"), want: "canary"},
			"a line break":      {path: write("canary\n"), want: "canary"},
			"two line breaks":   {path: write("canary\n\n"), want: "canary\n"},
			"CR LF":             {path: write("canary\r\n"), want: "canary"},
			"a CR that counts":  {path: write("canary\r"), want: "canary\r"},
			"blanks count":      {path: write(" canary \n"), want: " canary "},
			"a link":            {path: link, want: "canary linked"},
			"the longest":       {path: write(long + "\r\n"), want: long},
			"both":              {value: "canary", path: link, wrong: "is set too"},
			"too long":          {path: write(long + "x"), wrong: "more than 32768 bytes"},
			"much too long":     {path: write(strings.Repeat("canary\n", 100_000)), wrong: "more than 32768 bytes"},
			"empty":             {path: write(""), wrong: "it is empty"},
			"a line break only": {path: write("\n"), wrong: "it is empty"},
			"no file":           {path: filepath.Join(dir, "none"), wrong: "no such file"},
			"a folder":          {path: dir, wrong: "it is not a file"},
			"a device":          {path: "/dev/zero", wrong: "it is not a file"},
			"a zero byte":       {path: write("canary\x00"), wrong: "zero byte"},
			"no path":           {path: strings.Repeat("canary", 1000), wrong: "want the path of a file"},
		} {
			r := NewReader(func(asked string) string {
				return map[string]string{name: c.value, name + "_FILE": c.path}[asked]
			})
			got, err := r.Text(name), r.Err()
			if c.wrong == "" && (got != c.want || err != nil) {
				t.Errorf("%s, %s: %.40q, %v; want %.40q", name, what, got, err, c.want)
			}
			if c.wrong != "" && (got != "" || err == nil || !strings.Contains(err.Error(), "\n  "+name+"_FILE: ") ||
				!strings.Contains(err.Error(), c.wrong) || strings.Contains(strings.ReplaceAll(err.Error(), clip.Value(c.path), ""), "canary")) {
				t.Errorf("%s, %s: %.40q, %v; want an error with %q", name, what, got, err, c.wrong)
			}
		}
	}
	if got := NewReader(func(string) string { return link }).Text("REDIS_HOST"); got != link {
		t.Error("a variable that is not a secret was read from a file")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestGuessable(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		strings.Repeat("a", 32), strings.Repeat("abcdefg", 10), strings.Repeat("0123456789", 4), strings.Repeat("0123456789abcdef", 2),
		"correct horse battery correct horse battery", "Tr0ub4dor&3xyzTr0ub4dor&3xyzTr0u", "your-secret-key-here-and-some-more-of-it",
		strings.Repeat("\x00", 64), "CHANGE-ME-please-1234567890-abcdef", strings.Repeat("ab", 16) + "cdefg",
		"0123456789abcdef0123456789abcdef" + "tail-of-another-kind", "1password2password3password4password5",
		"abcdefghijklmnopqrstuvwxyzabcdef", "0123456789abcdefghijklmnopqrstuv", "zyxwvutsrqponmlkjihgfedcba987654", "q0Zr9n2yPjv1mX8sKfTgUeWbLcHdq0Zr9n2",
		"your-super-secret-key-change-this-in-production", "Change_This-To-A-Long-Random-String-9", "REPLACE ME with 32 random bytes, 7", "my-super-secret-jwt-token-4711-xyz",
	} {
		if Guessable(key) == "" {
			t.Errorf("%q passes for a random key", key)
		}
	}
	for _, key := range []string{
		"q0Zr9n2yPjv1mX8sKfTgUeWbLcHdAaRi4oN3k5I6ByQ",                      // crudadmin secret
		"8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d", // openssl rand -hex 32
		"The quick brown fox jumps over 13 lazy dogs",                      // no random key, and not ours to judge
	} {
		if why := Guessable(key); why != "" {
			t.Errorf("%q: %s", key, why)
		}
	}
}

func TestNoRandomKeyIsGuessable(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{}) // the same keys in every run: one random key in sixteen million is refused
	for range 2_000 {
		key := make([]byte, 32)
		_, _ = random.Read(key)
		for _, text := range []string{hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key)} {
			if why := Guessable(text); why != "" {
				t.Errorf("%q: %s", text, why)
			}
		}
	}
}

// What is wrong with the content of a secret's file is told under the variable that names
// the file, once, also where it is missing or empty.
func TestAFileIsNamedForItsContent(t *testing.T) {
	t.Parallel()
	for what, content := range map[string]string{"short": "abc", "weak": strings.Repeat("a", 40), "empty": "", "a sentence": "your-super-secret-key-change-this-in-production"} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r := NewReader(func(name string) string {
			return map[string]string{"ENVIRONMENT": "production", "ADMIN_SECRET_KEY_FILE": path}[name]
		})
		r.SecretKey()
		wrong, _ := errors.AsType[*Error](r.Err())
		if wrong == nil || len(wrong.Problems) != 1 || wrong.Problems[0].Variable != "ADMIN_SECRET_KEY_FILE" {
			t.Errorf("%s: %v", what, r.Err())
		}
	}
}

// With a variable and its file both set, that is all that is wrong, and not also that the value is
// lacking.
func TestBothAreOneProblem(t *testing.T) {
	t.Parallel()
	r := NewReader(func(name string) string {
		return map[string]string{"ENVIRONMENT": "production", "ADMIN_SECRET_KEY": "canary", "ADMIN_SECRET_KEY_FILE": "/canary"}[name]
	})
	r.SecretKey()
	wrong, _ := errors.AsType[*Error](r.Err())
	if wrong == nil || len(wrong.Problems) != 1 || wrong.Problems[0].Variable != "ADMIN_SECRET_KEY_FILE" || !strings.Contains(wrong.Error(), "is set too") {
		t.Errorf("%v", r.Err())
	}
}

// What stands beside the name of a key in a document, and is long enough to be one, must
// not be one.
func TestNoDocumentShowsAUsableKey(t *testing.T) {
	t.Parallel()
	beside := regexp.MustCompile(`(?i)(?:SECRET_KEY|SecretKey)\S*?["'=: ]+([A-Za-z0-9+/_.-]{32,})`)
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !regexp.MustCompile(`\.(md|yaml|yml|example)$`).MatchString(path) {
			return err
		}
		for _, found := range beside.FindAllStringSubmatch(string(must(os.ReadFile(path))), -1) {
			if Guessable(found[1]) == "" {
				t.Errorf("%s shows the key %q, which production takes: add it to documented", path, found[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
