// Metadata: typed keys, bounds, flash messages.

package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
)

type item struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

func TestTypedKeys(t *testing.T) {
	cart, visits := session.NewKey[[]item]("shop.cart"), session.NewKey[int]("visits")
	var m session.Metadata
	if m.String() != "{}" || len(m.Keys()) != 0 {
		t.Errorf("the zero metadata is %s", m)
	}
	if _, ok, err := cart.Get(m); ok || err != nil {
		t.Errorf("Get of nothing: %t, %v", ok, err)
	}
	if err := errors.Join(cart.Set(&m, []item{{"é", 2}}), visits.Set(&m, 3), visits.Set(&m, 4)); err != nil {
		t.Fatal(err)
	}
	if got, want := m.String(), `{"shop.cart":[{"name":"é","count":2}],"visits":4}`; got != want {
		t.Errorf("metadata is %s, want %s", got, want)
	}
	if got, ok, err := cart.Get(m); err != nil || !ok || !slices.Equal(got, []item{{"é", 2}}) {
		t.Errorf("Get: %v, %t, %v", got, ok, err)
	}
	if !slices.Equal(m.Keys(), []string{"shop.cart", "visits"}) || cart.Name() != "shop.cart" {
		t.Errorf("Keys: %v", m.Keys())
	}
	if _, ok, err := session.NewKey[string]("visits").Get(m); err == nil || ok {
		t.Errorf("a number read as a string: %t, %v", ok, err)
	}
	before := m
	if err := session.NewKey[func()]("f").Set(&m, nil); err == nil || m != before {
		t.Errorf("a function was stored: %v", err)
	}
	if err := errors.Join(cart.Delete(&m), visits.Delete(&m), visits.Delete(&m)); err != nil || m != (session.Metadata{}) {
		t.Errorf("after the deletes metadata is %s, %v", m, err)
	}
}

func TestMetadataBounds(t *testing.T) {
	fits := `{"v":"` + strings.Repeat("x", session.MaxMetadata-8) + `"}`
	m, err := session.ParseMetadata(fits)
	if err != nil || m.String() != fits {
		t.Errorf("metadata of %d bytes: %v", len(fits), err)
	}
	if err := session.NewKey[int]("more").Set(&m, 1); !errors.Is(err, session.ErrTooLarge) || m.String() != fits {
		t.Errorf("metadata grown over the bound: %v", err)
	}
	for text, target := range map[string]error{
		fits[:5] + " " + fits[5:]: session.ErrTooLarge,
		"[]":                      session.ErrMalformed,
		"1":                       session.ErrMalformed,
		"null":                    session.ErrMalformed,
		"{":                       session.ErrMalformed,
		`{"a":1} x`:               session.ErrMalformed,
		`{"a":1}{}`:               session.ErrMalformed,
		" ":                       session.ErrMalformed,
	} {
		if _, err := session.ParseMetadata(text); !errors.Is(err, target) {
			t.Errorf("ParseMetadata(%.20q): %v, want %v", text, err, target)
		}
	}
	for text, want := range map[string]string{"": "{}", "{}": "{}", " { } ": "{}", ` {"b": 1, "a" : [ ] }`: `{"b":1,"a":[]}`} {
		m, err := session.ParseMetadata(text)
		if err != nil || m.String() != want {
			t.Errorf("ParseMetadata(%q): %s, %v, want %s", text, m, err, want)
		}
	}
	if session.StoredMetadata("{}") != (session.Metadata{}) {
		t.Error("the empty object as stored is not the zero metadata")
	}
	spoiled := session.StoredMetadata("spoiled")
	if _, _, err := session.NewKey[int]("x").Get(spoiled); !errors.Is(err, session.ErrMalformed) {
		t.Errorf("a value of spoiled metadata: %v, want ErrMalformed", err)
	}
	if spoiled.Keys() != nil || session.HasFlash(spoiled) {
		t.Error("spoiled metadata has keys or messages")
	}
}

func TestMetadataInJSON(t *testing.T) {
	var v struct{ M session.Metadata }
	if err := json.Unmarshal([]byte(`{"M":{"a": 1}}`), &v); err != nil || v.M.String() != `{"a":1}` {
		t.Errorf("from JSON: %s, %v", v.M, err)
	}
	if text, err := json.Marshal(v); err != nil || string(text) != `{"M":{"a":1}}` {
		t.Errorf("to JSON: %s, %v", text, err)
	}
	if err := json.Unmarshal([]byte(`{"M":[1]}`), &v); !errors.Is(err, session.ErrMalformed) || v.M.String() != `{"a":1}` {
		t.Errorf("from a list: %v, want ErrMalformed and the value as it was", err)
	}
}

func TestFlashes(t *testing.T) {
	var m session.Metadata
	if got, err := session.TakeFlashes(&m); got != nil || err != nil || session.HasFlash(m) {
		t.Errorf("TakeFlashes of none: %v, %v", got, err)
	}
	for i := range 20 { // 16 at most wait
		if err := session.AddFlash(&m, session.Flash{Kind: "notice", Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if !session.HasFlash(m) {
		t.Error("HasFlash says no")
	}
	got, err := session.TakeFlashes(&m)
	if err != nil || len(got) != 16 || got[0].Text != "4" || got[15].Text != "19" {
		t.Errorf("TakeFlashes: %v, %v", got, err)
	}
	if m != (session.Metadata{}) {
		t.Errorf("after TakeFlashes metadata is %s", m)
	}
}

func FuzzParseMetadata(f *testing.F) {
	f.Add(`{"a":1}`)
	f.Add(`{} `)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := session.ParseMetadata(text)
		if err != nil {
			if !errors.Is(err, session.ErrMalformed) && !errors.Is(err, session.ErrTooLarge) {
				t.Errorf("ParseMetadata(%q): %v", text, err)
			}
			return
		}
		again, err := session.ParseMetadata(m.String())
		if err != nil || again != m || !json.Valid([]byte(m.String())) {
			t.Errorf("ParseMetadata(%q) is %s, which reads as %s, %v", text, m, again, err)
		}
	})
}

// A text that could not come back as it was is refused; what only looks like it is kept.
func TestTextsAreUTF8(t *testing.T) {
	type form struct{ Text string }
	for _, text := range []string{"a\xffb", "\xed\xa0\x80"} {
		m := session.Metadata{}
		if err := session.NewKey[string]("k").Set(&m, text); !errors.Is(err, session.ErrMalformed) || m.String() != "{}" {
			t.Errorf("%q: %v, %s", text, err, m)
		}
		if err := session.NewKey[[]form]("k").Set(&m, []form{{"fine"}, {text}}); !errors.Is(err, session.ErrMalformed) {
			t.Errorf("%q inside: %v", text, err)
		}
	}
	for _, text := range []string{"\ufffd", `\ufffd`, `\\ufffd`, "\\", "\x00\u2028<"} {
		m := session.Metadata{}
		key := session.NewKey[string]("k")
		if err := key.Set(&m, text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if got, _, err := key.Get(m); got != text || err != nil {
			t.Errorf("%q comes back as %q, %v", text, got, err)
		}
	}
}

func TestMerge(t *testing.T) {
	parse := func(text string) session.Metadata {
		m, err := session.ParseMetadata(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range [][3]string{
		{`{}`, `{}`, `{}`}, {`{"a":1}`, `{}`, `{"a":1}`}, {`{}`, `{"a":1}`, `{"a":1}`}, {`{"a":1,"b":2}`, `{"b":3,"c":4}`, `{"a":1,"b":3,"c":4}`},
	} {
		if got, err := parse(c[0]).Merge(parse(c[1])); err != nil || got.String() != c[2] {
			t.Errorf("%s and %s: %s, %v", c[0], c[1], got, err)
		}
	}
	big := `{"x":"` + strings.Repeat("x", session.MaxMetadata-20) + `"}`
	if _, err := parse(big).Merge(parse(`{"yyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}`)); !errors.Is(err, session.ErrTooLarge) {
		t.Errorf("over the bound: %v", err)
	}
}
