// Tests of what a long form asks.

package testserver_test

import (
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// form is a test with a name, which is told what became of it.
type form struct {
	testing.TB

	name, told string
}

func (f *form) Helper()               {}
func (f *form) Name() string          { return f.name }
func (f *form) Fatalf(string, ...any) { f.told = "failed" }
func (f *form) Skip(...any)           { f.told = "skipped" }

func TestLongFormsRunWhenAskedFor(t *testing.T) {
	for _, c := range []struct{ name, asked, want string }{
		{"TestModelLong", "", "skipped"}, {"TestModelLong", "1", ""},
		{"TestModel", "", "failed"}, {"TestModel", "1", "failed"}, {"TestModelLong/part", "1", "failed"},
	} {
		t.Setenv(testserver.LongEnv, c.asked)
		f := &form{name: c.name}
		testserver.LongForm(f)
		want := c.want
		if testing.Short() && want == "" {
			want = "skipped"
		}
		if f.told != want {
			t.Errorf("%s with %s=%q: %q, want %q", c.name, testserver.LongEnv, c.asked, f.told, want)
		}
	}
}
