// Tests of reading variables, and of the one error for all that is wrong.

package environ

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

func TestEverythingWrongIsInOneError(t *testing.T) {
	t.Parallel()
	r := NewReader(func(name string) string {
		return map[string]string{
			"ENVIRONMENT": "prod", "FLAG": "perhaps", "NUMBER": "7", "WORD": "c", "LONG": strings.Repeat("x", MaxValue+1), "LATER": "secret", "FINE": "4",
		}[name]
	})
	if got := r.Environment(); got != Development {
		t.Errorf("a wrong ENVIRONMENT reads as %q", got)
	}
	if r.Bool("FLAG", true) != true || r.Int("NUMBER", 3, 1, 6, ", or none") != 3 || r.Word("WORD", "a", "b", "d") != "a" || r.Text("LONG") != "" {
		t.Error("a wrong variable does not read as its default")
	}
	if r.Int("FINE", 3, 1, 6, "") != 4 || r.Int("UNSET", 3, 1, 6, "") != 3 {
		t.Error("numbers")
	}
	r.Unbuilt("LATER")
	r.Unbuilt("UNSET")
	r.Wrong("NUMBER", "a second note")
	want := `environment variables:
  ENVIRONMENT: "prod", want development, staging or production
  FLAG: "perhaps", want true or false
  NUMBER: "7", want a whole number from 1 to 6, or none
  WORD: "c", want a, b or d
  LONG: it has 32769 bytes, want at most 32768
  LATER: it is set, and what it is for is not built yet: unset it`
	if got := r.Err().Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestNothingWrongIsNil(t *testing.T) {
	t.Parallel()
	if err := Join(NewReader(func(string) string { return "" }).Err(), nil); err != nil {
		t.Error(err)
	}
}

func TestJoinNamesAVariableOnce(t *testing.T) {
	t.Parallel()
	one, two := NewReader(nil), NewReader(nil)
	one.Wrong("A", "first")
	one.Wrong("B", "it: %w", fs.ErrNotExist)
	two.Wrong("A", "again")
	two.Wrong("C", "third")
	err := Join(errors.New("elsewhere"), one.Err(), nil, two.Err())
	if want := "elsewhere\nenvironment variables:\n  A: first\n  B: it: file does not exist\n  C: third"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("what was wrapped cannot be found any more")
	}
}

func TestProductionRefusesWhatStagingWarnsOf(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]struct{ warnings, problems int }{
		Development: {0, 0}, Staging: {1, 0}, Production: {0, 1},
	} {
		r := NewReader(func(name string) string { return map[string]string{"ENVIRONMENT": environment}[name] })
		r.SecretKey()
		if len(r.Warnings) != want.warnings || len(r.problems) != want.problems {
			t.Errorf("%s without a key: warnings %q, problems %v", environment, r.Warnings, r.problems)
		}
		r = NewReader(func(name string) string {
			return map[string]string{"ENVIRONMENT": environment, "ADMIN_SECRET_KEY": "canary-0123456789abcdef"}[name]
		})
		if key := r.SecretKey(); key != "" || r.Err() == nil || strings.Contains(r.Err().Error(), "canary") {
			t.Errorf("%s with a short key: %q, %v", environment, key, r.Err())
		}
	}
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	if path, server, err := Database("sqlite:/srv/a:b.db"); err != nil || path != "/srv/a:b.db" || server {
		t.Errorf("%q, %t, %v", path, server, err)
	}
	for _, scheme := range []string{"postgres", "postgresql", "mysql", "mariadb"} {
		if path, server, err := Database(scheme + "://ann:canary@db/shop"); err != nil || path != "" || !server {
			t.Errorf("%s: %q, %t, %v", scheme, path, server, err)
		}
	}
	for _, address := range []string{"shop.db", "sqlite:", "sqlite:a\x00b", "postgres:ann:canary@db/shop", "oracle://ann:canary@db/shop", "sqlite:" + strings.Repeat("x", 5000)} {
		if path, server, err := Database(address); err == nil || path != "" || server || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %q, %v", clip.Value(address), path, err)
		}
	}
}
