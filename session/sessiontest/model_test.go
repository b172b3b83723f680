// The model passes its own suite.

package sessiontest

import (
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestModel(t *testing.T) {
	Run(t, Harness{Open: func(_ testing.TB, now func() time.Time) session.Store { return newModel(now) }})
}
