// The scripts' idea of the format is the encoder's.

package redisstore

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

func TestScriptsKnowTheFormat(t *testing.T) {
	constant := func(name string) int {
		t.Helper()
		found := regexp.MustCompile(`(?m)^local ` + name + ` = (\d+)`).FindStringSubmatch(prelude)
		if found == nil {
			t.Fatalf("no %s in prelude.lua", name)
		}
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	s := session.Session{UserID: "ada", PreviousUntil: time.UnixMicro(0x0102030405)}
	for i := range s.ID {
		s.ID[i], s.Previous[i] = byte(i+1), byte(100+i)
	}
	data, err := wire.Append(nil, &s)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string, n int) string { return string(data[constant(name)-1:][:n]) } // Lua counts from 1
	for what, ok := range map[string]bool{
		"LONGEST":        constant("LONGEST") == wire.MaxRecord,
		"FORMAT":         constant("FORMAT") == wire.Version,
		"ID":             constant("ID") == session.IDSize,
		"TAG":            constant("TAG") == len(session.Tag{}),
		"NAME":           at("NAME", session.IDSize) == string(s.ID[:]),
		"HEADER":         constant("HEADER") == constant("NAME")+session.IDSize-1,
		"PREVIOUS":       at("PREVIOUS", session.IDSize) == string(s.Previous[:]),
		"PREVIOUS_UNTIL": at("PREVIOUS_UNTIL", 8) == "\x00\x00\x00\x01\x02\x03\x04\x05",
		"USER":           at("USER", 4) == "\x03ada",
	} {
		if !ok {
			t.Errorf("%s in prelude.lua is not the encoder's", what)
		}
	}
}
