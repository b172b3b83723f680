package faults_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/faults"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// A store is certified in ten lines: how its server is started and harmed, and how
// the store is opened on it.
func Example() {
	_ = func(t *testing.T) { // TestStore
		results := faults.Run(t, faults.Subject{
			Name:  "my store",
			Keeps: true,
			Start: func(t testing.TB) faults.Server {
				s := testserver.Redis(t, testserver.RedisOptions{})
				return faults.Server{Addr: s.Addr, Kill: s.Kill, Freeze: s.Freeze, Thaw: s.Thaw, Restart: func() { s.Restart(false) }}
			},
			Open: func(t testing.TB, addr string, now func() time.Time) session.Store {
				s, err := redisstore.Open(context.Background(), redisstore.Config{URL: config.Secret("redis://" + addr), Now: now})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				return s
			},
		})
		t.Log(faults.Table(faults.Rows(), []string{"my store"}, results))
	}
	fmt.Print(faults.Table([]string{"server killed"}, []string{"my store"}, []faults.Result{{Row: "server killed", Subject: "my store"}}))
	// Output:
	// | fault | my store |
	// |---|---|
	// | server killed | ok |
}
