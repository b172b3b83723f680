// Requirements: what the database must be able to do, found out when the store is opened.

package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// deed is one thing that the store does with a table. Its statement does it to no row.
type deed struct {
	table, right, statement string
	numbered                bool // only where changes are numbered
}

// deeds are all that the store does. Every engine asks for the right, and whether it
// may write at all, before it looks for rows. TestDeedsAreAll compares them with the
// statements that the store sends.
var deeds = []deed{
	{"crudadmin_sessions", "SELECT", "SELECT id FROM crudadmin_sessions WHERE 1 = 0", false},
	{"crudadmin_sessions", "INSERT", "INSERT INTO crudadmin_sessions (id) SELECT id FROM crudadmin_sessions WHERE 1 = 0", false},
	{"crudadmin_sessions", "UPDATE", "UPDATE crudadmin_sessions SET version = version WHERE 1 = 0", false},
	{"crudadmin_sessions", "DELETE", "DELETE FROM crudadmin_sessions WHERE 1 = 0", false},
	{"crudadmin_session_events", "SELECT", "SELECT seq FROM crudadmin_session_events WHERE 1 = 0", false},
	{"crudadmin_session_events", "INSERT", "INSERT INTO crudadmin_session_events (seq) SELECT seq FROM crudadmin_session_events WHERE 1 = 0", false},
	{"crudadmin_session_events", "DELETE", "DELETE FROM crudadmin_session_events WHERE 1 = 0", false},
	{"crudadmin_session_log", "SELECT", "SELECT seq FROM crudadmin_session_log WHERE 1 = 0", false},
	{"crudadmin_session_log", "UPDATE", "UPDATE crudadmin_session_log SET seq = seq WHERE 1 = 0", true},
	{"crudadmin_session_changes", "SELECT", "SELECT seq FROM crudadmin_session_changes WHERE 1 = 0", true},
	{"crudadmin_session_changes", "INSERT", "INSERT INTO crudadmin_session_changes (seq) SELECT seq FROM crudadmin_session_changes WHERE 1 = 0", true},
	{"crudadmin_session_changes", "DELETE", "DELETE FROM crudadmin_session_changes WHERE 1 = 0", true},
}

// rightsTimeout bounds each trial: a table that another transaction has locked says nothing about
// rights.
const rightsTimeout = 2 * time.Second

// checkRights finds out what the user of the database may not do, and says it in one error.
func (s *Store) checkRights(ctx context.Context) error {
	var wrong, rights []string
	for _, d := range s.dialect.deeds() {
		if d.numbered && !s.numbered {
			continue
		}
		err := s.try(ctx, d.statement)
		if err == nil {
			continue
		}
		switch flaw := s.dialect.flaw(err); {
		case flaw == "": // it is busy, or full: that passes
		case flaw == noRight:
			rights = append(rights, d.right+" on "+d.table)
		case !slices.Contains(wrong, flaw):
			wrong = append(wrong, flaw)
		}
	}
	if len(rights) > 0 {
		wrong = append(wrong, "the user of the database lacks "+strings.Join(rights, ", ")+": grant it")
	}
	return s.unsuited(wrong)
}

// checkSettings looks at the settings of the connection and the database.
func (s *Store) checkSettings(ctx context.Context) error {
	if s.dialect.settings == nil {
		return nil
	}
	wrong, err := s.dialect.settings(ctx, s.db.Pool)
	if err != nil {
		return s.wrapOpen(err)
	}
	return s.unsuited(wrong)
}

func (s *Store) unsuited(wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("sqlstore: open: %w: %s: %s", session.ErrMisconfigured, s.db.Engine, strings.Join(wrong, "; "))
}

func (s *Store) try(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, rightsTimeout)
	defer cancel()
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	_, err = s.db.Pool.ExecContext(ctx, statement)
	return err
}

// wrapOpen is wrap for Open: a thing that the database can never do is ErrMisconfigured alone.
func (s *Store) wrapOpen(err error) error {
	if err == nil || errors.Is(err, session.ErrMisconfigured) && !errors.Is(err, session.ErrUnavailable) {
		return err
	}
	if flaw, ok := errors.AsType[*flawed](err); ok {
		return fmt.Errorf("sqlstore: open: %w", flaw)
	}
	if flaw := s.dialect.flaw(err); flaw != "" {
		return fmt.Errorf("sqlstore: open: %w", &flawed{flaw, err})
	}
	return s.wrap("open", err)
}
