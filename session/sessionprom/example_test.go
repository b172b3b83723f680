// How a program puts metrics between its manager and its store.

package sessionprom_test

import (
	"context"
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessionprom"
)

func Example() {
	store, err := redisstore.Open(context.Background(), redisstore.Config{URL: config.Secret(os.Getenv("REDIS_URL")), Lazy: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	metrics := sessionprom.New(sessionprom.Config{Live: store.Stored})
	manager, err := session.New(metrics.Wrap(store), session.Config{
		SecretKey: "an example; make yours with: openssl rand -base64 32",
		OnEvent:   metrics.OnEvent,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	metrics.Watch(manager)
	fmt.Println(prometheus.Register(metrics))
	// Output: <nil>
}
