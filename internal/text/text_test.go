// Tests of messages: how they read, what a second language needs, how they are kept.

package text

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// example is an argument of a type that looks like everything a sentence could mistake it for.
const hostile = `{#n} %s [a] ] %!d(MISSING) {table} <b>&amp;"'` + "`{{.}}\\1"

func example(typ reflect.Type, n int64) any {
	switch {
	case typ == reflect.TypeFor[Message]():
		return Verbatim(hostile)
	case typ == reflect.TypeFor[[]string]():
		return []string{hostile, hostile}
	case typ == reflect.TypeFor[Count]():
		return Exact(n)
	case typ.Kind() == reflect.String:
		return hostile
	}
	return reflect.ValueOf(n).Convert(typ).Interface()
}

// saidWith is a sentence with an example of each argument.
func saidWith(s *sentence, n int64) *said {
	m := &said{sentence: s}
	for _, typ := range s.types {
		m.args = append(m.args, example(typ, n))
	}
	return m
}

// Every sentence says each of its arguments as it is, whatever is in it.
func TestArgumentsAreData(t *testing.T) {
	for code, s := range sentences {
		for _, n := range []int64{1, 1204} {
			m := saidWith(s, n)
			got := m.String()
			want := English.form(m)
			if s.part {
				want = strings.NewReplacer("[", "", "]", "").Replace(want)
			}
			for i, name := range s.names {
				want = strings.ReplaceAll(want, "{"+name+"}", "\x00"+string(rune('a'+i)))
			}
			for i := range s.names {
				want = strings.ReplaceAll(want, "\x00"+string(rune('a'+i)), English.shown(m.args[i]))
			}
			if got != want {
				t.Errorf("%s: %q, want %q", code, got, want)
			}
			if again, err := English.Text(code, m.args...); err != nil || again != got {
				t.Errorf("%s as a template says it: %q, %v", code, again, err)
			}
			if parts, err := English.Parts(code, m.args...); s.part != (err == nil) || s.part && parts.whole() != got {
				t.Errorf("%s in parts: %q, %v", code, parts, err)
			}
		}
	}
}

// What is kept in a session for the next page is read again as it was, of every sentence.
func TestStoredMessagesAreReadAgain(t *testing.T) {
	all := []Message{nil, Verbatim("Plain words."), Verbatim(`{"code":"records.saved"}`), List(RecordSaved, Verbatim("x")), Sentences(TryAgainIn(Wait(90)), RecordsDeleted(3)), NothingDeleted(nil)}
	for _, s := range sentences {
		all = append(all, saidWith(s, 3))
	}
	for _, m := range all {
		kept := Store(m)
		if got, want := English.Say(Load(kept)), English.Say(m); got != want {
			t.Errorf("%q is read again as %q, want %q", kept, got, want)
		}
	}
	for _, foreign := range []string{"The record is saved.", "{", `{"codes":"x"}`, "3"} {
		if got := English.Say(Load(foreign)); got != foreign {
			t.Errorf("%q, which is not ours, is read as %q", foreign, got)
		}
	}
	// A notice of another release is not shown rather than shown as it is kept.
	for _, others := range []string{`{"code":"no.such"}`, `{"code":"records.deleted_many","args":["x"]}`, `{"code":"records.deleted_many"}`, `{"all":[null]}`} {
		if got := Load(others); got != nil {
			t.Errorf("%q is read as %q", others, got)
		}
	}
}

// A second language is a second catalogue, and nothing else: with other plural forms, arguments in
// another order, and other numbers. What it lacks is said in English.
func TestASecondCatalogue(t *testing.T) {
	polish := &Catalogue{
		tag: language.Polish, forms: []plural.Form{plural.One, plural.Few, plural.Many}, thousands: " ",
		texts: map[string][]string{
			"records.deleted_many": {"Usunięto {#n} rekord.", "Usunięto {#n} rekordy.", "Usunięto {#n} rekordów."},
			"sessions.ended_by":    {"{user}: {reason}"},
			"form.unsaved":         {"{#n} zmiana", "{#n} zmiany", "{#n} zmian"},
		},
	}
	for code, texts := range polish.texts {
		if err := sentences[code].fits(texts, len(polish.forms)); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, c := range []struct {
		m    Message
		want string
	}{
		{RecordsDeleted(1), "Usunięto 1 rekord."}, {RecordsDeleted(2), "Usunięto 2 rekordy."}, {RecordsDeleted(5), "Usunięto 5 rekordów."},
		{RecordsDeleted(22), "Usunięto 22 rekordy."}, {RecordsDeleted(12345), "Usunięto 12 345 rekordów."},
		{EndedBy(RecordsDeleted(3), "ann"), "ann: Usunięto 3 rekordy."}, {RecordSaved, "The record was saved."}, {nil, ""},
		{Sentences(RecordsDeleted(1), RecordSaved), "Usunięto 1 rekord. The record was saved."},
	} {
		if got := polish.Say(c.m); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	script := `if (n) say("form.unsaved", { n }); else say("list.chosen", { n: "no.such" }); el.id = "a-b"; say("form.unsaved", { n })`
	want := `{"form.unsaved":{"few":"{#n} zmiany","one":"{#n} zmiana","other":"{#n} zmian"},"list.chosen":{"other":"{#n} chosen"}}`
	if got := string(polish.ForScript([]byte(script))); got != want {
		t.Errorf("a script is given %s, want %s", got, want)
	}
	want = `{"form.unsaved":{"one":"{#n} unsaved change","other":"{#n} unsaved changes"},"list.chosen":{"other":"{#n} chosen"}}`
	if got := string(English.ForScript([]byte(script))); got != want {
		t.Errorf("a script is given %s, want %s", got, want)
	}
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		count      Count
		text, rows string
	}{
		{Count{N: 9}, "", ""}, {Exact(0), "0", "0 rows"}, {Exact(1), "1", "1 row"}, {Exact(1204), "1,204", "1,204 rows"}, {Exact(-1204), "-1,204", "-1,204 rows"},
		{AtLeast(1), "1+", "1+ rows"}, {AtLeast(10000), "10,000+", "10,000+ rows"}, {Estimate(1), "≈ 1", "≈ 1 row"}, {Estimate(1234567), "≈ 1,234,567", "≈ 1,234,567 rows"},
	} {
		rows := English.Say(Rows(c.count))
		if c.count.String() != c.text || rows != c.rows {
			t.Errorf("%v: %q, %q", c.count, c.count.String(), rows)
		}
	}
}

// A part of a sentence goes where each language has it, and what an argument holds is not one.
func TestParts(t *testing.T) {
	german := English.Mapped(func(code, text string) string {
		if code == "form.look_up" {
			return "[Für {field} in einem neuen Fenster] nachschlagen"
		}
		return text
	})
	for _, c := range []struct {
		catalogue *Catalogue
		code      string
		args      []any
		want      Parts
	}{
		{English, "form.look_up", []any{"[x]"}, Parts{"Look up a key", " for [x], in a new tab", ""}},
		{german, "form.look_up", []any{"[x]"}, Parts{"", "Für [x] in einem neuen Fenster", " nachschlagen"}},
		{English, "form.file_now", nil, Parts{"Now ", "", ""}},
		{English, "sessions.ending", []any{Exact(1)}, Parts{"", "1 session", " will end at once."}},
		{English, "sessions.ending", []any{Exact(2)}, Parts{"", "2 sessions", " will end at once."}},
	} {
		if got, err := c.catalogue.Parts(c.code, c.args...); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.code, got, err, c.want)
		}
	}
	for code, args := range map[string][]any{"no.such": nil, "records.saved": nil, "form.look_up": nil, "form.file_now": {"x"}} {
		if got, err := English.Parts(code, args...); err == nil {
			t.Errorf("%s of %v is %q", code, args, got)
		}
	}
}

// Declarations that cannot be right are found, each by its own rule.
func TestPlantedSentencesAreFound(t *testing.T) {
	text, number, message := reflect.TypeFor[string](), reflect.TypeFor[int64](), reflect.TypeFor[Message]()
	for _, c := range []struct {
		name    string
		english []string
		types   []reflect.Type
	}{
		{"no text", nil, nil},
		{"an argument without a placeholder", []string{"Deleted."}, []reflect.Type{text}},
		{"a placeholder without an argument", []string{"{table} is gone."}, nil},
		{"a number as a text", []string{"{n} gone."}, []reflect.Type{number}},
		{"a text as a number", []string{"{#n} gone."}, []reflect.Type{text}},
		{"a message as a number", []string{"{#n} gone."}, []reflect.Type{message}},
		{"two forms and no number", []string{"{a} one.", "{a} more."}, []reflect.Type{text}},
		{"three forms", []string{"a {#n}", "b {#n}", "c {#n}"}, []reflect.Type{number}},
		{"a placeholder of one form only", []string{"{table}", "{#n} of them"}, []reflect.Type{number}},
		{"an open brace", []string{"Open { here."}, nil},
		{"a closed brace", []string{"Closed } here."}, nil},
		{"a bracket that is not closed", []string{"Now [{a}."}, []reflect.Type{text}},
		{"a bracket that is not opened", []string{"Now {a}]."}, []reflect.Type{text}},
		{"two parts", []string{"[Now] [{a}]."}, []reflect.Type{text}},
		{"a part in a part", []string{"[Now [{a}]]."}, []reflect.Type{text}},
		{"a part that ends before it begins", []string{"]Now {a}[."}, []reflect.Type{text}},
		{"a part of one form only", []string{"One {#n}.", "[{#n}] more."}, []reflect.Type{number}},
		{"a part of the other form only", []string{"[{#n}].", "{#n} more."}, []reflect.Type{number}},
		{"an argument that is not said", []string{"{a}"}, []reflect.Type{reflect.TypeFor[float64]()}},
	} {
		if err := (&sentence{code: "planted", types: c.types}).check(c.english); err == nil {
			t.Errorf("%s: nothing is found", c.name)
		}
	}
	for _, wrong := range [][]any{{}, {"x"}, {int64(1), "x"}, {3.5}, {nil}} {
		if got, err := English.Text("records.deleted_many", wrong...); err == nil {
			t.Errorf("a template says %q of %v", got, wrong)
		}
	}
	if _, err := English.Text("no.such"); err == nil {
		t.Error("a sentence that is not there is said")
	}
}

// The codes of one area are declared in one file, where the next one is looked for.
func TestAnAreaHasOneFile(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\t\w+ += (?:ifKnown\()?(?:plain|with\d?\[.*\])\("(\w+)\.`)
	areas, found := map[string]string{}, 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declared.FindAllSubmatch(source, -1) {
			area := string(match[1])
			if other := areas[area]; other != "" && other != file {
				t.Errorf("codes that begin with %s. are in %s and in %s", area, other, file)
			}
			areas[area], found = file, found+1
		}
	}
	if found != len(sentences) {
		t.Errorf("%d declarations are found of %d sentences", found, len(sentences))
	}
}

// The English is read aloud by people; what a machine hears is held here.
func TestEnglish(t *testing.T) {
	for _, code := range slices.Sorted(maps.Keys(English.texts)) {
		for _, words := range English.texts[code] {
			switch {
			case strings.TrimSpace(words) != words || strings.Contains(words, "  "):
				t.Errorf("%s: %q has a space too many", code, words)
			case strings.ContainsAny(words, "<>%"):
				t.Errorf("%s: %q has markup or a format", code, words)
			case strings.Contains(words, "who is not") || strings.Contains(words, " is none") || strings.Contains(words, "may not "):
				t.Errorf("%s: %q is not plain English", code, words)
			}
		}
	}
}
