// The table of results: store by theme, for runs of many stores at once.

package sessiontest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TableFile names the environment variable that holds the path of a file to which Run appends a
// line: the package and the test, then each theme with ok, FAIL, skip, or - where Themes leaves it
// out, separated by tabs. Unset, nothing is written.
const TableFile = "SESSIONTEST_TABLE"

// tell appends the results of a run to the table.
func tell(t *testing.T, results []string) {
	t.Helper()
	path := os.Getenv(TableFile)
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the caller's own file
	if err != nil {
		t.Errorf("%s: %v", TableFile, err)
		return
	}
	defer func() { _ = file.Close() }()
	run := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test") + " " + strings.TrimPrefix(t.Name(), "Test")
	if _, err := fmt.Fprintln(file, strings.Join(append([]string{run}, results...), "\t")); err != nil {
		t.Errorf("%s: %v", TableFile, err)
	}
}
