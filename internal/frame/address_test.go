// Tests of the way back after a sign-in.

package frame

import (
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/ui"
)

func TestNextLeadsOnlyIntoThePanel(t *testing.T) {
	t.Parallel()
	pages, err := ui.New(ui.Options{Base: "/admin", Name: "Test"})
	if err != nil {
		t.Fatal(err)
	}
	v := &Visit{frame: &Frame{base: "/admin", ui: pages}}
	for next, want := range map[string]string{
		"":                                      "/admin/",
		"/admin/m/customers/?q=a%26b":           "/admin/m/customers/?q=a%26b",
		"/admin/m/a%2Fb/":                       "/admin/m/a%2Fb/",
		"/":                                     "/admin/",
		"/adminx/":                              "/admin/",
		"//evil.example/admin/":                 "/admin/",
		"https://evil.example/admin/":           "/admin/",
		"/admin//evil.example":                  "/admin//evil.example",
		`/\evil.example`:                        "/admin/",
		"/admin/../../evil":                     "/admin/",
		"/admin/\t/x":                           "/admin/",
		"javascript:alert(1)":                   "/admin/",
		"/admin/" + strings.Repeat("x", MaxURL): "/admin/",
	} {
		if got := v.LocalPath(next); got != want {
			t.Errorf("next=%.60q leads to %q, want %q", next, got, want)
		}
	}
}
