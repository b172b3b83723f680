// Package program_test works in the whole program with a real browser, as the program ships.
package program_test

import (
	"os"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"

	_ "github.com/go-crudadmin/crudadmin/sqlite" // makes the files that the program is shown
)

// long skips the long form of a test unless it is asked for.
func long(t *testing.T) {
	t.Helper()
	if !testserver.Long() {
		t.Skip("the long form: make test-long")
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	programtest.Remove()
	os.Exit(code)
}
