// Rights: what roles may do with tables, in words.

package frame

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
)

// Right is something that can be done with the records of a table.
type Right string

// The rights. All others need RightView: what a role may not view it is not
// shown anywhere, not as a choice, a related record or the label of a reference.
const (
	RightView   Right = "view"   // lists, counts, searches, records, files, choices
	RightExport Right = "export" // of what is viewed
	RightCreate Right = "create"
	RightUpdate Right = "update"
	RightDelete Right = "delete"
	RightBulk   Right = "bulk" // many records at once, with the right to what is done with them; the table's own actions
)

// AllRights are the rights that there are.
func AllRights() []Right {
	return []Right{RightView, RightExport, RightCreate, RightUpdate, RightDelete, RightBulk}
}

// Rights are the rights of each role in one table. Where a table has Rights, a
// role that is not in them may do nothing, but superusers, who may do everything
// unless they are in them. Where it has none, viewers may view and export, and
// editors and superusers do everything.
type Rights map[account.Role][]Right

// of are the rights of a role in a table, before anything takes some away.
func (r Rights) of(role account.Role) []Right {
	given, named := r[role]
	switch {
	case named:
		return given
	case role == account.Superuser, r == nil && role == account.Editor:
		return AllRights()
	case r == nil && role == account.Viewer:
		return []Right{RightView, RightExport}
	}
	return nil
}

// Validate says what is wrong with the rights.
func (r Rights) Validate() error {
	var errs []error
	for _, role := range slices.Sorted(maps.Keys(r)) {
		if !role.Valid() {
			errs = append(errs, fmt.Errorf("%q is not a role: want superuser, editor or viewer", role))
		}
		if err := ValidRights(r[role]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", role, err))
		}
	}
	return errors.Join(errs...)
}

// ValidRights says what is wrong with the rights of a role.
func ValidRights(rights []Right) error {
	for _, right := range rights {
		if !slices.Contains(AllRights(), right) {
			return fmt.Errorf("%q is not a right: want %s", right, strings.Join(Names(AllRights()), ", "))
		}
	}
	if len(rights) > 0 && !slices.Contains(rights, RightView) {
		return fmt.Errorf("%s without %s: nothing can be done with what is not seen", strings.Join(Names(rights), ", "), RightView)
	}
	return nil
}

// Names are rights as a configuration has them.
func Names(rights []Right) []string {
	var all []string
	for _, right := range rights {
		all = append(all, string(right))
	}
	return all
}
