// The format: golden vectors, round trips, damage, a newer version, bounds.

package wire_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew: only for a new version of the format")

const goldenFile = "testdata/golden.txt"

// vector is a session and its name in the golden file.
type vector struct {
	name string
	s    session.Session
}

func vectors() []vector {
	at := func(us int64) time.Time { return time.UnixMicro(1_700_000_000_000_000 + us).UTC() }
	least := session.Session{Version: 1, CreatedAt: at(0), LastActivity: at(0), RotatedAt: at(0), ExpiresAt: at(1), Deadline: at(2)}
	usual := session.Session{
		UserID: "42", Version: 7, CreatedAt: at(1), LastActivity: at(2), ExpiresAt: at(3), Deadline: at(4), RotatedAt: at(5),
		IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		Device:   session.Device{Browser: "Firefox", Version: "128.0", OS: "Linux", Kind: "desktop"},
		Metadata: session.StoredMetadata(`{"cart":[1,2]}`),
	}
	renewed := usual
	renewed.UserID, renewed.IP, renewed.PreviousUntil = "Zoë/✓", netip.MustParseAddr("2001:db8::1"), at(6)
	for i := range renewed.ID {
		usual.ID[i], renewed.ID[i], renewed.Previous[i] = byte(i), byte(255-i), byte(i)
	}
	for i := range renewed.Lineage {
		usual.Lineage[i], renewed.Lineage[i] = byte(i), byte(16+i)
	}
	largest := session.Session{
		UserID: strings.Repeat("u", session.MaxUserID), Version: 1<<64 - 1,
		CreatedAt: time.UnixMicro(1<<53 - 1).UTC(), LastActivity: time.UnixMicro(1).UTC(),
		IP: netip.MustParseAddr("::ffff:192.0.2.7"), UserAgent: strings.Repeat("a", session.MaxUserAgent),
		Metadata: session.StoredMetadata(`{"k":"` + strings.Repeat("m", session.MaxMetadata-8) + `"}`),
	}
	for _, text := range []*string{&largest.Device.Browser, &largest.Device.Version, &largest.Device.OS, &largest.Device.Name, &largest.Device.Kind} {
		*text = strings.Repeat("d", session.MaxDeviceText)
	}
	return []vector{{"least", least}, {"usual", usual}, {"renewed", renewed}, {"largest", largest}}
}

func encode(t testing.TB, s session.Session) []byte {
	t.Helper()
	data, err := wire.Append(nil, &s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden holds the format in place: what once was written is read for ever.
func TestGolden(t *testing.T) {
	alias := wire.Alias{Next: session.ID{1, 2, 3}, Until: time.UnixMicro(1_700_000_000_000_000).UTC()}
	if *update {
		var b strings.Builder
		b.WriteString("# Version 1 of the format: name, hexadecimal. Never changed; a new version adds its own lines.\n")
		for _, v := range vectors() {
			fmt.Fprintf(&b, "v1-%s %x\n", v.name, encode(t, v.s))
		}
		data, err := wire.AppendAlias(nil, alias)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "v1-alias %x\n", data)
		if err := os.WriteFile(goldenFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden := readGolden(t)
	for _, v := range vectors() {
		want := golden["v1-"+v.name]
		if got := encode(t, v.s); string(got) != string(want) {
			t.Errorf("%s is encoded in another way than it once was", v.name)
		}
		got, err := wire.Decode(want, v.s.ID)
		if err != nil || got != v.s {
			t.Errorf("%s: decoded %+v, %v; want %+v", v.name, got, err, v.s)
		}
	}
	if got, err := wire.DecodeAlias(golden["v1-alias"]); err != nil || got != alias {
		t.Errorf("alias: %+v, %v", got, err)
	}
	if n := len(golden["v1-largest"]); n != wire.MaxRecord {
		t.Errorf("the largest record has %d bytes, MaxRecord is %d", n, wire.MaxRecord)
	}
}

func readGolden(t testing.TB) map[string][]byte {
	t.Helper()
	f, err := os.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	golden := map[string][]byte{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		if golden[name], err = hex.DecodeString(text); err != nil {
			t.Fatal(err)
		}
	}
	return golden
}

// TestNewer: a record of a newer format is told from a damaged one, whatever
// follows its header.
func TestNewer(t *testing.T) {
	for _, v := range vectors() {
		data := encode(t, v.s)
		data[1] = wire.Version + 1
		for _, data := range [][]byte{data, data[:100], append(data, "and what it adds"...)} {
			if _, err := wire.Decode(data, v.s.ID); !errors.Is(err, wire.ErrNewer) || errors.Is(err, wire.ErrCorrupt) {
				t.Errorf("%s: %v, want ErrNewer", v.name, err)
			}
		}
	}
	alias, err := wire.AppendAlias(nil, wire.Alias{})
	if err != nil {
		t.Fatal(err)
	}
	alias[1]++
	if _, err := wire.DecodeAlias(alias); !errors.Is(err, wire.ErrNewer) {
		t.Errorf("alias: %v, want ErrNewer", err)
	}
}

// TestDamage: every cut, every flipped bit outside the fields that scripts
// patch, and anything behind the end is found.
func TestDamage(t *testing.T) {
	s := vectors()[1].s
	good := encode(t, s)
	refused := func(data []byte, what string) {
		t.Helper()
		if _, err := wire.Decode(data, s.ID); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", what, err)
		}
	}
	for n := range good {
		refused(good[:n], fmt.Sprintf("cut to %d bytes", n))
	}
	refused(append(append([]byte{}, good...), 0), "a byte behind the end")
	refused(make([]byte, wire.MaxRecord+1), "zeros")
	refused(append([]byte{good[0], good[1]}, make([]byte, 1<<20)...), "a megabyte")
	for i := range good {
		if i == 1 || i >= 2 && i < 26 { // the format's version; Version, LastActivity, ExpiresAt
			continue
		}
		for bit := range 8 {
			bad := append([]byte{}, good...)
			bad[i] ^= 1 << bit
			refused(bad, fmt.Sprintf("bit %d of byte %d", bit, i))
		}
	}
	other := s.ID
	other[39]++
	if _, err := wire.Decode(good, other); !errors.Is(err, wire.ErrCorrupt) {
		t.Errorf("another session's record: %v, want ErrCorrupt", err)
	}
}

// TestBounds: what the format cannot hold is refused, with the field's name.
func TestBounds(t *testing.T) {
	for field, change := range map[string]func(*session.Session){
		"UserID":      func(s *session.Session) { s.UserID = strings.Repeat("x", 256) },
		"UserAgent":   func(s *session.Session) { s.UserAgent = strings.Repeat("x", 513) },
		"Device.Kind": func(s *session.Session) { s.Device.Kind = strings.Repeat("x", 65) },
		"Metadata": func(s *session.Session) {
			s.Metadata = session.StoredMetadata(strings.Repeat("x", session.MaxMetadata+1))
		},
		"Deadline":       func(s *session.Session) { s.Deadline = time.UnixMicro(1 << 53) },
		"CreatedAt":      func(s *session.Session) { s.CreatedAt = time.Unix(-1, 0) },
		"IP":             func(s *session.Session) { s.IP = netip.MustParseAddr("fe80::1%eth0") },
		"Device.Browser": func(s *session.Session) { s.Device.Browser = strings.Repeat("x", 300) },
	} {
		s := vectors()[1].s
		change(&s)
		got, err := wire.Append([]byte("before"), &s)
		if string(got) != "before" || !errors.Is(err, session.ErrTooLarge) && !errors.Is(err, session.ErrMalformed) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %q, %v", field, got, err)
		}
	}
}

func TestDecodeAllocatesOnce(t *testing.T) {
	s := vectors()[1].s
	data := encode(t, s)
	if n := testing.AllocsPerRun(100, func() { _, _ = wire.Decode(data, s.ID) }); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

// sessions draws any session that the format can hold.
func sessions(t *rapid.T) session.Session {
	instant := func(name string) time.Time {
		return rapid.Custom(func(t *rapid.T) time.Time {
			n := rapid.Int64Range(0, 1<<53-1).Draw(t, "µs")
			if n == 0 {
				return time.Time{}
			}
			return time.UnixMicro(n).UTC()
		}).Draw(t, name)
	}
	text := func(name string, most int) string { return rapid.StringN(0, most/4, most).Draw(t, name) }
	raw := func(name string, n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, name) }
	s := session.Session{
		ID: session.ID(raw("ID", session.IDSize)), UserID: text("UserID", session.MaxUserID), Lineage: session.Lineage(raw("Lineage", 16)),
		CreatedAt: instant("CreatedAt"), LastActivity: instant("LastActivity"), ExpiresAt: instant("ExpiresAt"),
		Deadline: instant("Deadline"), RotatedAt: instant("RotatedAt"), PreviousUntil: instant("PreviousUntil"),
		Previous: session.ID(raw("Previous", session.IDSize)), UserAgent: text("UserAgent", session.MaxUserAgent),
		Device: session.Device{
			Browser: text("Browser", 64), Version: text("Version", 64), OS: text("OS", 64), Name: text("Name", 64), Kind: text("Kind", 64),
		},
		Metadata: session.StoredMetadata(text("Metadata", session.MaxMetadata)),
		Version:  rapid.Uint64().Draw(t, "Version"),
	}
	switch rapid.IntRange(0, 2).Draw(t, "IP") {
	case 1:
		s.IP = netip.AddrFrom4([4]byte(raw("IPv4", 4)))
	case 2:
		s.IP = netip.AddrFrom16([16]byte(raw("IPv6", 16)))
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sessions(t)
		data, err := wire.Append(nil, &s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.Decode(data, s.ID)
		if err != nil || got != s {
			t.Fatalf("decoded %+v, %v; want %+v", got, err, s)
		}
	})
}

// FuzzDecode: nothing panics, and what is accepted is what Append writes.
func FuzzDecode(f *testing.F) {
	for _, data := range readGolden(f) {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var id session.ID
		if len(data) >= 98 {
			id = session.ID(data[58:98])
		}
		if s, err := wire.Decode(data, id); err == nil {
			if again := encode(t, s); string(again) != string(data) {
				t.Errorf("%x is accepted but written as %x", data, again)
			}
		} else if !errors.Is(err, wire.ErrCorrupt) && !errors.Is(err, wire.ErrNewer) {
			t.Errorf("%v is neither ErrCorrupt nor ErrNewer", err)
		}
		if a, err := wire.DecodeAlias(data); err == nil {
			if again, err := wire.AppendAlias(nil, a); err != nil || string(again) != string(data) {
				t.Errorf("alias %x is accepted but written as %x, %v", data, again, err)
			}
		}
	})
}
