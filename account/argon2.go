// Argon2id: its cost, and its hashes as PHC strings.

package account

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/go-crudadmin/crudadmin/internal/fields"
)

// Argon2 is the cost of an Argon2id hash.
type Argon2 struct {
	Memory  uint32 // KiB, 8 × Threads to 131072 (128 MiB)
	Time    uint32 // passes over the memory, 1 to 16
	Threads uint8  // 1 to 16
}

// DefaultArgon2 is 19 MiB, two passes, one thread: the OWASP Password Storage Cheat Sheet's first
// choice, some 26 ms a hash.
var DefaultArgon2 = Argon2{Memory: 19 << 10, Time: 2, Threads: 1}

// Bounds of what is made and, as a stored hash is input too, of what is verified: a tampered
// parameter must not make a sign-in allocate gigabytes or run for minutes.
const (
	maxMemory  = 128 << 10 // KiB
	maxTime    = 16
	maxThreads = 16

	saltSize = 16 // bytes, RFC 9106 section 3.1
	tagSize  = 32 // bytes

	minStoredSalt, maxStoredSalt = 8, 64
	minStoredTag, maxStoredTag   = 16, 64
	maxStoredHash                = 256 // characters of a PHC string
)

// Validate returns nil, or one error with a config.FieldError for each field that is out of its
// bounds.
func (c Argon2) Validate() error {
	var check fields.Check
	check.Int("Threads", int(c.Threads), 1, maxThreads)
	check.Int("Time", int(c.Time), 1, maxTime)
	check.Int("Memory", int(c.Memory), 8*max(1, int(c.Threads)), maxMemory)
	return check.Err("account: Argon2")
}

// argon2Hash is a decoded hash.
type argon2Hash struct {
	cost Argon2
	salt []byte
	tag  []byte
}

func newArgon2Hash(cost Argon2, salt []byte, password string) argon2Hash {
	return argon2Hash{cost, salt, argon2Tag(cost, salt, password, tagSize)}
}

func argon2Tag(cost Argon2, salt []byte, password string, size int) []byte {
	return argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Threads, uint32(size))
}

func (h argon2Hash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.tag, argon2Tag(h.cost, h.salt, password, len(h.tag))) == 1
}

// encode writes the PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$tag in unpadded base64.
func (h argon2Hash) encode() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.Memory, h.cost.Time, h.cost.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.tag))
}

var errStoredHash = errors.New("account: the stored password hash cannot be read")

// decodeArgon2 is the strict inverse of encode, within the bounds above.
func decodeArgon2(s string) (argon2Hash, error) {
	var h argon2Hash
	if len(s) > maxStoredHash {
		return h, errStoredHash
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return h, errStoredHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.cost.Memory, &h.cost.Time, &h.cost.Threads); err != nil {
		return h, errStoredHash
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return h, errStoredHash
	}
	if h.tag, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return h, errStoredHash
	}
	switch {
	case h.cost.Validate() != nil,
		len(h.salt) < minStoredSalt, len(h.salt) > maxStoredSalt,
		len(h.tag) < minStoredTag, len(h.tag) > maxStoredTag,
		h.encode() != s: // one spelling for one hash: no sign, leading zero, line break or other version
		return argon2Hash{}, errStoredHash
	}
	return h, nil
}
