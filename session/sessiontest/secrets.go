// Secrets: no token at rest, no token adopted.

package sessiontest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
)

var secretChecks = []check{
	{
		name: "no token is at rest",
		rule: "Only SHA-256(token) is at rest: dump the store after a login, search for the token, find none.",
		run: func(f *fixture) {
			if f.h.Dump == nil {
				f.Skip("Harness.Dump is nil")
			}
			m := f.manager(f.store)
			const canary = "canary/1.0 (the dump must hold it)"
			ip := netip.MustParseAddr("198.51.100.9")
			var tokens []session.Token
			for _, user := range []string{"anna", "anna", ""} {
				token, s, err := m.Create(f.ctx, session.NewSession{UserID: user, UserAgent: canary, IP: ip})
				f.must(err, "Create")
				tokens = append(tokens, token)
				next, _, err := m.Renew(f.ctx, token)
				f.must(err, "Renew")
				tokens = append(tokens, next)
				_, err = m.Update(f.ctx, s.ID, func(md *session.Metadata) error {
					return session.AddFlash(md, session.Flash{Kind: "notice", Text: "hello"})
				})
				if err != nil { // the ID in its grace takes no update
					f.want(err, session.ErrNotFound, "Update")
				}
				_, err = m.Validate(f.ctx, next)
				f.must(err, "Validate")
			}
			attempt, err := m.Attempt(f.ctx, session.Login{Account: "account-canary", IP: ip})
			f.must(err, "Attempt")
			_ = attempt
			dump := bytes.Join(f.h.Dump(f.TB, f.store), []byte{0xff, 0, 0xff})
			if !bytes.Contains(dump, []byte(canary)) {
				f.Fatalf("the dump of %d bytes does not hold the sessions' user agent, so it cannot be searched", len(dump))
			}
			for _, token := range tokens {
				raw, err := base64.RawURLEncoding.DecodeString(token.Reveal())
				f.must(err, "decode a token")
				for form, secret := range map[string][]byte{
					"the token's text":             []byte(token.Reveal()),
					"the token's bytes":            raw,
					"the token's secret":           raw[8:40],
					"the token's secret, hex":      []byte(hex.EncodeToString(raw[8:40])),
					"the token's secret, base64":   []byte(base64.StdEncoding.EncodeToString(raw[8:38])),
					"half of the token's secret":   raw[8:24],
					"the other half of the secret": raw[24:40],
				} {
					if bytes.Contains(dump, secret) {
						f.Errorf("%s is at rest", form)
					}
				}
			}
			if bytes.Contains(dump, []byte(secretKey)) {
				f.Errorf("the secret key is at rest")
			}
			if bytes.Contains(dump, []byte("account-canary")) {
				f.Errorf("the account of a failed login is at rest in clear")
			}
		},
	},
	{
		name: "a token that was made up costs no store call and is never adopted",
		rule: "A token that this manager's key did not make is invalid without a question to the store; a client-chosen token is never adopted.",
		run:  forged,
	},
	{
		name: "another key's tokens open nothing",
		rule: "A token that this manager's key did not make is invalid; another key signs everybody out.",
		run: func(f *fixture) {
			ours := f.manager(f.store)
			theirs := f.manager(f.other, func(c *session.Config) { c.SecretKey = config.Secret(strings.Repeat("another key ", 4)) })
			token, s, err := ours.Create(f.ctx, session.NewSession{UserID: "anna"})
			f.must(err, "Create")
			_, err = theirs.Validate(f.ctx, token)
			f.want(err, session.ErrNotFound, "Validate with another key")
			f.want(theirs.Logout(f.ctx, token), nil, "Logout with another key")
			_, _, err = theirs.Elevate(f.ctx, token, "anna")
			f.want(err, session.ErrNotFound, "Elevate with another key")
			f.wantLive(s, "the session after all that")
		},
	},
}

// forged presents made-up tokens of every kind.
func forged(f *fixture) {
	gate := NewGate(f.store)
	m := f.manager(gate)
	token, s, err := m.Create(f.ctx, session.NewSession{UserID: "anna"})
	f.must(err, "Create")
	genuine, err := base64.RawURLEncoding.DecodeString(token.Reveal())
	f.must(err, "decode a token")
	keys := 0
	if f.h.Dump != nil {
		keys = len(f.h.Dump(f.TB, f.store))
	}
	before := gate.Calls()
	present := func(text, what string) {
		made, err := session.ParseToken(text)
		if err != nil {
			f.want(err, session.ErrMalformed, "ParseToken of %s", what)
			return
		}
		if _, err := m.Validate(f.ctx, made); err == nil {
			f.Errorf("%s was taken as valid", what)
		} else {
			f.want(err, session.ErrNotFound, "Validate of %s", what)
		}
		f.want(m.Logout(f.ctx, made), nil, "Logout of %s", what)
		_, _, err = m.Renew(f.ctx, made)
		f.want(err, session.ErrNotFound, "Renew of %s", what)
		_, _, err = m.Elevate(f.ctx, made, "anna")
		f.want(err, session.ErrNotFound, "Elevate of %s", what)
	}
	raw := make([]byte, len(genuine))
	for i := range f.times(100_000, 2_000) {
		switch i % 4 {
		case 0:
			_, _ = rand.Read(raw)
		case 1: // the right user's tag
			_, _ = rand.Read(raw)
			copy(raw, genuine[:8])
		case 2: // one bit is another
			copy(raw, genuine)
			raw[i/4%len(raw)] ^= 1 << (i / 4 / len(raw) % 8)
		case 3: // the session's ID, which is not a secret
			copy(raw, s.ID[:])
			_, _ = rand.Read(raw[session.IDSize:])
		}
		present(base64.RawURLEncoding.EncodeToString(raw), "a made-up token")
	}
	text := token.Reveal()
	for _, bad := range []string{
		"", "x", text[1:], text + "A", text[:63] + "=", text[:63] + "\n", "\n" + text[:63], text[:63] + "+", text[:63] + "é"[:1],
		strings.Repeat("A", session.TokenLength), strings.Repeat("é", session.TokenLength/2), s.ID.String(), strings.Repeat("A", 1<<20),
		token.String(), strings.ToUpper(text),
	} {
		present(bad, "a malformed token")
	}
	if n := gate.Calls() - before; n != 0 {
		f.Errorf("made-up tokens cost %d store calls, want none", n)
	}
	if f.h.Dump != nil {
		if n := len(f.h.Dump(f.TB, f.store)); n != keys {
			f.Errorf("made-up tokens changed the number of keys and values at rest from %d to %d", keys, n)
		}
	}
	_, err = m.Validate(f.ctx, token)
	f.want(err, nil, "Validate of the genuine token")
}
