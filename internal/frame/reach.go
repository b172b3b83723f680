// Reach: the rights that a write needs in the tables which the database changes by itself.

package frame

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// mayReach says why a role may not change what a foreign key's action changes; nil if it may.
// Deleting rows needs the right to delete there, setting their columns the right to update. What is
// masked is written for superusers alone, or where a View lets it be entered: whoever may not set a
// value themselves, and is not to learn it, does not overwrite it by way of another table. In a
// table that the configuration hides from everybody only superusers have rights.
func (p *Policy) mayReach(role account.Role, reached data.Reached) error {
	right, why := RightUpdate, text.ReachesChanges
	if reached.Deletes {
		right, why = RightDelete, text.ReachesDeletes
	}
	has := p.rightsOf(reached.Table).of(role)
	t, shown := p.everything().Table(reached.Table)
	allowed := p.offered[reached.Table]
	switch {
	case !shown && role != account.Superuser,
		len(allowed) > 0 && !slices.Contains(allowed, right),
		!slices.Contains(has, RightView), !slices.Contains(has, right):
		return Refused(http.StatusForbidden, why)
	}
	if shown && role != account.Superuser && slices.ContainsFunc(reached.Columns, func(name string) bool {
		c, ok := t.Column(name)
		return ok && c.Masked && !p.View(t).Unseen(c)
	}) {
		return Refused(http.StatusForbidden, text.ReachesMasked)
	}
	return nil
}

// mayReachAll is mayReach for several changes.
func (p *Policy) mayReachAll(role account.Role, all []data.Reached) error {
	for _, one := range all {
		if err := p.mayReach(role, one); err != nil {
			return err
		}
	}
	return nil
}

// guard refuses what a role may not reach. Guards that answer alike have the same name.
func (p *Policy) guard(role account.Role) (guard data.Guard, name string) {
	guard.Reach = func(one data.Reached) error { return p.mayReach(role, one) }
	guard.Refer = func(table string) bool {
		_, shown := p.everything().Table(table)
		return !shown && role == account.Superuser
	}
	for _, table := range p.everything().All() {
		changes, deletes := p.mayReach(role, data.Reached{Table: table}), p.mayReach(role, data.Reached{Table: table, Deletes: true})
		name += fmt.Sprintf("%t%t", changes == nil, deletes == nil)
	}
	return guard, fmt.Sprint(name, role == account.Superuser)
}
