// The store that comes as the default passes, in the ten lines of the package
// comment.

package sessiontest_test

import (
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

var memory = sessiontest.Harness{
	Open: func(_ testing.TB, now func() time.Time) session.Store {
		return memstore.New(memstore.Config{Now: now})
	},
}

func TestMemory(t *testing.T) { sessiontest.Run(t, memory) }

func BenchmarkMemory(b *testing.B) { sessiontest.Benchmark(b, memory) }
