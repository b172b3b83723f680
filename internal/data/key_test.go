// This file proves that keys round-trip through addresses.

package data

import (
	"bytes"
	"errors"
	"math"
	"net/url"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func keyTable(types ...string) *Table {
	t := &Table{Name: "t", rowid: "rowid"}
	for i, declared := range types {
		c := &Column{Name: string(rune('a' + i)), Type: declared, PrimaryKey: i + 1, affinity: sqliteAffinity(declared)}
		c.Kind, _ = sqliteKind(declared, c.affinity)
		t.Columns = append(t.Columns, c)
		t.PrimaryKey = append(t.PrimaryKey, c.Name)
	}
	t.Identity.Columns = t.PrimaryKey
	return t
}

func sameParts(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, isBytes := a[i].([]byte)
		y, areBytes := b[i].([]byte)
		if isBytes != areBytes || isBytes && !bytes.Equal(x, y) || !isBytes && a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestKeyRoundTrip(t *testing.T) {
	part := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Custom(func(t *rapid.T) any { return rapid.Int64().Draw(t, "int") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.Float64().Draw(t, "real") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.String().Draw(t, "text") }),
		rapid.Custom(func(t *rapid.T) any { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }),
		rapid.Custom(func(t *rapid.T) any {
			return rapid.StringMatching(`[~tirbn:,/%.0-9e+-]{0,6}`).Draw(t, "near")
		}),
		rapid.SampledFrom([]any{"", "new", "~new", "~", "~~", ".", "..", "edit", "5", "5.0", "-0", "1e5", "~t:x", "~n:", "~:", "~~:", "~x:y", "~rowid:5", "a,b", "a/b", "%2C", "Inf", "NaN", math.Inf(1), math.Copysign(0, -1)}),
		rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "blob") }),
	)
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom([]string{"INT", "TEXT", "", "REAL", "UUID", "BLOB", "DATE", "DECIMAL(5,2)", "BOOL"}), 1, 4).Draw(t, "types")
		table := keyTable(types...)
		parts := make([]any, len(types))
		for i := range parts {
			parts[i] = part.Draw(t, "part")
		}
		key := newKey(table, parts)
		back, err := ParseKey(table, key.String())
		if err != nil {
			t.Fatalf("%q: %v", key.String(), err)
		}
		if !sameParts(back.parts, parts) || back.String() != key.String() {
			t.Fatalf("%#v became %q became %#v", parts, key.String(), back.parts)
		}
		// The segment survives being put into an address and cannot be mistaken for one of the
		// panel's.
		u, err := url.Parse("http://h/admin/m/t/" + key.String() + "/edit")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(strings.TrimPrefix(u.EscapedPath(), "/admin/m/t/"), "/edit"); got != key.String() || path.Clean(u.EscapedPath()) != u.EscapedPath() {
			t.Fatalf("%q became %q in an address", key.String(), got)
		}
		for _, word := range fixedWords {
			if key.String() == word {
				t.Fatalf("key is the fixed word %q", word)
			}
		}
	})
}

func TestKeyForms(t *testing.T) {
	for _, test := range []struct {
		types string
		parts []any
		want  string
	}{
		{"INTEGER", []any{int64(42)}, "42"},
		{"TEXT", []any{"42"}, "42"},
		{"TEXT", []any{"new"}, "~new"},
		{"TEXT", []any{"~x"}, "~~x"},
		{"TEXT", []any{""}, "~"},
		{"TEXT", []any{".."}, "~.."},
		{"TEXT,INT", []any{"a,b/c", int64(7)}, "a%2Cb%2Fc,7"},
		{"TEXT,TEXT", []any{"new", ""}, "new,~"},
		{"BLOB", []any{[]byte{1, 2}}, "~b:AQI"},
		{"INT", []any{nil}, "~n:"},
		{"INT", []any{"x"}, "~t:x"},
		{",", []any{int64(5), "5"}, "5,~t:5"},
	} {
		table := keyTable(strings.Split(test.types, ",")...)
		if got := newKey(table, test.parts).String(); got != test.want {
			t.Errorf("%s %#v: %q, want %q", test.types, test.parts, got, test.want)
		}
	}
	ints := keyTable("INT")
	for _, bad := range []string{"abc", "1,2", "%zz", "~i:x", "~b:!", "~rowid:x", "1.5", ""} {
		var field *FieldError
		if _, err := ParseKey(ints, bad); !errors.As(err, &field) || field.Field != "key" {
			t.Errorf("%q: %v, want a FieldError of key", bad, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"1", "a,b", "~n:", "~b:AQI", "%", "~rowid:9", "~~", "%00", ",,"} {
		f.Add(seed)
	}
	tables := []*Table{keyTable("INT"), keyTable("TEXT"), keyTable(""), keyTable("TEXT", "INT")}
	f.Fuzz(func(t *testing.T, segment string) {
		for _, table := range tables {
			key, err := ParseKey(table, segment)
			if err != nil {
				continue
			}
			again, err := ParseKey(table, key.String())
			if err != nil || again.String() != key.String() || !sameParts(again.parts, key.parts) {
				t.Fatalf("%q: %q then %q, %v", segment, key, again, err)
			}
		}
	})
}
