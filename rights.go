// Rights: what each role may do with each table.

package crudadmin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// Right is something that can be done with the records of a table.
type Right = frame.Right

// The rights. All others need RightView: a role that may not view a table meets it
// nowhere, not as a choice, a related record or the label of a reference.
const (
	RightView   = frame.RightView   // lists, counts, searches, records, files, choices
	RightExport = frame.RightExport // lists as files
	RightCreate = frame.RightCreate
	RightUpdate = frame.RightUpdate
	RightDelete = frame.RightDelete
	RightBulk   = frame.RightBulk // changes of many records at once, with the right to the change itself; actions of the table
)

// AllRights returns all rights.
func AllRights() []Right { return frame.AllRights() }

// Rights are the rights of each role in one table. If a table has Rights, a role that is
// not in them may do nothing; superusers who are not in them may do everything. If it has
// none, viewers may view and export, and editors and superusers may do everything.
type Rights = frame.Rights

// checkRights says what is wrong with the rights of tables.
func checkRights(schema *data.Schema, rights map[string]Rights) error {
	names := schema.Unshown("Rights", maps.Keys(rights))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(rights)) {
		if err := rights[name].Validate(); err != nil {
			errs = append(errs, fmt.Errorf("Rights[%q]: %w", name, err))
		}
	}
	if len(names) > 0 {
		errs = append(errs, names)
	}
	return errors.Join(errs...)
}

// withRights adds to the error for the names in Config.Tables the wrong ones in
// Config.Rights, so that all are told at once.
func withRights(ctx context.Context, cfg Config, err error) error {
	names, ok := errors.AsType[data.NameErrors](err)
	if !ok {
		return err
	}
	source, openErr := data.Open(ctx, cfg.DB, data.Config{})
	if openErr != nil {
		return err
	}
	wrong := checkRights(source.Schema(), cfg.Rights)
	more, ok := errors.AsType[data.NameErrors](wrong)
	if !ok {
		return errors.Join(err, wrong)
	}
	return slices.Concat(names, more)
}
