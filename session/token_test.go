// Token and ID: their texts, and that a token never shows.

package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
)

func TestTokenText(t *testing.T) {
	token, s := newBench(t).login(t)
	text := token.Reveal()
	if len(text) != session.TokenLength || strings.ContainsAny(text, "+/=") {
		t.Errorf("the text is %d characters, want %d of base64url", len(text), session.TokenLength)
	}
	again, err := session.ParseToken(text)
	if err != nil || again != token || again.ID() != s.ID {
		t.Errorf("ParseToken of Reveal: %v", err)
	}
	if token.IsZero() || !(session.Token{}).IsZero() {
		t.Error("IsZero is wrong")
	}
	if s.ID.Tag() != newBench(t).User("anna").Tag {
		t.Error("the ID does not begin with the user's tag")
	}
	for name, bad := range map[string]string{
		"empty": "", "short": text[1:], "long": text + "A", "padded": text[:63] + "=", "standard alphabet": text[:63] + "+",
		"line break inside": text[:40] + "\n" + text[41:], "four line breaks at the end": text[:60] + "\r\n\r\n", "space": " " + text[1:],
		"not ASCII": text[:62] + "é", "NUL": text[:63] + "\x00",
	} {
		if _, err := session.ParseToken(bad); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("ParseToken, %s: %v, want ErrMalformed", name, err)
		} else if len(bad) > 8 && strings.Contains(err.Error(), bad[:8]) {
			t.Errorf("ParseToken, %s: the error shows the text", name)
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	b := newBench(t)
	seen := map[session.Token]bool{}
	for range 1000 {
		token, _ := b.login(t)
		if seen[token] {
			t.Fatal("two logins got one token")
		}
		seen[token] = true
	}
}

// TestTokenIsHidden puts a token through everything that prints. Left out are %p,
// and %w outside Errorf: fmt asks no type about them, and go vet refuses them.
func TestTokenIsHidden(t *testing.T) {
	token, _ := newBench(t).login(t)
	type holder struct{ Token session.Token }
	var shown bytes.Buffer
	for _, verb := range "vTtbcdoOqxXUeEfFgGs" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "100", ".3", "# x"} {
			format := "%" + strings.TrimSuffix(flags, "x") + string(verb)
			fmt.Fprintf(&shown, format, token)
			fmt.Fprintf(&shown, format, holder{token})
			fmt.Fprintf(&shown, format, []session.Token{token})
			fmt.Fprintf(&shown, format, map[string]session.Token{"t": token})
		}
	}
	fmt.Fprintln(&shown, token, &token, holder{token}, token.String(), any(token), fmt.Errorf("failed with %v", token))
	for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
		slog.New(handler).Info("x", "token", token, "pointer", &token, "holder", holder{token}, slog.Group("g", "token", token))
	}
	encoded, err := json.Marshal(map[string]any{"token": token, "holder": holder{token}, "list": []session.Token{token}})
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(encoded)
	text, err := token.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(text)
	if err := gob.NewEncoder(&shown).Encode(token); err != nil {
		t.Logf("gob refuses it: %v", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	for form, secret := range map[string]string{
		"text": token.Reveal(), "bytes": string(raw[8:40]), "hex": hex.EncodeToString(raw[8:40]), "HEX": strings.ToUpper(hex.EncodeToString(raw[8:40])),
		"decimals": strings.Trim(fmt.Sprint(raw[8:40]), "[]"), "Go syntax": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", raw[8:12]), "[]byte{"), "}"),
		"base64": base64.StdEncoding.EncodeToString(raw), "three bytes": fmt.Sprintf("%d %d %d %d", raw[20], raw[21], raw[22], raw[23]),
	} {
		if strings.Contains(shown.String(), secret) {
			t.Errorf("the token shows as %s", form)
		}
	}
	if !strings.Contains(shown.String(), "session.Token(hidden)") {
		t.Error("the placeholder does not show")
	}
}

func TestIDText(t *testing.T) {
	_, s := newBench(t).login(t)
	id, err := session.ParseID(s.ID.String())
	if err != nil || id != s.ID {
		t.Errorf("ParseID of String: %v", err)
	}
	encoded, err := json.Marshal(s.ID)
	if err != nil || string(encoded) != `"`+s.ID.String()+`"` {
		t.Errorf("an ID in JSON is %s, %v", encoded, err)
	}
	var back session.ID
	if err := json.Unmarshal(encoded, &back); err != nil || back != s.ID {
		t.Errorf("an ID from JSON: %v", err)
	}
	if _, err := session.ParseToken(s.ID.String()[:session.TokenLength]); err != nil {
		t.Logf("an ID is not a token's text: %v", err)
	}
	for _, bad := range []string{"", "x", s.ID.String()[1:], s.ID.String() + "0", strings.Repeat("g", 80), strings.Repeat("é", 40)} {
		if err := back.UnmarshalText([]byte(bad)); !errors.Is(err, session.ErrMalformed) || back != s.ID {
			t.Errorf("UnmarshalText of %q: %v, want ErrMalformed and the ID as it was", bad, err)
		}
	}
	if s.ID.IsZero() || !(session.ID{}).IsZero() {
		t.Error("IsZero is wrong")
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("")
	f.Add(strings.Repeat("A", session.TokenLength))
	f.Add(strings.Repeat("A", session.TokenLength-1) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := session.ParseToken(text)
		if err != nil {
			if !errors.Is(err, session.ErrMalformed) || !token.IsZero() {
				t.Errorf("ParseToken(%q): %v, %v", text, token.IsZero(), err)
			}
			return
		}
		if token.Reveal() != text {
			t.Errorf("two texts of one token: %q and %q", text, token.Reveal())
		}
	})
}
