// Tests of the renderer: addresses and overrides.
package ui

import "testing"

func TestNewRendersEveryPage(t *testing.T) {
	if _, err := New(Options{Base: "/admin"}); err != nil {
		t.Fatal(err)
	}
}
