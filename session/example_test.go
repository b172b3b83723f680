// Examples: a session's life, from the sign-in to its end.

package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

// newManager returns a manager of sessions in memory, and a function that moves its clock.
func newManager(cfg session.Config) (m *session.Manager, advance func(time.Duration)) {
	now := time.Date(2026, time.May, 4, 9, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return now }
	cfg.SecretKey = "make yours with: openssl rand -base64 32"
	cfg.Logger = slog.New(slog.DiscardHandler)
	m, err := session.New(memstore.New(memstore.Config{Now: cfg.Now}), cfg)
	if err != nil {
		panic(err)
	}
	return m, func(d time.Duration) { now = now.Add(d) }
}

// must returns the value of a call that does not fail here.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func Example() {
	ctx := context.Background()
	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{
		SecretKey: "make yours with: openssl rand -base64 32",
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Somebody signs in. The token goes into a cookie, and exists nowhere else.
	token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada", IP: netip.MustParseAddr("192.0.2.7")})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Each request brings the cookie back.
	s, err := manager.Validate(ctx, token)
	switch {
	case err == nil:
		fmt.Println("signed in:", s.UserID)
	case errors.Is(err, session.ErrNotFound):
		fmt.Println("please sign in")
	default: // session.ErrUnavailable: keep the cookie, answer 503
		fmt.Println("please try again")
	}
	// They sign out.
	if err := manager.Logout(ctx, token); err != nil {
		fmt.Println(err)
		return
	}
	_, err = manager.Validate(ctx, token)
	fmt.Println(err)
	// Output:
	// signed in: ada
	// session: no such session
}

// A session ends by itself: 30 minutes after it was last seen, and 12 hours after the sign-in.
func ExampleManager_Validate() {
	ctx := context.Background()
	manager, advance := newManager(session.Config{IdleTimeout: 30 * time.Minute})
	token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	for _, pause := range []time.Duration{20 * time.Minute, 20 * time.Minute, 30 * time.Minute} {
		advance(pause)
		s, err := manager.Validate(ctx, token)
		fmt.Println(manager.Now().Format(time.TimeOnly), s.UserID, err)
	}
	fmt.Printf("%+v\n", manager.Stats())
	// Output:
	// 09:20:00 ada <nil>
	// 09:40:00 ada <nil>
	// 10:10:00  session: no such session
	// {Valid:2 Invalid:1 Unavailable:0 TouchesSaved:0}
}

// A page that polls looks without keeping the session alive.
func ExampleManager_Peek() {
	ctx := context.Background()
	manager, advance := newManager(session.Config{IdleTimeout: 30 * time.Minute})
	token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	for range 2 {
		advance(15 * time.Minute)
		_, err := manager.Peek(ctx, token)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// session: no such session
}

// A session that is signed in, or may do more from now on, gets another token. The old one is dead.
func ExampleManager_Elevate() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	cart := session.NewKey[[]string]("cart")
	visitor := session.NewSession{}
	if err := cart.Set(&visitor.Metadata, []string{"apples"}); err != nil {
		panic(err)
	}
	before, _, err := manager.Create(ctx, visitor)
	if err != nil {
		panic(err)
	}
	after, s, err := manager.Elevate(ctx, before, "ada")
	if err != nil {
		panic(err)
	}
	items, _, _ := cart.Get(s.Metadata)
	fmt.Println(s.UserID, items)
	_, err = manager.Validate(ctx, before)
	fmt.Println("the token before:", err)
	_, err = manager.Validate(ctx, after)
	fmt.Println("the new token:", err)
	// Output:
	// ada [apples]
	// the token before: session: no such session
	// the new token: <nil>
}

// A token that is old is replaced. Requests that are on their way with it still land.
func ExampleManager_Renew() {
	ctx := context.Background()
	manager, advance := newManager(session.Config{RenewEvery: 15 * time.Minute, RenewGrace: 30 * time.Second})
	token, s, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	fmt.Println("due at first:", manager.RenewDue(s))
	advance(20 * time.Minute)
	arrived := manager.Now() // when the request came in
	fmt.Println("due after 20 minutes:", manager.RenewDue(s))
	next, renewed, err := manager.RenewFor(ctx, token, arrived) // Renew is RenewFor a request that came in now
	if err != nil {
		panic(err)
	}
	fmt.Println("used already:", !renewed.Unused())
	_, err = manager.Validate(ctx, next)
	fmt.Println("the new token:", err)
	_, err = manager.Validate(ctx, token)
	fmt.Println("the token before:", err)
	_, _, err = manager.Renew(ctx, token)
	fmt.Println("a second renewal:", errors.Is(err, session.ErrConflict))
	advance(time.Minute)
	_, err = manager.Validate(ctx, token)
	fmt.Println("after the grace:", err)
	// Output:
	// due at first: false
	// due after 20 minutes: true
	// used already: false
	// the new token: <nil>
	// the token before: <nil>
	// a second renewal: true
	// after the grace: session: no such session
}

// A stream that stays open asks what its session is now.
func ExampleManager_Current() {
	ctx := context.Background()
	manager, advance := newManager(session.Config{RenewEvery: 15 * time.Minute})
	token, s, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	advance(20 * time.Minute)
	_, renewed, err := manager.Renew(ctx, token) // in another tab
	if err != nil {
		panic(err)
	}
	now, err := manager.Current(ctx, s)
	fmt.Println(now.ID == renewed.ID, now.LiveAt(manager.Now()), err)
	// Output: true true <nil>
}

// Values of the application stand in the session under typed keys. Nothing is lost if two requests
// change them at once.
func ExampleNewKey() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	visits := session.NewKey[int]("shop.visits")
	_, s, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	for range 3 {
		s, err = manager.Update(ctx, s.ID, func(m *session.Metadata) error {
			n, _, err := visits.Get(*m)
			if err != nil {
				return err
			}
			return visits.Set(m, n+1)
		})
		if err != nil {
			panic(err)
		}
	}
	fmt.Println(visits.Name(), s.Metadata, s.Metadata.Keys())
	s = must(manager.Update(ctx, s.ID, visits.Delete))
	fmt.Println(s.Metadata)
	// Output:
	// shop.visits {"shop.visits":3} [shop.visits]
	// {}
}

func ExampleMetadata_Merge() {
	visitor := must(session.ParseMetadata(`{"cart": ["apples"], "theme": "light"}`))
	user := must(session.ParseMetadata(`{"theme": "dark"}`))
	fmt.Println(must(visitor.Merge(user)))
	// Output: {"cart":["apples"],"theme":"dark"}
}

// A message is shown once, on the next page.
func ExampleAddFlash() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	_, s, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	s = must(manager.Update(ctx, s.ID, func(m *session.Metadata) error {
		return session.AddFlash(m, session.Flash{Kind: "notice", Text: "Saved."})
	}))
	for range 2 {
		if !session.HasFlash(s.Metadata) {
			fmt.Println("nothing to show")
			continue
		}
		s = must(manager.Update(ctx, s.ID, func(m *session.Metadata) error {
			messages, err := session.TakeFlashes(m)
			for _, f := range messages {
				fmt.Println(f.Kind+":", f.Text)
			}
			return err
		}))
	}
	// Output:
	// notice: Saved.
	// nothing to show
}

// A page of the user's devices, with a button for each.
func ExampleManager_UserSessions() {
	ctx := context.Background()
	manager, advance := newManager(session.Config{})
	for _, device := range []string{"phone", "desktop"} {
		_, _, err := manager.Create(ctx, session.NewSession{UserID: "ada", Device: session.Device{Kind: device}})
		if err != nil {
			panic(err)
		}
		advance(time.Minute)
	}
	all := must(manager.UserSessions(ctx, "ada")) // the newest first
	for _, s := range all {
		fmt.Println(s.Device.Kind, s.CreatedAt.Format(time.TimeOnly))
	}
	id := must(session.ParseID(all[1].ID.String())) // the form sends the ID
	fmt.Println(manager.Revoke(ctx, id, session.Ending{Reason: session.ReasonRevoked}))
	_, err := manager.Get(ctx, id)
	fmt.Println(err)
	// Output:
	// desktop 09:01:00
	// phone 09:00:00
	// <nil>
	// session: no such session
}

// A list of everybody's sessions, page by page.
func ExampleManager_List() {
	ctx := context.Background()
	manager, advance := newManager(session.Config{})
	for _, user := range []string{"ada", "bob", "cyd"} {
		if _, _, err := manager.Create(ctx, session.NewSession{UserID: user}); err != nil {
			panic(err)
		}
		advance(time.Second)
	}
	q := session.Query{Limit: 2}
	for {
		page := must(manager.List(ctx, q))
		var users []string
		for _, s := range page.Sessions {
			users = append(users, s.UserID)
		}
		fmt.Println(users)
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	fmt.Println(len(must(manager.List(ctx, session.Query{User: manager.User("bob")})).Sessions), "of bob")
	// Output:
	// [cyd bob]
	// [ada]
	// 1 of bob
}

// A new password ends all sessions of the user but the one that set it.
func ExampleManager_RevokeUser() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	var tokens []session.Token
	for range 3 {
		token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
		if err != nil {
			panic(err)
		}
		tokens = append(tokens, token)
	}
	n, err := manager.RevokeUser(ctx, "ada", session.Ending{Reason: session.ReasonPasswordChanged}, tokens[2].ID())
	if partial, ok := errors.AsType[*session.PartialError](err); ok {
		fmt.Println("ended, and known to every server within", partial.Within)
	}
	fmt.Println(n, err)
	_, err = manager.Validate(ctx, tokens[2])
	fmt.Println("this one:", err)
	// Output:
	// 2 <nil>
	// this one: <nil>
}

// After a leak everybody signs in again.
func ExampleManager_RevokeAll() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	var mine session.ID
	for _, user := range []string{"ada", "bob", "root"} {
		_, s, err := manager.Create(ctx, session.NewSession{UserID: user})
		if err != nil {
			panic(err)
		}
		mine = s.ID
	}
	if manager.Traits().ListAll {
		fmt.Println(manager.RevokeAll(ctx, session.Ending{Reason: session.ReasonRevoked, By: "root"}, mine))
	}
	// Output: 2 <nil>
}

// End tells one of many callers what it has ended.
func ExampleManager_End() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	_, s, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	for range 2 {
		ended, err := manager.End(ctx, s.ID, session.Ending{Reason: session.ReasonUserDisabled, By: "root"})
		fmt.Println(ended.UserID, err)
	}
	// Output:
	// ada <nil>
	//  session: no such session
}

// A sign-in asks the throttle before it looks at the password.
func ExampleManager_Attempt() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{Throttle: session.Throttle{Failures: 2}})
	signIn := func(password string) string {
		attempt, err := manager.Attempt(ctx, session.Login{Account: "ada", IP: netip.MustParseAddr("192.0.2.7"), Epoch: "1"})
		if throttled, ok := errors.AsType[*session.ThrottledError](err); ok {
			return "try again in " + throttled.RetryAfter.String()
		}
		if err != nil {
			return "please try again"
		}
		if password != "correct horse" {
			return "wrong" // the attempt stands as a failure
		}
		device, err := attempt.Succeed(ctx) // for a cookie: the device is known from now on
		return fmt.Sprint("welcome, known before: ", attempt.Known(), ", device: ", device != "", ", ", err)
	}
	fmt.Println(signIn("correct horse"))
	for range 3 {
		fmt.Println(signIn("password123"))
	}
	fmt.Println(must(manager.Failures(ctx, session.Login{Account: "ada"})), "failures")
	// Output:
	// welcome, known before: false, device: true, <nil>
	// wrong
	// wrong
	// try again in 15m0s
	// 2 failures
}

// An attempt whose password nobody could judge is taken back; a new password makes old devices
// unknown.
func ExampleAttempt() {
	ctx := context.Background()
	manager, _ := newManager(session.Config{})
	login := session.Login{Account: "ada", Epoch: "1"}
	attempt := must(manager.Attempt(ctx, login))
	if err := attempt.Cancel(ctx); err != nil { // the database was down
		panic(err)
	}
	attempt = must(manager.Attempt(ctx, login))
	attempt.Rebind("2") // they set a new password
	login.Device = must(attempt.Succeed(ctx))
	for _, login.Epoch = range []string{"1", "2"} {
		fmt.Println(login.Epoch, must(manager.Attempt(ctx, login)).Known())
	}
	// Output:
	// 1 false
	// 2 true
}

// A form carries a token that belongs to its session; the form of a sign-in one that belongs to a
// random text in a cookie.
func ExampleManager_CSRFToken() {
	manager, _ := newManager(session.Config{})
	_, s, err := manager.Create(context.Background(), session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	form := manager.CSRFToken(s.Lineage)
	fmt.Println(manager.CheckCSRF(s.Lineage, form))
	login := manager.LoginLineage("a random text")
	fmt.Println(manager.CheckCSRF(login, form))
	// Output:
	// <nil>
	// session: CSRF token missing or not of this session
}

// Run sweeps until its context ends; a program without it sweeps from a scheduler.
func ExampleManager_Run() {
	manager, advance := newManager(session.Config{})
	if _, _, err := manager.Create(context.Background(), session.NewSession{UserID: "ada"}); err != nil {
		panic(err)
	}
	advance(time.Hour)
	fmt.Println(manager.Sweep(context.Background()))
	ctx, stop := context.WithCancel(context.Background())
	stop()
	fmt.Println(manager.Run(ctx))
	// Output:
	// 1 <nil>
	// <nil>
}

// What a program can ask of a manager at its start.
func ExampleManager_Rules() {
	manager, _ := newManager(session.Config{MaxPerUser: 3})
	rules, traits := manager.Rules(), manager.Traits()
	fmt.Println(rules.MaxPerUser, rules.IdleTimeout, rules.Lifetime)
	fmt.Println(traits.Name, traits.Shared, traits.Report().Detail)
	fmt.Println(manager.Ping(context.Background()))
	// Output:
	// 3 30m0s 12h0m0s
	// memory false 0 sessions stored, expired ones included until they are swept
	// <nil>
}

// A token is secret and an ID is not: one prints as a placeholder, the other opens nothing.
func ExampleParseToken() {
	manager, _ := newManager(session.Config{})
	made, s, err := manager.Create(context.Background(), session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	cookie := made.Reveal()
	token := must(session.ParseToken(cookie))
	fmt.Println(token, token.IsZero(), manager.Genuine(token), token.ID() == s.ID)
	_, err = session.ParseToken(s.ID.String())
	fmt.Println(err, session.ID{}.IsZero())
	// Output:
	// session.Token(hidden) false true true
	// session: malformed token: 80 characters, want 64 true
}
