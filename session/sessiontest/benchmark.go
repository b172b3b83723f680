// Benchmark: what a request costs on a store.

package sessiontest

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// crowdSize is how many sessions a store holds from which a page is listed.
const crowdSize = 10_000

// Benchmark measures a manager on the store, on the real clock. It reports one
// operation alone and, where the name says so, of as many at once as there are
// processors. Poison, Dump, Audit and Second of the harness are not used.
func Benchmark(b *testing.B, h Harness) {
	ctx := context.Background()
	open := func(b *testing.B, change func(*session.Config)) *session.Manager {
		b.Helper()
		cfg := session.Config{SecretKey: secretKey, Logger: slog.New(slog.DiscardHandler), StoreTimeout: time.Minute}
		change(&cfg)
		m, err := session.New(h.Open(b, time.Now), cfg)
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	create := func(b *testing.B, m *session.Manager, user string) (session.Token, session.Session) {
		b.Helper()
		token, s, err := m.Create(ctx, session.NewSession{UserID: user})
		if err != nil {
			b.Fatal(err)
		}
		return token, s
	}
	// measure runs op alone and in parallel; n is different in every call.
	measure := func(name string, change func(*session.Config), prepare func(*testing.B, *session.Manager) func(n int) error) {
		b.Run(name, func(b *testing.B) {
			op := prepare(b, open(b, change))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if err := op(n); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"-parallel", func(b *testing.B) {
			op := prepare(b, open(b, change))
			var n atomic.Int64
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := op(int(n.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
	const users = 64
	validate := func(b *testing.B, m *session.Manager) func(int) error {
		tokens := make([]session.Token, users)
		for i := range tokens {
			tokens[i], _ = create(b, m, fmt.Sprint("user ", i))
		}
		return func(n int) error {
			_, err := m.Validate(ctx, tokens[n%users])
			return err
		}
	}
	measure("validate", func(c *session.Config) { c.TouchInterval = 15 * time.Minute }, validate)
	measure("validate-and-touch", func(c *session.Config) { c.TouchInterval = 1 }, validate)
	measure("create-under-limit", func(*session.Config) {}, func(_ *testing.B, m *session.Manager) func(int) error {
		return func(n int) error {
			_, _, err := m.Create(ctx, session.NewSession{UserID: fmt.Sprint("user ", n%users)})
			return err
		}
	})
	measure("create-and-revoke", func(*session.Config) {}, func(_ *testing.B, m *session.Manager) func(int) error {
		return func(n int) error {
			_, s, err := m.Create(ctx, session.NewSession{UserID: fmt.Sprint("user ", n)})
			if err != nil {
				return err
			}
			return m.Revoke(ctx, s.ID, session.Ending{Reason: session.ReasonLogout})
		}
	})
	b.Run(fmt.Sprintf("page-of-50-of-%d", crowdSize), func(b *testing.B) {
		m := open(b, func(*session.Config) {})
		if !m.Traits().ListAll {
			b.Skip("Traits do not say ListAll")
		}
		for i := range crowdSize {
			create(b, m, fmt.Sprint("user ", i/3))
		}
		b.ReportAllocs()
		for b.Loop() {
			page, err := m.List(ctx, session.Query{Limit: 50})
			if err != nil || len(page.Sessions) != 50 {
				b.Fatalf("%d sessions, %v", len(page.Sessions), err)
			}
		}
	})
}
