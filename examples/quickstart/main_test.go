// The test that the panel of the example is ready to serve.

package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

func TestQuickstart(t *testing.T) {
	dir := t.TempDir()
	panel, err := newPanel(t.Context(), filepath.Join(dir, "books.db"), filepath.Join(dir, "admin.db"))
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	panel.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/admin/readyz", nil))
	if answer.Code != http.StatusOK {
		t.Errorf("readyz: %d %s", answer.Code, answer.Body)
	}
}
