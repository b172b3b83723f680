// This file tests that Chromium is found and starts with our flags.

package chromium_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/e2e/chromium"
)

func TestChromium(t *testing.T) {
	t.Parallel()
	path := chromium.Path(t)
	args := []string{"--dump-dom", "data:text/html,<p>hello</p>"}
	for name, value := range chromium.Flags(t) {
		if value == true {
			args = append(args, "--"+name)
		} else {
			args = append(args, fmt.Sprintf("--%s=%v", name, value))
		}
	}
	out, err := exec.CommandContext(t.Context(), path, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "<p>hello</p>") {
		t.Fatalf("the page is\n%s", out)
	}
}
