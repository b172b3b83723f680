// Package program_test works in the whole program with a real browser, as the program ships.
package program_test

import (
	"os"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"

	_ "github.com/go-crudadmin/crudadmin/sqlite" // makes the files that the program is shown
)

func TestMain(m *testing.M) {
	code := m.Run()
	programtest.Remove()
	os.Exit(code)
}
