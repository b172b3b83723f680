// Tests of the hash format, from inside the package: nothing outside sees a hash.

package account

import (
	"encoding/base64"
	"runtime"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Vectors of the Argon2 reference implementation (its test.c, version 0x13, Argon2id).
func TestArgon2idKnownAnswers(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for _, c := range []struct{ password, hash string }{
		{"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
		{"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
		{"password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
		{"differentpassword", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"},
	} {
		h, err := decodeArgon2(c.hash)
		if err != nil {
			t.Errorf("%s: %v", c.hash, err)
			continue
		}
		if got := newArgon2Hash(h.cost, h.salt, c.password).encode(); got != c.hash {
			t.Errorf("hash of %s\n got %s\nwant %s", c.password, got, c.hash)
		}
		if !h.matches(c.password) || h.matches(c.password+"x") {
			t.Errorf("%s does not tell its password from another", c.hash)
		}
	}
}

const validHash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

func TestDecodeIsStrictAndBounded(t *testing.T) {
	if _, err := decodeArgon2(validHash); err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) string {
		s := strings.Replace(validHash, old, new, 1)
		if s == validHash {
			t.Fatalf("%q is not in the hash", old)
		}
		return s
	}
	b64 := func(n int) string { return base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", n))) }
	for _, s := range []string{
		"", "$", "$$$$$", "plain", "x" + validHash, validHash + "$", validHash + " ", " " + validHash, validHash + "\n",
		swap("argon2id", "argon2i"), swap("argon2id", "argon2d"), swap("argon2id", "ARGON2ID"),
		swap("v=19", "v=16"), swap("v=19", "v=019"), swap("$v=19", ""), swap("v=19", "v=+19"),
		swap("m=256", "m=7"), swap("m=256", "m=0"), swap("m=256", "m=-256"), swap("m=256", "m=+256"), swap("m=256", "m=0256"),
		swap("m=256", "m= 256"), swap("m=256", "m=0x100"), swap("m=256", "m=131073"), swap("m=256", "m=4294967295"),
		swap("m=256", "m=4294967552"), swap("m=256", "m=99999999999999999999"),
		swap("t=2", "t=0"), swap("t=2", "t=17"), swap("t=2", "t=4294967298"), swap("p=1", "p=0"), swap("p=1", "p=17"), swap("p=1", "p=257"),
		swap("m=256,t=2,p=1", "t=2,m=256,p=1"), swap("p=1", "p=1,keyid=AA"), swap("m=256,t=2,p=1", "m=256,t=2"), swap("p=1", "p=1x"),
		swap("c29tZXNhbHQ", ""), swap("c29tZXNhbHQ", b64(7)), swap("c29tZXNhbHQ", b64(65)), swap("c29tZXNhbHQ", "c29tZXNhbHQ="),
		swap("c29tZXNhbHQ", "c29tZXNhbHR"), swap("c29tZXNhbHQ", "c29t\nZXNhbHQ"), swap("c29tZXNhbHQ", "c29tZXNhb-_"),
		swap("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", ""), swap("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", b64(15)),
		swap("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", b64(65)), swap("4rEsF5", "4r\rEsF5"),
		validHash + strings.Repeat("A", 1<<20),
	} {
		if h, err := decodeArgon2(s); err == nil {
			t.Errorf("%.120q was read as %+v", s, h.cost)
		}
	}
}

func FuzzDecodeArgon2(f *testing.F) {
	f.Add(validHash)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEg")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := decodeArgon2(s)
		if err != nil {
			return
		}
		if h.encode() != s {
			t.Errorf("%q is read as %q", s, h.encode())
		}
		if h.cost.Memory > maxMemory || h.cost.Time > maxTime || h.cost.Threads > maxThreads || len(h.salt) > maxStoredSalt || len(h.tag) > maxStoredTag {
			t.Errorf("%q passed the bounds: %+v", s, h.cost)
		}
	})
}

func TestDefaultPlacesFollowTheMemoryOfAHash(t *testing.T) {
	for memory, most := range map[uint32]int{DefaultArgon2.Memory: 3, 64 << 10: 1, 128 << 10: 1, 8: 1 << 10} {
		got := Config{Argon2: Argon2{Memory: memory, Time: 1, Threads: 1}}.withDefaults().MaxHashes
		if want := min(most, runtime.GOMAXPROCS(0)); got != want {
			t.Errorf("%d KiB a hash: %d places, want %d", memory, got, want)
		}
	}
}

// Nobody can sign in with the hash that unknown names are compared with, and it costs what a real
// one does.
func TestDummyIsARealHashOfNobody(t *testing.T) {
	h := newHasher(Config{Argon2: DefaultArgon2}.withDefaults())
	dummy, err := h.dummy()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := decodeArgon2(dummy)
	if err != nil || hash.cost != DefaultArgon2 || len(hash.salt) != saltSize || len(hash.tag) != tagSize {
		t.Fatalf("%+v, %v", hash.cost, err)
	}
	if ok, outdated, err := h.verify(t.Context(), signingIn, dummy, ""); ok || outdated || err != nil {
		t.Errorf("verify = %v, %v, %v", ok, outdated, err)
	}
}
