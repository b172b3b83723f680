// What the tests share: a manager on a store whose calls can be replaced.

package session_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// fake is a memory store of which some methods can be replaced.
type fake struct {
	session.Store
	traits session.Traits

	mu    sync.Mutex
	calls int

	create func(context.Context, session.Session, session.Admission) ([]session.ID, error)
	get    func(context.Context, session.ID) (session.Session, error)
	touch  func(context.Context, session.Seen) error
	update func(context.Context, session.ID, uint64, session.Metadata) error
	rotate func(context.Context, session.ID, session.Session) error
	delete func(context.Context, session.ID, session.Ending) (session.Session, error)
	list   func(context.Context, session.Query) (session.Page, error)
	sweep  func(context.Context, int) (int, error)
	count  func(context.Context, string, session.CountRule) (time.Duration, error)
}

func (f *fake) called() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
}

func (f *fake) Traits() session.Traits { return f.traits }

func (f *fake) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	f.called()
	if f.create != nil {
		return f.create(ctx, s, a)
	}
	return f.Store.Create(ctx, s, a)
}

func (f *fake) Get(ctx context.Context, id session.ID) (session.Session, error) {
	f.called()
	if f.get != nil {
		return f.get(ctx, id)
	}
	return f.Store.Get(ctx, id)
}

func (f *fake) Touch(ctx context.Context, seen session.Seen) error {
	f.called()
	if f.touch != nil {
		return f.touch(ctx, seen)
	}
	return f.Store.Touch(ctx, seen)
}

func (f *fake) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	if f.update != nil {
		return f.update(ctx, id, version, m)
	}
	return f.Store.Update(ctx, id, version, m)
}

func (f *fake) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	if f.rotate != nil {
		return f.rotate(ctx, old, next)
	}
	return f.Store.Rotate(ctx, old, next)
}

func (f *fake) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if f.delete != nil {
		return f.delete(ctx, id, why)
	}
	return f.Store.Delete(ctx, id, why)
}

func (f *fake) List(ctx context.Context, q session.Query) (session.Page, error) {
	if f.list != nil {
		return f.list(ctx, q)
	}
	return f.Store.List(ctx, q)
}

func (f *fake) Sweep(ctx context.Context, limit int) (int, error) {
	if f.sweep != nil {
		return f.sweep(ctx, limit)
	}
	return f.Store.Sweep(ctx, limit)
}

func (f *fake) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	if f.count != nil {
		return f.count(ctx, key, rule)
	}
	return f.Store.Count(ctx, key, rule)
}

// canary is a secret key that must never show.
const canary = "canary-secret-key-of-fifty-bytes-that-never-shows!"

// bench is a manager, its store, its clock and its log.
type bench struct {
	*session.Manager
	mu    *sync.Mutex // for what a test's own calls share
	store *fake
	clock *sessiontest.Clock
	log   *lockedBuffer
}

func newBench(t testing.TB, change ...func(*session.Config)) bench {
	t.Helper()
	b := bench{mu: &sync.Mutex{}, clock: sessiontest.NewClock(), log: &lockedBuffer{}}
	b.store = &fake{Store: memstore.New(memstore.Config{Now: b.clock.Now}), traits: session.Traits{Name: "fake"}}
	cfg := session.Config{SecretKey: canary, Now: b.clock.Now, TouchWait: time.Minute, Logger: slog.New(slog.NewTextHandler(b.log, nil))}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if b.Manager, err = session.New(b.store, cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

// login creates a session of anna.
func (b bench) login(t testing.TB) (session.Token, session.Session) {
	t.Helper()
	token, s, err := b.Create(t.Context(), session.NewSession{UserID: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

// lockedBuffer is a log that goroutines may write.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func want(t testing.TB, got, target error, what string) {
	t.Helper()
	if !errors.Is(got, target) {
		t.Errorf("%s: error %v, want %v", what, got, target)
	}
}

// broken is a source of randomness that gives n bytes and fails.
type broken struct{ n int }

var errBroken = errors.New("no entropy")

func (b *broken) Read(p []byte) (int, error) {
	if b.n < len(p) {
		return 0, errBroken
	}
	b.n -= len(p)
	return len(p), nil
}

var _ io.Reader = (*broken)(nil)
