// The manager's answers: what it makes of a store's errors and of a store that
// lies.

package session_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
)

func TestNoRandomNoSession(t *testing.T) {
	// Random bytes that Create (secret, lineage), Elevate (the same) and Renew
	// (secret) need: every shorter supply is an error.
	for n := range 48 {
		source := &broken{}
		broken := newBench(t, func(c *session.Config) { c.Random = source })
		source.n = n
		token, s, err := broken.Create(t.Context(), session.NewSession{UserID: "anna"})
		if !errors.Is(err, errBroken) || !token.IsZero() || s != (session.Session{}) || broken.store.calls != 0 {
			t.Errorf("Create with %d random bytes: %v after %d store calls", n, err, broken.store.calls)
		}
	}
	source := &swapped{Reader: rand.Reader}
	failing := newBench(t, func(c *session.Config) { c.Random = source })
	old, kept := failing.login(t)
	source.Reader = &broken{n: 47}
	if token, _, err := failing.Elevate(t.Context(), old, "anna"); !errors.Is(err, errBroken) || !token.IsZero() {
		t.Errorf("Elevate without randomness: %v", err)
	}
	source.Reader = &broken{n: 31}
	if token, _, err := failing.Renew(t.Context(), old); !errors.Is(err, errBroken) || !token.IsZero() {
		t.Errorf("Renew without randomness: %v", err)
	}
	if got, err := failing.Validate(t.Context(), old); err != nil || got.ID != kept.ID {
		t.Errorf("the session after an Elevate and a Renew that failed: %v", err)
	}
}

type swapped struct{ io.Reader }

func TestStoreErrorsAreAnswers(t *testing.T) {
	b := newBench(t)
	token, s := b.login(t)
	for _, c := range []struct{ store, want error }{
		{session.ErrNotFound, session.ErrNotFound},
		{fmt.Errorf("redis: %w", session.ErrNotFound), session.ErrNotFound},
		{session.ErrUnavailable, session.ErrUnavailable},
		{session.ErrIndeterminate, session.ErrIndeterminate},
		{context.DeadlineExceeded, context.DeadlineExceeded},
		{io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
	} {
		b.store.get = func(context.Context, session.ID) (session.Session, error) { return s, c.store }
		b.store.delete = func(context.Context, session.ID, session.Ending) (session.Session, error) { return s, c.store }
		b.store.create = func(context.Context, session.Session, session.Admission) ([]session.ID, error) { return nil, c.store }
		got, err := b.Validate(t.Context(), token)
		want(t, err, c.want, "Validate")
		if got != (session.Session{}) {
			t.Errorf("Validate returned a session beside %v", err)
		}
		if errors.Is(c.want, session.ErrNotFound) != errors.Is(err, session.ErrNotFound) {
			t.Errorf("%v became %v", c.store, err)
		}
		_, err = b.Get(t.Context(), s.ID)
		want(t, err, c.want, "Get")
		_, err = b.Update(t.Context(), s.ID, func(*session.Metadata) error { return nil })
		want(t, err, c.want, "Update")
		_, _, err = b.Elevate(t.Context(), token, "anna")
		want(t, err, c.want, "Elevate")
		made, _, err := b.Create(t.Context(), session.NewSession{UserID: "anna"})
		want(t, err, c.want, "Create")
		if !made.IsZero() {
			t.Errorf("Create returned a token beside %v", err)
		}
		wantLogout := c.want
		if errors.Is(c.want, session.ErrNotFound) {
			wantLogout = nil // nothing to end is fine
		}
		want(t, b.Logout(t.Context(), token), wantLogout, "Logout")
	}
}

func TestTouchThatFails(t *testing.T) {
	b := newBench(t)
	token, s := b.login(t)
	touches := 0
	var answer error
	b.store.touch = func(context.Context, session.Seen) error { touches++; return answer }
	b.clock.Advance(5 * time.Minute)

	answer = session.ErrUnavailable
	got, err := b.Validate(t.Context(), token)
	if err != nil || !got.LastActivity.Equal(s.LastActivity) {
		t.Errorf("a touch that fails: %v, want the session as it was read", err)
	}
	if log := b.log.String(); !strings.Contains(log, "touch failed") || !strings.Contains(log, "component=session") || strings.Contains(log, token.Reveal()) {
		t.Errorf("the log says %s", log)
	}
	for range 5 { // the store is left in peace for a second
		b.clock.Advance(100 * time.Millisecond)
		if _, err := b.Validate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	if touches != 1 {
		t.Errorf("%d touches within a second of one that failed, want 1", touches)
	}
	b.clock.Advance(time.Second)
	answer = nil
	got, err = b.Validate(t.Context(), token)
	if err != nil || touches != 2 || !got.LastActivity.Equal(b.clock.Now()) {
		t.Errorf("after a second: %v, %d touches", err, touches)
	}
	answer = session.ErrNotFound
	if _, err := b.Validate(t.Context(), token); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("a touch that found nothing: %v, want ErrNotFound", err)
	}
}

// A store, or a connection on which replies are out of step, may answer with
// another record than was asked for.
func TestSwappedRepliesAreRefused(t *testing.T) {
	b := newBench(t)
	token, s := b.login(t)
	_, other := b.login(t)
	now := b.clock.Now()
	ended, expired, stale, overdue := s, s, s, s
	ended.EndedAt = now
	expired.ExpiresAt = now
	overdue.Deadline = now
	stale.ID = other.ID
	stale.Previous, stale.PreviousUntil = s.ID, now
	for name, lie := range map[string]session.Session{
		"another session": other, "no session": {}, "an ended session": ended, "an expired session": expired, "a session past its deadline": overdue,
		"a successor after the grace": stale,
	} {
		b.store.get = func(context.Context, session.ID) (session.Session, error) { return lie, nil }
		_, err := b.Validate(t.Context(), token)
		want(t, err, session.ErrNotFound, "Validate, answered with "+name)
		_, err = b.Get(t.Context(), s.ID)
		want(t, err, session.ErrNotFound, "Get, answered with "+name)
		_, err = b.Update(t.Context(), s.ID, func(*session.Metadata) error { return nil })
		want(t, err, session.ErrNotFound, "Update, answered with "+name)
		_, _, err = b.Elevate(t.Context(), token, "anna")
		want(t, err, session.ErrNotFound, "Elevate, answered with "+name)
		_, _, err = b.Renew(t.Context(), token)
		want(t, err, session.ErrNotFound, "Renew, answered with "+name)
	}
	successor := stale
	successor.PreviousUntil = now.Add(time.Microsecond)
	b.store.get = func(context.Context, session.ID) (session.Session, error) { return successor, nil }
	if got, err := b.Validate(t.Context(), token); err != nil || got.ID != other.ID {
		t.Errorf("a successor within the grace: %v", err)
	}
	b.store.list = func(context.Context, session.Query) (session.Page, error) {
		return session.Page{Sessions: []session.Session{other, expired, s}}, nil
	}
	page, err := b.List(t.Context(), session.Query{})
	if err != nil || len(page.Sessions) != 2 {
		t.Errorf("List with an expired session: %d sessions, %v, want 2", len(page.Sessions), err)
	}
}

func TestUserIDBounds(t *testing.T) {
	b := newBench(t)
	for name, user := range map[string]string{"too long": strings.Repeat("x", session.MaxUserID+1), "not UTF-8": "\xff", "NUL": "a\x00b"} {
		if _, _, err := b.Create(t.Context(), session.NewSession{UserID: user}); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("a user ID that is %s: %v, want ErrMalformed", name, err)
		}
	}
	if b.store.calls != 0 {
		t.Errorf("bad user IDs cost %d store calls", b.store.calls)
	}
	if _, _, err := b.Create(t.Context(), session.NewSession{UserID: strings.Repeat("é", session.MaxUserID/2)}); err != nil {
		t.Errorf("a user ID of %d bytes: %v", session.MaxUserID/2*2, err)
	}
	if _, err := b.UserSessions(t.Context(), ""); !errors.Is(err, session.ErrMalformed) {
		t.Errorf("UserSessions of nobody: %v, want ErrMalformed", err)
	}
}

func TestTextsAreCut(t *testing.T) {
	b := newBench(t)
	_, s, err := b.Create(t.Context(), session.NewSession{
		IP:        netip.MustParseAddr("::ffff:192.0.2.1%eth0"),
		UserAgent: "a\x00\r\n\x7f\xffb" + strings.Repeat("é", session.MaxUserAgent),
		Device:    session.Device{Browser: strings.Repeat("日", 40), Name: "\u00ff\x80"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		most int
	}{"UserAgent": {s.UserAgent, session.MaxUserAgent}, "Browser": {s.Device.Browser, session.MaxDeviceText}, "Name": {s.Device.Name, session.MaxDeviceText}} {
		if len(c.text) > c.most || !utf8.ValidString(c.text) || strings.ContainsAny(c.text, "\x00\r\n\x7f\ufffd") {
			t.Errorf("%s is %q", name, c.text)
		}
	}
	if !strings.HasPrefix(s.UserAgent, "abéé") || s.Device.Browser != strings.Repeat("日", 21) || s.Device.Name != "ÿ" {
		t.Errorf("cut too much: %q, %+v", s.UserAgent, s.Device)
	}
	if s.IP != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("IP is %s", s.IP)
	}
}

func TestUpdateGivesUp(t *testing.T) {
	b := newBench(t)
	_, s := b.login(t)
	tries := 0
	b.store.update = func(context.Context, session.ID, uint64, session.Metadata) error {
		tries++
		return session.ErrConflict
	}
	visits := session.NewKey[int]("visits")
	_, err := b.Update(t.Context(), s.ID, func(m *session.Metadata) error { return visits.Set(m, 1) })
	if !errors.Is(err, session.ErrConflict) || tries != 64 {
		t.Errorf("after %d tries: %v, want ErrConflict after 64", tries, err)
	}
	tries = 0
	if _, err := b.Update(t.Context(), s.ID, func(*session.Metadata) error { return nil }); err != nil || tries != 0 {
		t.Errorf("a change that changes nothing: %v, %d writes", err, tries)
	}
}

func TestRotateRetriesWhereTheMetadataChanged(t *testing.T) {
	b := newBench(t)
	token, s := b.login(t)
	tries := 0
	visits := session.NewKey[int]("visits")
	b.store.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
		if tries++; tries == 1 { // somebody is faster
			var m session.Metadata
			if err := visits.Set(&m, 7); err != nil {
				return err
			}
			if err := b.store.Store.Update(ctx, s.ID, s.Version, m); err != nil {
				return err
			}
		}
		return b.store.Store.Rotate(ctx, old, next)
	}
	_, next, err := b.Renew(t.Context(), token)
	if err != nil || tries != 2 {
		t.Fatalf("Renew: %v after %d tries", err, tries)
	}
	if n, _, err := visits.Get(next.Metadata); err != nil || n != 7 {
		t.Errorf("the change in between is lost: %d, %v", n, err)
	}
}

// A call that could block gets a deadline, unless it has one.
func TestStoreTimeout(t *testing.T) {
	b := newBench(t, func(c *session.Config) { c.StoreTimeout = time.Minute })
	token, s := b.login(t)
	var left time.Duration
	b.store.get = func(ctx context.Context, _ session.ID) (session.Session, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Error("a store call has no deadline")
		}
		left = time.Until(deadline)
		return s, nil
	}
	if _, err := b.Validate(t.Context(), token); err != nil || left > time.Minute || left < 50*time.Second {
		t.Errorf("Validate: %v, %s left, want a minute", err, left)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if _, err := b.Validate(ctx, token); err != nil || left < 59*time.Minute {
		t.Errorf("Validate with a deadline of its own: %v, %s left, want an hour", err, left)
	}
	if err := b.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWarningThatNobodySweeps(t *testing.T) {
	b := newBench(t)
	token, _ := b.login(t)
	for range 3 {
		b.clock.Advance(5 * time.Minute)
		if _, err := b.Validate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(b.log.String(), "Manager.Run is not running"); n != 1 {
		t.Errorf("the warning that Run is not running came %d times, want once", n)
	}
}

func TestCSRF(t *testing.T) {
	b := newBench(t)
	other := newBench(t, func(c *session.Config) { c.SecretKey = config.Secret(strings.Repeat("k", 32)) })
	_, s := b.login(t)
	token := b.CSRFToken(s.Lineage)
	want(t, b.CheckCSRF(s.Lineage, token), nil, "CheckCSRF")
	want(t, b.CheckCSRF(s.Lineage, token), nil, "CheckCSRF of the same token again")
	if token == b.CSRFToken(s.Lineage) {
		t.Error("two tokens are the same text")
	}
	want(t, other.CheckCSRF(s.Lineage, token), session.ErrCSRF, "CheckCSRF with another key")
	want(t, b.CheckCSRF(session.Lineage{}, token), session.ErrCSRF, "CheckCSRF for another lineage")
	for i := range token {
		changed := token[:i] + string(token[i]^1) + token[i+1:]
		want(t, b.CheckCSRF(s.Lineage, changed), session.ErrCSRF, fmt.Sprintf("CheckCSRF with character %d changed", i))
	}
	for _, bad := range []string{"", "x", token[1:], token + "A", strings.Repeat("A", len(token)), strings.Repeat("\n", len(token)), token[:40] + "\n" + token[41:]} {
		want(t, b.CheckCSRF(s.Lineage, bad), session.ErrCSRF, fmt.Sprintf("CheckCSRF of %q", bad))
	}
	login := b.LoginLineage("nonce")
	if login != b.LoginLineage("nonce") || login == b.LoginLineage("another") || login == other.LoginLineage("nonce") || login == (session.Lineage{}) {
		t.Error("the login lineage is not that of key and nonce")
	}
	want(t, b.CheckCSRF(login, b.CSRFToken(login)), nil, "CheckCSRF of a login form")
	want(t, b.CheckCSRF(s.Lineage, b.CSRFToken(login)), session.ErrCSRF, "CheckCSRF of a login form's token in a session")
}

func TestThrottleErrors(t *testing.T) {
	b := newBench(t)
	login := session.Login{Account: "anna", IP: netip.MustParseAddr("192.0.2.1")}
	var keys []string
	b.store.count = func(_ context.Context, key string, _ session.CountRule) (time.Duration, error) {
		keys = append(keys, key)
		return 0, session.ErrUnavailable
	}
	attempt, err := b.Attempt(t.Context(), login)
	want(t, err, session.ErrUnavailable, "Attempt where the store is down")
	if attempt != nil || errors.Is(err, session.ErrThrottled) {
		t.Errorf("Attempt where the store is down: %v, %v", attempt, err)
	}
	b.store.count = func(_ context.Context, key string, _ session.CountRule) (time.Duration, error) {
		keys = append(keys, key)
		return 90 * time.Second, nil
	}
	_, err = b.Attempt(t.Context(), login)
	var throttled *session.ThrottledError
	if !errors.As(err, &throttled) || throttled.RetryAfter != 90*time.Second || !strings.Contains(err.Error(), "1m30s") {
		t.Errorf("Attempt over the limit: %v", err)
	}
	for _, key := range keys {
		if len(key) > session.MaxCountKey || strings.Contains(key, "anna") || strings.Contains(key, "192.0.2.1") {
			t.Errorf("the counter's key is %q", key)
		}
	}
	if !errors.Is(session.ErrIndeterminate, session.ErrUnavailable) {
		t.Error("ErrIndeterminate does not match ErrUnavailable")
	}
}
