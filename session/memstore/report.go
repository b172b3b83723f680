// Report: how many sessions this process keeps.

package memstore

import (
	"fmt"

	"github.com/go-crudadmin/crudadmin/session"
)

// report is Traits.Report.
func (s *Store) report() session.Report {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.RLock()
		n += len(sh.sessions)
		sh.mu.RUnlock()
	}
	return session.Report{Detail: fmt.Sprintf("%d sessions stored, expired ones included until they are swept", n)}
}
