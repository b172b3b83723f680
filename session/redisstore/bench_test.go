// What calls cost on a real server on the same machine.

package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

func BenchmarkGet(b *testing.B) {
	server, prefix := testserver.SharedRedis(b)
	for name, near := range map[string]time.Duration{"server": 0, "near": time.Minute} {
		s := open(b, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix + name, NearCache: near})
		one := newSession("ada", session.Tag{1})
		writer := open(b, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix + name})
		if _, err := writer.Create(b.Context(), one, session.Admission{}); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Get(b.Context(), one.ID); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkPage is the first page of 50 of everybody's sessions. It also says
// how much memory of the server each of them takes.
func BenchmarkPage(b *testing.B) {
	server := testserver.Redis(b, testserver.RedisOptions{})
	s := open(b, redisstore.Config{URL: config.Secret(server.URL())})
	used := func() int64 {
		h, err := s.Health(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		return h.Servers[0].UsedMemory
	}
	empty, made := used(), 0
	for _, size := range []int{10_000, 1_000_000} {
		fill(b, s, size-made)
		made = size
		each := float64(used()-empty) / float64(size)
		b.Run(fmt.Sprint("of ", size), func(b *testing.B) {
			for b.Loop() {
				if page, err := s.List(b.Context(), session.Query{}); err != nil || len(page.Sessions) != 50 {
					b.Fatal(len(page.Sessions), err)
				}
			}
			b.ReportMetric(each, "bytes/session")
		})
	}
}
