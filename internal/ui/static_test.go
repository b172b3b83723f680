// Tests of the static files: names, compression, caching.

package ui_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

func assetURL(t testing.TB, page, name, ext string) string {
	t.Helper()
	found := regexp.MustCompile(`"([^"]*/static/` + name + `\.[0-9a-f]{12}\` + ext + `)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no %s%s in page", name, ext)
	}
	return found[1]
}

func get(t testing.TB, r *ui.Renderer, url, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, url, nil)
	if encoding != "" {
		req.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	r.Static().ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d", url, w.Code)
	}
	return w
}

func TestStaticFiles(t *testing.T) {
	r := stories.Renderer(t)
	page := render(t, r, ui.Login{})
	for _, c := range []struct{ name, ext, contentType string }{
		{"app", ".css", "text/css; charset=utf-8"},
		{"app", ".js", "text/javascript; charset=utf-8"},
		{"favicon", ".svg", "image/svg+xml"},
	} {
		url := assetURL(t, page, c.name, c.ext)
		plain, packed := get(t, r, url, ""), get(t, r, url, "br, gzip;q=0.8")
		for _, w := range []*httptest.ResponseRecorder{plain, packed} {
			for header, want := range map[string]string{
				"Content-Type": c.contentType, "Cache-Control": "public, max-age=31536000, immutable",
				"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff",
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %s is %q, want %q", url, header, got, want)
				}
			}
		}
		if packed.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: wrong encodings", url)
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := io.ReadAll(z)
		if err != nil || string(unpacked) != plain.Body.String() {
			t.Errorf("%s: packed and plain differ: %v", url, err)
		}
	}
}

// Each mark that pages use has its drawing in the style sheet, in a URL that ends where the rule
// does.
func TestIconsAreDrawn(t *testing.T) {
	r := stories.Renderer(t)
	page := render(t, r, ui.List{Layout: stories.Layout(r, "")})
	style := get(t, r, assetURL(t, page, "app", ".css"), "").Body.String()
	marks := regexp.MustCompile(`<i class="icon (i-[a-z0-9-]+)"></i>`).FindAllStringSubmatch(page, -1)
	if len(marks) < 3 {
		t.Errorf("%d marks on a list", len(marks))
	}
	for _, m := range marks {
		if !regexp.MustCompile(`(?m)^\.` + m[1] + `\{--icon:url\("data:image/svg\+xml,%3Csvg [^"<>#]*%3C/svg%3E"\)\}$`).MatchString(style) {
			t.Errorf("no drawing of %s", m[1])
		}
	}
}

func TestStaticGzipOnlyWhereAccepted(t *testing.T) {
	r := stories.Renderer(t)
	url := assetURL(t, render(t, r, ui.Login{}), "app", ".css")
	for accept, want := range map[string]string{
		"gzip": "gzip", "GZIP": "gzip", "*": "gzip", "deflate, gzip;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.0, *": "", "*, gzip;q=0": "", "identity": "", "gzip;q=x": "",
	} {
		if got := get(t, r, url, accept).Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: %q, want %q", accept, got, want)
		}
	}
}

func TestStaticRefusals(t *testing.T) {
	r := stories.Renderer(t)
	url := assetURL(t, render(t, r, ui.Login{}), "app", ".css")
	for _, c := range []struct {
		method, url string
		status      int
	}{
		{http.MethodGet, "/admin/static/app.css", http.StatusNotFound},
		{http.MethodGet, "/admin/static/app.000000000000.css", http.StatusNotFound},
		{http.MethodGet, "/admin/static/", http.StatusNotFound},
		{http.MethodGet, "/admin/static/css/tokens.css", http.StatusNotFound},
		{http.MethodPost, url, http.StatusMethodNotAllowed},
		{http.MethodHead, url, http.StatusOK},
	} {
		w := httptest.NewRecorder()
		r.Static().ServeHTTP(w, httptest.NewRequest(c.method, c.url, nil))
		if w.Code != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.url, w.Code, c.status)
		}
		if c.method == http.MethodHead && w.Body.Len() > 0 {
			t.Error("HEAD has a body")
		}
		if c.status == http.StatusNotFound && w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s is cached", c.url)
		}
	}
}
