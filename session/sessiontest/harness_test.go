// Harness: which themes it runs.

package sessiontest

import "testing"

func TestThemes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		themes      []string
		touch, list bool
	}{
		{nil, true, true},
		{[]string{}, true, true},
		{[]string{"touch"}, true, false},
	} {
		h := Harness{Themes: c.themes}
		if touch, list := h.wants("touch"), h.wants("list"); touch != c.touch || list != c.list {
			t.Errorf("Themes %#v: touch %t, list %t; want %t, %t", c.themes, touch, list, c.touch, c.list)
		}
	}
}
