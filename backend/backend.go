// Package backend opens the session store that a configuration asks for: memory,
// Redis, Memcached, a database, or one of the two servers in front of a database
// (hybrid). [FromEnv] reads the configuration from
// environment variables.
//
//	cfg, err := backend.FromEnv(os.Getenv)
//	cfg.DB = db // for SESSION_BACKEND=database and TRACK_SESSIONS_IN_DB=true
//	store, err := backend.Open(ctx, cfg)
//	manager, err := session.New(store, cfg.Rules)
//
// A program that knows which store it wants can open that store's own package
// instead.
package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// Open opens the store of cfg.Kind. Everything that is wrong in cfg is named in one error, by
// field, and no server is asked. If a server does not answer, the error is session.ErrUnavailable,
// within the store's ConnectTimeout (10 seconds for a database) and the context; where cfg.Fallback
// is set, that kind is opened instead and a warning logged. A server that is there and refuses the
// configuration, such as a wrong password, or cannot do what the store needs, such as a Redis that
// is too old, is never replaced: that is session.ErrMisconfigured. With cfg.TrackInDB the database
// must be there; the cache may come later.
func Open(ctx context.Context, cfg Config) (session.Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	log := cfg.Logger.With("component", "session.backend")
	for _, warning := range cfg.Warnings {
		log.WarnContext(ctx, warning)
	}
	store, err := cfg.open(ctx, cfg.Kind)
	if err == nil || cfg.Fallback == "" || !absent(err) || ctx.Err() != nil {
		return store, err
	}
	instead, fallbackErr := cfg.open(ctx, cfg.Fallback)
	if fallbackErr != nil {
		return nil, errors.Join(err, fallbackErr)
	}
	log.WarnContext(ctx, "the session store did not answer, another one is used until the next start",
		slog.String("wanted", string(cfg.Kind)), slog.String("used", string(cfg.Fallback)), slog.Any("error", err))
	return &substitute{Store: instead, wanted: cfg.Kind}, nil
}

// absent reports whether a server did not answer, and may answer later. A server that is
// misconfigured is neither waited for nor replaced, whatever else the error says.
func absent(err error) bool {
	return errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrMisconfigured)
}

// open opens the store of one kind.
func (c Config) open(ctx context.Context, kind Kind) (session.Store, error) {
	if c.TrackInDB && kind == c.Kind {
		return opened(c.openHybrid(ctx))
	}
	switch kind {
	case Redis:
		return opened(redisstore.Open(ctx, c.Redis))
	case Memcached:
		return opened(memcachestore.Open(ctx, c.Memcached))
	case Database:
		return opened(c.openDatabase(ctx))
	default: // validated: it is Memory
		return memstore.New(memstore.Config{Now: c.Now}), nil
	}
}

// opened keeps a nil store nil.
func opened[S session.Store](store S, err error) (session.Store, error) {
	if err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	return store, nil
}

// databaseTimeout is how long a database has to answer at first; its migrations
// may then take as long as the context.
const databaseTimeout = 10 * time.Second

func (c Config) openDatabase(ctx context.Context) (*sqlstore.Store, error) {
	first, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	if err := c.DB.PingContext(first); err != nil {
		ctx = first // it is asked once more, and the store says whether that is an outage
	}
	cfg := sqlstore.Config{Now: c.Now, Logger: c.Logger}
	if c.TrackInDB {
		cfg.Changes, cfg.Grace = true, c.Hybrid.Grace()
	}
	return sqlstore.Open(ctx, c.DB, cfg)
}

// substitute is a store that is used because the wanted one did not answer.
type substitute struct {
	session.Store
	wanted Kind
}

// Traits implements session.Store: the notes say that the store is not the wanted
// one.
func (s *substitute) Traits() session.Traits {
	traits := s.Store.Traits()
	traits.Notes = append([]string{fmt.Sprintf(
		"The configured store, %s, did not answer at start: %s is used until the next start, and sessions in %s are not seen.", s.wanted, traits.Name, s.wanted,
	)}, traits.Notes...)
	return traits
}
