// This file serves the stories to people who look at them.

package ui_test

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// TestServeStories serves the stories until it is interrupted:
// UI_STORIES=127.0.0.1:8001 go test -run TestServeStories -timeout 0 ./internal/ui
func TestServeStories(t *testing.T) {
	addr := os.Getenv("UI_STORIES")
	if addr == "" {
		t.Skip("set UI_STORIES to an address to look at the pages")
	}
	t.Logf("http://%s/admin/", addr)
	handler := stories.Handler(stories.Renderer(t), func(err error) { t.Error(err) })
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	t.Fatal(server.ListenAndServe())
}
