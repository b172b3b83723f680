// Package account keeps the administrators of a panel: their names, roles and password hashes, in
// tables of the admin database whose names begin with crudadmin_.
//
// Passwords never leave this package, and no exported value holds a hash. [Accounts.Authenticate]
// does not tell why a sign-in failed: an unknown name, a wrong password and a disabled account give
// the same error after the same work. A database that does not answer gives [ErrUnavailable], never
// "wrong password".
package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// Errors of this package, to be told apart with errors.Is. A refused password is a [*PolicyError].
var (
	// ErrCredentials is the one answer to an unknown name, a wrong password and a disabled account.
	ErrCredentials = errors.New("account: the username or the password is wrong")
	// ErrOldPassword: SetPassword was given a current password that is not the account's.
	ErrOldPassword = errors.New("account: the current password is wrong")
	// ErrNotFound: no account has that id or username.
	ErrNotFound = errors.New("account: no such user")
	// ErrUsernameTaken: another account has this username, compared by [Canonical].
	ErrUsernameTaken = errors.New("account: this username is taken")
	// ErrLastSuperuser: after the change no account could manage administrators.
	ErrLastSuperuser = errors.New("account: this is the last enabled superuser: make another one first")
	// ErrUnavailable: the database did not answer, or no hashing place came free before the context
	// ended. It says nothing about the account.
	ErrUnavailable = errors.New("account: unavailable")
)

// Config configures [Open]. The zero value is ready for production.
type Config struct {
	// Argon2 is the cost of new password hashes. Default [DefaultArgon2]. Stored hashes of a lower
	// cost are replaced when their owner signs in.
	Argon2 Argon2

	// MaxHashes is how many passwords are hashed at the same time; more wait, see MaxWaiting.
	// Default: GOMAXPROCS, and at most as many as fit into 64 MiB (3 at 19 MiB each), so that with
	// the garbage of past hashes a process under 1,000 sign-ins at once stays below 256 MB.
	MaxHashes int

	// MaxWaiting is how many sign-ins wait for one of these places, and as many others beside them;
	// more are ErrBusy at once. Default: 16 for each place, which is less than a second at the
	// default cost. At most 4096.
	MaxWaiting int

	// Timeout is how long the database may take over one call, beside the caller's own deadline: a
	// server that says nothing keeps nobody for longer. Default 5 seconds.
	Timeout time.Duration

	// Random gives salts, ids and generated passwords. Default crypto/rand.Reader.
	Random io.Reader `json:"-"`

	// Now is the clock. Default time.Now.
	Now func() time.Time `json:"-"`

	// Logger is told of faults that an operator must mend: a stored hash that cannot be read.
	// Default slog.Default. Records carry component=account.
	Logger *slog.Logger `json:"-"`
}

func (c Config) withDefaults() Config {
	c.Argon2 = cmp.Or(c.Argon2, DefaultArgon2)
	within := 1
	if c.Argon2.Memory > 0 {
		within = int(hashBudget / c.Argon2.Memory)
	}
	c.MaxHashes = cmp.Or(c.MaxHashes, max(1, min(runtime.GOMAXPROCS(0), within)))
	c.MaxWaiting = cmp.Or(c.MaxWaiting, max(1, waitingEach*min(c.MaxHashes, maxWaiting/waitingEach)))
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Random = cmp.Or(c.Random, rand.Reader)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Validate returns nil, or one error with a config.FieldError for each field that is out of its
// bounds. Open calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check fields.Check
	check.Within("Argon2", c.Argon2.Validate())
	check.Int("MaxHashes", c.MaxHashes, 1, maxHashes)
	check.Int("MaxWaiting", c.MaxWaiting, 1, maxWaiting)
	check.Duration("Timeout", c.Timeout, time.Millisecond, time.Minute)
	return check.Err("account")
}

// Accounts are the administrators in one database. It is safe for concurrent use and starts no
// goroutine.
type Accounts struct {
	db    *sqldb.DB
	cfg   Config
	hash  *hasher
	dummy string // a hash nobody's password has, at the current cost
}

// Open checks cfg, finds out which engine db is (SQLite, PostgreSQL, MySQL or MariaDB), and brings
// its crudadmin_ tables up to date; several processes may do so at once, and wait for each other as
// long as ctx lasts. The pool stays the caller's: its busy timeout and its closing too.
func Open(ctx context.Context, db *sql.DB, cfg Config) (*Accounts, error) {
	if db == nil {
		return nil, errors.New("account: Open needs a database: db is nil")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	cfg.Logger = cfg.Logger.With("component", "account")
	own, err := prepare(ctx, db)
	if err != nil {
		return nil, err
	}
	a := &Accounts{db: own, cfg: cfg, hash: newHasher(cfg)}
	dummy, err := a.hash.dummy()
	if err != nil {
		return nil, err
	}
	a.dummy = dummy
	return a, nil
}

// HashStats counts the password hashing since Open, for metrics.
func (a *Accounts) HashStats() HashStats { return a.hash.stats() }

// now is the clock in the resolution the tables keep.
func (a *Accounts) now() time.Time { return a.cfg.Now().UTC().Truncate(time.Microsecond) }
