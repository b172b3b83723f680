// This file tests the Sentinels: a failover with the data kept.

package testserver_test

import (
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestRedisSentinelFailsOver(t *testing.T) {
	t.Parallel()
	s := testserver.StartRedisSentinel(t)
	before := s.Primary()
	mustDo(t, before, "SET", "k", "v")
	mustDo(t, before, "WAIT", "1", "5000")
	if dead := s.Failover(); dead != before {
		t.Fatalf("Failover killed %s, the primary was %s", dead.Addr, before.Addr)
	}
	after := s.Primary()
	if after == before {
		t.Fatal("the primary did not change")
	}
	if got := mustDo(t, after, "GET", "k"); got != "v" {
		t.Fatalf("GET on the new primary = %v", got)
	}
}
