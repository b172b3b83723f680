// The contract of Cache, on each of the caches there are.

package hybridstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// caches are the kinds of caches, each as a server of the test and a handle on it
// for every node.
var caches = map[string]func(testing.TB) func(testing.TB) hybridstore.Cache{
	"redis": func(t testing.TB) func(testing.TB) hybridstore.Cache {
		server, prefix := testserver.SharedRedis(t)
		return redisAt(server, prefix)
	},
	"memcached": func(t testing.TB) func(testing.TB) hybridstore.Cache {
		server, prefix := testserver.SharedMemcached(t)
		return memcachedAt(server, prefix)
	},
	"memory": func(t testing.TB) func(testing.TB) hybridstore.Cache {
		cache, err := memstore.NewCache(memstore.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		return func(testing.TB) hybridstore.Cache { return cache }
	},
}

func redisAt(server *testserver.RedisServer, prefix string) func(testing.TB) hybridstore.Cache {
	return func(t testing.TB) hybridstore.Cache {
		t.Helper()
		s, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s.Cache()
	}
}

func memcachedAt(server *testserver.MemcachedServer, prefix string) func(testing.TB) hybridstore.Cache {
	return func(t testing.TB) hybridstore.Cache {
		t.Helper()
		s, err := memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{server.Addr}, Prefix: prefix, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s.Cache()
	}
}

func TestCaches(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	made := func(n byte) session.Session {
		return session.Session{
			ID: session.ID{1, 2, n}, UserID: "ann", Version: 7, CreatedAt: now, LastActivity: now, RotatedAt: now,
			ExpiresAt: now.Add(time.Hour), Deadline: now.Add(2 * time.Hour), Metadata: session.StoredMetadata(`{"a":1}`),
		}
	}
	for name, start := range caches {
		t.Run(name, func(t *testing.T) {
			open := start(t)
			c := open(t)
			ctx := t.Context()
			s := made(1)
			want := func(what string, id session.ID, head string, with bool) {
				t.Helper()
				got, found, err := c.Get(ctx, id)
				if err != nil || string(got) != head || (found != nil) != with || with && *found != s {
					t.Errorf("%s: %q, %v, %v, want %q", what, got, found, err, head)
				}
			}
			swap := func(what, old, head string, with *session.Session, want bool) {
				t.Helper()
				if done, err := c.Swap(ctx, s.ID, []byte(old), []byte(head), with, time.Minute); err != nil || done != want {
					t.Errorf("%s: %t, %v, want %t", what, done, err, want)
				}
			}
			want("nothing there", s.ID, "", false)
			swap("over what is not there", "lease", "record", &s, false)
			swap("where nothing is", "", "lease", nil, true)
			swap("where something is", "", "other", nil, false)
			want("the lease", s.ID, "lease", false)
			swap("over another head", "leasf", "record", &s, false)
			swap("over the beginning of a head", "leas", "record", &s, false)
			swap("over the lease", "lease", "record", &s, true)
			want("the record", s.ID, "record", true)
			swap("over the record", "record", "record 2", &s, true)

			both := []session.ID{s.ID, made(2).ID, {9, 9}}
			if err := c.Set(ctx, both, []byte("mark"), time.Minute); err != nil {
				t.Errorf("set: %v", err)
			}
			for _, id := range both {
				want("the mark", id, "mark", false)
			}
			swap("a late write over the mark", "record 2", "record 3", &s, false)
			if err := c.Set(ctx, nil, []byte("mark"), time.Minute); err != nil {
				t.Errorf("set of none: %v", err)
			}

			// Of many who replace the same head, one does.
			done := make(chan bool)
			const many = 20
			for i := range many {
				go func() {
					ok, err := c.Swap(ctx, s.ID, []byte("mark"), fmt.Appendf(nil, "mine %d", i), &s, time.Minute)
					if err != nil {
						t.Error(err)
					}
					done <- ok
				}()
			}
			winners := 0
			for range many {
				if <-done {
					winners++
				}
			}
			if winners != 1 {
				t.Errorf("%d of %d replaced the same head", winners, many)
			}

			// What has had its time is gone.
			brief := made(3)
			if done, err := c.Swap(ctx, brief.ID, nil, []byte("brief"), &brief, 10*time.Millisecond); err != nil || !done {
				t.Fatal(done, err)
			}
			await(t, "it is gone", func() bool {
				head, _, err := c.Get(ctx, brief.ID)
				return err == nil && head == nil
			})
			if done, err := c.Swap(ctx, brief.ID, []byte("brief"), []byte("late"), &brief, time.Minute); err != nil || done {
				t.Errorf("over what is gone: %t, %v", done, err)
			}

			// Months, which some servers take for a moment long past.
			long := made(4)
			if done, err := c.Swap(ctx, long.ID, nil, []byte("long"), nil, 60*24*time.Hour); err != nil || !done {
				t.Fatal(done, err)
			}
			want("kept for months", long.ID, "long", false)
		})
	}
}
