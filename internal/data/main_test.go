// This file says how much the package's tests try.

package data

import (
	"flag"
	"os"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// TestMain lets a property be checked 40 times, in a long form as often as rapid's default says;
// -rapid.checks beats both.
func TestMain(m *testing.M) {
	if os.Getenv(testserver.LongEnv) != "1" { // flags are not parsed yet, as Long needs them
		_ = flag.Set("rapid.checks", "40")
	}
	os.Exit(m.Run())
}
