// Manager: the rules on top of a store; making, validating and reading sessions.

package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/fields"
)

// Manager applies a Config's rules to the sessions in a Store. It is safe for
// use by many goroutines; managers of many processes share one store.
type Manager struct {
	store  *toldStore
	traits Traits
	cfg    Config
	keys   *keys
	now    func() time.Time
	log    *slog.Logger
	stats  stats

	touching touching

	looping atomic.Bool // Run is running
	warned  atomic.Bool // a warning that Run is not running was logged
}

// New returns a manager of the sessions in store. It starts no goroutine: call
// [Manager.Run] for the sweep. Every field of cfg that is out of its bounds is
// named in the error.
func New(store Store, cfg Config) (*Manager, error) {
	if store == nil {
		return nil, errors.New("session: New: store is nil")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	traits := store.Traits()
	if most := traits.MaxPerUser; most > 0 && cfg.MaxPerUser > most {
		var check fields.Check
		check.Wrong("MaxPerUser", strconv.Itoa(cfg.MaxPerUser), "but the %s store holds at most %d sessions of a user", traits.Name, most)
		return nil, check.Err("session")
	}
	keys, err := deriveKeys([]byte(cfg.SecretKey))
	if err != nil {
		return nil, err
	}
	cfg.SecretKey = "" // not needed any more
	m := &Manager{
		store:  &toldStore{Store: store, log: cfg.Logger.With("component", storeComponent(traits.Name))},
		traits: traits,
		cfg:    cfg,
		keys:   keys,
		log:    cfg.Logger.With("component", "session"),
	}
	m.now = monotonicClock(cfg.Now, m.tellClock)
	m.touching.init()
	return m, nil
}

// storeComponent is the component in log records about the calls of a store of that name. The name
// of a hybrid store has more words behind a comma, which do not count.
func storeComponent(name string) string {
	kind, _, _ := strings.Cut(name, ",")
	return "session." + kind
}

// tellClock logs that the machine's clock fell back.
func (m *Manager) tellClock(behind time.Duration, believed bool) {
	if believed {
		m.log.Warn("the clock has not caught up within an hour, and is believed: it had been ahead", "ahead", behind)
		return
	}
	m.log.Warn("the clock fell back: time stands still until it has caught up, for an hour at most", "behind", behind)
}

// Rules returns the configuration in force, defaults filled in, without the
// secret key.
func (m *Manager) Rules() Config { return m.cfg }

// Now returns the manager's time, see [MonotonicClock]: UTC, in microseconds.
func (m *Manager) Now() time.Time { return m.now() }

// Traits returns the store's traits.
func (m *Manager) Traits() Traits { return m.traits }

// Ping reports whether the store can answer.
func (m *Manager) Ping(ctx context.Context) error {
	ctx, end := m.bound(ctx)
	defer end.release()
	return m.store.Ping(ctx)
}

// NewSession describes the session that Create makes.
type NewSession struct {
	// UserID is the user who signs in: valid UTF-8 without NUL, at most
	// MaxUserID bytes. Empty makes an anonymous session.
	UserID string

	// IP, UserAgent and Device say where the user signs in. Texts that are too long are cut.
	IP        netip.Addr
	UserAgent string
	Device    Device

	// Metadata holds the session's first values.
	Metadata Metadata
}

// Create makes a session and returns its token, which is stored nowhere. Where the user is at the
// limit, the oldest sessions end first, or the error is ErrLimit if the rules refuse. A user ID out
// of its bounds is ErrMalformed.
func (m *Manager) Create(ctx context.Context, n NewSession) (Token, Session, error) {
	if len(n.UserID) > MaxUserID || !utf8.ValidString(n.UserID) || strings.ContainsRune(n.UserID, 0) {
		return Token{}, Session{}, fmt.Errorf("%w user ID: want valid UTF-8 without NUL, at most %d bytes", ErrMalformed, MaxUserID)
	}
	token, s, err := m.prepare(n)
	if err != nil {
		return Token{}, Session{}, err
	}
	ctx, end := m.bound(ctx)
	defer end.release()
	evicted, err := m.store.Create(ctx, s, m.admission(n.UserID))
	if err != nil {
		return Token{}, Session{}, fmt.Errorf("session: create: %w", err)
	}
	for _, id := range evicted {
		m.emit(ctx, Event{Kind: EventEnded, UserID: s.UserID, ID: id, Ending: Ending{Reason: ReasonLimitReached}})
	}
	m.emit(ctx, Event{Kind: EventCreated, UserID: s.UserID, ID: s.ID, IP: s.IP})
	return token, s, nil
}

// prepare makes the token and the record of a session that is not stored yet.
func (m *Manager) prepare(n NewSession) (Token, Session, error) {
	var tag Tag
	if n.UserID != "" {
		tag = m.keys.userTag(n.UserID)
	}
	token, err := m.keys.newToken(m.cfg.Random, tag)
	if err != nil {
		return Token{}, Session{}, err
	}
	lineage, err := m.newLineage()
	if err != nil {
		return Token{}, Session{}, err
	}
	now := m.now()
	return token, Session{
		ID:           token.ID(),
		UserID:       n.UserID,
		Lineage:      lineage,
		CreatedAt:    now,
		LastActivity: now,
		ExpiresAt:    m.expiry(now, now.Add(m.cfg.Lifetime)),
		Deadline:     now.Add(m.cfg.Lifetime).Truncate(time.Microsecond),
		RotatedAt:    now,
		IP:           n.IP.Unmap().WithZone(""),
		UserAgent:    cut(n.UserAgent, MaxUserAgent),
		Device: Device{
			Browser: cut(n.Device.Browser, MaxDeviceText),
			Version: cut(n.Device.Version, MaxDeviceText),
			OS:      cut(n.Device.OS, MaxDeviceText),
			Name:    cut(n.Device.Name, MaxDeviceText),
			Kind:    cut(n.Device.Kind, MaxDeviceText),
		},
		Metadata: n.Metadata,
		Version:  1,
	}, nil
}

func (m *Manager) admission(userID string) Admission {
	if userID == "" || m.cfg.MaxPerUser == Unlimited {
		return Admission{}
	}
	return Admission{Limit: m.cfg.MaxPerUser, Refuse: m.cfg.RefuseOverLimit}
}

// expiry is when a session that is seen now expires, if it is not seen again.
func (m *Manager) expiry(now, deadline time.Time) time.Time {
	t := now.Add(m.cfg.IdleTimeout).Truncate(time.Microsecond)
	if t.After(deadline) {
		return deadline
	}
	return t
}

// Get returns the live session of that ID without marking it as seen.
func (m *Manager) Get(ctx context.Context, id ID) (Session, error) {
	ctx, end := m.bound(ctx)
	defer end.release()
	return m.load(ctx, id)
}

// Current returns the live session that s is now: a renewal may have given it another ID since s
// was read, as one in another tab of the browser does. It is for code that holds a session for
// longer than a request, such as an open stream, and it does not mark the session as seen. A
// rotation, at login or at a change of rights, makes it another session: ErrNotFound, as for one
// that ended. Of an anonymous session only the last renewal is followed, and that no longer than
// its grace.
func (m *Manager) Current(ctx context.Context, s Session) (Session, error) {
	found, err := m.Get(ctx, s.ID)
	if !errors.Is(err, ErrNotFound) || s.UserID == "" {
		return found, err
	}
	all, err := m.UserSessions(ctx, s.UserID)
	if err != nil {
		return Session{}, err
	}
	for i := range all {
		if all[i].Lineage == s.Lineage {
			return all[i], nil
		}
	}
	return Session{}, ErrNotFound
}

// load reads a live session.
func (m *Manager) load(ctx context.Context, id ID) (s Session, err error) {
	_, err = m.loadInto(ctx, id, &s)
	return s, err
}

// loadInto reads a session into s, which stays zero on an error, and returns when it was found
// live. It does not trust the store: the record must carry the ID that was asked for, or be its
// successor within the grace, and be live by this manager's clock.
func (m *Manager) loadInto(ctx context.Context, id ID, s *Session) (now time.Time, err error) {
	began := m.store.begin(ctx)
	*s, err = m.store.Get(ctx, id)
	if !began.IsZero() {
		m.store.told(ctx, "get", began, err, idAttr(id))
	}
	if err != nil {
		*s = Session{}
		if errors.Is(err, ErrNotFound) {
			return now, ErrNotFound
		}
		return now, fmt.Errorf("session: get: %w", err)
	}
	now = m.now()
	if s.ID != id && (s.Previous != id || !now.Before(s.PreviousUntil)) {
		m.log.ErrorContext(ctx, "store returned another session than was asked for", "asked", id, "got", s.ID)
		*s = Session{}
		return now, ErrNotFound
	}
	if !s.LiveAt(now) {
		*s = Session{}
		return now, ErrNotFound
	}
	return now, nil
}

// maxUpdates is how often Update tries; of several changes in parallel one succeeds in each round,
// so this is also how many can be under way at once.
const maxUpdates = 64

// Update changes the metadata of a live session: change gets a copy of the current metadata, and
// its result is stored if nobody else changed it meanwhile. Otherwise change is called again with
// the new state (64 times at most, then ErrConflict). No change is lost, and change itself must
// have no other effect. It returns the session as stored. An error from change is returned as it
// is, and nothing is stored.
func (m *Manager) Update(ctx context.Context, id ID, change func(*Metadata) error) (Session, error) {
	ctx, end := m.bound(ctx)
	defer end.release()
	var gone ID
	for range maxUpdates {
		s, err := m.successor(ctx, id, gone)
		if err != nil {
			return Session{}, err
		}
		next := s.Metadata
		if err := change(&next); err != nil {
			return Session{}, err
		}
		if next == s.Metadata {
			return s, nil
		}
		err = m.store.Update(ctx, s.ID, s.Version, next)
		if err == nil {
			s.Metadata = next
			s.Version++
			return s, nil
		}
		switch {
		case errors.Is(err, ErrNotFound):
			gone = s.ID
		case !errors.Is(err, ErrConflict):
			return Session{}, fmt.Errorf("session: update: %w", err)
		}
	}
	return Session{}, fmt.Errorf("session: update: %w", ErrConflict)
}

// bound gives ctx a deadline if it has none and the call could block. The caller must release the
// second value, which may be nil.
func (m *Manager) bound(ctx context.Context) (context.Context, *bounded) {
	if m.traits.Local {
		return ctx, nil
	}
	if _, ok := ctx.Deadline(); ok {
		return ctx, nil
	}
	b := bind(ctx, m.cfg.StoreTimeout)
	return b, b
}

// insist is bound for calls that end sessions. An ending that was asked for happens although the
// client has gone away or the caller's time is up. It takes StoreTimeout at most.
func (m *Manager) insist(ctx context.Context) (context.Context, *bounded) {
	return m.insistFor(ctx, m.cfg.StoreTimeout)
}

func (m *Manager) insistFor(ctx context.Context, timeout time.Duration) (context.Context, *bounded) {
	if m.traits.Local {
		return context.WithoutCancel(ctx), nil
	}
	b := insist(ctx, min(timeout, m.cfg.StoreTimeout))
	return b, b
}

func (m *Manager) emit(ctx context.Context, e Event) {
	if m.debugging(ctx) {
		m.tellEvent(ctx, &e)
	}
	if m.cfg.OnEvent == nil {
		return
	}
	e.Time = m.now()
	m.cfg.OnEvent(ctx, e)
}

// cut makes a text that every store can keep: valid UTF-8 without control characters, at most n
// bytes.
func cut(text string, n int) string {
	if len(text) > n {
		text = text[:n]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && size == 1 {
			text = text[:len(text)-1]
		}
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
