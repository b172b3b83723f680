// Hasher: password hashes made and verified, a bounded number at a time.

package account

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

const (
	hashBudget = 64 << 10 // KiB of Argon2 memory in use at once by default
	maxHashes  = 1024

	bcryptBytes   = 72 // bcrypt hashes no more of a password
	maxBcryptCost = 15 // some 2 s; crudadmin for Python made cost 12
)

// HashStats counts password hashing since Open.
type HashStats struct {
	Argon2  uint64 // Argon2id hashes computed
	Bcrypt  uint64 // bcrypt hashes computed, to verify old ones
	Running int    // being computed now
	Peak    int    // the most that were computed at once
	Waiting int    // that wait for a place now
}

// hasher computes hashes, as many at a time as the queue has places.
type hasher struct {
	cost  Argon2
	rand  io.Reader
	queue *queue

	argon2, bcrypt atomic.Uint64
}

func newHasher(c Config) *hasher {
	return &hasher{cost: c.Argon2, rand: c.Random, queue: newQueue(c.MaxHashes, c.MaxWaiting)}
}

func (h *hasher) stats() HashStats {
	running, peak, waiting := h.queue.counts()
	return HashStats{Argon2: h.argon2.Load(), Bcrypt: h.bcrypt.Load(), Running: running, Peak: peak, Waiting: waiting}
}

// make hashes a new password.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("account: no randomness for a salt: %w", err)
	}
	if err := h.queue.enter(ctx, admitted); err != nil {
		return "", err
	}
	defer h.queue.leave()
	h.argon2.Add(1)
	return newArgon2Hash(h.cost, salt, normal(password)).encode(), nil
}

// dummy is a hash of the current cost that no password has: its tag was never computed.
func (h *hasher) dummy() (string, error) {
	b := make([]byte, saltSize+tagSize)
	if _, err := io.ReadFull(h.rand, b); err != nil {
		return "", fmt.Errorf("account: no randomness: %w", err)
	}
	return argon2Hash{h.cost, b[:saltSize], b[saltSize:]}.encode(), nil
}

// verify reports whether password is the one of the stored hash, and whether that hash should be
// replaced because it is bcrypt or costs less than today's. A hash that cannot be read is
// errStoredHash.
func (h *hasher) verify(ctx context.Context, who asker, stored, password string) (ok, outdated bool, err error) {
	if isBcrypt(stored) {
		return h.verifyBcrypt(ctx, who, stored, password)
	}
	hash, err := decodeArgon2(stored)
	if err != nil {
		return false, false, err
	}
	if err := h.queue.enter(ctx, who); err != nil {
		return false, false, err
	}
	defer h.queue.leave()
	h.argon2.Add(1)
	c := hash.cost
	outdated = c.Memory < h.cost.Memory || c.Time < h.cost.Time || c.Threads < h.cost.Threads ||
		len(hash.salt) < saltSize || len(hash.tag) < tagSize
	return hash.matches(normal(password)), outdated, nil
}

// verifyBcrypt compares the first 72 bytes, as the Python original did; Argon2id then hashes the
// whole password.
func (h *hasher) verifyBcrypt(ctx context.Context, who asker, stored, password string) (ok, outdated bool, err error) {
	cost, err := bcrypt.Cost([]byte(stored))
	if err != nil || cost > maxBcryptCost {
		return false, false, errStoredHash
	}
	if err := h.queue.enter(ctx, who); err != nil {
		return false, false, err
	}
	defer h.queue.leave()
	h.bcrypt.Add(1)
	typed := []byte(password)
	typed = typed[:min(len(typed), bcryptBytes)]
	return bcrypt.CompareHashAndPassword([]byte(stored), typed) == nil, true, nil
}

func isBcrypt(stored string) bool {
	return strings.HasPrefix(stored, "$2a$") || strings.HasPrefix(stored, "$2b$") || strings.HasPrefix(stored, "$2y$")
}

// normal is the password as it is hashed: NFKC, so that keyboards that compose é differently agree
// (NIST SP 800-63B, "Password Verifiers"). Nothing is cut off, and no case is folded.
func normal(password string) string { return norm.NFKC.String(password) }
