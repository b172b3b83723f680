// This file holds actions: a program's own function as the data calls it.

package typed

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
)

// ActionSpec is an action as a program says it: crudadmin.Action documents it.
type ActionSpec[T any] struct {
	Name           string
	Label, Confirm string
	Danger         bool
	Roles          []account.Role
	Run            func(ctx context.Context, tx data.Tx, records iter.Seq2[*T, error]) error
}

// Action is an action without the type of its records.
type Action struct {
	Name, Label, Confirm string
	Danger               bool
	Run                  data.Work

	roles []account.Role
}

// Offered reports whether a role that may change many records may run it.
func (a *Action) Offered(role account.Role) bool {
	return len(a.roles) == 0 || slices.Contains(a.roles, role)
}

var actionName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func addAction[T any](v *View, spec ActionSpec[T]) error {
	switch {
	case !actionName.MatchString(spec.Name):
		return fmt.Errorf("the name %q: want lower-case letters, digits, - and _", spec.Name)
	case spec.Name == "delete", spec.Name == "edit", slices.ContainsFunc(v.Actions, func(a *Action) bool { return a.Name == spec.Name }):
		return fmt.Errorf("the name %q is taken", spec.Name)
	case spec.Run == nil:
		return fmt.Errorf("%s: Run is nil", spec.Name)
	case slices.ContainsFunc(spec.Roles, func(role account.Role) bool { return !role.Valid() }):
		return fmt.Errorf("%s: Roles are %q, want superuser, editor or viewer", spec.Name, spec.Roles)
	}
	v.Actions = append(v.Actions, &Action{
		Name: spec.Name, Label: cmp.Or(spec.Label, spec.Name), Confirm: spec.Confirm, Danger: spec.Danger, roles: spec.Roles, Run: work(v, spec.Run),
	})
	return nil
}

// work decodes the records for an action.
func work[T any](v *View, run func(context.Context, data.Tx, iter.Seq2[*T, error]) error) data.Work {
	return func(ctx context.Context, tx data.Tx, rows iter.Seq2[data.Values, error]) error {
		return run(ctx, tx, func(yield func(*T, error) bool) {
			for row, err := range rows {
				var record *T
				if err == nil {
					record, err = decoded[T](v, row)
				}
				if !yield(record, err) || err != nil {
					return
				}
			}
		})
	}
}
