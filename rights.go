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

// The rights. All others need RightView: what a role may not view it is not
// shown anywhere, not as a choice, a related record or the label of a reference.
const (
	RightView   = frame.RightView   // lists, counts, searches, records, files, choices
	RightExport = frame.RightExport // of what is viewed
	RightCreate = frame.RightCreate
	RightUpdate = frame.RightUpdate
	RightDelete = frame.RightDelete
	RightBulk   = frame.RightBulk // many records at once, with the right to what is done with them; the table's own actions
)

// AllRights are the rights that there are.
func AllRights() []Right { return frame.AllRights() }

// Rights are the rights of each role in one table. Where a table has Rights, a
// role that is not in them may do nothing, but superusers, who may do everything
// unless they are in them. Where it has none, viewers may view and export, and
// editors and superusers do everything.
type Rights = frame.Rights

// WrongRights are the names in Config.Rights of which the schema shows no table, in
// their order; [New] refuses them.
func WrongRights(schema *data.Schema, rights map[string]Rights) data.NameErrors {
	var names data.NameErrors
	for _, name := range slices.Sorted(maps.Keys(rights)) {
		if _, ok := schema.Table(name); !ok && name != frame.EveryTable {
			names = append(names, &data.NameError{Field: "Rights", Name: name, What: "is no table that is shown"})
		}
	}
	return names
}

// checkRights says what is wrong with the rights of tables.
func checkRights(schema *data.Schema, rights map[string]Rights) error {
	names := WrongRights(schema, rights)
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
