// The test that the panel stands beside the pages of the program.

package main

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePanelIsBesideThePages(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	panel, err := newPanel(t.Context(), db, filepath.Join(dir, "admin.db"), []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	site := routes(db, panel)
	for path, want := range map[string]string{
		"/":                   "0 notes",
		"/back-office/login":  "Back office",
		"/back-office/readyz": "ok",
	} {
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: %d, without %q: %s", path, answer.Code, want, answer.Body)
		}
	}
}
