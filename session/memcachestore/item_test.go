// The layout of items and counters, and the choice of servers.

package memcachestore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// fixed returns an item of two sessions that is the same in every run.
func fixed(t testing.TB) *item {
	t.Helper()
	it := &item{tag: session.Tag{1, 2, 3, 4, 5, 6, 7, 8}}
	at := time.UnixMicro(1_700_000_000_000_000).UTC()
	for i, user := range []string{"ada", "grace"} {
		s := session.Session{
			UserID: user, CreatedAt: at, LastActivity: at, RotatedAt: at, ExpiresAt: at.Add(time.Hour), Deadline: at.Add(12 * time.Hour),
			Version: 1, Metadata: session.StoredMetadata(`{"n":1}`),
		}
		copy(s.ID[:], it.tag[:])
		s.ID[session.IDSize-1] = byte(i)
		e, err := newEntry("test", s)
		if err != nil {
			t.Fatal(err)
		}
		it.entries = append(it.entries, e)
	}
	return it
}

// TestLayout holds version 1 in place: other releases read it.
func TestLayout(t *testing.T) {
	encoded := fixed(t).encode()
	const directory = "e501" + "0102030405060708" + "0002" +
		"0000000000000000000000000000000000000000000000000000000000000000" + "000000b9" +
		"0000000000000000000000000000000000000000000000000000000000000001" + "000000bb" + "0113448d"
	if got := hex.EncodeToString(encoded[:len(directory)/2]); got != directory {
		t.Errorf("the directory of an item is\n%s, want\n%s", got, directory)
	}
	if len(encoded) != len(directory)/2+0xb9+0xbb {
		t.Errorf("%d bytes", len(encoded))
	}
	c := counter{name: sha256.Sum256([]byte("k")), until: 1_700_000_000_000_003, events: []int64{1_700_000_000_000_000, 1_700_000_000_000_001}}
	const log = "9501" + "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a" + "00060a24181e4003" +
		"00060a24181e4000" + "00060a24181e4001" + "412d44dc"
	if got := hex.EncodeToString(c.encode()); got != log {
		t.Errorf("a counter is\n%s, want\n%s", got, log)
	}
}

// TestItemEveryBitCounts: a bit that is another in an item costs at most what it
// stands in, and nobody gets another's session.
func TestItemEveryBitCounts(t *testing.T) {
	it := fixed(t)
	good := it.encode()
	head := itemHeader + 2*entrySize + crcSize
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		dir, err := openItem(bad, it.tag)
		if bit/8 < head {
			if err == nil {
				t.Fatalf("bit %d of the directory is another, and nothing is wrong", bit)
			}
			continue
		}
		if err != nil {
			t.Fatalf("bit %d of a record: %v", bit, err)
		}
		got, _ := dir.decode()
		untouched := 0
		for _, e := range got.entries {
			for _, want := range it.entries {
				if e.s == want.s {
					untouched++
				}
			}
		}
		if untouched == 0 {
			t.Fatalf("bit %d of one record costs both", bit)
		}
	}
	if _, err := openItem(good, session.Tag{9}); !errors.Is(err, errSpoilt) {
		t.Errorf("another tag's item: %v", err)
	}
}

func FuzzItem(f *testing.F) {
	it := fixed(f)
	f.Add(it.encode())
	f.Add((&item{tag: it.tag}).encode())
	f.Add([]byte{magicItem, itemVersion + 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir, err := openItem(data, it.tag)
		if err != nil {
			if !errors.Is(err, errSpoilt) && !errors.Is(err, wire.ErrNewer) {
				t.Fatalf("an error of no class: %v", err)
			}
			return
		}
		got, bad := dir.decode()
		if len(bad) == 0 && len(got.entries) == dir.len() {
			if again := got.encode(); !bytes.Equal(again, data) {
				t.Fatalf("%x was read and is written as %x", data, again)
			}
		}
		for _, e := range got.entries {
			if e.s.ID.Tag() != it.tag {
				t.Fatal("a session of another tag")
			}
		}
	})
}

func FuzzCounter(f *testing.F) {
	name := sha256.Sum256([]byte("k"))
	f.Add((&counter{name: name, until: 1, events: []int64{1, 2, 3}}).encode())
	f.Add((&counter{name: name}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		c := counter{name: name}
		if err := c.decode(data); err != nil {
			if len(c.events) > 0 {
				t.Fatal("events beside an error")
			}
			return
		}
		if again := c.encode(); !bytes.Equal(again, data) {
			t.Fatalf("%x was read and is written as %x", data, again)
		}
	})
}

// TestPick: the servers have equal shares, the order of the list does not matter,
// and when one goes only its share moves.
func TestPick(t *testing.T) {
	cfg := Config{}.withDefaults()
	var servers []*server
	for i := range 5 {
		servers = append(servers, newServer(&cfg, fmt.Sprintf("10.0.0.%d:11211", i+1), nil, nil))
	}
	reversed := slices.Clone(servers)
	slices.Reverse(reversed)
	const keys = 20_000
	shares := map[*server]int{}
	for key := range uint64(keys) {
		at := pick(servers, key)
		shares[at]++
		if pick(reversed, key) != at {
			t.Fatal("the order of the list matters")
		}
		if fewer := pick(servers[1:], key); at != servers[0] && fewer != at {
			t.Fatal("a key moved though its server stayed")
		}
	}
	for sv, n := range shares {
		if n < keys/5*9/10 || n > keys/5*11/10 {
			t.Errorf("%s has %d of %d keys, want a fifth", sv.addr, n, keys)
		}
	}
	// The choice is part of the format: every release and node must make the same.
	if got := pick(servers, 0x0102030405060708).addr; got != "10.0.0.2:11211" {
		t.Errorf("a key that has always been on 10.0.0.2 is on %s", got)
	}
}
